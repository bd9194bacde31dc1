"""Calls and their legs.

A call is one conversation and is named after its first leg, the caller's. Its state says where the caller is,
and the caller is in exactly one place at any time. A leg is our view of one channel: Asterisk alone says what
it does, and we only keep it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from contactcenter.commands import ScreenPop
from contactcenter.consults import Consult
from contactcenter.interactions import Interaction
from contactcenter.live_recordings import Notice, Recording
from contactcenter.routing.decisions import Part
from contactcenter.routing.estimates import Estimate
from contactcenter.routing.skills import Need
from contactcenter.transitions import follow
from contactcenter.values import CustomerCard, LeadCard, MatchMethod, Note, Target
from contactcenter.views import CallView


class CallState(StrEnum):
    """Where the caller is."""

    SCRIPT = "ivr"
    """With an IVR script: before a queue, or after a talk."""
    WAITING = "waiting"
    OFFERED = "offered"
    """Still hearing music, while an agent is reserved or rung."""
    TALKING = "talking"
    HELD = "held"
    """Hears music: on hold, while the agent's leg is parked; or on the way to somebody who is rung."""
    OUTSIDE = "outside"
    """With somebody who is no agent of ours: transferred to a number."""
    ENDED = "ended"


class CallTrigger(StrEnum):
    """What moves a call."""

    START_SCRIPT = "start script"
    QUEUE = "queue"
    OFFER = "offer"
    MISS = "miss"
    JOIN = "join"
    HOLD = "hold"
    CONNECT = "connect"
    PART = "part"
    LEAVE_QUEUE = "leave queue"
    END = "end"


TRANSITIONS: Mapping[CallState, Mapping[CallTrigger, CallState]] = {
    CallState.SCRIPT: {
        CallTrigger.START_SCRIPT: CallState.SCRIPT,
        CallTrigger.QUEUE: CallState.WAITING,
        CallTrigger.CONNECT: CallState.OUTSIDE,
        # A phone may take the caller over by itself (attended REFER) after the first agent's leg ended; and
        # after a crash of this process the one who had him on hold has him still.
        CallTrigger.HOLD: CallState.HELD,
        CallTrigger.JOIN: CallState.TALKING,
        CallTrigger.END: CallState.ENDED,
    },
    CallState.WAITING: {
        CallTrigger.START_SCRIPT: CallState.SCRIPT,
        CallTrigger.OFFER: CallState.OFFERED,
        # An answer that was heard of only after the offer had been given up.
        CallTrigger.JOIN: CallState.TALKING,
        CallTrigger.LEAVE_QUEUE: CallState.SCRIPT,
        CallTrigger.END: CallState.ENDED,
    },
    CallState.OFFERED: {
        CallTrigger.START_SCRIPT: CallState.SCRIPT,
        CallTrigger.MISS: CallState.WAITING,
        CallTrigger.JOIN: CallState.TALKING,
        CallTrigger.END: CallState.ENDED,
    },
    CallState.TALKING: {
        CallTrigger.START_SCRIPT: CallState.SCRIPT,
        CallTrigger.HOLD: CallState.HELD,
        CallTrigger.PART: CallState.SCRIPT,
        CallTrigger.END: CallState.ENDED,
    },
    CallState.HELD: {
        CallTrigger.START_SCRIPT: CallState.SCRIPT,
        CallTrigger.JOIN: CallState.TALKING,
        CallTrigger.PART: CallState.SCRIPT,
        CallTrigger.END: CallState.ENDED,
    },
    CallState.OUTSIDE: {
        CallTrigger.START_SCRIPT: CallState.SCRIPT,
        CallTrigger.PART: CallState.SCRIPT,
        CallTrigger.END: CallState.ENDED,
    },
    CallState.ENDED: {},
}


@dataclass(slots=True)
class Leg:
    """One leg as Asterisk reported it."""

    id: str
    server: str
    heard_at: float
    """When Asterisk last spoke of it: a snapshot that was asked for before that knows less."""
    phone: str = ""
    linked: str = ""
    answered: bool = False
    held: bool = False
    """By the phone itself, with a re-INVITE."""
    bridge: str = ""
    room: str = ""
    """The waiting room's bridge, when the leg stands there."""
    kept: bool = False
    """It has been through the waiting room and stands by itself: no caller's hang-up ends it, only we do."""


@dataclass(slots=True)
class Draft:
    """A message that a caller is about to leave."""

    queue: str
    """Whom it is for, if he does not wait in a queue."""
    recording: str = ""
    started_at: float | None = None
    """Since when Asterisk records."""
    seconds: float | None = None
    """How long it is, once Asterisk records no more."""


