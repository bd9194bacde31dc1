"""What happened: the only thing that edges tell the center.

Every event is frozen and carries `at`: seconds since the epoch, UTC, from the one clock of `app.py`, which
never steps back. An edge puts an event into the inbox and returns; it never waits for what the center
decides. Ids are opaque text here. A leg is named by its Asterisk server's edges; a call is named after its
first leg.
"""

from dataclasses import field
from enum import StrEnum

from contactcenter.callbacks import CallbackRecord
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Campaign, CampaignKept
from contactcenter.dialer.leads import Lead
from contactcenter.dialer.permission import Refusal
from contactcenter.routing.skills import Need
from contactcenter.rules import Rules
from contactcenter.values import (
    CustomerCard,
    InteractionEntries,
    InteractionRecord,
    IntervalRow,
    LegSeen,
    MatchMethod,
    RecordingRecord,
    Target,
    frozen,
)


@frozen
class Event:
    """Something happened at `at`."""

    at: float


# --- Asterisk's servers and legs (edge `ami`) ---


@frozen
class ServerUp(Event):
    """The link to an Asterisk server stands and the server is fully booted. A `Snapshot` follows."""

    server: str
    version: str


@frozen
class ServerDown(Event):
    """The link is gone. Calls go on; what happens to them meanwhile is learnt from the next `Snapshot`."""

    server: str
    reason: str


@frozen
class Snapshot(Event):
    """All legs that a server had at `asked_at`: what we know of others, older than that, is over."""

    server: str
    asked_at: float
    legs: tuple[LegSeen, ...]
    restarted: bool = False
    """Asterisk itself began anew since the last snapshot: every older leg is gone for that reason."""


@frozen
class LegStarted(Event):
    """A leg exists. `linked` is the leg that caused it (a caller's, when a phone is rung for that caller)."""

    leg: str
    server: str
    phone: str = ""
    linked: str = ""


@frozen
class LegRinging(Event):
    """The far end rings."""

    leg: str


@frozen
class LegAnswered(Event):
    """The far end answered."""

    leg: str


@frozen
class LegJoined(Event):
    """The leg entered a bridge; two legs in one bridge hear each other."""

    leg: str
    bridge: str


@frozen
class LegParked(Event):
    """The leg stands in the waiting room, under the bridge name `room`, and hears nobody."""

    leg: str
    room: str


@frozen
class LegParted(Event):
    """The leg left a bridge."""

    leg: str
    bridge: str


@frozen
class LegHeld(Event):
    """The phone put its peer on hold."""

    leg: str


@frozen
class LegResumed(Event):
    """The phone took its peer back."""

    leg: str


@frozen
class LegTransferred(Event):
    """A phone sent its peer (`leg`) elsewhere by itself, with SIP REFER."""

    leg: str
    by: str
    """The transferring phone's leg."""
    to: str
    attended: bool = False


@frozen
class MonitorBegan(Event):
    """A supervisor's leg hears the leg `hears`: for the first time, or anew in another mode."""

    leg: str
    hears: str


@frozen
class LegEnded(Event):
    """The leg is gone. `cause` is the Q.850 cause."""

    leg: str
    cause: int = 16


@frozen
class PhoneSeen(Event):
    """A phone registered (`reachable`), or can't be reached any more."""

    phone: str
    reachable: bool


# --- Callers and their scripts (edge `agi`) ---


@frozen
class CallArrived(Event):
    """A caller's leg runs a script. Said again for a known call when its script starts anew: after a crash
    of this process (`interaction` and `queue` then come back from the leg's own variables), or when a phone
    transferred the caller to another number."""

    call: str
    interaction: str
    server: str
    did: str
    caller: str
    caller_name: str = ""
    resumed: bool = False
    """Back from the dialplan's rescue loop: keep interaction, queue and place."""
    queue: str = ""
    entered_at: float | None = None
    held_by: str = ""
    """The leg that had him on hold when his session broke; `NOBODY` when he waited on after a talk."""


@frozen
class NodeVisited(Event):
    """The caller reached a step of the script; `detail` is what was pressed or found there."""

    call: str
    node: str
    detail: str = ""


@frozen
class LanguageChosen(Event):
    """The caller's language, `zh` or `en`."""

    call: str
    language: str


@frozen
class CallQueued(Event):
    """The script asks for an agent of a queue. The caller hears music until a command says otherwise."""

    call: str
    queue: str
    priority: float = 0.0
    """Minutes of waiting that the script gives the caller in advance."""
    needs: tuple[Need, ...] = ()
    """What the script asks of the agent, besides what queue, number and customer ask."""
    preferred: str = ""
    """The agent whom the script would like best."""


