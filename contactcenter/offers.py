"""Offers: one try to connect one caller to an agent.

An offer has a seat for the agent who was chosen; with the strategy `ring_several` it has several, whose
phones ring at once, and one winner. The record is on the agent's page before the phone rings: an offer waits
in POPPED for the page's word, or for `POP_GRACE_S`, and only then rings.
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
class Seat:
    """One agent's part in an offer."""

    login: str
    phone: str
    line_leg: str = ""
    """The leg of his persistent line; empty: the phone is rung."""
    desk: bool = False
    """He is rung before the customer whom he calls back: `line_leg` is that leg."""
    leg: str = ""
    """The leg that rings, once Asterisk has told of it."""
    rings: bool = False
    """The phone has said that it rings."""
    answering: bool = False
    """Answer was pressed on the page, which may be before the phone rings."""
    shown: bool = False
    """His page shows the record, or there is no page."""
    declined: bool = False
    """He pressed the caller away while others' phones rang."""


@dataclass(slots=True)
class Offer:
    """One try; `id` is never used again, not even after a restart."""

    id: str
    call: str
    seats: dict[str, Seat]
    """By login, the best first."""
    ring_s: int
    state: OfferState = OfferState.POPPED

    def seat_on(self, phone: str, leg: str = "") -> Seat | None:
        """The seat of a phone, or of a leg of it."""
        for seat in self.seats.values():
            if seat.phone == phone or (leg and leg in (seat.leg, seat.line_leg)):
                return seat
        return None

    @property
    def sole(self) -> str:
        """The login of the only seat; empty when there are several."""
        return next(iter(self.seats)) if len(self.seats) == 1 else ""

    def move(self, trigger: OfferTrigger) -> None:
        """Follow the table, or raise `IllegalTransition` and stay."""
        self.state = follow(f"offer {self.id}", TRANSITIONS, self.state, trigger)
