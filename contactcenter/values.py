"""Values that several nouns share and that cross borders: all frozen, none with behaviour of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def frozen(cls: type[T]) -> type[T]:
    """A frozen dataclass with slots and keyword fields: the form of everything that crosses a border."""
    make: Callable[[type[T]], type[T]] = dataclass(frozen=True, slots=True, kw_only=True)
    return make(cls)


NOBODY = "nobody"
"""Instead of a leg's name: no leg holds the caller, who waits for an agent again."""

MIXMONITOR = "CC_MIX_"
"""With a recording's name: the variable of the caller's leg that has Asterisk's own name of it."""


class TargetKind(StrEnum):
    """Where an agent may send a caller, or whom he may ask."""

    AGENT = "agent"
    QUEUE = "queue"
    NUMBER = "number"
    IVR = "ivr"


@frozen
class Target:
    """One of them: an agent's login, a queue's name, a telephone number, a number of ours with its script."""

    kind: TargetKind
    name: str


@frozen
class Note:
    """What an agent tells the next one of a caller."""

    by: str
    text: str


@frozen
class CustomerCard:
    """What the screen pop shows of one customer, as the store read it. Text in it is untrusted."""

    id: str
    number: str
    """The customer's own number in our books (an account number, not a telephone number)."""
    name: str
    phones: tuple[str, ...] = ()
    """E.164."""
    company: str = ""
    tier: str = ""
    save_desk: bool = False
    """Whether the customer is about to leave us, and to be kept."""
    language: str = ""
    """`zh` or `en`; empty when not known."""
    balance: str = ""
    """Decimal text, in the center's currency; empty when there is no account."""
    note: str = ""
    kind: str = "person"
    """`person` or `organisation`."""
    category: str = ""
    tags: tuple[str, ...] = ()
    custom: dict[str, Any] = field(default_factory=dict)
    """Custom values of the fields that are declared for routing."""
    owner: str = ""
    """The login of whose customer it is …"""
    team: str = ""
    """… and the team's name. Both empty: anybody's."""
    last: tuple["PastInteraction", ...] = ()
    """The newest first, ten at most."""
    requests: tuple["OpenRequest", ...] = ()
    """What is still to be done for the customer: the most urgent first, five at most."""
    confidence: float = 0.0
    """How sure it is that this is the caller, 0 to 1 (`crm/matching.py`); 0 where nobody called."""
    hidden: tuple[str, ...] = ()
    """Fields that are blank here because this reader may not see them."""


@frozen
class OpenRequest:
    """One line of what is to be done for a customer."""

    id: str
    number: str
    subject: str
    state: str
    priority: int
    due_at: float | None
    owner: str
    team: str


@frozen
class PastInteraction:
    """One line of a customer's history."""

    id: str
    at: float
    channel: str
    direction: str
    queue: str
    agent: str
    outcome: str
    disposition: str
    note: str
    workers: tuple[str, ...] = ()
    """Every agent who has, or had, the caller: they, and who oversees them, may know of it."""


class MatchMethod(StrEnum):
    """How a customer was recognised. What an agent says beats what was keyed in, and that beats the rest."""

    NONE = "none"
    CALLER_NUMBER = "caller_number"
    EMAIL = "email"
    """By the sender's address."""
    ENTERED_NUMBER = "entered_number"
    CHOSEN = "chosen"
    """An agent said who it is."""
    CREATED = "created"
    """An agent opened the record while the customer was there."""


CERTAINTY = {MatchMethod.ENTERED_NUMBER: 0.98, MatchMethod.CHOSEN: 1.0, MatchMethod.CREATED: 1.0}
"""How sure these are, 0 to 1; the others are as sure as the address tells (`crm/matching.py`)."""


@frozen
class AuditEntry:
    """Who did what, to what, and what was so before and after. `before`, `after` and `detail` hold plain JSON
    values only, and nothing secret: supervisors read them."""

    at: float
    login: str
    """Who did it; `center` for what the center did by itself, as when a change's time was over."""
    act: str
    """A verb in one or two words: `change`, `undo`, `message`, `monitor_began`, `priority` …"""
    kind: str
    """What it was done to: `agent`, `call`, `queue`, `configuration`, `change`, `interaction` …"""
    object: str
    """The name or id of that."""
    granted: bool = True
    """False: it was refused, and nothing was changed."""
    before: Any = None
    after: Any = None
    detail: dict[str, Any] = field(default_factory=dict)


class RecordingState(StrEnum):
    """How far a recording is, from the talk to the end of its keeping."""

    RUNNING = "running"
    """Asterisk writes it, as far as we know."""
    ENDED = "ended"
    """The talk is over; what Asterisk wrote is to be picked up."""
    KEPT = "kept"
    """Encrypted in its place, whole."""
    PARTIAL = "partial"
    """Encrypted in its place; `why` says what is missing."""
    FAILED = "failed"
    """There is no audio; `why` says why."""
    EXPIRED = "expired"
    """Deleted, because its time was over."""


@frozen
class Silence:
    """A span of a recording in which nobody is heard, because it was paused. Seconds from its beginning."""

    begin_s: float
    end_s: float | None = None
    """None while it lasts."""
    by: str = ""
    """Who paused it."""


LONGEST_MESSAGE_S = 180.0
"""A message that a caller leaves ends after so long."""
LEAST_MESSAGE_S = 2.0
"""Less than this is no message: a click, or somebody who does not know what to say."""


class RecordingKind(StrEnum):
    """What was recorded."""

    TALK = "talk"
    MESSAGE = "message"
    """What a caller said to nobody."""