@frozen
class DialledAnswered(Event):
    """Who or what we called for a campaign has answered, and hears music until a command says otherwise."""

    call: str
    """The attempt."""
    heard: str
    """`human`, `machine` or `unsure`, as the detection heard it; empty: it did not listen."""
    greeting_ended_at: float | None = None
    """When the greeting was over, as far as the detection can tell."""


@frozen
class NoticeBegan(Event):
    """The campaign's message begins to be said."""

    call: str


@frozen
class NoticeEnded(Event):
    """The campaign's message has been said (`whole`), or could not be; the session hangs up next."""

    call: str
    whole: bool


@frozen
class OptOutAsked(Event):
    """Who hears the campaign's message has pressed the key that stops all further calls."""

    call: str


@frozen
class AnnouncementEnded(Event):
    """What the waiting caller was to be told has been said, was cut short, or led to another way out."""

    call: str


@frozen
class CallbackAsked(Event):
    """The caller wants to be called back at `number`."""

    call: str
    number: str
    queue: str = ""


@frozen
class MessageAsked(Event):
    """The caller wants to leave a message; what he is told next is how. It is for `queue`, if for any."""

    call: str
    queue: str = ""


@frozen
class MessageStarted(Event):
    """The caller hears the tone, and Asterisk records what he says."""

    call: str
    recording: str


@frozen
class MessageStopped(Event):
    """The caller has said so many seconds, and is asked what is to become of them."""

    call: str
    recording: str
    seconds: float


@frozen
class MessageLeft(Event):
    """The caller has confirmed his message."""

    call: str
    recording: str
    queue: str
    seconds: float


@frozen
class MessageGivenUp(Event):
    """The caller leaves no message after all."""

    call: str


@frozen
class RecordingAnnounced(Event):
    """The caller was told that the call is recorded (`heard`), and may have refused it by a key."""

    call: str
    heard: bool = True
    refused: bool = False


@frozen
class RecordingStarted(Event):
    """Asterisk records the caller's leg from now on, whenever it is in a bridge."""

    call: str
    recording: str


@frozen
class OfferEnded(Event):
    """The attempt to connect the caller to an agent's phone is over and the caller is still there.

    `status` is Asterisk's DIALSTATUS: ANSWER after a talk that the agent's side ended, else NOANSWER, BUSY,
    CHANUNAVAIL, CONGESTION, CANCEL.
    """

    call: str
    offer: str
    status: str
    phone: str = ""
    """Which of several phones answered."""
    leg: str = ""
    """The leg that the caller was to be joined to, if it was one that stood."""


@frozen
class ScriptFailed(Event):
    """The script raised, blocked, or ran past its limits; its caller goes to the fallback queue."""

    call: str
    node: str
    error: str


@frozen
class ScriptEnded(Event):
    """The script is done with the caller, who is about to be hung up. `result` is the script's own word."""

    call: str
    node: str
    result: str


@frozen
class CallerLeft(Event):
    """The caller hung up, as the script's connection tells it; `LegEnded` may come before or after."""

    call: str


# --- Agents and supervisors (edge `http`) ---
# `request` names the HTTP request that waits for `Accepted` or `Refused`.


@frozen
class AgentSignedIn(Event):
    """An agent's session began, or came back after a restart of this process."""

    login: str
    name: str
    queues: tuple[str, ...]
    skills: dict[str, int] = field(default_factory=dict)
    """Skill -> level, 1 to 10."""
    phone: str = ""
    line: str = "ring"


@frozen
class AgentSignedOut(Event):
    """The agent's session ended."""

    login: str


@frozen
class PageOpened(Event):
    """An agent's page listens."""

    login: str


@frozen
class PageLost(Event):
    """An agent's last page is gone: closed, or its connection broke."""

    login: str


@frozen
class PhoneChosen(Event):
    """The agent takes calls on `phone`, rung for each call or by a persistent line."""

    login: str
    phone: str
    line: str
    request: str


@frozen
class StateAsked(Event):
    """The agent wants to be `available`, `paused` (for a reason) or `offline`."""

    login: str
    state: str
    reason: str
    request: str


@frozen
class PopShown(Event):
    """The page says that it shows the record: the phone may ring."""

    login: str
    offer: str


@frozen
class DispositionSet(Event):
    """The agent's outcome for an interaction; ends wrap-up."""

    login: str
    interaction: str
    code: str
    note: str
    callback: str
    request: str


