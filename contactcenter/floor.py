"""The floor: everything that lives right now, and the commands that one event brings about.

The floor keeps; it doesn't decide. What decides stands in files of its own (`callers.py`, `handoff.py`,
`talks.py`, `desks.py` …: `center.py` names them all), whose functions take the floor and one event.
"""

from collections.abc import Iterable

from contactcenter import claims
from contactcenter.agents import AgentSession, AgentState
from contactcenter.callbacks import Callback
from contactcenter.calls import Call, CallState, Leg
from contactcenter.commands import (
    Command,
    DropAgent,
    DropCall,
    DropCampaign,
    DropMessage,
    DropMonitor,
    DropQueue,
    Refused,
    Rest,
    SaveAudit,
    SaveInteraction,
    ShowAgent,
    ShowCall,
    ShowCampaign,
    ShowMessage,
    ShowMonitor,
    ShowQueue,
    Wake,
)
from contactcenter.consults import Consult
from contactcenter.courses import REFUSED, Act, course_of
from contactcenter.dialer.attempts import AttemptRecord, AttemptState
from contactcenter.dialer.leads import Lead
from contactcenter.dials import EARLY, Dial
from contactcenter.figures import TARGET_S, Figures
from contactcenter.interactions import Interaction, InteractionState
from contactcenter.intervals import Intervals
from contactcenter.live_campaigns import LiveCampaign
from contactcenter.live_recordings import Notice
from contactcenter.monitors import Monitor
from contactcenter.offers import Offer
from contactcenter.routing.decisions import Decision
from contactcenter.routing.matching import Matcher
from contactcenter.routing.queues import Queue, QueueRules
from contactcenter.routing.selection import Agent
from contactcenter.rules import Rules
from contactcenter.trunks import Trunk, TrunkRules
from contactcenter.values import AuditEntry, InteractionRecord, RecordingRecord
from contactcenter.views import AgentView, CampaignView, MessageView, QueueView

SHOW_S = 1.0
"""How long changed figures wait for company before they are shown."""

CLOSED_REMEMBERED = 10_000
"""How many closed interactions are remembered, so that an agent's late outcome finds its owner."""
OVER_REMEMBERED = 1_000
"""How many attempts that are over are remembered, for what is heard of them in the same moment."""