@frozen
class RecordingRecord:
    """One recording, as the store keeps it: of one talk, or of a message that a caller left.

    Asterisk writes on in the same files when a caller is passed on without us, and in a conference: then
    several recordings, one for each who was heard, are spans of the same `files`.
    """

    id: str
    """Made by us; names the files too."""
    interaction: str
    call: str
    server: str
    queue: str
    agent: str
    """Empty with a number outside."""
    started_at: float
    """The talk began, and with it the recording."""
    number: str = ""
    """The number outside that the caller was passed on to, or the phone that nobody was signed in at."""
    source: str = ""
    """Whose files hold this one's sound; empty: its own."""
    begin_s: float = 0.0
    """Where in the files it begins."""
    end_s: float | None = None
    """Where in the files it ends; None: with them."""
    written_s: float = 0.0
    """How much the files held when the caller last came into a bridge, or out of one."""
    writing_since: float | None = None
    """Since when he is in that bridge; None: he is in none, and nothing is written."""
    ended_at: float | None = None
    length_s: float = 0.0
    """How long the caller was in the talk, and so how long the recording should be; 0: not known."""
    silences: tuple[Silence, ...] = ()
    state: RecordingState = RecordingState.RUNNING
    why: str = ""
    """A word of `live_recordings.Why` or of the edge's, when the state needs a reason."""
    kind: RecordingKind = RecordingKind.TALK

    @property
    def files(self) -> str:
        """The name of the files that Asterisk writes."""
        return self.source or self.id


@frozen
class LegSeen:
    """One leg in a snapshot of an Asterisk server."""

    leg: str
    phone: str = ""
    """`101` … for a leg to or from one of our own phones; empty for the outside world's."""
    answered: bool = False
    bridge: str = ""
    """The bridge that the leg is in, or empty."""
    room: str = ""
    """The waiting room's bridge, when the leg is in it; nobody hears it there."""
    kept: bool = False
    """Of the waiting room: a leg that stands by itself, whether it is in a talk right now or not."""
    linked: str = ""


@frozen
class LeadCard:
    """Whom we call for a campaign, for the agent's page."""

    campaign: str
    campaign_name: str
    lead: str
    attempt: str
    name: str
    """Untrusted: the list says so."""
    number: str
    """E.164."""
    fields: dict[str, str]
    """What else the list says: untrusted."""
    talk_script: str = ""
    """What the agent is to say, with the fields filled in."""
    form: str = ""
    previewing: bool = False
    """The agent looks at it, and dials or skips."""
    preview_until: float | None = None
    """When it is dialled by itself; None: when he likes."""
    may_skip: bool = False


@frozen
class TimelineEntry:
    """One thing that happened in an interaction; `detail` holds plain JSON values only."""

    at: float
    kind: str
    detail: dict[str, Any]


@frozen
class InteractionRecord:
    """One contact's episode as the store keeps it; times are seconds since the epoch, UTC.

    While `final` is false the row is work in progress and is overwritten; the record with `final` true is
    written once, and never changed again.
    """

    id: str
    channel: str = "voice"
    direction: str = "inbound"
    server: str
    leg: str
    """The caller's leg; names the call too, and finds it again after a restart."""
    agent_leg: str = ""
    did: str
    """The number that was dialled."""
    caller: str
    """The caller's number as it came: untrusted."""
    caller_name: str = ""
    """Untrusted."""
    language: str = ""
    customer: str = ""
    match: MatchMethod = MatchMethod.NONE
    confidence: float = 0.0
    """How sure the match is, 0 to 1; 0 with no match, and in records from before it was kept."""
    queue: str = ""
    agent: str = ""
    last_node: str = ""
    outcome: str = ""
    """Why the episode ended: one of `interactions.Outcome`; empty while it lives."""
    disposition: str = ""
    """The agent's code; empty when no agent had the call."""
    note: str = ""
    callback: str = ""
    """The number to call back, when the caller or the agent asked for it."""
    origin: str = ""
    """The interaction that this one follows from: in which a callback was agreed on."""
    campaign: str = ""
    """Whose call it was, if a campaign placed it …"""
    lead: str = ""
    """… to whom of its lists …"""
    attempt: str = ""
    """… and the record of the dial."""
    error: str = ""
    """What went wrong in the script, if anything did."""
    arrived_at: float
    queued_at: float | None = None
    """The first entry into a queue: it keeps the caller's place over RONA, transfers and restarts."""
    offered_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    """The caller's leg ended."""
    closed_at: float | None = None
    """Wrap-up ended, and with it the record."""
    waited_s: float = 0.0
    talked_s: float = 0.0
    wrapped_s: float = 0.0
    offers: int = 0
    raised: float = 0.0
    """Minutes of priority that a supervisor gave the caller."""
    inferred: bool = False
    """Some state of it was concluded from a snapshot instead of being heard."""
    final: bool = False


@frozen
class InteractionEntries:
    """What an interaction's record tells of its course, as far as the figures want to know."""

    id: str
    final: bool
    entries: tuple[TimelineEntry, ...]


@frozen
class IntervalRow:
    """What was counted under one name in one quarter of an hour, as it stood at `saved_at`."""

    start: int
    """When the quarter begins: seconds since the epoch, a multiple of 900."""
    kind: str
    """`queue`, `agent`, or `center`."""
    name: str
    """The queue's name or the agent's login; empty for the center."""
    counts: dict[str, int]
    """By the names of `docs/figures.md`; times in milliseconds. What is missing is 0."""
    saved_at: float