@frozen
class MoreTimeAsked(Event):
    """The agent needs longer for the wrap-up."""

    login: str
    request: str


@frozen
class AnswerAsked(Event):
    """The agent presses Answer on the page: meant for phones that the center can answer."""

    login: str
    call: str
    request: str


@frozen
class HangUpAsked(Event):
    """The agent ends the talk from the page."""

    login: str
    call: str
    request: str


@frozen
class RecordingPauseAsked(Event):
    """The agent wants the recording of the talk paused (`paused`), or to go on."""

    login: str
    call: str
    paused: bool
    request: str


@frozen
class AppointmentCallAsked(Event):
    """The agent calls somebody with whom that was agreed on, and whom no campaign dials; he may."""

    login: str
    appointment: str
    number: str
    """E.164."""
    name: str
    customer: str
    queue: str
    request: str


@frozen
class LeadAsked(Event):
    """The agent wants the next lead of a campaign: to look at, and to dial when he likes."""

    login: str
    campaign: str
    request: str


@frozen
class DialAsked(Event):
    """The agent has seen the lead: its number may be dialled now."""

    login: str
    call: str
    request: str


@frozen
class SkipAsked(Event):
    """The agent does not want this lead dialled now."""

    login: str
    call: str
    reason: str
    request: str


# --- Recordings (edges `ami` and `recordings`) ---


@frozen
class RecordingMuted(Event):
    """Asterisk writes silence for both sides from now on (`muted`), or sound again; or it did not obey."""

    call: str
    recording: str
    muted: bool
    failed: str = ""
    """What Asterisk said instead; empty when it obeyed."""


@frozen
class RecordingsRestored(Event):
    """At start: the recordings that were running when the last run of this process ended."""

    records: tuple[RecordingRecord, ...]


@frozen
class MessageRead(Event):
    """The agent put a supervisor's message away."""

    login: str
    message: str
    request: str


@frozen
class HoldAsked(Event):
    """The agent puts the caller on hold from the page."""

    login: str
    call: str
    request: str


@frozen
class ResumeAsked(Event):
    """The agent takes the held caller back."""

    login: str
    call: str
    request: str


@frozen
class TransferAsked(Event):
    """The agent sends the caller on without a word to the other side; `note` is for whoever gets him."""

    login: str
    call: str
    to: Target
    note: str
    request: str


@frozen
class ConsultAsked(Event):
    """The agent wants to speak with somebody while the caller waits; `note` is for that person."""

    login: str
    call: str
    to: Target
    note: str
    request: str


class ConsultStep(StrEnum):
    """What an agent does with whom he consults."""

    TOGGLE = "toggle"
    """From the one to the other, and back."""
    COMPLETE = "complete"
    """Give him the caller."""
    CONFERENCE = "conference"
    """All three together."""
    DROP = "drop"


@frozen
class ConsultStepAsked(Event):
    """The agent goes on with a consult."""

    login: str
    call: str
    step: ConsultStep
    request: str


@frozen
class Supervising(Event):
    """Somebody steers what is not his own, and needs no agent session for it. Whether it is in his scope was
    checked; whether it is possible now is the center's to say."""

    login: str
    """The supervisor."""
    name: str
    request: str


@frozen
class RecordingPauseForced(Supervising):
    """A supervisor wants the recording of an agent's talk paused (`paused`), or to go on."""

    call: str
    paused: bool


@frozen
class CustomerChosen(Supervising):
    """Somebody says who the contact is: one of those it may be, anybody else, or a record made just now."""

    interaction: str
    customer: CustomerCard
    method: MatchMethod
    """`CHOSEN` or `CREATED`."""


@frozen
class CustomerChanged(Event):
    """A customer's record was changed, or what is to be done for him, while a call of his goes on."""

    customer: CustomerCard
    was: str = ""
    """The id that calls know him by, when that record was merged into this one."""


@frozen
class CallbackCancelAsked(Supervising):
    """A supervisor takes a callback back."""

    callback: str


@frozen
class PriorityAsked(Supervising):
    """A supervisor gives a waiting caller so many minutes of priority, instead of those given before."""

    call: str
    minutes: float


@frozen
class WhyAsked(Supervising):
    """Why does this caller still wait?"""

    call: str


@frozen
class MonitorAsked(Supervising):
    """A supervisor wants to be at a call, on his own `phone`; again with another mode, to switch."""

    call: str
    mode: str
    phone: str


@frozen
class MonitorEndAsked(Supervising):
    """A supervisor leaves the call; or an administrator has him leave."""

    call: str
    supervisor: str = ""
    """Whose monitor is to end, if it is another's."""


