"""What pages and programs see of the live center: flat, frozen, JSON-ready.

Durations are not in here: a view says *since when*, so that it needs no new copy every second.
"""

from contactcenter.values import frozen


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
    priority: float
    """Minutes of waiting given in advance: who waits is served by rising `queued_at - 60 * priority`."""


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
    """Skill -> level, 0 to 10."""
    call: str
    interaction: str
    """The interaction that the agent is working on: in the talk and in the wrap-up."""
    taken: int
    """Calls taken since the session began."""
    talked_s: float
    wrapped_s: float
    set_by: str = ""
    """The supervisor who set the state (or the one that waits in `afterwards`); empty for anybody else."""


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
    """One of `supervision.MonitorState`."""
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
    talking: int
    longest_since: float | None
    """When the caller at the head entered."""
    available: int
    """Agents of the queue who could take a call now."""
    signed_in: int
    entered: int
    """Callers that ever entered, since this process began."""
    answered: int
    abandoned: int
    left: int
    """Callers that left by another way out: closed, full, no agents, timeout, callback."""
