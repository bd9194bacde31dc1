"""What to do: the only thing that the center tells the edges.

Commands are frozen. `app.py` hands them to the edges in the order in which `Center.handle` returned them.
A command is a request, not a fact: what it brought about comes back as an event.
"""

from enum import StrEnum
from typing import Any

from contactcenter.callbacks import CallbackRecord
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Detection
from contactcenter.values import (
    AuditEntry,
    CustomerCard,
    InteractionRecord,
    IntervalRow,
    LeadCard,
    MatchMethod,
    Note,
    RecordingRecord,
    TimelineEntry,
    frozen,
)
from contactcenter.views import (
    AgentView,
    CallView,
    CampaignView,
    FiguresView,
    MessageView,
    MonitorView,
    QueueView,
)


@frozen
class Command:
    """Something to do."""


# --- To the caller's script session (edge `agi`) ---


@frozen
class OfferCall(Command):
    """Connect the waiting caller to an agent's phone; the legs' events and `OfferEnded` tell the rest.

    Several phones are rung at once: the first to answer has the caller, and the others stop.
    """

    call: str
    offer: str
    phones: tuple[str, ...]
    ring_s: int
    line: str = ""
    """The leg of the agent's persistent line; empty: ring the phone."""
    recording: str = ""
    """Record the talk under this name, told by `RecordingStarted`; empty: don't."""


@frozen
class LeaveQueue(Command):
    """Give the waiting caller back to the script, which learns why: one of `interactions.Outcome`."""

    call: str
    exit: str


@frozen
class AnnounceRecording(Command):
    """Tell the waiting caller that the call is recorded; answered by `RecordingAnnounced`."""

    call: str


@frozen
class JoinLeg(Command):
    """Let the waiting caller and a leg that stands (parked, or in another talk) hear each other; `OfferEnded`
    of this name says when that is over."""

    call: str
    offer: str
    leg: str
    recording: str = ""
    """Record the talk under this name; the name of what runs: go on with it; empty: don't."""


@frozen
class WaitOn(Command):
    """The caller waits on in his session, with music, for the next command. What brings him back after a
    crash of this process is kept on his leg."""

    call: str
    queue: str
    entered_at: float
    held_by: str
    """The leg that put him on hold; `NOBODY` when he waits for an agent again, after a talk."""


@frozen
class RunScript(Command):
    """Let the waiting caller go on with the script of another number of ours, in the same session."""

    call: str
    did: str


@frozen
class Announce(Command):
    """Tell the waiting caller the place and the wait, and ask whether he wants another way out; he keeps the
    place meanwhile. `AnnouncementEnded` says that it is over."""

    call: str
    ahead: int
    """Callers in front of him."""
    wait_s: float | None
    """The wait that is not exceeded in most cases; None: nothing honest can be said."""
    ways: tuple[str, ...]
    """Of `queues.WAYS_OUT`."""


@frozen
class SayNotice(Command):
    """Say the campaign's message to who or what has answered, and hang up: `NoticeBegan`, `NoticeEnded`."""

    call: str
    text: str
    key: str = ""
    """The key that stops all further calls: `OptOutAsked`; empty: none is listened for."""
    machine: bool = False
    """A machine has answered: the message comes when its greeting is over."""


@frozen
class MakeNotices(Command):
    """Have these messages ready to be said: who hears one must not wait until it is made."""

    texts: tuple[str, ...]


# --- To Asterisk (edge `ami`) ---


class Room(StrEnum):
    """Where in the waiting room a leg stands; its names are the dialplan's extensions of [room]."""

    LINE = "line"
    """A persistent line between its talks."""
    DESK = "desk"
    """An agent whose caller is on hold."""
    GUEST = "guest"
    """Whoever an agent consults; hears music."""


@frozen
class CutSpeech(Command):
    """End what the caller is being told: an agent is there."""

    server: str
    leg: str


@frozen
class OpenLine(Command):
    """Ring the phone and keep it up as a persistent line under the leg name `leg`."""

    server: str
    leg: str
    phone: str


@frozen
class EndLeg(Command):
    """Hang up one leg."""

    server: str
    leg: str