@frozen
class MonitorRightLost(Event):
    """A supervisor may listen no more: `signed_out` everywhere; or `right_lost`, when he was disabled, or has
    another role, or other queues."""

    login: str
    reason: str


@frozen
class TakeOverAsked(Supervising):
    """A supervisor who is at a call wants its caller for himself."""

    call: str


@frozen
class MessageSent(Supervising):
    """A supervisor has something to say to an agent; `message` names it."""

    agent: str
    message: str
    text: str


@frozen
class StateForced(Supervising):
    """A supervisor sets an agent's state, as the agent himself could (`StateAsked`)."""

    agent: str
    state: str
    reason: str


@frozen
class SignOutForced(Supervising):
    """A supervisor signs an agent out."""

    agent: str


@frozen
class CampaignAsked(Supervising):
    """Somebody starts, pauses or stops a campaign. The rights were checked; whether it can be is the
    center's to say."""

    kept: CampaignKept
    """The campaign as the store has it now."""
    step: str
    """`start`, `pause` or `stop`."""


@frozen
class CampaignsChanged(Event):
    """These campaigns have other settings, checked and stored."""

    campaigns: tuple[Campaign, ...]


# --- Those who steer (`configurator.py`) ---


@frozen
class RulesChanged(Event):
    """The configuration has a new version, checked and stored: these rules hold from now on."""

    rules: Rules
    version: int


@frozen
class AgentChanged(Event):
    """An agent's queues and skills, as they are stored from now on. He need not be signed in."""

    login: str
    queues: tuple[str, ...]
    skills: dict[str, int]


@frozen
class EligibleAsked(Supervising):
    """Who could take which of the waiting callers, if agents had these queues and skills? Answered with
    `steering.eligible`; changes nothing."""

    agents: dict[str, tuple[tuple[str, ...], dict[str, int]]]
    """Login -> queues and skills."""


@frozen
class ChangeTimed(Event):
    """A change that is in force returns by itself at `until`: just made, or found at start."""

    change: str
    until: float


# --- The store's answers (edge `crm`) ---


@frozen
class CustomerFound(Event):
    """Who the caller may be: the best match first, none when nobody fits."""

    call: str
    method: MatchMethod
    customers: tuple[CustomerCard, ...]


@frozen
class LeadsReserved(Event):
    """These leads are ours until they are dialled or given back; none: there is nobody to be dialled now."""

    campaign: str
    leads: tuple[Lead, ...]
    refusal: Refusal | None = None
    """The rule by which the campaign may dial nobody at all, until somebody mends it."""


@frozen
class AttemptSaved(Event):
    """The attempt is in the store, and every rule allowed it in that instant: the call may be placed. On
    what grounds, the store's record says."""

    attempt: str
    shows: str = ""
    """The number of ours that it is to show, if not the one that was asked for: that is verified no more."""


@frozen
class AttemptRefused(Event):
    """A rule forbids the call; that is kept, and the lead is due again at `due_at`, if ever."""

    attempt: str
    refusal: Refusal
    due_at: float | None = None


@frozen
class DoNotCallSaved(Event):
    """The number of this attempt is on our do-not-call list."""

    call: str


@frozen
class CampaignsRestored(Event):
    """At start: the campaigns that were running or paused, or have attempts without an outcome."""

    campaigns: tuple[CampaignKept, ...]


@frozen
class AttemptsRestored(Event):
    """At start: the attempts that the last run of this process left without an outcome."""

    records: tuple[AttemptRecord, ...]
    newest: str = ""
    """The last id that the center gave an attempt; empty: none."""


@frozen
class CallbacksRestored(Event):
    """At start: the callbacks that the last run of this process left open."""

    records: tuple[CallbackRecord, ...]


@frozen
class InteractionsRestored(Event):
    """At start: the interactions that the last run of this process left open."""

    records: tuple[InteractionRecord, ...]


@frozen
class FiguresRestored(Event):
    """At start, before `InteractionsRestored`: what the last run counted, and what its rows may lack."""

    rows: tuple[IntervalRow, ...]
    """Of the last 26 hours at least: today's are among them."""
    counted_from: int
    """From this quarter on, calls are counted again, from `entries`."""
    entries: tuple[InteractionEntries, ...]
    """Of every interaction that is open, or has an entry later than `counted_from`: its whole course."""


# --- The clock ---


@frozen
class Stopping(Event):
    """This process ends: the last event of its life."""


@frozen
class Woke(Event):
    """The time that a `Wake` command asked for has come."""

    timer: str
