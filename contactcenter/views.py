"""What pages and programs see of the live center: flat, frozen, JSON-ready.

Durations are not in here: a view says *since when*, so that it needs no new copy every second.
"""

from contactcenter.values import frozen


@frozen
class ConsultView:
    """A further leg beside a call."""

    id: str
    by: str
    """The agent who asked."""
    agent: str
    """The agent who was asked; empty for a number."""
    number: str
    state: str
    """One of `consults.ConsultState`."""
    blind: bool
    """The caller goes to him as soon as he answers."""
    since: float


@frozen
class CallView:
    """One live call (`GET /api/calls`)."""

    id: str
    interaction: str
    direction: str
    state: str
    """One of `calls.CallState`."""
    queue: str
    agent: str
    offered: tuple[str, ...]
    """The agents whose phones are about to ring, or ring."""
    customer: str
    customer_name: str
    caller: str
    caller_name: str
    did: str
    node: str
    arrived_at: float
    queued_at: float | None
    answered_at: float | None
    held: bool
    recording: str
    """`on`, `paused`, `failed` (it should be on), or empty: the talk is not recorded."""
    consult: ConsultView | None
    priority: float
    """Minutes of waiting given in advance: who waits is served by rising `queued_at - 60 * priority`."""
    urgency: dict[str, float]
    """The parts of the priority: `queue`, `tier`, `supervisor` …"""
    needs: tuple[str, ...]
    """Skill and level; with a question mark: preferred. As it came, before any widening."""
    promised_s: float | None
    """When it entered: a bound of its wait, as far as one could be given."""
    told_s: float | None
    """What the caller was told last of the wait that remained then; None: nothing yet."""
    match: str = "none"
    """How the customer was recognised: one of `values.MatchMethod`."""
    confidence: float = 0.0
    """How sure that is, 0 to 1."""
    matches: int = 0
    """How many customers it may be."""
    language: str = ""
    """The caller's, or the customer's."""
    campaign: str = ""
    """For which we call him, who is one of its leads; empty: for none."""


@frozen
class AgentView:
    """One agent session (`GET /api/agents`)."""

    login: str
    name: str
    state: str
    """One of `agents.AgentState`."""
    reason: str
    since: float
    """When the state began."""
    until: float | None
    """When the wrap-up ends by itself."""
    afterwards: str
    """The state that the agent wants when the call is over; empty for available."""
    phone: str
    line: str
    line_up: bool
    reachable: bool | None
    """Whether the phone is registered; None while Asterisk has not said so."""
    queues: tuple[str, ...]
    skills: dict[str, int]
    """Skill -> level, 1 to 10."""
    call: str
    held: bool
    """His caller is on hold."""
    consult: str
    """The state of the consult that he asked for, or was asked into; empty when there is none."""
    interaction: str
    """The interaction that the agent is working on: in the talk and in the wrap-up."""
    taken: int
    """Calls taken since the session began."""
    set_by: str = ""
    """The name of the supervisor who set the state, or the one that waits in `afterwards`."""


@frozen
class MonitorView:
    """One supervisor who listens to a call, or speaks in it."""

    id: str
    call: str
    agent: str
    """Whose leg is heard."""
    queue: str
    supervisor: str
    name: str
    phone: str
    mode: str
    """The mode that was asked for last: `listen`, `whisper` or `barge`."""
    state: str
    """One of `monitors.MonitorState`."""
    since: float
    """When the state began."""
    visible: bool
    """Whether the agent is shown it."""


@frozen
class MessageView:
    """A supervisor's message on an agent's page, until the agent puts it away."""

    id: str
    to: str
    by: str
    name: str
    """The supervisor's name."""
    text: str
    """As it was typed: shown as text, never as markup."""
    at: float


@frozen
class QueueView:
    """One queue (`GET /api/queues`)."""

    name: str
    title: dict[str, str]
    """By language."""
    open: bool
    waiting: int
    """Callers on the line."""
    callbacks: int
    """Customers who are called back in their turn."""
    talking: int
    target_s: float
    target_share: float
    """The service level: this share of the callers is to be answered within `target_s` seconds."""
    longest_since: float | None
    """When the caller at the head entered."""
    available: int
    """Agents of the queue who could take a call now."""
    signed_in: int
    wait_s: float | None
    """A bound of the wait of whoever entered now; 0: an agent is free, None: nobody serves the queue."""
    wait_share: float
    """How often such bounds held of late, from 0 to 1; 0.8 is aimed at."""
    entered: int
    """Callers that entered today."""
    answered: int
    abandoned: int
    left: int
    """Callers that left today by another way out: closed, full, no agents, timeout, moved …"""