@frozen
class PlaceCall(Command):
    """Ring somebody outside; who answers is in a script session of ours and waits in the queue. Placed once
    at most: `leg` names the try, and what comes of it is heard of that leg."""

    server: str
    leg: str
    number: str
    """Untrusted: a caller gave it."""
    trunk: str
    shows: str
    """The number that the far end is shown; empty: none."""
    ring_s: int
    interaction: str
    queue: str
    entered_at: float
    dialled: bool = False
    """For a campaign: who answers is told of by `DialledAnswered`, and is not kept waiting if we crash."""
    detection: Detection | None = None
    """Listen first whether a machine has answered."""
    message: str = ""
    """What who answers for a campaign hears while we are not there; empty: the call ends without a word."""


@frozen
class PlaceLeg(Command):
    """Ring one of our phones, or a number outside over a trunk; who answers stands in the waiting room."""

    server: str
    leg: str
    phone: str
    number: str
    trunk: str
    shows: str
    """The number that the far end is shown: the caller's, which is untrusted, or one of ours."""
    ring_s: int


@frozen
class JoinLegs(Command):
    """Let two legs that stand hear each other, wherever they are now."""

    server: str
    leg: str
    other: str


@frozen
class AddLeg(Command):
    """Bring a leg from the waiting room into the talk of leg `to`: a conference."""

    server: str
    leg: str
    to: str


@frozen
class ParkLeg(Command):
    """Take a leg out of its talk into the waiting room, without hanging it up."""

    server: str
    leg: str
    room: Room


@frozen
class MuteRecording(Command):
    """Write silence for both sides (`muted`), or sound again; answered by `RecordingMuted`."""

    server: str
    call: str
    recording: str = ""
    muted: bool


@frozen
class StopRecording(Command):
    """End one recording of a leg that lives on, and no other."""

    server: str
    call: str
    recording: str = ""


@frozen
class RingMonitor(Command):
    """Ring a supervisor's phone under the leg name `leg`; who answers hears what the leg `hears` hears."""

    server: str
    leg: str
    phone: str
    hears: str
    mode: str
    """One of `monitors.MODES`."""


@frozen
class PointMonitor(Command):
    """Let a supervisor's leg that is up hear the leg `hears`, in this mode, from now on."""

    server: str
    leg: str
    hears: str
    mode: str


# --- To the store (edge `crm`) ---


@frozen
class FindCustomer(Command):
    """Ask who has this telephone number; answered by `CustomerFound`."""

    call: str
    number: str
    customer: str = ""
    """Who it is, when that was known before: his record is asked for, and not who has the number …"""
    method: MatchMethod = MatchMethod.CALLER_NUMBER
    """… and how it was known."""


@frozen
class SaveInteraction(Command):
    """Write the record as it stands now, and what has happened since the last time."""

    record: InteractionRecord
    entries: tuple[TimelineEntry, ...] = ()


@frozen
class SaveCallback(Command):
    """Write the callback as it stands now."""

    record: CallbackRecord


@frozen
class ReserveLeads(Command):
    """Lease leads of a campaign that may be dialled now; answered by `LeadsReserved`."""

    campaign: str
    many: int


@frozen
class ReturnLeads(Command):
    """These leads were leased and are not dialled after all."""

    leads: tuple[str, ...]


@frozen
class SaveAttempt(Command):
    """Write an attempt, if every rule allows it in that instant; answered by `AttemptSaved` or
    `AttemptRefused`."""

    record: AttemptRecord


@frozen
class KeepAttempt(Command):
    """Write the attempt as it stands now; one that has an outcome settles its lead, once."""

    record: AttemptRecord


@frozen
class SaveDoNotCall(Command):
    """This number is not called any more, for ever; answered by `DoNotCallSaved`."""

    number: str
    source: str
    """`key`: pressed in the campaign's message; `agent`: said to an agent."""
    campaign: str
    attempt: str
    at: float
    by: str = ""
    """The agent's login."""


@frozen
class SaveCampaignState(Command):
    """The campaign is in this state from now on."""

    campaign: str
    state: str
    """One of `dialer.campaigns.CampaignState`."""
    at: float
    by: str
    """Whose step it was; `center` for the center's own."""


@frozen
class CorrectDisposition(Command):
    """The record is final: keep the agent's late outcome beside it, as a correction."""

    interaction: str
    login: str
    at: float
    code: str
    note: str
    callback: str


