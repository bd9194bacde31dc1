"""Dials: the attempts that live, each with its lead and with what was decided about it so far.

A dial is in the store before its call is placed, and its attempt has one outcome. While it lives nobody else
dials its number. Its id is the id of its attempt, of its leg, of the call and of the interaction that it
comes to: one name, and never the beginning of another's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contactcenter.dialer.attempts import Attempt, AttemptRecord, AttemptState, Outcome
from contactcenter.dialer.campaigns import Campaign, Mode
from contactcenter.dialer.drops import Counted
from contactcenter.dialer.leads import Lead
from contactcenter.values import LeadCard

PREFIX = "dial-"
"""How the names of the legs begin that campaigns place."""
PLACE = "lead:"
"""How a lead is named where it waits for an agent to be dialled by: no call's name begins so."""
EARLY = (AttemptState.SAVED, AttemptState.PLACED, AttemptState.RINGING)
"""Nobody has answered yet."""


@dataclass(slots=True)
class Dial:
    """One attempt that lives."""

    attempt: Attempt
    lead: Lead
    settings: Campaign
    """Of its campaign, as they were when its call was placed: who answers hears what was checked then."""
    saving: bool = False
    """The store was asked whether it may be placed, and has not answered."""
    written: bool = False
    """The store has it."""
    on_trunk: bool = False
    """It counts among the calls of its trunk."""
    previewing: bool = False
    """The agent looks at the lead, and nothing was asked of the store yet."""
    preview_until: float | None = None
    given_up: Outcome | None = None
    """We want it to end so, and wait for the store's or Asterisk's word."""
    unheard: bool = False
    """It was answered while nobody of us listened: perhaps by now it is known what has answered."""
    person: bool | None = None
    """Whether a person has answered; None: not known yet."""
    counted: Counted = Counted.NOTHING
    """What it counts as in the share of drops: said to the steering once."""
    whole: bool = False
    """Our message was said to its end."""
    joins: int = 0
    """How often the clock was over and a join went on."""

    @property
    def queue(self) -> str:
        """Whose agents it is for."""
        return self.settings.queue

    @property
    def mode(self) -> Mode:
        """How it was dialled; its campaign may do otherwise by now."""
        return self.settings.mode

    @property
    def id(self) -> str:
        """The attempt's."""
        return self.attempt.record.id

    @property
    def record(self) -> AttemptRecord:
        """The attempt as it stands."""
        return self.attempt.record

    @property
    def state(self) -> AttemptState:
        """How far it is."""
        return self.attempt.state

    @property
    def over(self) -> bool:
        """Its call is over; after a talk it still waits for the agent's word."""
        return self.record.ended_at is not None

    def know(self, **changes: Any) -> None:
        """Fields of the record that are known now."""
        self.attempt.record = replace(self.attempt.record, **changes)


def name(moment_ms: int, number: int) -> str:
    """The id of an attempt: of one length, so that none is the beginning of another, which Asterisk would
    take for it. `number`: of those that this process has named."""
    return f"{PREFIX}{moment_ms:013d}-{number % 1_000_000:06d}"


def named_ms(id_: str) -> int:
    """The moment in such an id; 0 for another one."""
    moment, _, _ = id_.removeprefix(PREFIX).partition("-")
    return int(moment) if id_.startswith(PREFIX) and moment.isdecimal() else 0


def card(dial: Dial) -> LeadCard:
    """The lead, for the agent's page."""
    lead, record, settings = dial.lead, dial.record, dial.settings
    fields = {"name": lead.name, **lead.fields}
    return LeadCard(
        campaign=settings.id,
        campaign_name=settings.name,
        lead=lead.id,
        attempt=record.id,
        name=lead.name,
        number=record.number,
        fields=dict(lead.fields),
        talk_script=filled(settings.talk_script, fields),
        form=settings.form,
        previewing=dial.previewing,
        preview_until=dial.preview_until,
        may_skip=dial.previewing and settings.preview_skips,
    )


def filled(text: str, fields: Mapping[str, str]) -> str:
    """The text with the fields that it names in braces. What is in the fields is never taken for a place."""
    parts: list[str] = []
    for piece in text.split("{"):
        name, brace, rest = piece.partition("}")
        if parts and brace and name in fields:
            parts.append(fields[name] + rest)
        else:
            parts.append(("{" if parts else "") + piece)
    return "".join(parts)