class Floor:
    """The live state. Everything in it is changed by the one loop only."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.queues: dict[str, Queue] = {each.name: Queue(each) for each in rules.queues}
        self.matcher = Matcher(rules.queues, rules.policy)
        """Who waits, who is free."""
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
        self.desk_legs: dict[str, str] = {}
        """Leg of an agent who is rung before the customer whom he calls back -> call."""
        self.callbacks: dict[str, Callback] = {}
        """Open callbacks only."""
        self.campaigns: dict[str, LiveCampaign] = {}
        """Those that run or are paused, and those whose calls still go on."""
        self.dials: dict[str, Dial] = {}
        """Attempts without an outcome, by their ids."""
        self.dialled: dict[str, str] = {}
        """Number -> the dial that has it: nobody else dials it meanwhile."""
        self.reserving: dict[str, None] = {}
        """Dials with an agent kept for them whose calls are not placed yet."""
        self.answered: dict[str, None] = {}
        """Calls of persons who have answered us and wait for an agent."""
        self.leads: dict[str, tuple[str, Lead]] = {}
        """Leads that wait for an agent to be dialled by: place -> campaign, lead."""
        self.trunks: dict[str, Trunk] = {}
        self.numbered = 0
        """Attempts that were named since this process began."""
        self.named_ms = 0
        """The moment in the newest name: it never goes back."""
        self.freed: dict[str, None] = {}
        """Queues in which an agent has become free since the campaigns were looked at."""
        self.unkept: dict[str, None] = {}
        """Calls whose agent may be kept for them no more, since the last event."""
        self.over: dict[str, AttemptRecord] = {}
        """The latest attempts that have their outcome: a key that was pressed at the end comes after it."""
        self.finals: dict[str, InteractionRecord] = {}
        """By their legs: final records of calls for campaigns, until their dials are over."""
        self.consults: dict[str, Consult] = {}
        """Open consults only."""
        self.monitors: dict[str, Monitor] = {}
        """By the supervisor's leg."""
        self.messages: dict[str, MessageView] = {}
        """Supervisors' messages that their agents have not put away."""
        self.restored: dict[str, InteractionRecord] = {}
        """By the caller's leg: open interactions of the last run that have not turned up yet."""
        self.restored_recordings: dict[str, tuple[RecordingRecord, ...]] = {}
        """By the caller's leg: recordings that ran when the last run ended."""
        self.closed: dict[str, str] = {}
        """Interaction -> agent, for the latest final records."""
        self.gone: dict[str, float] = {}
        """Leg -> when it ended, since the last snapshot: a late one must not bring it back."""
        self.servers: dict[str, bool] = {}
        """Server -> whether its link stands and a snapshot has come, so that we know what it does."""
        self.figures = Figures(Intervals(rules.zone), self._target_s)
        self.figures_wait = False
        """Whether changed figures wait to be shown: their timer is set."""
        self._commands: list[Command] = []
        self._changed: dict[tuple[str, str], None] = {}
        self._moved: dict[str, None] = {}
        """Agents of whom the queues and the matcher are to be told."""
        self._match_due: float | None = None

    def take_rules(self, rules: Rules) -> dict[str, Queue]:
        """Go by other rules; nobody may be waiting just now. Returns the queues that are no more, by name."""
        before, self.rules, self.queues = self.queues, rules, {}
        for each in rules.queues:
            queue = before.pop(each.name) if each.name in before else self._new_queue(each)
            queue.rules, self.queues[each.name] = each, queue
        self.matcher, self._match_due = Matcher(rules.queues, rules.policy), None
        for name in (*before, *self.queues):
            self.touch(queue=name)
        for agent in self.agents.values():
            self.touch_agent(agent)
        return before

    def _new_queue(self, rules: QueueRules) -> Queue:
        talks = [self.calls[call] for call in self.talks.values() if call in self.calls]
        return Queue(rules, talking=sum(call.queue == rules.name for call in talks))

    # --- what one event brings about ---

    def do(self, *commands: Command) -> None:
        """Ask the edges for something, in this order."""
        self._commands += commands

    def refuse(self, request: str, code: str, message: str, field: str = "") -> None:
        """Say no to a request, and why."""
        self._commands.append(Refused(request=request, code=code, message=message, field=field))

    def audit(
        self, at: float, login: str, act: str, kind: str, object_: str, **detail: str | float | bool
    ) -> None:
        """Have one row of the audit log written: who did what to what."""
        entry = AuditEntry(at=at, login=login, act=act, kind=kind, object=object_, detail=detail)
        self._commands.append(SaveAudit(entry=entry))

    def wake(self, timer: str, due: float) -> None:
        """Ask for a `Woke(timer)` at `due`."""
        self._commands.append(Wake(timer=timer, due=due))

    def rest(self, timer: str) -> None:
        """The reason for that `Woke` is gone: spare it, there are many each second."""
        self._commands.append(Rest(timer=timer))

    def save(self, interaction: Interaction) -> None:
        """Have the interaction written as it is now, its new entries counted; a final one is let go."""
        record, entries = interaction.record, interaction.take_unsaved()
        self._commands.append(SaveInteraction(record=record, entries=entries))
        self.figures.read(record.id, entries, final=record.final)
        if interaction.state is InteractionState.FINAL:
            self.interactions.pop(interaction.id, None)
            if record.leg in self.dials:
                self.finals[record.leg] = interaction.record
            self.closed[interaction.id] = interaction.record.agent
            while len(self.closed) > CLOSED_REMEMBERED:
                del self.closed[next(iter(self.closed))]

    def remember(self, record: AttemptRecord) -> None:
        """The attempt is over: it is known for a while still."""
        self.over[record.id] = record
        while len(self.over) > OVER_REMEMBERED:
            del self.over[next(iter(self.over))]

    def touch(
        self,
        *,
        call: str = "",
        agent: str = "",
        queue: str = "",
        monitor: str = "",
        message: str = "",
        campaign: str = "",
    ) -> None:
        """Remember that pages must see these anew."""
        named = (
            ("campaign", campaign),
            ("call", call),
            ("agent", agent),
            ("queue", queue),
            ("monitor", monitor),
            ("message", message),
        )
        for kind, name in named:
            if name:
                self._changed[kind, name] = None

    def touch_agent(self, agent: AgentSession) -> None:
        """The agent changed, and with him perhaps how many are free in his queues."""
        self.touch(agent=agent.login)
        self._moved[agent.login] = None

    def take_commands(self, at: float) -> list[Command]:
        """All commands since the last time, and after them one view of each thing that changed."""
        self._recount()
        for login in [name for kind, name in self._changed if kind == "agent"]:
            agent = self.agents.get(login)
            self.figures.agent(login, agent.state.value if agent else "", agent.reason if agent else "", at)
        if self.figures.intervals.changed and not self.figures_wait:
            self.figures_wait = True
            self.wake("figures", at + SHOW_S)
        views = [view for kind, name in self._changed for view in self._view(kind, name, at)]
        self._changed.clear()
        commands, self._commands = self._commands + views, []
        return commands

    def drop_commands(self) -> list[Command]:
        """Forget the commands since the last time, for the rule that gave them broke; returns them. What
        changed is shown with the next event."""
        dropped, self._commands = self._commands, []
        return dropped

    def _view(self, kind: str, name: str, at: float) -> Iterable[Command]:
        if kind == "call":
            call = self.calls.get(name)
            if call is None:
                yield DropCall(call=name)
                return
            offer = self.offers.get(call.offer)
            offered = tuple(offer.seats) if offer else ()
            best = call.customers[0] if call.customers else None
            yield ShowCall(
                view=call.view(
                    held=self.is_held(call), offered=offered, consult=self.consults.get(call.consult)
                ),
                owner=best.owner if best else "",
                team=best.team if best else "",
            )
        elif kind == "agent":
            agent = self.agents.get(name)
            yield ShowAgent(view=self._agent_view(agent)) if agent else DropAgent(login=name)
        elif kind == "monitor":
            monitor = self.monitors.get(name)
            yield ShowMonitor(view=monitor.view()) if monitor else DropMonitor(monitor=name)
        elif kind == "message":
            message = self.messages.get(name)
            yield ShowMessage(view=message) if message else DropMessage(message=name)
        elif kind == "campaign":
            campaign = self.campaigns.get(name)
            yield (
                ShowCampaign(view=self._campaign_view(campaign, at))
                if campaign
                else DropCampaign(campaign=name)
            )
        elif queue := self.queues.get(name):
            yield ShowQueue(view=self._queue_view(queue, at))
        else:
            yield DropQueue(queue=name)

    def callers_waiting(self, queue: str) -> int:
        """How many callers on the line wait in a queue: who is called back takes nobody's room."""
        places = [each.place for each in self.callbacks.values() if each.record.queue == queue]
        places += self._placed_in(queue)
        waiting = self.matcher.waiting(queue) if queue in self.queues else 0
        return waiting - sum(place in self.matcher for place in places)

    def _placed_in(self, queue: str) -> list[str]:
        """Who has a place in the queue on a campaign's behalf: leads, and persons who were dialled."""
        leads = [
            place
            for place, (campaign, _) in self.leads.items()
            if campaign in self.campaigns and self.campaigns[campaign].campaign.queue == queue
        ]
        called = (*self.answered, *self.reserving)
        return leads + [each for each in called if each in self.calls and self.calls[each].queue == queue]

    def takes_callbacks(self, queue: str) -> bool:
        """Whether the queue takes one more: made-up callers could ask for any number of calls."""
        open_ones = sum(each.record.queue == queue for each in self.callbacks.values())
        return queue in self.queues and open_ones < self.queues[queue].rules.callbacks_max

    def _queue_view(self, queue: Queue, at: float) -> QueueView:
        name = queue.rules.name
        waiting, since = self.callers_waiting(name), self.matcher.longest_since(name)
        callbacks = sum(each.record.queue == name for each in self.callbacks.values())
        if callbacks or self._placed_in(name):
            entered = (
                call.queued_at
                for call in self.calls.values()
                if call.queue == name
                and call.state is CallState.WAITING
                and call.queued_at is not None
                and not call.dialled
            )
            since = min(entered, default=None)
        figures = self.figures.intervals.of_day(("queue", name))
        return queue.view(at, waiting, since, callbacks, figures)

    def _campaign_view(self, live: LiveCampaign, at: float) -> CampaignView:
        campaign, dials = live.campaign, [self.dials[each] for each in live.dials]
        calls = [self.calls[each] for each in live.dials if each in self.calls]
        period = live.steering.period(at)
        queue = self.queues.get(campaign.queue)
        return CampaignView(
            id=campaign.id,
            name=campaign.name,
            queue=campaign.queue,
            mode=campaign.mode.value,
            state=live.state.value,
            hopper=len(live.hopper),
            previewing=sum(each.previewing for each in dials),
            dialling=sum(each.state in EARLY and each.record.placed_at is not None for each in dials),
            ringing=sum(each.state is AttemptState.RINGING for each in dials),
            answered=sum(each.id in self.answered for each in dials),
            talking=sum(call.talks for call in calls),
            agents_free=len(queue.free) if queue else 0,
            placed=live.placed,
            outcomes=dict(live.outcomes),
            refusals=dict(live.refusals),
            connected=period.connected,
            dropped=period.dropped,
            machines=period.machines,
            drop_share=round(period.share, 5),
            drop_limit=live.profile.drop_limit,
            why=live.why,
            wanted=live.wanted,
            paced_at=live.paced_at,
            since=live.since,
        )

    def trunk(self, name: str) -> Trunk:
        """The trunk of that name, by its rules or the usual ones."""
        if name not in self.trunks:
            self.trunks[name] = Trunk(self.rules.trunks.get(name, TrunkRules()))
        return self.trunks[name]

    def _agent_view(self, agent: AgentSession) -> AgentView:
        call = self.calls.get(agent.call)
        consult = self.consults.get(agent.consult or (call.consult if call else ""))
        held = call is not None and call.agent == agent.login and call.state is CallState.HELD
        return agent.view(held=held, consult=consult.state.value if consult else "")

    def _recount(self) -> None:
        """Tell of the agents that changed; to look at all of them at each event takes too long."""
        for login in self._moved:
            agent = self.agents.get(login)
            self._tell_matcher(login, agent)
            for name, queue in self.queues.items():
                mine = agent if agent and name in agent.queues else None
                state = mine.state if mine else AgentState.OFFLINE
                was_free, free = login in queue.free, mine is not None and self.is_free(mine)
                changed = queue.count(
                    login,
                    signed_in=state is not AgentState.OFFLINE,
                    serving=state not in (AgentState.OFFLINE, AgentState.PAUSED),
                    free=free,
                )
                if free and not was_free:
                    self.freed[name] = None
                if changed:
                    self.touch(queue=name)
        self._moved.clear()

    def _tell_matcher(self, login: str, agent: AgentSession | None) -> None:
        if agent is None or agent.state is AgentState.OFFLINE:
            self.matcher.gone(login)
            return
        seen = Agent(
            login=login,
            queues=agent.queues,
            skills=agent.skills,
            channels=("voice", claims.LINE) if agent.line == "persistent" else ("voice",),
            idle_since=agent.idle_since,
            taken=agent.taken,
            served_at=agent.served_at,
            rest_until=agent.rest_until(self.rules.rest_s, self.rules.occupancy_limit),
        )
        if self.is_free(agent):
            self.matcher.free(seen)
        elif agent.state is AgentState.AVAILABLE:
            self.matcher.busy(seen, "on_phone" if agent.can_take_calls else "unreachable")
        else:
            self.matcher.busy(seen, agent.state.value, until=agent.until, detail=agent.reason)

    def _touch_phone(self, phone: str) -> None:
        if agent := self.agent_of_phone(phone):
            self.touch_agent(agent)

    def _target_s(self, queue: str) -> float:
        known = self.queues.get(queue)
        return known.rules.target_s if known else TARGET_S

    # --- looking around ---

    def is_held(self, call: Call) -> bool:
        """Whether the caller is on hold, or either side put the other on hold by itself."""
        return call.state is CallState.HELD or any(
            leg.held for leg in (self.legs.get(call.id), self.legs.get(call.agent_leg)) if leg
        )

    def partners(self, leg: Leg) -> list[Leg]:
        """The other legs in the same bridge."""
        return (
            [self.legs[other] for other in sorted(self.bridges.get(leg.bridge, ())) if other != leg.id]
            if leg.bridge
            else []
        )

    def passed_on(self, call: Call) -> bool:
        """Whether the caller is with a phone, although the talk with the agent is over: his phone passed the
        caller on by itself."""
        caller = self.legs.get(call.id)
        return caller is not None and any(leg.phone for leg in self.partners(caller))

    def call_of_leg(self, leg_id: str) -> Call | None:
        """The call that a leg belongs to: as its caller's, as its agent's in a talk, or beside that."""
        consult = self.consult_of_leg(leg_id)
        beside = consult.call if consult else self.desk_legs.get(leg_id, "")
        return self.calls.get(leg_id) or self.calls.get(self.talks.get(leg_id) or beside)

    def consult_of_leg(self, leg_id: str) -> Consult | None:
        """The consult that a leg is the other side of."""
        if consult := self.consults.get(leg_id):
            return consult
        agent = self.agents.get(self.lines.get(leg_id, ""))
        return self.consults.get(agent.consult) if agent and agent.line_leg == leg_id else None

    def agent_of_phone(self, phone: str) -> AgentSession | None:
        """The agent who takes calls on a phone."""
        users = (agent for agent in self.agents.values() if agent.phone == phone)
        return next(users, None) if phone else None

    def own_talk(self, login: str, call_id: str, request: str, act: Act) -> Call | None:
        """The call that this agent has; a request for any other is refused, and so is one that contradicts
        what was granted a moment ago."""
        call = self.calls.get(call_id)
        if call is None or call.agent != login or not call.talks:
            self.refuse(request, "illegal_now", "this call is not your talk")
        elif why_not := self.why_not(call, act):
            self.refuse(request, "illegal_now", why_not)
        else:
            return call
        return None

    def why_not(self, call: Call, act: Act) -> str:
        """Why this can't be asked for while the caller is on the way to somebody; empty when it can."""
        taken = any(each.taking and each.call == call.id for each in self.monitors.values())
        return REFUSED[course_of(call, self.consults.get(call.consult), taken=taken)].get(act, "")

    def is_free(self, agent: AgentSession) -> bool:
        """Whether the agent could take a call now: nothing else is on the phone."""
        return agent.can_take_calls and self.phone_legs.get(agent.phone, set()) <= {agent.line_leg}

    # --- waiting ---

    def decide(self, at: float) -> list[Decision]:
        """Who gets whom now."""
        self._recount()
        return self.matcher.matches(at)

    def expect_match(self) -> None:
        """Have the matcher looked at again when time alone changes something."""
        due = self.matcher.due()
        if due is not None and due != self._match_due:
            self.wake("match", due)
        self._match_due = due

    def match_came(self) -> None:
        """The awaited moment is here; every event looks for matches, so there is no more to do."""
        self._match_due = None

    def enter_queue(self, call: Call) -> None:
        """Put the caller where the first entry time and the priority say, for the longest wait at most."""
        if call.dialled and call.calling and call.placed:
            self.unkept[call.id] = None
        self.set_moments(call)
        self._enter(call)

    def set_moments(self, call: Call) -> None:
        """Have everything happen that is to happen to a caller who only waits; at once what is overdue."""
        since = call.returned_at or call.queued_at or call.arrived_at
        for timer, due in self._moments(call, since).items():
            self.wake(f"{timer} {call.id}", due)

    def restate(self, call: Call) -> None:
        """Something about the caller is known that may change for what and how long he waits."""
        if call.id in self.matcher:
            self._enter(call)

    def _enter(self, call: Call) -> None:
        last_agent = self.queues[call.queue].rules.last_agent
        waiting = claims.waiting(call, self.rules.claims, last_agent=last_agent)
        self.matcher.enter(waiting, ready=self.can_be_offered(call))
        call.minutes = self.matcher.minutes(call.id)
        call.urgency, call.asked = self.matcher.priority(call.id), self.matcher.asked(call.id)
        self.touch(call=call.id, queue=call.queue)

    def _moments(self, call: Call, since: float) -> dict[str, float]:
        """What is to happen to a caller who only waits, and when."""
        rules = self.queues[call.queue].rules
        moments = {"wait": since + rules.max_wait_s}
        if rules.overflow_after_s:
            moments["overflow"] = since + rules.overflow_after_s
        if rules.announce_after_s:
            again = call.told_at + rules.announce_every_s if call.told_at is not None else 0.0
            moments["tell"] = max(since + rules.announce_after_s, again)
        return moments

    def leave_queue(self, call: Call) -> None:
        """The caller waits no longer; nothing happens if he did not."""
        if self.matcher.leave(call.id) or call.state is CallState.OFFERED:
            for timer in self._moments(call, 0.0):
                self.rest(f"{timer} {call.id}")
            self.touch(call=call.id, queue=call.queue)

    def can_be_offered(self, call: Call) -> bool:
        """The store has said who it is, no announcement of the recording plays, the caller leaves no message,
        and we hear what his server does."""
        listens = call.notice is not Notice.ASKED and call.draft is None
        return call.identified and listens and self.servers.get(call.server, False)

    def check_ready(self, call: Call) -> None:
        """What decides whether the caller can be offered has changed."""
        self.matcher.make_ready(call.id, ready=self.can_be_offered(call))

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
        if leg.kept:
            self.rest(f"stray {leg.id}")
        if leg.phone:
            self.phone_legs[leg.phone].discard(leg.id)
            self._touch_phone(leg.phone)

    def move_leg(self, leg: Leg, bridge: str) -> None:
        """Put a leg into a bridge, or into none."""
        if members := self.bridges.get(leg.bridge):
            members.discard(leg.id)
            if not members:
                del self.bridges[leg.bridge]
        leg.bridge, leg.room = bridge, ""
        if bridge:
            self.bridges.setdefault(bridge, set()).add(leg.id)
