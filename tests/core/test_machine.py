"""Random worlds against the center, kind ones and hostile ones.

The machine keeps the truth: which legs exist, what each script session does, what pages show. The center
hears of it by three roads, as in life: Asterisk's manager (in order, with gaps, after which a snapshot
comes), the scripts' connections, and pages. The roads are not in step with each other. In a hostile world
each message may besides be lost, doubled or swapped with the one before it.

After every event the invariants hold. At the end the faults stop, a snapshot comes, everybody hangs up, and
then nothing may be left: every interaction has its one final record, and no agent is stuck.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contactcenter import events as e
from contactcenter.agents import AgentState
from contactcenter.commands import (
    AnnounceRecording,
    EndLeg,
    JoinLeg,
    LeaveQueue,
    MuteRecording,
    OfferCall,
    OpenLine,
    ParkLeg,
    PointMonitor,
    RingMonitor,
    ScreenPop,
    WaitOn,
)
from contactcenter.routing.skills import needs
from contactcenter.routing.widening import Widening
from contactcenter.rules import Rules
from contactcenter.values import LegSeen, MatchMethod
from tests.core.invariants import check_empty
from tests.core.world import ADA, SERVER, World, queue

RULES = Rules(
    queues=(
        queue(
            "support",
            max_waiting=3,
            max_wait_s=90.0,
            without_agents=True,
            strategy="ring_several",
            seats=2,
            recording="always",
        ),
        queue(
            "sales",
            wrap_up_s=0,
            ring_s=10,
            priority=1,
            recording="announce",
            needs=needs({"en": 2}),
            widening=(
                Widening(after_s=1.5, lower={"en": 1}),
                Widening(after_s=20, drop=("en",), also_queues=("support",)),
            ),
        ),
    ),
    dispositions=frozenset({"done"}),
    fallback_queue="sales",
)
OTHER_RULES = (
    RULES,
    replace(RULES, queues=RULES.queues[1:]),
    replace(RULES, queues=RULES.queues[:1], fallback_queue="support"),
    replace(
        RULES,
        queues=(
            replace(RULES.queues[0], max_waiting=1, max_wait_s=5.0, ring_s=5, needs=needs({"zh": 5})),
            replace(RULES.queues[1], wrap_up_s=30, without_agents=True),
            queue("vip", priority=5.0, without_agents=True),
        ),
    ),
)
"""What a supervisor may make of them: queues go and come, and are set up in other ways."""
AGENTS = {"ann": "101", "ben": "102", "cyd": "103"}
QUEUES = {"ann": ("support",), "ben": ("support", "sales"), "cyd": ("sales",)}
SKILLS = {"ann": {"en": 1}, "ben": {"en": 3}, "cyd": {"en": 1}}


@dataclass
class Caller:
    """What is true of one caller."""

    call: str
    session: str = "script"
    """script, queue, dial, talk; or crashed, until the dialplan brings the caller back."""
    commands: deque[AnnounceRecording | OfferCall | LeaveQueue | WaitOn | JoinLeg] = field(
        default_factory=deque
    )
    queue: str = ""
    entered_at: float | None = None
    did: str = "4001"
    offer: str = ""
    agent_leg: str = ""
    """The leg that the caller talks to, or the first of those that ring."""
    rung: list[str] = field(default_factory=list)
    """All legs that ring for him."""
    held_by: str = ""
    """What his leg says of who has him on hold."""
    recorded: str = ""
    """The recording that Asterisk writes of him; it stands on his leg, too."""
    messages: int = 0
    """How many messages he has begun: no two have one name."""


@dataclass
class Phone:
    """What is true of one leg of an agent's phone."""

    leg: str
    phone: str
    linked: str = ""
    answered: bool = False
    bridge: str = ""
    room: str = ""
    kept: bool = False
    """It has been in the waiting room, and ends with nobody else."""