@frozen
class SaveIntervals(Command):
    """Write these rows as they stand; each replaces what was saved of it earlier."""

    rows: tuple[IntervalRow, ...]


@frozen
class SaveAudit(Command):
    """Keep for ever who did what: one more row of the audit log, which nobody can change."""

    entry: AuditEntry


@frozen
class SaveRecording(Command):
    """Write the recording's row as it stands now. A row that says how it ended is not changed any more."""

    record: RecordingRecord


@frozen
class ReturnChange(Command):
    """The time of a change is over: let it return. `AgentChanged` and `RulesChanged` tell what followed."""

    change: str


# --- To the recordings (edge `recordings`) ---


@frozen
class FinishRecording(Command):
    """The talk is over: pick up what Asterisk wrote, and keep it encrypted."""

    record: RecordingRecord


@frozen
class DropRecording(Command):
    """Nothing came of it, no talk and no message: delete what Asterisk made."""

    recording: str = ""


# --- To the pages (edge `http`) ---


@frozen
class ScreenPop(Command):
    """Show the caller's record on the agent's page; the page answers with `PopShown`."""

    login: str
    offer: str
    call: str
    interaction: str
    queue: str
    caller: str
    caller_name: str
    match: MatchMethod
    customers: tuple[CustomerCard, ...]
    waited_s: float
    why: dict[str, str | float | int]
    """The rule and the figures that chose this agent, for the page to put into words."""
    notes: tuple[Note, ...] = ()
    """What agents before said of this caller, the latest last."""
    lead: LeadCard | None = None
    """Whom we call, and why, if it is for a campaign."""


@frozen
class OfferTaken(Command):
    """Another agent answered first: tell this one's page who."""

    login: str
    call: str
    by: str
    """The other's name."""


@frozen
class ShowCall(Command):
    """A call as it is now."""

    view: CallView
    owner: str = ""
    """Whose customer it is: his login …"""
    team: str = ""
    """… and his team, for who may know."""


@frozen
class DropCall(Command):
    """A call that is over: take it off the pages."""

    call: str


@frozen
class ShowAgent(Command):
    """An agent as he is now."""

    view: AgentView


@frozen
class DropAgent(Command):
    """An agent whose session ended."""

    login: str


@frozen
class ShowQueue(Command):
    """A queue as it is now."""

    view: QueueView


@frozen
class ShowFigures(Command):
    """The figures of a queue, an agent or the center as they are now; once a second for each at most."""

    view: FiguresView


@frozen
class DropFigures(Command):
    """The figures of an agent who was not there today, or of a queue that is no more."""

    id: str


@frozen
class ShowMonitor(Command):
    """A supervisor at a call, as it is now."""

    view: MonitorView


@frozen
class DropMonitor(Command):
    """A supervisor who no longer is at a call."""

    monitor: str


@frozen
class ShowCampaign(Command):
    """A campaign as it is now; twice a second at most."""

    view: CampaignView


@frozen
class DropCampaign(Command):
    """A campaign that no longer runs, and has no calls any more."""

    campaign: str


@frozen
class ShowMessage(Command):
    """A message that its agent has not put away yet."""

    view: MessageView


@frozen
class DropMessage(Command):
    """A message that was put away."""

    message: str


@frozen
class DropQueue(Command):
    """A queue that is no more: take it off the pages."""

    queue: str


@frozen
class Accepted(Command):
    """The request of that name is granted."""

    request: str
    answer: Any = None
    """What was asked for, if something was: plain JSON values."""


@frozen
class Refused(Command):
    """The request of that name is not granted."""

    request: str
    code: str
    """For programs: `unknown`, `illegal_now`, `invalid` or `not_yours`."""
    message: str
    """For people: what is wrong and what to do."""
    field: str = ""
    """Which field is wrong, when one is."""


# --- To phones that the center can answer (edge `phones`) ---


@frozen
class AnswerPhone(Command):
    """Press the answer key of a simulated phone."""

    phone: str


# --- To the clock ---


@frozen
class Wake(Command):
    """Send `Woke(timer)` at `due`."""

    timer: str
    due: float


@frozen
class Rest(Command):
    """No `Woke(timer)` is needed any more; one that comes all the same does no harm."""

    timer: str
