"""The matcher: who waits, who is free, and which of them belong together now.

There is one total order over all queues: a call's *score* is its time of entry less 60 s for each minute of
priority, and the smaller score is served first, then the earlier entry, then the call's name. So priority
ages by itself, and nobody is overtaken by a call that came later than the minutes between them.

The matcher is told of each change and looks only at what changed. Its law: after `matches(at)` nobody waits
whom a free agent could take at that moment. Calls that ask for the same stand in one *line*, agents who can
do the same share one *profile*, and who fits whom is worked out once for each pair of those. Time moves calls
between lines (widening, the end of a preferred agent's time) and agents between profiles (the end of a rest
or of a reservation); `due()` tells when it next does.

It knows no center: simulations drive it as the floor does.
"""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import islice

from contactcenter.routing.decisions import (
    BOUND,
    Candidate,
    Decision,
    Demand,
    Part,
    PassedOver,
    Standing,
)
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.selection import STRATEGIES, Agent, Rank, Turn, levels
from contactcenter.routing.skills import Need, lacking, merged, shortfall
from contactcenter.routing.widening import Widening, opened, widened
from contactcenter.values import frozen

FREE = "available"
RESTS = "rest"
SOON = frozenset({FREE, RESTS, "reserved", "talking", "wrap_up"})
"""States of an agent who is worth waiting for; any other (paused, unreachable) is not."""

Key = tuple[float, float, str]
"""Score, time of entry, call: the one order."""


@frozen
class Waiting:
    """A call that waits, as whoever queued it knows it."""

    call: str
    queue: str
    entered_at: float
    """The first entry; kept over missed offers, transfers and restarts."""
    priority: tuple[Part, ...] = ()
    """The call's own parts; its queue's is added here."""
    needs: tuple[Need, ...] = ()
    """The call's own; its queue's are added here."""
    preferred: str = ""
    """An agent who has it alone for the queue's `preferred_s`, if he can come soon."""
    alone_until: float | None = None
    """Till then the preferred agent has it alone, whether he can come soon or not."""
    channel: str = "voice"


@frozen
class Reserve:
    """A rare skill, whose agents are held back a while for the calls that need it."""

    skill: str
    hold_s: float
    """So long after he became free an agent with the skill is kept for calls that require it."""


@frozen
class Policy:
    """What holds for all queues together."""

    order: str = "fair"
    """`fair`: the one order. `service_level_first`: first whoever can still be answered within the queue's
    target, then the late."""
    overtaken_s: float = 65.0
    """With `service_level_first`: who is late by so much is overtaken no more."""
    reserves: tuple[Reserve, ...] = ()


@dataclass(slots=True, eq=False)
class _Profile:
    """Agents with the same queues, skills and channels, held back for the same skills."""

    agent: Agent
    """Any one of them."""
    held: frozenset[str]
    free: dict[Turn, list[tuple[float | str, ...]]]
    """For each way of taking turns: their keys, the login last, in order."""


@dataclass(slots=True, eq=False)
class _Desk:
    """One agent who is signed in."""

    agent: Agent
    state: str = ""
    until: float | None = None
    detail: str = ""
    profile: _Profile | None = None
    """While he is free."""
    serial: int = 0


@dataclass(slots=True, eq=False)
class _Line:
    """Calls that ask for the same with the same priority, by time of entry: those that can be offered."""

    demand: Demand
    minutes: float
    rules: QueueRules
    calls: list[tuple[float, str]] = field(default_factory=list)
    fits: dict[_Profile, Rank | None] = field(default_factory=dict)
    """Profile -> how good it is for the line; None: not at all."""
    misfits: dict[_Profile, str] = field(default_factory=dict)
    """Profile that is no good for the line -> the reason."""


@dataclass(slots=True, eq=False)
class _Entry:
    """One call that waits."""

    waiting: Waiting
    rules: QueueRules
    priority: tuple[Part, ...]
    minutes: float
    key: Key
    asked: tuple[Need, ...]
    demand: Demand
    ready: bool
    line: _Line | None = None
    serial: int = 0
    widens_at: float | None = None

    @property
    def alone_until(self) -> float:
        """How long its preferred agent has it alone."""
        until = self.waiting.alone_until
        return self.waiting.entered_at + self.rules.preferred_s if until is None else until