def when(*sessions: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The rule applies only while some caller's session is one of these."""
    return precondition(lambda self: self.some(0, *sessions) is not None)


disaster = precondition(lambda self: self.calm > 12)
"""Disasters are rare, or nothing would ever be under way when they come."""


class CenterMachine(RuleBasedStateMachine):
    """Rules are what people and machines do; `truth_*` is what follows from it outside the center."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(RULES, connected=False)
        self.callers: dict[str, Caller] = {}
        self.phones: dict[str, Phone] = {}
        self.bridges: dict[str, str] = {}
        """Caller -> the bridge that the caller is in."""
        self.manager: deque[e.Event] = deque()
        self.scripts: deque[e.Event] = deque()
        self.pops: deque[ScreenPop] = deque()
        self.hears: dict[str, str] = {}
        """A supervisor's leg -> whom it is to hear."""
        self.linked = False
        self.listing: e.Snapshot | None = None
        self.names = 0
        self.calm = 0
        """Steps since the last disaster."""
        self.faults = Random(0)
        self.hostile = 0.0

    @initialize(seed=st.integers(0, 2**16), hostile=st.sampled_from([0.0, 0.0, 0.15, 0.4]))
    def begin(self, seed: int, hostile: float) -> None:
        self.faults, self.hostile = Random(seed), hostile
        self.connect()
        self.everybody_is_ready()
        self.calls_come(2, True, "support")

    # --- the roads to the center ---

    def tell(self, event: e.Event) -> None:
        self.world.now += 0.001
        event = replace(event, at=self.world.now)
        for command in self.world.tell(event):
            self.carry(command)

    def carry(self, command: object) -> None:
        match command:
            case AnnounceRecording() | OfferCall() | LeaveQueue() | WaitOn() | JoinLeg():
                caller = self.callers.get(command.call)
                if caller and caller.session in ("queue", "dial", "talk"):
                    caller.commands.append(command)
                    self.truth_serve(caller)
                elif caller and caller.session == "script" and isinstance(command, OfferCall):
                    self.say(e.OfferEnded(at=0, call=caller.call, offer=command.offer, status="CANCEL"))
            case EndLeg(leg=leg):
                self.truth_hang_up(leg)
            case ParkLeg(leg=leg):
                self.truth_park(leg)
            case OpenLine(leg=leg, phone=phone):
                self.phones[leg] = Phone(leg, phone)
                self.hear(e.LegStarted(at=0, leg=leg, server=SERVER, phone=phone))
            case MuteRecording(call=call, recording=recording, muted=muted):
                failed = self.faults.choice(["", "", "No such channel"])
                self.hear(e.RecordingMuted(at=0, call=call, recording=recording, muted=muted, failed=failed))
            case RingMonitor(leg=leg, phone=phone, hears=hears):
                self.phones[leg] = Phone(leg, phone)
                self.hears[leg] = hears
                self.hear(e.LegStarted(at=0, leg=leg, server=SERVER, phone=phone))
            case PointMonitor(leg=leg, hears=hears) if leg in self.phones:
                self.hears[leg] = hears
                self.truth_spy(leg)
            case ScreenPop():
                self.pops.append(command)

    def hear(self, *events: e.Event) -> None:
        """Asterisk's manager says; lost while the link is down."""
        if self.linked:
            self._put(self.manager, events)

    def say(self, *events: e.Event) -> None:
        """A script's connection says."""
        self._put(self.scripts, events)

    def _put(self, road: deque[e.Event], events: tuple[e.Event, ...]) -> None:
        for event in events:
            fate = self.faults.random()
            if fate >= self.hostile:
                road.append(event)
            elif fate < self.hostile / 3:
                pass
            elif fate < self.hostile * 2 / 3:
                road.extend((event, event))
            else:
                road.insert(max(0, len(road) - 1), event)

    @precondition(lambda self: self.manager or self.scripts)
    @rule(n=st.integers(1, 12), scripts_first=st.booleans())
    def deliver(self, n: int, scripts_first: bool) -> None:
        roads = [self.scripts, self.manager] if scripts_first else [self.manager, self.scripts]
        for road in roads:
            for _ in range(min(n, len(road))):
                self.tell(road.popleft())

    @invariant()
    def roads_are_quick_as_a_rule(self) -> None:
        """Else a random world would hardly come to its first talk."""
        self.calm += 1
        if self.faults.random() < 0.5:
            self.deliver_all()

    def deliver_all(self) -> None:
        while self.manager or self.scripts:
            self.deliver(100, self.faults.random() < 0.5)

    # --- what is true outside ---

    def truth_serve(self, caller: Caller) -> None:
        """The session takes its next command, when it waits for one."""
        while caller.session == "queue" and caller.commands:
            command = caller.commands.popleft()
            if isinstance(command, OfferCall | JoinLeg):
                self.truth_record(caller, command.recording)
            if isinstance(command, AnnounceRecording):
                heard, refused = self.faults.choice(
                    [(True, False), (True, False), (True, True), (False, False)]
                )
                self.say(e.RecordingAnnounced(at=0, call=caller.call, heard=heard, refused=refused))
            elif isinstance(command, LeaveQueue):
                caller.session, caller.queue, caller.entered_at, caller.held_by = "script", "", None, ""
                caller.commands.clear()
            elif isinstance(command, WaitOn):
                caller.queue, caller.entered_at = command.queue, command.entered_at
                caller.held_by = command.held_by
            elif isinstance(command, JoinLeg):
                self.truth_join_leg(caller, command)
            elif command.line in self.phones:
                caller.session, caller.offer, caller.agent_leg = "dial", command.offer, command.line
                self.truth_join(caller)
            else:
                busy = {leg.phone for leg in self.phones.values()}
                rung = [phone for phone in command.phones if phone not in busy]
                if not rung:
                    self.say(e.OfferEnded(at=0, call=caller.call, offer=command.offer, status="BUSY"))
                    continue
                caller.session, caller.offer, caller.rung = "dial", command.offer, []
                for phone in rung:
                    leg = f"{command.offer}>{phone}"
                    caller.rung.append(leg)
                    self.phones[leg] = Phone(leg, phone, caller.call)
                    self.hear(
                        e.LegStarted(at=0, leg=leg, server=SERVER, phone=phone, linked=caller.call),
                        e.LegRinging(at=0, leg=leg),
                    )
                caller.agent_leg = caller.rung[0]

    def truth_record(self, caller: Caller, recording: str) -> None:
        """The session has Asterisk record under this name, and nothing under any other."""
        if recording != caller.recorded:
            caller.recorded = recording
            if recording:
                self.say(e.RecordingStarted(at=0, call=caller.call, recording=recording))

    def truth_join(self, caller: Caller) -> None:
        self.truth_win(caller)
        leg, bridge = self.phones[caller.agent_leg], f"b-{caller.offer}"
        caller.session, leg.answered = "talk", True
        leg.bridge = self.bridges[caller.call] = bridge
        joined = [e.LegJoined(at=0, leg=each, bridge=bridge) for each in (leg.leg, caller.call)]
        self.faults.shuffle(joined)
        self.hear(e.LegAnswered(at=0, leg=leg.leg), *joined)

    def truth_join_leg(self, caller: Caller, command: JoinLeg) -> None:
        """The session bridges its caller with a leg that stands."""
        caller.held_by = ""
        leg = self.phones.get(command.leg)
        if leg is None or not leg.answered:
            self.say(
                e.OfferEnded(
                    at=0, call=caller.call, offer=command.offer, status="CHANUNAVAIL", leg=command.leg
                )
            )
            return
        self.truth_leave_room(leg)
        caller.session, caller.offer, caller.agent_leg = "talk", command.offer, leg.leg
        leg.bridge = self.bridges[caller.call] = f"b-{caller.call}-{self.world.now}"
        joined = [e.LegJoined(at=0, leg=each, bridge=leg.bridge) for each in (leg.leg, caller.call)]
        self.faults.shuffle(joined)
        self.hear(*joined)

    def truth_leave_room(self, leg: Phone) -> None:
        if leg.room:
            self.hear(e.LegParted(at=0, leg=leg.leg, bridge=leg.room))
            leg.room = ""

    def truth_enter_room(self, leg: Phone) -> None:
        leg.room, leg.kept = "room", True
        self.hear(e.LegParked(at=0, leg=leg.leg, room="room"))

    def truth_win(self, caller: Caller) -> None:
        """One of the phones that ring is answered first; another one perhaps in the same instant."""
        self.faults.shuffle(caller.rung)
        if caller.rung:
            caller.agent_leg = caller.rung[0]
        for loser in caller.rung[1:]:
            del self.phones[loser]
            if self.faults.random() < 0.3:
                self.hear(e.LegAnswered(at=0, leg=loser))
            self.hear(e.LegEnded(at=0, leg=loser, cause=26))
        caller.rung = []

    def truth_stop_ringing(self, caller: Caller) -> None:
        for leg in caller.rung:
            if self.phones.pop(leg, None):
                self.hear(e.LegEnded(at=0, leg=leg))
        caller.rung = []

    def truth_part(self, caller: Caller) -> None:
        """The bridge is dissolved."""
        if bridge := self.bridges.pop(caller.call, ""):
            self.hear(e.LegParted(at=0, leg=caller.call, bridge=bridge))
        for leg in self.phones.values():
            if bridge and leg.bridge == bridge:
                leg.bridge = ""
                self.hear(e.LegParted(at=0, leg=leg.leg, bridge=bridge))

    def truth_end_offer(self, caller: Caller, status: str, *, parks: bool = False) -> None:
        """Dial is over and the caller still there."""
        self.truth_part(caller)
        self.truth_stop_ringing(caller)
        leg = caller.agent_leg
        if parks or (leg in self.phones and self.phones[leg].kept):
            self.truth_enter_room(self.phones[leg])
        elif leg in self.phones and not leg.startswith("line"):
            del self.phones[leg]
            self.hear(e.LegEnded(at=0, leg=leg))
        self.say(e.OfferEnded(at=0, call=caller.call, offer=caller.offer, status=status))
        caller.offer = caller.agent_leg = ""
        # After a talk, too, the session waits: the center knows whether it is over or only parked.
        caller.session = "queue"
        self.truth_serve(caller)

    def truth_hang_up(self, leg: str) -> None:
        """One leg of an agent's phone ends."""
        if leg not in self.phones:
            return
        for each in self.callers.values():
            if len(each.rung) > 1 and leg in each.rung:
                each.rung.remove(leg)
                each.agent_leg = each.rung[0]
                del self.phones[leg]
                self.hear(e.LegEnded(at=0, leg=leg, cause=21))
                return
        caller = next((each for each in self.callers.values() if each.agent_leg == leg), None)
        if caller and caller.session in ("dial", "talk"):
            self.truth_end_offer(caller, "ANSWER" if caller.session == "talk" else "NOANSWER")
        if self.phones.pop(leg, None):
            self.hear(e.LegEnded(at=0, leg=leg))

    def truth_spy(self, leg: str) -> None:
        """A supervisor's leg hears as long as there is something to hear, and no longer."""
        if self.hears[leg] in self.phones:
            self.hear(e.MonitorBegan(at=0, leg=leg, hears=self.hears[leg]))
        else:
            self.truth_hang_up(leg)

    def truth_park(self, leg: str) -> None:
        if leg in self.hears and leg in self.phones:
            self.hear(e.LegParked(at=0, leg=leg, room="desks"))
        caller = next((each for each in self.callers.values() if each.agent_leg == leg), None)
        if caller and caller.session == "talk":
            self.truth_end_offer(caller, "ANSWER", parks=True)

    def legs(self) -> tuple[LegSeen, ...]:
        """What CoreShowChannels would list."""
        callers = [
            LegSeen(leg=call, answered=True, bridge=self.bridges.get(call, "")) for call in self.callers
        ]
        phones = [
            LegSeen(
                leg=p.leg,
                phone=p.phone,
                answered=p.answered,
                bridge=p.bridge,
                linked=p.linked,
                room=p.room,
                kept=p.kept,
            )
            for p in self.phones.values()
        ]
        return (*callers, *phones)

    def some(self, pick: int, *sessions: str) -> Caller | None:
        """A caller whose session is one of these."""
        fitting = [each for each in self.callers.values() if each.session in sessions]
        return fitting[pick % len(fitting)] if fitting else None

    # --- callers ---

    @rule(n=st.integers(1, 4))
    def life_goes_on(self, n: int) -> None:
        """What usually comes next, for every caller in turn."""
        for _ in range(n):
            for caller in list(self.callers.values()):
                match caller.session:
                    case "script" if not caller.queue:
                        self.truth_queue(caller, "support", 0)
                    case "dial":
                        self.truth_join(caller)
                    case "talk" if n == 2:
                        self.agent_holds_or_takes_back(caller)
                    case "queue" if caller.held_by and n > 1:
                        self.agent_holds_or_takes_back(caller)
                    case "talk" if n > 2:
                        self.truth_hang_up(caller.agent_leg)
                    case "crashed":
                        self.dialplan_rescues(0)
            self.deliver_all()
            self.time_passes(0.2)

    def agent_holds_or_takes_back(self, caller: Caller) -> None:
        call = self.world.floor.calls.get(caller.call)
        if call and call.agent in self.world.floor.agents:
            kind = e.ResumeAsked if caller.held_by else e.HoldAsked
            self.tell(kind(at=0, login=call.agent, call=call.id, request=self.world.request()))

    @precondition(lambda self: len(self.callers) < 6)
    @rule(n=st.integers(1, 3), known=st.booleans(), queue=st.sampled_from(["support", "sales", ""]))
    def calls_come(self, n: int, known: bool, queue: str) -> None:
        for _ in range(n):
            self.truth_arrive(known, queue)

    def truth_arrive(self, known: bool, queue: str) -> None:
        self.names += 1
        caller = Caller(f"c{self.names}")
        self.callers[caller.call] = caller
        self.hear(e.LegStarted(at=0, leg=caller.call, server=SERVER))
        self.say(self.arrival(caller))
        if known:
            found = e.CustomerFound(
                at=0, call=caller.call, method=MatchMethod.CALLER_NUMBER, customers=(ADA,)
            )
            self.say(found)
        if queue:
            self.truth_queue(caller, queue, 0)

    def arrival(self, caller: Caller, *, resumed: bool = False) -> e.CallArrived:
        return e.CallArrived(
            at=0,
            call=caller.call,
            interaction=f"i-{caller.call}",
            server=SERVER,
            did=caller.did,
            caller="+8613900000001",
            resumed=resumed,
            queue=caller.queue if resumed else "",
            entered_at=caller.entered_at if resumed else None,
            held_by=caller.held_by if resumed else "",
        )

    def truth_queue(self, caller: Caller, queue: str, priority: int) -> None:
        caller.session, caller.queue = "queue", queue
        caller.entered_at = caller.entered_at or self.world.now
        preferred = "ben" if priority else ""
        asked = e.CallQueued(at=0, call=caller.call, queue=queue, priority=priority, preferred=preferred)
        self.say(asked)

    @when("queue")
    @rule(pick=st.integers(0, 5), minutes=st.sampled_from([-1.0, 0.5, 3.0]))
    def supervisor_moves_a_caller(self, pick: int, minutes: float) -> None:
        if caller := self.some(pick, "queue"):
            asked = e.PriorityAsked(
                at=0,
                call=caller.call,
                minutes=minutes,
                login="boss",
                name="Boss",
                request=self.world.request(),
            )
            self.tell(asked)

    @when("script")
    @rule(
        pick=st.integers(0, 5),
        what=st.sampled_from(["node", "failed", "callback", "unknown", "queue", "vip"]),
    )
    def script_does(self, pick: int, what: str) -> None:
        caller = self.some(pick, "script")
        if caller and what in ("queue", "vip"):
            self.truth_queue(caller, "sales", int(what == "vip"))
        elif caller:
            events: dict[str, e.Event] = {
                "node": e.NodeVisited(at=0, call=caller.call, node="menu"),
                "failed": e.ScriptFailed(at=0, call=caller.call, node="menu", error="broken"),
                "callback": e.CallbackAsked(at=0, call=caller.call, number="+861"),
                "unknown": e.CallQueued(at=0, call=caller.call, queue="nowhere"),
            }
            self.say(events[what])

    @when("script", "queue")
    @rule(
        pick=st.integers(0, 5),
        what=st.sampled_from(["asked", "started", "stopped", "left", "given_up"]),
        seconds=st.sampled_from([0.5, 6.0]),
    )
    def caller_leaves_a_message(self, pick: int, what: str, seconds: float) -> None:
        """Or does not: its steps come in any order, as after a broken session."""
        caller = self.some(pick, "script", "queue")
        if caller is None:
            return
        caller.messages += what == "started"
        call, name = caller.call, f"{caller.call}-message-{caller.messages}"
        events: dict[str, e.Event] = {
            "asked": e.MessageAsked(at=0, call=call, queue="sales"),
            "started": e.MessageStarted(at=0, call=call, recording=name),
            "stopped": e.MessageStopped(at=0, call=call, recording=name, seconds=seconds),
            "left": e.MessageLeft(at=0, call=call, recording=name, queue="sales", seconds=seconds),
            "given_up": e.MessageGivenUp(at=0, call=call),
        }
        self.say(events[what])

    @when("script")
    @rule(pick=st.integers(0, 5))
    def script_ends(self, pick: int) -> None:
        if caller := self.some(pick, "script"):
            del self.callers[caller.call]
            self.say(e.ScriptEnded(at=0, call=caller.call, node="end", result="done"))
            self.hear(e.LegEnded(at=0, leg=caller.call))

    @when("script", "queue")
    @rule(pick=st.integers(0, 5))
    def script_crashes(self, pick: int) -> None:
        if caller := self.some(pick, "script", "queue"):
            caller.session = "crashed"
            caller.commands.clear()

    @when("crashed")
    @rule(pick=st.integers(0, 5))
    def dialplan_rescues(self, pick: int) -> None:
        if caller := self.some(pick, "crashed"):
            caller.session = "script"
            self.say(self.arrival(caller, resumed=True))
            if caller.queue:
                caller.session = "queue"
                self.say(e.CallQueued(at=0, call=caller.call, queue=caller.queue))

    @when("script", "queue", "dial", "talk", "crashed")
    @rule(pick=st.integers(0, 5))
    def caller_hangs_up(self, pick: int) -> None:
        if caller := self.some(pick, "script", "queue", "dial", "talk", "crashed"):
            self.truth_caller_gone(caller)

    def truth_caller_gone(self, caller: Caller) -> None:
        self.truth_part(caller)
        self.truth_stop_ringing(caller)
        leg = caller.agent_leg
        if leg in self.phones and self.phones[leg].kept:
            self.truth_enter_room(self.phones[leg])
        elif leg in self.phones and not leg.startswith("line"):
            del self.phones[leg]
            self.hear(e.LegEnded(at=0, leg=leg))
        if caller.session != "crashed":
            self.say(e.CallerLeft(at=0, call=caller.call))
        self.hear(e.LegEnded(at=0, leg=caller.call))
        del self.callers[caller.call]

    # --- agents' phones ---

    @when("dial")
    @rule(pick=st.integers(0, 5))
    def phone_answers(self, pick: int) -> None:
        if caller := self.some(pick, "dial"):
            self.truth_join(caller)

    @when("dial")
    @rule(pick=st.integers(0, 5), status=st.sampled_from(["NOANSWER", "BUSY", "CHANUNAVAIL"]))
    def phone_does_not_answer(self, pick: int, status: str) -> None:
        if caller := self.some(pick, "dial"):
            self.truth_end_offer(caller, status)

    @when("talk")
    @rule(pick=st.integers(0, 5), what=st.sampled_from(["hang up", "hold", "resume"]))
    def phone_in_talk(self, pick: int, what: str) -> None:
        caller = self.some(pick, "talk")
        if caller and what == "hang up":
            self.truth_hang_up(caller.agent_leg)
        elif caller:
            kind = e.LegHeld if what == "hold" else e.LegResumed
            self.hear(kind(at=0, leg=caller.agent_leg))

    @when("talk")
    @rule(pick=st.integers(0, 5), seen=st.booleans())
    def phone_transfers_blind(self, pick: int, seen: bool) -> None:
        caller = self.some(pick, "talk")
        if caller is None:
            return
        leg = caller.agent_leg
        self.hear(e.LegTransferred(at=0, leg=caller.call, by=leg, to="4003"))
        self.truth_part(caller)
        if not leg.startswith("line"):
            del self.phones[leg]
            self.hear(e.LegEnded(at=0, leg=leg))
        if seen:
            self.say(e.CallerLeft(at=0, call=caller.call))
        caller.session, caller.did, caller.offer, caller.agent_leg = "script", "4003", "", ""
        caller.queue, caller.entered_at = "", None
        self.say(self.arrival(caller))

    @when("talk")
    @rule(pick=st.integers(0, 5), phone=st.sampled_from([*AGENTS.values(), "109"]), early=st.booleans())
    def phone_transfers_attended(self, pick: int, phone: str, early: bool) -> None:
        """`early`: before the other call is bridged, which takes the caller out of his session and bridge."""
        caller = self.some(pick, "talk")
        if caller is None or any(leg.phone == phone for leg in self.phones.values()):
            return
        self.names += 1
        old, new = caller.agent_leg, Phone(f"x{self.names}", phone, answered=True)
        bridge = self.bridges[caller.call]
        new.bridge = self.bridges[caller.call] = f"b{new.leg}" if early else bridge
        self.phones[new.leg], caller.agent_leg = new, new.leg
        parted: list[e.Event] = [e.LegParted(at=0, leg=old, bridge=bridge)]
        if old.startswith("line"):
            self.phones[old].bridge = ""
        else:
            del self.phones[old]
            parted.append(e.LegEnded(at=0, leg=old))
        joined = e.LegJoined(at=0, leg=new.leg, bridge=new.bridge)
        self.hear(
            e.LegStarted(at=0, leg=new.leg, server=SERVER, phone=phone),
            e.LegTransferred(at=0, leg=caller.call, by=old, to="" if early else phone, attended=True),
        )
        if early:
            self.say(e.CallerLeft(at=0, call=caller.call))
            self.hear(*parted, e.LegParted(at=0, leg=caller.call, bridge=bridge))
            self.hear(joined, e.LegJoined(at=0, leg=caller.call, bridge=new.bridge))
        else:
            self.hear(joined, *parted)

    def private_call(self, phone: str, begins: bool) -> None:
        private = next((leg for leg in self.phones.values() if leg.leg == f"p{phone}"), None)
        if begins and not any(leg.phone == phone for leg in self.phones.values()):
            self.phones[f"p{phone}"] = Phone(f"p{phone}", phone, answered=True)
            self.hear(e.LegStarted(at=0, leg=f"p{phone}", server=SERVER, phone=phone))
        elif private and not begins:
            del self.phones[private.leg]
            self.hear(e.LegEnded(at=0, leg=private.leg))

    @precondition(lambda self: any(leg.leg.startswith("line") for leg in self.phones.values()))
    @rule(answers=st.booleans())
    def lines_answer_or_are_lost(self, answers: bool) -> None:
        for leg in [leg for leg in self.phones.values() if leg.leg.startswith("line")]:
            if not answers:
                self.truth_hang_up(leg.leg)
            elif not leg.answered:
                leg.answered = True
                self.hear(e.LegAnswered(at=0, leg=leg.leg))

    # --- supervisors ---

    @rule(
        login=st.sampled_from(["sue", "tim"]),
        pick=st.integers(0, 5),
        mode=st.sampled_from(["listen", "whisper", "barge", "leave", "take over"]),
        phone=st.sampled_from(["120", "121", "101", ""]),
    )
    def supervisor_is_at_a_call(self, login: str, pick: int, mode: str, phone: str) -> None:
        caller = self.some(pick, "talk") or self.some(pick, "dial", "script", "queue")
        request, call = self.world.request(), caller.call if caller else "nobody"
        if mode == "take over":
            self.tell(e.TakeOverAsked(at=0, login=login, name=login, request=request, call=call))
        elif mode == "leave":
            self.tell(e.MonitorEndAsked(at=0, login=login, name=login, request=request, call=call))
        else:
            asked = e.MonitorAsked(
                at=0, login=login, name=login, request=request, call=call, mode=mode, phone=phone
            )
            self.tell(asked)

    @precondition(lambda self: self.hears)
    @rule(pick=st.integers(0, 5), answer=st.booleans())
    def supervisor_picks_up(self, pick: int, answer: bool) -> None:
        legs = [leg for leg in self.hears if leg in self.phones]
        if legs:
            leg = legs[pick % len(legs)]
            if answer and not self.phones[leg].answered:
                self.phones[leg].answered = True
                self.hear(e.LegAnswered(at=0, leg=leg))
                self.truth_spy(leg)
            elif not answer:
                self.truth_hang_up(leg)

    @rule(
        login=st.sampled_from([*AGENTS]),
        what=st.sampled_from(["available", "paused", "offline", "message", "read", "sign out"]),
    )
    def supervisor_steers(self, login: str, what: str) -> None:
        request = self.world.request()
        by = {"at": 0, "login": "sue", "name": "Sue", "request": request, "agent": login}
        if what == "message":
            self.tell(e.MessageSent(**by, message=f"m-{request}", text="hello"))
        elif what == "read":
            mine = [each.id for each in self.world.floor.messages.values() if each.to == login]
            self.tell(e.MessageRead(at=0, login=login, message=mine[0] if mine else "no", request=request))
        elif what != "sign out":
            self.tell(e.StateForced(**by, state=what, reason="training"))
        elif self.calm > 12:
            self.tell(e.SignOutForced(**by))

    # --- agents' pages ---

    def sign_in(self, login: str, line: str) -> None:
        signed_in = e.AgentSignedIn(
            at=0,
            login=login,
            name=login,
            queues=QUEUES[login],
            skills=SKILLS[login],
            phone=AGENTS[login],
            line=line,
        )
        self.tell(signed_in)

    def sign_out(self, login: str) -> None:
        self.tell(e.AgentSignedOut(at=0, login=login))

    def ask(self, login: str, state: str) -> None:
        self.tell(e.StateAsked(at=0, login=login, state=state, reason="", request=self.world.request()))

    def show_pop(self, login: str) -> None:
        if self.pops:
            pop = self.pops.popleft()
            self.tell(e.PopShown(at=0, login=pop.login, offer=pop.offer))

    def choose_phone(self, login: str, phone: str, line: str) -> None:
        request = self.world.request()
        self.tell(e.PhoneChosen(at=0, login=login, phone=phone, line=line, request=request))

    def pause_recording(self, login: str, call: str, paused: bool) -> None:
        request = self.world.request()
        self.tell(e.RecordingPauseAsked(at=0, login=login, call=call, paused=paused, request=request))

    def dispose(self, login: str, interaction: str) -> None:
        disposed = e.DispositionSet(
            at=0,
            login=login,
            interaction=interaction,
            code="done",
            note="",
            callback="",
            request=self.world.request(),
        )
        self.tell(disposed)

    @rule(
        login=st.sampled_from([*AGENTS]),
        what=st.sampled_from(
            [
                *(
                    "page opens",
                    "page closes",
                    "pop",
                    "pop",
                    "dispose",
                    "dispose",
                    "dispose late",
                    "more time",
                ),
                *(
                    "answer",
                    "hang up",
                    "available",
                    "available",
                    "pause",
                    "offline",
                    "sign in",
                    "line",
                    "ring",
                ),
                *("other phone", "private", "private ends", "reachable", "unreachable"),
                *("pause recording", "resume recording"),
                *("hold", "take back"),
            ]
        ),
    )
    def agent_does(self, login: str, what: str) -> None:
        agent, request, phone = self.world.floor.agents.get(login), self.world.request(), AGENTS[login]
        call = agent.call if agent else ""
        acts: dict[str, Callable[[], None]] = {
            "page opens": lambda: self.tell(e.PageOpened(at=0, login=login)),
            "page closes": lambda: self.tell(e.PageLost(at=0, login=login)),
            "pop": lambda: self.show_pop(login),
            "dispose": lambda: self.dispose(login, agent.interaction if agent else ""),
            "dispose late": lambda: self.dispose(login, "i-c1"),
            "more time": lambda: self.tell(e.MoreTimeAsked(at=0, login=login, request=request)),
            "answer": lambda: self.tell(e.AnswerAsked(at=0, login=login, call=call, request=request)),
            "hang up": lambda: self.tell(e.HangUpAsked(at=0, login=login, call=call, request=request)),
            "hold": lambda: self.tell(e.HoldAsked(at=0, login=login, call=call, request=request)),
            "take back": lambda: self.tell(e.ResumeAsked(at=0, login=login, call=call, request=request)),
            "available": lambda: self.ask(login, "available"),
            "pause": lambda: self.ask(login, "paused"),
            "offline": lambda: self.ask(login, "offline"),
            "sign in": lambda: self.sign_in(login, "ring"),
            "line": lambda: self.choose_phone(login, phone, "persistent"),
            "ring": lambda: self.choose_phone(login, phone, "ring"),
            "other phone": lambda: self.choose_phone(login, "102", "ring"),
            "private": lambda: self.private_call(phone, True),
            "private ends": lambda: self.private_call(phone, False),
            "reachable": lambda: self.hear(e.PhoneSeen(at=0, phone=phone, reachable=True)),
            "unreachable": lambda: self.hear(e.PhoneSeen(at=0, phone=phone, reachable=False)),
            "pause recording": lambda: self.pause_recording(login, call, True),
            "resume recording": lambda: self.pause_recording(login, call, False),
        }
        acts[what]()

    @disaster
    @rule(login=st.sampled_from([*AGENTS]))
    def agent_signs_out(self, login: str) -> None:
        self.sign_out(login)

    @rule(which=st.sampled_from(OTHER_RULES))
    def rules_change(self, which: Rules) -> None:
        self.tell(e.RulesChanged(at=0, rules=which, version=1))

    @rule(
        login=st.sampled_from([*AGENTS]), queues=st.sampled_from([*QUEUES.values()]), level=st.integers(0, 9)
    )
    def agent_is_retrained(self, login: str, queues: tuple[str, ...], level: int) -> None:
        self.tell(e.AgentChanged(at=0, login=login, queues=queues, skills={"zh": level} if level else {}))

    @rule()
    def everybody_is_ready(self) -> None:
        for login, phone in AGENTS.items():
            self.hear(e.PhoneSeen(at=0, phone=phone, reachable=True))
            self.sign_in(login, "ring")
            self.ask(login, "available")

    # --- time, links, restarts ---

    @rule(seconds=st.sampled_from([0.1, 0.2, 1.0, 7.0, 31.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        for command in self.world.wait(seconds).sent:
            self.carry(command)

    @precondition(lambda self: self.linked and self.calm > 12)
    @rule()
    def link_breaks(self) -> None:
        if self.linked:
            self.linked, self.listing, self.calm = False, None, 0
            self.manager.clear()
            self.tell(e.ServerDown(at=0, server=SERVER, reason="broken"))

    @precondition(lambda self: not self.linked)
    @rule()
    def connect(self) -> None:
        if not self.linked:
            self.linked = True
            self.tell(e.ServerUp(at=0, server=SERVER, version="22"))
            self.snapshot_begins()
            self.snapshot_comes()

    @precondition(lambda self: self.linked)
    @rule()
    def snapshot_begins(self) -> None:
        """Asterisk lists its legs; what happens until the list is complete is heard before it."""
        self.world.now += 0.001
        # What the link has not delivered yet is older than the list, and comes first.
        while self.manager:
            self.tell(self.manager.popleft())
        self.listing = e.Snapshot(at=0, server=SERVER, asked_at=self.world.now + 0.0005, legs=self.legs())

    @precondition(lambda self: self.listing is not None)
    @rule()
    def snapshot_comes(self) -> None:
        if self.listing:
            self.tell(self.listing)
            self.listing = None

    @disaster
    @rule()
    def asterisk_restarts(self) -> None:
        self.calm = 0
        self.callers.clear()
        self.phones.clear()
        self.bridges.clear()
        self.link_breaks()
        self.linked = True
        self.tell(e.ServerUp(at=0, server=SERVER, version="22"))
        asked_at = self.world.now
        self.tell(e.Snapshot(at=0, server=SERVER, asked_at=asked_at, legs=(), restarted=True))

    @disaster
    @rule(agents_first=st.booleans())
    def we_restart(self, agents_first: bool) -> None:
        self.linked, self.listing, self.calm = False, None, 0
        for caller in list(self.callers.values()):
            if f"i-{caller.call}" in self.world.ledger.finals:
                # Only this process knows that the name on the leg is used up; the store refuses it later.
                self.truth_caller_gone(caller)
            caller.commands.clear()
            if caller.session in ("script", "queue"):
                caller.session = "crashed"
        for road in (self.manager, self.scripts, self.pops):
            road.clear()
        self.world.restart()
        if agents_first:
            for login in AGENTS:
                self.sign_in(login, "ring")
        self.connect()

    # --- the end ---

    def teardown(self) -> None:
        """The faults stop: everything must come to its end."""
        self.hostile = 0.0
        self.deliver_all()
        self.connect()
        self.snapshot_begins()
        self.snapshot_comes()
        self.deliver_all()
        for caller in list(self.callers.values()):
            self.truth_caller_gone(caller)
        for leg in list(self.phones):
            self.truth_hang_up(leg)
        self.deliver_all()
        for _ in range(3):
            self.time_passes(4000.0)
            self.deliver_all()
        for leg in list(self.phones):
            self.truth_hang_up(leg)
        self.snapshot_begins()
        self.snapshot_comes()
        self.deliver_all()
        self.time_passes(4000.0)
        world = self.world
        check_empty(world.floor)
        assert world.ledger.records.keys() == world.ledger.finals
        free = {AgentState.AVAILABLE, AgentState.PAUSED, AgentState.OFFLINE}
        assert {agent.state for agent in world.floor.agents.values()} <= free
        for login in list(world.floor.agents):
            self.sign_out(login)
        assert not world.floor.agents
        assert not world.floor.lines
        world.stops()


CenterMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=70,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestCenter = CenterMachine.TestCase
