"""Leads: contacts on a list, with their numbers in the order in which they are to be dialled."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from contactcenter.dialer.recycling import Tried
from contactcenter.values import frozen


class LeadState(StrEnum):
    """Whether a lead is to be dialled."""

    DUE = "due"
    """To be dialled, from `due_at` on."""
    LEASED = "leased"
    """In a hopper, or being dialled."""
    CLOSED = "closed"
    """Done, or given up: `why` says which."""
    HELD = "held"
    """Nobody may dial it: no number of it is one, or it waits for somebody's decision."""


@frozen
class LeadNumber:
    """One number of a lead."""

    number: str
    """E.164."""
    kind: str = ""
    """mobile, home, work … as the list says."""
    zones: tuple[str, ...] = ()
    """Every zone in which it may be, and that of the record's address."""
    regions: tuple[str, ...] = ()
    """Every part of a country in which it may be, by ISO 3166-2, or the country: some are stricter. None:
    nobody knows."""


@frozen
class Lead:
    """A lead as the center gets it from the hopper: with all that a call needs."""

    id: str
    list: str
    name: str = ""
    """Untrusted: the list says so."""
    customer: str = ""
    """The customer who it is; empty: nobody known."""
    language: str = ""
    priority: int = 0
    numbers: tuple[LeadNumber, ...]
    next_number: int = 0
    """Which of them is next, by its place."""
    tried: tuple[Tried, ...] = ()
    dropped_at: float | None = None
    """The last drop after which nobody talked to him: then only with an agent reserved."""
    owner: str = ""
    """The agent whose lead it is; empty: anybody's."""
    agreed_at: float | None = None
    """For when a call was agreed on with him; its `owner` has him alone for a while (`Campaign.own_s`)."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What else the list says, for the agent and his script."""