@frozen
class Figures:
    """What was counted in a span of time, and what follows from it; `docs/figures.md` defines each.

    Shares lie between 0 and 1. A share or mean of nothing is None.
    """

    offered: int
    answered: int
    in_target: int
    """Of those who came in the span: answered within the queue's target."""
    undecided: int
    """Of those who came: who wait still, and not longer than the target."""
    abandoned: int
    short: int
    """Of those who came: who left within 5 s."""
    abandons: dict[str, int]
    """Abandoned, by the class of their wait: its upper end in seconds, or `over`."""
    exits: dict[str, int]
    """By another way out, by its reason."""
    service_level: float | None
    """`in_target` of all who came (`offered`), as far as it is decided."""
    net_service_level: float | None
    """`in_target` of those who came and stayed (`offered` less `short`), as far as it is decided."""
    abandoned_share: float | None
    asa_s: float | None
    """Average speed of answer: the mean wait of those who were answered."""
    longest_s: float
    """The longest wait that ended."""
    taken: int
    """Talks that began, also without a queue (a transfer between phones)."""
    offers: int
    missed: int
    transfers: int
    handled: int
    """Talks that ended."""
    talked_s: float
    held_s: float
    wrapped_s: float
    aht_s: float | None
    """Average handle time: talk, hold and wrap-up, by `handled`."""
    states: dict[str, float]
    """Seconds in each state of `agents.AgentState`."""
    pauses: dict[str, float]
    """Seconds of pauses by their reasons."""
    occupancy: float | None
    """Time with calls (reserved, talking, wrap-up) by time with calls or available."""


@frozen
class FiguresView:
    """The live figures of one queue, one agent, or the center (`GET /api/figures`)."""

    id: str
    """Kind and name: `queue support`, `agent agent1`, `center`."""
    kind: str
    name: str
    since: float
    """When today began: midnight in the center's zone."""
    counted_to: float
    """Up to here an agent's time in his present state is in the figures; his clock goes on."""
    today: Figures
    recent: Figures | None
    """The last 30 minutes; None for agents."""


@frozen
class CampaignView:
    """One campaign that runs, or whose calls still go on (`GET /api/campaigns/live`)."""

    id: str
    name: str
    queue: str
    mode: str
    """One of `dialer.campaigns.Mode`."""
    state: str
    """One of `dialer.campaigns.CampaignState`."""
    hopper: int
    """Leads that are leased and not dialled yet."""
    previewing: int
    """Leads that agents look at."""
    dialling: int
    """Calls placed that nobody has answered yet, those that ring among them."""
    ringing: int
    answered: int
    """Persons who have answered and have no agent yet."""
    talking: int
    agents_free: int
    """Agents who wait for a call of this campaign."""
    placed: int
    """Calls placed in the period that runs."""
    outcomes: dict[str, int]
    """Attempts since this process began, by `dialer.attempts.Outcome`."""
    refusals: dict[str, int]
    """Attempts that a rule forbade since then, by `dialer.permission.Refusal`."""
    connected: int
    """In the period: persons who had an agent in time."""
    dropped: int
    machines: int
    drop_share: float
    """In the period, as regulators count, with the bound of what was misjudged."""
    drop_limit: float
    why: str
    """The last word on how many to place: of the pacing or of `campaigning`, or the rule (of
    `dialer.permission.Refusal`) by which nobody may be dialled at all; of one that the center has paused,
    what it lacks (of `dialer.starting.Lack`)."""
    wanted: int
    """How many were to be placed then."""
    paced_at: float
    since: float
    """When the state began."""


@frozen
class ImportView:
    """How far an import is: for whoever began it (`GET /api/imports/{id}` has the rest)."""

    id: str
    login: str
    name: str
    """The file's."""
    state: str
    rows: int
    done: int
    created: int
    changed: int
    skipped: int
    bad: int
    error: str


@frozen
class ReminderView:
    """A follow-up, or an appointment, of which somebody is to be reminded."""

    id: str
    kind: str = "followup"
    """Or `appointment`."""
    title: str
    customer: str
    request: str
    owner: str
    """Whose page shows it; empty: everybody's of the team, and of an appointment's queue."""
    team: str
    queue: str = ""
    lead: str = ""
    """Whom a campaign dials at that time, so that nobody else has to."""
    due_at: float
    remind_at: float
