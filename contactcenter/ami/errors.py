"""What can go wrong on the manager link. Each class says how much is known about the action it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contactcenter.ami.messages import Message


class AmiError(Exception):
    """The manager link could not do what was asked; the text is a sentence for the operator."""


class NotConnected(AmiError):
    """Nothing was written: the action did not happen and will not."""


class OutcomeUnknown(AmiError):
    """The action was written and its answer never came: it may have happened.

    Never send it again. Look for its trace instead (an Originate by its ChannelId in the next snapshot).
    """


class ActionFailed(AmiError):
    """Asterisk refused the action: it did not happen. `response` is the refusal as received."""

    def __init__(self, text: str, response: Message) -> None:
        super().__init__(text)
        self.response = response


class SignInRefused(AmiError):
    """Asterisk answered, but does not let us work; the text says what to change in manager.conf."""
