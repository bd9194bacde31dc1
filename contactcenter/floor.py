"""The floor: everything that lives right now, and the commands that one event brings about.

The floor keeps; it doesn't decide. The rules stand in `callers.py`, `handoff.py`, `legs.py`, `desks.py` and
`recovery.py`, whose functions take the floor and one event.
"""

from collections.abc import Iterable

from contactcenter.agents import AgentSession, AgentState
from contactcenter.calls import Call, Leg
from contactcenter.commands import (
    Command,
    DropAgent,
    DropCall,
    Rest,
    SaveInteraction,
    ShowAgent,
    ShowCall,
    ShowQueue,
    Wake,
)
from contactcenter.interactions import Interaction, InteractionState
from contactcenter.offers import Offer
from contactcenter.routing.queues import Place, Queue, QueueRules
from contactcenter.values import InteractionRecord, RecordingRecord, frozen

CLOSED_REMEMBERED = 10_000
"""How many closed interactions are remembered, so that an agent's late outcome finds its owner."""


@frozen
class Rules:
    """What the center is told once, at its start."""

    queues: tuple[QueueRules, ...]
    dispositions: frozenset[str]
    """The outcomes that an agent may choose."""
    answerable: frozenset[str] = frozenset()
    """Phones that the center can answer: simulated ones."""
    page_grace_s: float = 60.0
    """How long an agent without a page stays available."""
    restore_s: float = 60.0
    """How long an interaction from before a restart may take to turn up again."""
    auto_resume_s: float = 120.0
    """How long a recording stays paused at most: a forgotten pause must not silence the rest."""


