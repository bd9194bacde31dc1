"""Offers: one try to connect one caller to one agent.

The record is on the agent's page before the phone rings: an offer waits in POPPED for the page's word, or for
`POP_GRACE_S`, and only then rings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contactcenter.transitions import follow

POP_GRACE_S = 0.15
"""How long the phone waits for the page. A caller would hear more; a page on a LAN needs a tenth."""

LOST_OFFER_S = 5.0
"""An offer that is over its ringing time by this much has been forgotten by Asterisk: it is given up."""


class OfferState(StrEnum):
    """How far the offer is."""

    POPPED = "popped"
    RINGING = "ringing"
    JOINED = "joined"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"


class OfferTrigger(StrEnum):
    """What moves an offer."""

    RING = "ring"
    JOIN = "join"
    MISS = "miss"
    WITHDRAW = "withdraw"


TRANSITIONS: Mapping[OfferState, Mapping[OfferTrigger, OfferState]] = {
    OfferState.POPPED: {
        OfferTrigger.RING: OfferState.RINGING,
        # The phone took the caller before it was asked to (a transfer by another phone).
        OfferTrigger.JOIN: OfferState.JOINED,
        OfferTrigger.MISS: OfferState.MISSED,
        OfferTrigger.WITHDRAW: OfferState.WITHDRAWN,
    },
    OfferState.RINGING: {
        OfferTrigger.JOIN: OfferState.JOINED,
        OfferTrigger.MISS: OfferState.MISSED,
        OfferTrigger.WITHDRAW: OfferState.WITHDRAWN,
    },
    OfferState.JOINED: {},
    OfferState.MISSED: {},
    OfferState.WITHDRAWN: {},
}


@dataclass(slots=True)
class Offer:
    """One try; `id` is never used again, not even after a restart."""

    id: str
    call: str
    login: str
    phone: str
    line_leg: str
    ring_s: int
    offered_at: float
    state: OfferState = OfferState.POPPED
    agent_leg: str = ""

    def move(self, trigger: OfferTrigger) -> None:
        """Follow the table, or raise `IllegalTransition` and stay."""
        self.state = follow(f"offer {self.id}", TRANSITIONS, self.state, trigger)
