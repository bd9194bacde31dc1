"""What may follow what: the form of every transition table.

A table says state -> trigger -> state. It is data: the code follows it, the tests enumerate it, and
`docs/states.svg` is drawn from it. A trigger that a state doesn't list is refused by name, and nothing
changes.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)


class IllegalTransition(Exception):
    """A trigger that the state does not allow."""

    def __init__(self, noun: str, state: StrEnum, trigger: StrEnum) -> None:
        super().__init__(f"{noun} is {state.value}: {trigger.value} is not possible now")
        self.noun = noun
        self.state = state
        self.trigger = trigger


def follow(noun: str, table: Mapping[S, Mapping[T, S]], state: S, trigger: T) -> S:
    """The state after `trigger`; raises `IllegalTransition` when the table has no such cell."""
    try:
        return table[state][trigger]
    except KeyError:
        raise IllegalTransition(noun, state, trigger) from None