class Floor:
    """The live state. Everything in it is changed by the one loop only."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.queues: dict[str, Queue] = {each.name: Queue(each) for each in rules.queues}
        self.calls: dict[str, Call] = {}
        self.legs: dict[str, Leg] = {}
        self.bridges: dict[str, set[str]] = {}
        self.phone_legs: dict[str, set[str]] = {}
        self.phones: dict[str, bool] = {}
        """Phone -> whether it is registered, as far as Asterisk has told."""
        self.lines: dict[str, str] = {}
        """Leg of a persistent line -> agent."""
        self.talks: dict[str, str] = {}
        """Agent's leg in a talk -> call."""
        self.interactions: dict[str, Interaction] = {}
        """All that are not final."""
        self.agents: dict[str, AgentSession] = {}
        self.offers: dict[str, Offer] = {}
        """Open offers only."""
        self.restored: dict[str, InteractionRecord] = {}
        """By the caller's leg: open interactions of the last run that have not turned up yet."""
        self.restored_recordings: dict[str, RecordingRecord] = {}
        """By the caller's leg: recordings that ran when the last run ended."""
        self.closed: dict[str, str] = {}
        """Interaction -> agent, for the latest final records."""
        self.gone: dict[str, float] = {}
        """Leg -> when it ended, since the last snapshot: a late one must not bring it back."""
        self.servers: dict[str, bool] = {}
        """Server -> whether its link stands and a snapshot has come, so that we know what it does."""
        self._commands: list[Command] = []
        self._changed: dict[tuple[str, str], None] = {}

    # --- what one event brings about ---

    def do(self, *commands: Command) -> None:
        """Ask the edges for something, in this order."""
        self._commands += commands

    def wake(self, timer: str, due: float) -> None:
        """Ask for a `Woke(timer)` at `due`."""
        self._commands.append(Wake(timer=timer, due=due))

    def rest(self, timer: str) -> None:
        """The reason for that `Woke` is gone: spare it, there are many each second."""
        self._commands.append(Rest(timer=timer))

    def save(self, interaction: Interaction) -> None:
        """Have the interaction written as it is now; a final one is let go."""
        self._commands.append(SaveInteraction(record=interaction.record, entries=interaction.take_unsaved()))
        if interaction.state is InteractionState.FINAL:
            self.interactions.pop(interaction.id, None)
            self.closed[interaction.id] = interaction.record.agent
            while len(self.closed) > CLOSED_REMEMBERED:
                del self.closed[next(iter(self.closed))]

    def touch(self, *, call: str = "", agent: str = "", queue: str = "") -> None:
        """Remember that pages must see these anew."""
        for kind, name in (("call", call), ("agent", agent), ("queue", queue)):
            if name:
                self._changed[kind, name] = None

    def touch_agent(self, agent: AgentSession) -> None:
        """The agent changed, and with him perhaps how many are free in his queues."""
        self.touch(agent=agent.login)

    def take_commands(self, at: float) -> list[Command]:
        """All commands since the last time, and after them one view of each thing that changed."""
        self._recount()
        views = [view for kind, name in self._changed for view in self._view(kind, name, at)]
        self._changed.clear()
        commands, self._commands = self._commands + views, []
        return commands

    def _view(self, kind: str, name: str, at: float) -> Iterable[Command]:
        if kind == "call":
            call = self.calls.get(name)
            yield ShowCall(view=call.view(held=self.is_held(call))) if call else DropCall(call=name)
        elif kind == "agent":
            agent = self.agents.get(name)
            yield ShowAgent(view=agent.view()) if agent else DropAgent(login=name)
        elif queue := self.queues.get(name):
            yield ShowQueue(view=queue.view(at))

    def _recount(self) -> None:
        """Tell the queues of the agents that changed; to look at all of them at each event takes too long."""
        for login in [name for kind, name in self._changed if kind == "agent"]:
            agent = self.agents.get(login)
            for name, queue in self.queues.items():
                mine = agent if agent and name in agent.queues else None
                changed = queue.count(
                    login,
                    signed_in=mine is not None and mine.state is not AgentState.OFFLINE,
                    free=mine is not None and self.is_free(mine),
                )
                if changed:
                    self.touch(queue=name)

    def _touch_phone(self, phone: str) -> None:
        if agent := self.agent_of_phone(phone):
            self.touch_agent(agent)

    # --- looking around ---

    def is_held(self, call: Call) -> bool:
        """Whether either side put the other on hold."""
        return any(leg.held for leg in (self.legs.get(call.id), self.legs.get(call.agent_leg)) if leg)

    def partners(self, leg: Leg) -> list[Leg]:
        """The other legs in the same bridge."""
        return (
            [self.legs[other] for other in sorted(self.bridges.get(leg.bridge, ())) if other != leg.id]
            if leg.bridge
            else []
        )

    def call_of_leg(self, leg_id: str) -> Call | None:
        """The call that a leg belongs to: as its caller's, or as its agent's in a talk."""
        return self.calls.get(leg_id) or self.calls.get(self.talks.get(leg_id, ""))

    def agent_of_phone(self, phone: str) -> AgentSession | None:
        """The agent who takes calls on a phone."""
        users = (agent for agent in self.agents.values() if agent.phone == phone)
        return next(users, None) if phone else None

    def has_free(self, queues: Iterable[Queue]) -> bool:
        """Whether an agent of these queues could take a call now."""
        self._recount()
        return any(queue.free for queue in queues)

    def free_agents(self, queues: Iterable[Queue]) -> list[AgentSession]:
        """Agents of these queues who could take a call now, in no order."""
        self._recount()
        return [self.agents[login] for login in set().union(*(queue.free for queue in queues))]

    def is_free(self, agent: AgentSession) -> bool:
        """Whether the agent could take a call now: nothing else is on the phone."""
        return agent.can_take_calls and self.phone_legs.get(agent.phone, set()) <= {agent.line_leg}

    # --- places in queues ---

    def enter_queue(self, call: Call) -> None:
        """Put the caller where the first entry time and the priority say, for the longest wait at most."""
        entered_at = call.queued_at or call.arrived_at
        self.wake(f"wait {call.id}", entered_at + self.queues[call.queue].rules.max_wait_s)
        place = Place(rank=-call.priority, entered_at=entered_at, call=call.id, queue=call.queue)
        self.queues[call.queue].enter(place)
        self.touch(call=call.id, queue=call.queue)

    def leave_queue(self, call: Call) -> None:
        """Take the caller out of the waiting line; nothing happens if he is not in it."""
        if call.queue in self.queues and self.queues[call.queue].remove(call.id):
            self.rest(f"wait {call.id}")
            self.touch(call=call.id, queue=call.queue)

    # --- legs ---

    def add_leg(self, leg: Leg) -> None:
        """Keep a new leg."""
        self.legs[leg.id] = leg
        if leg.phone:
            self.phone_legs.setdefault(leg.phone, set()).add(leg.id)
            self._touch_phone(leg.phone)

    def remove_leg(self, leg: Leg) -> None:
        """Let a leg go that ended."""
        self.move_leg(leg, "")
        del self.legs[leg.id]
        if leg.phone:
            self.phone_legs[leg.phone].discard(leg.id)
            self._touch_phone(leg.phone)

    def move_leg(self, leg: Leg, bridge: str) -> None:
        """Put a leg into a bridge, or into none."""
        if members := self.bridges.get(leg.bridge):
            members.discard(leg.id)
            if not members:
                del self.bridges[leg.bridge]
        leg.bridge = bridge
        if bridge:
            self.bridges.setdefault(bridge, set()).add(leg.id)