@dataclass(slots=True)
class Call:
    """One conversation, with what is known of the caller."""

    id: str
    server: str
    interaction: Interaction
    did: str
    caller: str
    caller_name: str
    arrived_at: float
    state: CallState = CallState.SCRIPT
    node: str = ""
    language: str = ""
    customers: tuple[CustomerCard, ...] = ()
    match: MatchMethod = MatchMethod.NONE
    identified: bool = False
    """The store has answered who the caller may be, or took too long to."""
    queue: str = ""
    priority: float = 0.0
    """Minutes that the script gave."""
    minutes: float = 0.0
    """All that speaks for the caller together: see `claims.py`."""
    urgency: tuple[Part, ...] = ()
    """The same in its parts."""
    asked: tuple[Need, ...] = ()
    """All that the call needs of an agent, before any widening."""
    needs: tuple[Need, ...] = ()
    """What the script asked of the agent."""
    preferred: str = ""
    """The agent whom the script would like best."""
    queued_at: float | None = None
    """Its place in the queue: the first entry counts, whatever happened since. While it is set, the queue
    counts the caller as entered and not yet gone."""
    returned_at: float | None = None
    """When he came back to the queue after a talk: he has the old place, and waits anew."""
    entered: bool = False
    """He came into the queue by a script or was sent there, and so is counted in it: not whom we call."""
    promised: Estimate | None = None
    """What could be said of the wait when he entered the queue."""
    told: Estimate | None = None
    """What he was told of it last."""
    told_at: float | None = None
    listening: bool = False
    """An announcement is being said to him."""
    draft: Draft | None = None
    """The message that he is about to leave: he is offered to nobody."""
    left_message: bool = False
    calling: bool = False
    """We call: the customer has not answered yet."""
    placed: bool = False
    """And he is being rung: at most once."""
    dialled: bool = False
    """We call him for a campaign, and no agent has had him yet."""
    announced: bool = False
    """We called him for an announcement, whose script he hears."""
    previewing: bool = False
    """The agent looks at the lead before anybody is rung."""
    lead: LeadCard | None = None
    """Whom we call, and why, if it is for a campaign."""
    offer: str = ""
    agent: str = ""
    agent_leg: str = ""
    answered_at: float | None = None
    parking: bool = False
    """The agent's leg was asked out of the talk: what follows is a hold and not the end."""
    held_at: float | None = None
    joining: str = ""
    """The leg that the caller is to be joined to next."""
    join_asked: bool = False
    """His session was asked to; before that, the leg is still on its way into the waiting room."""
    consult: str = ""
    onward: Target | None = None
    """The queue or script that he was sent to, while the agent's leg is still in the talk."""
    notes: tuple[Note, ...] = ()
    """What agents say of him to the next one."""
    held_by: str = ""
    """Back from a crash: the leg that had him on hold; `NOBODY` when he waited on after a talk."""
    served: bool = False
    """Back in a script from a talk that outlived a crash of ours: the queue on his leg is an old one."""
    why: dict[str, str | float | int] = field(default_factory=dict)
    """The decision that chose the agent."""
    script_result: str = ""
    notice: Notice = Notice.NONE
    """Whether the caller knows that the call is recorded."""
    recording: Recording | None = None
    """Of the talk that goes on, or of the one that comes next."""
    phone_transferred: bool = False
    """A phone sent the caller elsewhere by itself: no session of ours has him since."""
    recorded_at: int = 0
    """Milliseconds in the name of the last recording: no two have one name."""
    left_queue: str = ""
    """By which exit the caller left the queue without an agent; empty if he did not."""

    def move(self, trigger: CallTrigger) -> None:
        """Follow the table, or raise `IllegalTransition` and stay."""
        self.state = follow(f"call {self.id}", TRANSITIONS, self.state, trigger)

    @property
    def talks(self) -> bool:
        """Whether the caller has an agent, be it that he is on hold."""
        return self.state in (CallState.TALKING, CallState.HELD)

    @property
    def counted(self) -> bool:
        """Whether his wait counts among those of his queue: one whom we call waits in none by himself."""
        return self.queued_at is not None and (self.entered or self.interaction.record.direction == "inbound")

    @property
    def taken(self) -> bool:
        """Whether somebody has the caller: an agent, or somebody outside."""
        return self.talks or self.state is CallState.OUTSIDE

    def pop(self, login: str, offer: str, waited_s: float, why: Mapping[str, str | float | int]) -> ScreenPop:
        """The caller's record for one agent's page."""
        return ScreenPop(
            login=login,
            offer=offer,
            call=self.id,
            interaction=self.interaction.id,
            queue=self.queue,
            caller=self.caller,
            caller_name=self.caller_name,
            match=self.match,
            customers=self.customers,
            waited_s=waited_s,
            why=dict(why),
            notes=self.notes,
            lead=self.lead,
        )

    def record_for(self, login: str, at: float) -> ScreenPop:
        """The same for whoever is offered the caller, or has him."""
        return self.pop(login, self.offer, round(at - (self.queued_at or at), 3), self.why)

    def view(self, *, held: bool, offered: tuple[str, ...], consult: Consult | None) -> CallView:
        """The call as pages see it."""
        best = self.customers[0] if self.customers else None
        return CallView(
            id=self.id,
            interaction=self.interaction.id,
            direction=self.interaction.record.direction,
            state=self.state.value,
            queue=self.queue,
            agent=self.agent,
            offered=offered,
            customer=best.id if best else "",
            customer_name=best.name if best else "",
            caller=self.caller,
            caller_name=self.caller_name,
            did=self.did,
            node=self.node,
            arrived_at=self.arrived_at,
            queued_at=self.queued_at if self.state in (CallState.WAITING, CallState.OFFERED) else None,
            answered_at=self.answered_at,
            held=held,
            recording=self.recording.shown if self.recording else "",
            consult=consult.view() if consult else None,
            priority=self.minutes,
            urgency={part.why: part.minutes for part in self.urgency},
            needs=tuple(map(str, self.asked)),
            promised_s=self.promised.bound_s if self.promised else None,
            told_s=self.told.bound_s if self.told else None,
            match=self.match.value,
            confidence=best.confidence if best else 0.0,
            matches=len(self.customers),
            language=self.language or (best.language if best else ""),
            campaign=self.interaction.record.campaign,
        )