class Matcher:
    """Calls that wait and agents that are free, and the decisions that follow. Pure: time is an argument."""

    def __init__(
        self, queues: Iterable[QueueRules], policy: Policy | None = None, *, explains: bool = True
    ) -> None:
        """`explains=False` leaves candidates and those passed over out of decisions, which then cost half:
        for simulations, whose reader wants figures."""
        self._rules = {each.name: each for each in queues}
        self._policy = policy or Policy()
        self._turns = tuple(dict.fromkeys(STRATEGIES[each.strategy].turn for each in self._rules.values()))
        self._explains = explains
        self._at = float("-inf")
        self._serial = 0
        self._times: list[tuple[float, int, bool, str]] = []
        """When time alone changes something: (moment, serial, whether it is a call, name)."""
        self._entries: dict[str, _Entry] = {}
        self._places: dict[str, list[Key]] = {name: [] for name in self._rules}
        self._arrivals: dict[str, list[tuple[float, str]]] = {name: [] for name in self._rules}
        self._wanted: defaultdict[str, dict[str, None]] = defaultdict(dict)
        """Agent -> calls that prefer him."""
        self._lines: dict[tuple[Demand, float], _Line] = {}
        self._full_lines: defaultdict[str, dict[_Line, None]] = defaultdict(dict)
        """Queue -> the lines, with somebody in them, that its agents may serve."""
        self._desks: dict[str, _Desk] = {}
        self._profiles: dict[tuple[object, ...], _Profile] = {}
        self._free_profiles: defaultdict[str, dict[_Profile, None]] = defaultdict(dict)
        """Queue -> the profiles, with somebody free in them, that belong to it."""
        self._absent: defaultdict[str, defaultdict[str, dict[str, _Desk]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        """Queue -> state -> agents who are not free, whoever has been so longest first."""
        self._hot: dict[_Line, None] = {}
        """Lines in which there may be a call that a free agent could take."""

    # --- what the owner tells: calls ---

    def enter(self, waiting: Waiting, *, ready: bool = True) -> None:
        """A call waits, or waits on other terms than before. While it is not `ready` it has its place, and is
        not offered. Raises KeyError for a queue that there is not."""
        self.leave(waiting.call)
        rules = self._rules[waiting.queue]
        priority = (
            *([Part(why="queue", minutes=rules.priority)] if rules.priority else []),
            *waiting.priority,
        )
        minutes = sum(part.minutes for part in priority)
        asked = merged(rules.needs, waiting.needs)
        entry = _Entry(
            waiting=waiting,
            rules=rules,
            priority=priority,
            minutes=minutes,
            key=(waiting.entered_at - 60.0 * minutes, waiting.entered_at, waiting.call),
            asked=asked,
            demand=Demand(queues=(waiting.queue,), needs=asked, channel=waiting.channel),
            ready=ready,
        )
        self._entries[waiting.call] = entry
        insort(self._places[waiting.queue], entry.key)
        insort(self._arrivals[waiting.queue], (waiting.entered_at, waiting.call))
        if waiting.preferred:
            self._wanted[waiting.preferred][waiting.call] = None
        self._place(entry)

    def make_ready(self, call: str, *, ready: bool = True) -> None:
        """The call can be offered from now on, or can't for a while; nothing happens if it doesn't wait."""
        entry = self._entries.get(call)
        if entry and entry.ready is not ready:
            entry.ready = ready
            self._place(entry)

    def leave(self, call: str) -> bool:
        """A call waits no longer; False when it did not."""
        entry = self._entries.pop(call, None)
        if entry is None:
            return False
        self._take_out(entry)
        waiting = entry.waiting
        _remove(self._places[waiting.queue], entry.key)
        _remove(self._arrivals[waiting.queue], (waiting.entered_at, call))
        if calls := self._wanted.get(waiting.preferred):
            calls.pop(call, None)
            if not calls:
                del self._wanted[waiting.preferred]
        return True

    # --- what the owner tells: agents ---

    def free(self, agent: Agent) -> None:
        """The agent could take a call, from `agent.rest_until` on."""
        self._seat(agent, FREE, None, "")

    def busy(self, agent: Agent, state: str, *, until: float | None = None, detail: str = "") -> None:
        """The agent is signed in and can take none: what he does, until when if that is known, and more."""
        self._seat(agent, state, until, detail)

    def gone(self, login: str) -> None:
        """The agent is signed out."""
        if desk := self._desks.pop(login, None):
            self._unseat(desk)
            self._reconsider(login)

    # --- decisions ---

    def matches(self, at: float) -> list[Decision]:
        """Everything that is decided now, in order. Whoever is in a decision waits no longer, or is reserved
        until the owner says otherwise."""
        self._advance(at)
        if not self._hot:
            return []
        decisions: list[Decision] = []
        order = [(*self._first(line, at), line) for line in self._hot if line.calls]
        self._hot.clear()
        heapify(order)
        while order:
            *_, call, line = heappop(order)
            agents = self._candidates(line, max(BOUND if self._explains else 1, line.rules.seats))
            if not agents:
                continue
            decisions.append(self._decide(self._entries[call], line, agents, at))
            for login in decisions[-1].chosen:
                desk = self._desks[login]
                self._seat(desk.agent, "reserved", None, "")
            self.leave(call)
            if line.calls:
                heappush(order, (*self._first(line, at), line))
        return decisions

    def due(self) -> float | None:
        """When time alone next changes who may get whom; None: never."""
        while self._times and not self._is_valid(self._times[0]):
            heappop(self._times)
        return self._times[0][0] if self._times else None

    # --- what the owner asks ---

    def __contains__(self, call: str) -> bool:
        return call in self._entries

    def waiting(self, queue: str) -> int:
        """How many wait in a queue."""
        return len(self._places[queue])

    def order(self, queue: str) -> tuple[str, ...]:
        """Who waits in a queue, the first first."""
        return tuple(call for _, _, call in self._places[queue])

    def longest_since(self, queue: str) -> float | None:
        """When the caller who has waited longest entered."""
        arrivals = self._arrivals[queue]
        return arrivals[0][0] if arrivals else None

    def place(self, call: str) -> Key:
        """A waiting call's place in the one order. Raises KeyError when it doesn't wait."""
        return self._entries[call].key

    def minutes(self, call: str) -> float:
        """A waiting call's priority, all parts together. Raises KeyError when it doesn't wait."""
        return self._entries[call].minutes

    def priority(self, call: str) -> tuple[Part, ...]:
        """The parts of a waiting call's priority. Raises KeyError when it doesn't wait."""
        return self._entries[call].priority

    def asked(self, call: str) -> tuple[Need, ...]:
        """What a waiting call needs without any widening. Raises KeyError when it doesn't wait."""
        return self._entries[call].asked

    def position(self, call: str) -> int:
        """The place in its own queue, from 1. Raises KeyError when the call doesn't wait."""
        entry = self._entries[call]
        return bisect_left(self._places[entry.waiting.queue], entry.key) + 1

    def state(self, login: str) -> str:
        """What an agent does, as far as offers go: `available` only when he could be offered a call now."""
        desk = self._desks.get(login)
        return desk.state if desk else "offline"

    def takes(self, login: str, demand: Demand) -> bool:
        """Whether a call that asks for this could be given to this agent now: free, rested, with the skills,
        and not held back for others."""
        profile = self._desks[login].profile if login in self._desks else None
        return profile is not None and self._mismatch(demand, profile.agent, profile.held) is None

    def demand(self, call: str) -> Demand:
        """What a waiting call asks for now. Raises KeyError when it doesn't wait."""
        return self._entries[call].demand

    def standing(self, call: str, at: float) -> Standing | None:
        """Why the call still waits; None when it doesn't. Looks at every agent of its queues."""
        entry = self._entries.get(call)
        if entry is None:
            return None
        position = self.position(call)
        passed = [each for desk in self._desks.values() if (each := self._why_not(entry, desk, at))]
        passed.sort(key=lambda each: (each.seconds is None, each.seconds or 0.0, each.login))
        return Standing(
            at=at,
            call=call,
            queue=entry.waiting.queue,
            waited_s=round(at - entry.waiting.entered_at, 3),
            score=entry.key[0],
            priority=entry.priority,
            position=position,
            demand=entry.demand,
            asked=entry.asked,
            held_back=not entry.ready,
            ahead=position - 1,
            passed_over=tuple(passed[:BOUND]),
            passed_counts=dict(sorted(Counter(each.reason for each in passed).items())),
            widens_at=entry.widens_at,
        )

    # --- calls and their lines ---

    def _place(self, entry: _Entry) -> None:
        """Put the call into the line of what it asks for now."""
        self._take_out(entry)
        entered_at, rules, preferred = entry.waiting.entered_at, entry.rules, entry.waiting.preferred
        due: list[Widening] = []
        moments: list[float] = []
        for step in rules.widening:
            if entered_at + step.after_s <= self._at:
                due.append(step)
            else:
                moments.append(entered_at + step.after_s)
        entry.widens_at = min(moments, default=None)
        alone_until = entry.alone_until
        promised = entry.waiting.alone_until is not None
        waits_for_him = promised or self._comes_soon(preferred, entry)
        only = preferred if alone_until > self._at and waits_for_him else ""
        if only:
            moments.append(alone_until)
        entry.demand = Demand(
            queues=opened(entry.waiting.queue, due) if due else (entry.waiting.queue,),
            needs=widened(entry.asked, due) if due else entry.asked,
            only=only,
            channel=entry.waiting.channel,
        )
        entry.serial = self._expect(moments, True, entry.waiting.call)
        if entry.ready:
            entry.line = line = self._line(entry)
            if not line.calls:
                for queue in entry.demand.queues:
                    self._full_lines[queue][line] = None
            insort(line.calls, (entered_at, entry.waiting.call))
            self._hot[line] = None

    def _take_out(self, entry: _Entry) -> None:
        entry.serial = 0
        if line := entry.line:
            entry.line = None
            _remove(line.calls, (entry.waiting.entered_at, entry.waiting.call))
            if not line.calls:
                for queue in line.demand.queues:
                    del self._full_lines[queue][line]

    def _line(self, entry: _Entry) -> _Line:
        name = (entry.demand, entry.minutes)
        line = self._lines.get(name)
        if line is None:
            if len(self._lines) >= _REMEMBERED:
                self._lines = {name: line for name, line in self._lines.items() if line.calls}
            line = self._lines[name] = _Line(entry.demand, entry.minutes, entry.rules)
        return line

    def _comes_soon(self, login: str, entry: _Entry) -> bool:
        """Whether the preferred agent is worth waiting for."""
        desk = self._desks.get(login) if login else None
        if desk is None or desk.state not in SOON or entry.waiting.queue not in desk.agent.queues:
            return False
        return lacking(desk.agent.skills, entry.asked) is None

    def _reconsider(self, login: str) -> None:
        """An agent whom calls prefer came or went."""
        for call in list(self._wanted.get(login, ())):
            self._place(self._entries[call])

    # --- agents and their profiles ---

    def _seat(self, agent: Agent, state: str, until: float | None, detail: str) -> None:
        desk = self._desks.get(agent.login)
        if desk is None:
            desk = self._desks[agent.login] = _Desk(agent)
            news = True
        else:
            news = (desk.state in SOON) != (state in SOON) or desk.agent is not agent
            self._unseat(desk)
        desk.agent, desk.state, desk.until, desk.detail = agent, state, until, detail
        self._sit(desk)
        if news and agent.login in self._wanted:
            self._reconsider(agent.login)

    def _sit(self, desk: _Desk) -> None:
        """Put the agent where he belongs now: into a profile while he is free, else among the absent."""
        agent = desk.agent
        if desk.state in (FREE, RESTS):
            ends = {
                r.skill: agent.idle_since + r.hold_s for r in self._policy.reserves if r.skill in agent.skills
            }
            moments = [moment for moment in (agent.rest_until, *ends.values()) if moment > self._at]
            desk.serial = self._expect(moments, False, agent.login)
            rests = agent.rest_until > self._at
            desk.state, desk.until = (RESTS, agent.rest_until) if rests else (FREE, None)
            if not rests:
                held = (
                    frozenset(skill for skill, end in ends.items() if end > self._at) if ends else frozenset()
                )
                self._join(desk, self._profile(agent, held))
                return
        for queue in agent.queues:
            self._absent[queue][desk.state][agent.login] = desk

    def _unseat(self, desk: _Desk) -> None:
        agent = desk.agent
        desk.serial = 0
        if profile := desk.profile:
            desk.profile = None
            for turn, keys in profile.free.items():
                _remove(keys, turn(agent))
            if not any(profile.free.values()):
                for queue in agent.queues:
                    self._free_profiles[queue].pop(profile, None)
        else:
            for queue in agent.queues:
                self._absent[queue][desk.state].pop(agent.login, None)

    def _join(self, desk: _Desk, profile: _Profile) -> None:
        desk.profile = profile
        for turn, keys in profile.free.items():
            insort(keys, turn(desk.agent))
        for queue in desk.agent.queues:
            self._free_profiles[queue][profile] = None
            for line in self._full_lines[queue]:
                only = line.demand.only
                if (not only or only == desk.agent.login) and self._fit(line, profile) is not None:
                    self._hot[line] = None

    def _profile(self, agent: Agent, held: frozenset[str]) -> _Profile:
        name = (agent.queues, tuple(sorted(agent.skills.items())), agent.channels, held)
        profile = self._profiles.get(name)
        if profile is None:
            if len(self._profiles) >= _REMEMBERED:
                self._forget_profiles()
            profile = self._profiles[name] = _Profile(agent, held, {turn: [] for turn in self._turns})
        return profile

    def _forget_profiles(self) -> None:
        """Let profiles go that nobody has any more: people's skills change over the years."""
        self._profiles = {name: each for name, each in self._profiles.items() if any(each.free.values())}
        for line in self._lines.values():
            line.fits.clear()
            line.misfits.clear()

    def _fit(self, line: _Line, profile: _Profile) -> Rank | None:
        """How good these agents are for the line, None if they can't take its calls."""
        try:
            return line.fits[profile]
        except KeyError:
            pass
        rank: Rank | None = None
        agent, demand = profile.agent, line.demand
        if mismatch := self._mismatch(demand, agent, profile.held):
            line.misfits[profile] = mismatch[0]
        else:
            foreign = demand.queues[0] not in agent.queues
            own = STRATEGIES[line.rules.strategy].rank(agent, demand.needs)
            rank = (int(foreign), shortfall(agent.skills, demand.needs), *own)
        line.fits[profile] = rank
        return rank

    @staticmethod
    def _mismatch(demand: Demand, agent: Agent, held: frozenset[str]) -> tuple[str, str, int] | None:
        """Why an agent could not take such a call, were he free (reason, detail, level); None if he could."""
        if not any(queue in agent.queues for queue in demand.queues):
            return ("queue", "", 0)
        if demand.channel not in agent.channels:
            return ("channel", demand.channel, 0)
        if need := lacking(agent.skills, demand.needs):
            return ("skill", need.skill, need.level)
        if held and not any(need.required and need.skill in held for need in demand.needs):
            return ("reserve", min(held), 0)
        return None

    # --- choosing ---

    def _first(self, line: _Line, at: float) -> tuple[int, Key, str]:
        """Who is next in the line, and before which other lines: (tier, key, call)."""
        tier = index = 0
        if self._policy.order == "service_level_first":
            late_from = at - line.rules.target_s
            late = bisect_left(line.calls, (late_from,))
            if not late or line.calls[0][0] > late_from - self._policy.overtaken_s:
                tier, index = (1, late) if late < len(line.calls) else (2, 0)
        entered_at, call = line.calls[index]
        return tier, (entered_at - 60.0 * line.minutes, entered_at, call), call

    def _candidates(self, line: _Line, limit: int) -> list[Agent]:
        """The free agents who could take the line's calls, the best first."""
        if line.demand.only:
            desk = self._desks.get(line.demand.only)
            able = desk and desk.profile and self._fit(line, desk.profile) is not None
            return [desk.agent] if desk and able else []
        turn = STRATEGIES[line.rules.strategy].turn
        heads = []
        for profile in self._free_in(line.demand):
            rank = self._fit(line, profile)
            if rank is not None:
                heads.append((rank, profile.free[turn][0], 0, profile))
        if not heads:
            return []
        heapify(heads)
        found: list[Agent] = []
        while heads and len(found) < limit:
            rank, key, index, profile = heappop(heads)
            found.append(self._desks[str(key[-1])].agent)
            if index + 1 < len(profile.free[turn]):
                heappush(heads, (rank, profile.free[turn][index + 1], index + 1, profile))
        return found

    def _free_in(self, demand: Demand) -> Iterable[_Profile]:
        """The profiles of these queues with somebody free, each once."""
        if len(demand.queues) == 1:
            return self._free_profiles[demand.queues[0]]
        return dict.fromkeys(each for queue in demand.queues for each in self._free_profiles[queue])

    # --- time ---

    def _expect(self, moments: list[float], is_call: bool, name: str) -> int:
        """Remember the next of these moments; the serial by which it is known to be still meant."""
        self._serial += 1
        if moments:
            heappush(self._times, (min(moments), self._serial, is_call, name))
        return self._serial

    def _is_valid(self, time: tuple[float, int, bool, str]) -> bool:
        _, serial, is_call, name = time
        thing = self._entries.get(name) if is_call else self._desks.get(name)
        return thing is not None and thing.serial == serial

    def _advance(self, at: float) -> None:
        """Let time do its part."""
        self._at = max(self._at, at)
        while self._times and self._times[0][0] <= at:
            moment = heappop(self._times)
            if not self._is_valid(moment):
                continue
            *_, is_call, name = moment
            if is_call:
                self._place(self._entries[name])
            else:
                desk = self._desks[name]
                self._unseat(desk)
                self._sit(desk)

    # --- saying why ---

    def _decide(self, entry: _Entry, line: _Line, agents: list[Agent], at: float) -> Decision:
        waiting, demand = entry.waiting, entry.demand
        seats = line.rules.seats if line.rules.strategy == "ring_several" else 1
        first = agents[0]
        named: tuple[Candidate, ...] = ()
        passed: list[PassedOver] = []
        count, counts = 0, dict[str, int]()
        if self._explains:
            named = tuple(_candidate(agent, demand, at) for agent in agents[:BOUND])
            free = [each for each in self._free_in(demand) if self._fit(line, each) is not None]
            count = 1 if demand.only else sum(len(each.free[self._turns[0]]) for each in free)
            passed, counts = self._passed_over(entry, line, at)
        return Decision(
            at=at,
            call=waiting.call,
            queue=waiting.queue,
            chosen=tuple(agent.login for agent in agents[:seats]),
            strategy="preferred" if demand.only else line.rules.strategy,
            order=self._policy.order,
            waited_s=round(at - waiting.entered_at, 3),
            idle_s=round(at - first.idle_since, 3),
            score=entry.key[0],
            priority=entry.priority,
            position=self.position(waiting.call),
            overtook=self._overtook(entry, first) if self._policy.order != "fair" else 0,
            demand=demand,
            asked=entry.asked,
            candidates=named,
            candidate_count=count,
            passed_over=tuple(passed),
            passed_counts=counts,
        )

    def _overtook(self, entry: _Entry, agent: Agent) -> int:
        """How many callers with a better place the agent could have taken."""
        profile = self._desks[agent.login].profile
        lines = dict.fromkeys(line for queue in agent.queues for line in self._full_lines[queue])
        return sum(
            bisect_left(line.calls, (entry.key[0] + 60.0 * line.minutes,))
            for line in lines
            if profile and line.demand.only in ("", agent.login) and self._fit(line, profile) is not None
        )

    def _passed_over(self, entry: _Entry, line: _Line, at: float) -> tuple[list[PassedOver], dict[str, int]]:
        """Agents of the call's queues who are not candidates: some by name, all by count."""
        counts: Counter[str] = Counter()
        named: list[PassedOver] = []
        only = entry.demand.only
        for profile in self._free_in(entry.demand):
            fits = self._fit(line, profile) is not None
            if fits and not only:
                continue
            keys = profile.free[self._turns[0]]
            his_own = bool(only) and self._desks[only].profile is profile
            if count := len(keys) - his_own:
                counts["preferred" if fits else line.misfits[profile]] += count
            if len(named) < BOUND:
                others = [str(key[-1]) for key in keys[: BOUND + 1] if key[-1] != only]
                found = (self._why_not(entry, self._desks[login], at) for login in others)
                named += islice(filter(None, found), BOUND - len(named))
        for state, desks in self._absent_in(entry.demand):
            counts[state] += len(desks)
            for desk in islice(desks.values(), BOUND - len(named)):
                if why := self._why_not(entry, desk, at, state_first=True):
                    named.append(why)
        return named, dict(sorted(counts.items()))

    def _absent_in(self, demand: Demand) -> Iterator[tuple[str, dict[str, _Desk]]]:
        """Agents of these queues who are not free, by state: whoever comes back soonest first."""
        states = dict.fromkeys(state for queue in demand.queues for state in self._absent[queue])
        for state in sorted(states, key=lambda state: (_BACK.get(state, len(_BACK)), state)):
            if len(demand.queues) == 1:
                desks = self._absent[demand.queues[0]][state]
            else:
                desks = {
                    login: desk
                    for queue in demand.queues
                    for login, desk in self._absent[queue][state].items()
                }
            if desks:
                yield state, desks

    def _why_not(
        self, entry: _Entry, desk: _Desk, at: float, *, state_first: bool = False
    ) -> PassedOver | None:
        """Why the call is not for this agent now; None if it could be, or if he is of other queues."""
        agent, demand = desk.agent, entry.demand
        held = desk.profile.held if desk.profile else frozenset[str]()
        mismatch = None if state_first else self._mismatch(demand, agent, held)
        if mismatch:
            reason, detail, level = mismatch
            if reason == "queue":
                return None
            seconds = self._held_s(agent, at) if reason == "reserve" else None
            has = agent.skills.get(detail, 0)
            return PassedOver(
                login=agent.login, reason=reason, seconds=seconds, detail=detail, level=level, has=has
            )
        if desk.state != FREE:
            seconds = round(max(0.0, desk.until - at), 1) if desk.until is not None else None
            return PassedOver(login=agent.login, reason=desk.state, seconds=seconds, detail=desk.detail)
        if demand.only and demand.only != agent.login:
            seconds = round(max(0.0, entry.alone_until - at), 1)
            return PassedOver(login=agent.login, reason="preferred", seconds=seconds, detail=demand.only)
        return None

    def _held_s(self, agent: Agent, at: float) -> float:
        ends = [agent.idle_since + r.hold_s for r in self._policy.reserves if r.skill in agent.skills]
        return round(max(0.0, max(ends) - at), 1)


_REMEMBERED = 2000
"""Lines and profiles that are remembered while nobody is in them."""

_BACK = {state: n for n, state in enumerate(("wrap_up", RESTS, "reserved", "talking", "paused"))}
"""Who comes back soonest."""


def _candidate(agent: Agent, demand: Demand, at: float) -> Candidate:
    return Candidate(
        login=agent.login,
        idle_s=round(at - agent.idle_since, 3),
        breadth=agent.breadth,
        levels=levels(agent, demand.needs) if demand.needs else 0,
        short=shortfall(agent.skills, demand.needs) if demand.needs else 0,
        taken=agent.taken,
    )


def _remove(keys: list, key: tuple) -> None:  # type: ignore[type-arg]
    """Take a key out of a sorted list that has it."""
    del keys[bisect_left(keys, key)]
