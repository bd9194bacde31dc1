"""A small world around a center: Asterisk, pages and clock in the words of a story.

It tells events and holds no opinion of what the center should do, except that the invariants are checked
after each event. Time passes only when a story says so, and due timers then fire in order.
"""

import heapq
from collections.abc import Iterable
from typing import TypeVar

from contactcenter import events as e
from contactcenter.agents import AgentSession
from contactcenter.calls import Call
from contactcenter.center import Center
from contactcenter.commands import Command, Wake
from contactcenter.floor import Floor
from contactcenter.monitors import Monitor
from contactcenter.routing.queues import QueueRules
from contactcenter.rules import Rules
from contactcenter.values import CustomerCard, InteractionRecord, LegSeen, MatchMethod
from contactcenter.views import Figures
from tests.core.invariants import Ledger, check

C = TypeVar("C", bound=Command)

NOON = 1_785_000_000.0
SERVER = "pbx"
ADA = CustomerCard(id="cus-1", number="C-1001", name="Ada", phones=("+8613900000001",))
BOB = CustomerCard(id="cus-2", number="C-1002", name="Bob")


def queue(name: str, **rules: object) -> QueueRules:
    """A queue with a title, and otherwise as rules say."""
    return QueueRules(name=name, title={"zh": name, "en": name}, **rules)  # type: ignore[arg-type]


RULES = Rules(queues=(queue("support"), queue("sales")), dispositions=frozenset({"done", "again"}))


class World:
    """One center with its surroundings. `sent` holds the commands of the last step."""

    def __init__(self, rules: Rules = RULES, *, connected: bool = True) -> None:
        self.rules = rules
        self.now = NOON
        self.ledger = Ledger()
        self.told: list[e.Event] = []
        self.sent: list[Command] = []
        self.all_sent: list[Command] = []
        self._requests = 0
        self._boot()
        self.step(self.ledger.figures_restored(self.now))
        if connected:
            self.connect()

    def _boot(self) -> None:
        self.center = Center(self.rules)
        self._half = False
        self._timers: list[tuple[float, int, str]] = []

    # --- telling and looking ---

    def tell(self, event: e.Event) -> list[Command]:
        """One event, its commands, and the invariants."""
        self.told.append(event)
        commands = self.center.handle(event)
        self.ledger.take(event, commands)
        self.sent += commands
        self.all_sent += commands
        for command in commands:
            if isinstance(command, Wake):
                heapq.heappush(self._timers, (command.due, len(self.told), command.timer))
        if isinstance(event, e.FiguresRestored):
            self._half = True  # of a picture: the records come next
        elif isinstance(event, e.InteractionsRestored | e.ServerUp):
            self._half = False
        if not self._half:
            check(self.floor)
            self.ledger.check(self.floor)
        return commands

    def step(self, *told: e.Event) -> "World":
        """Several events in one instant; `sent` then holds what they brought about."""
        self.sent = []
        for event in told:
            self.tell(event)
        return self

    def wait(self, seconds: float) -> "World":
        """Let time pass."""
        self.sent = []
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            due, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, due)
            self.tell(e.Woke(at=self.now, timer=timer))
        self.now = until
        return self

    def commands(self, kind: type[C]) -> list[C]:
        """The last step's commands of one kind."""
        return [command for command in self.sent if isinstance(command, kind)]

    def told_commands(self, kind: type[C]) -> list[C]:
        """All commands of one kind so far."""
        return [command for command in self.all_sent if isinstance(command, kind)]

    @property
    def floor(self) -> Floor:
        """The live state."""
        return self.center.floor

    def call(self, name: str = "ann") -> Call:
        """A live call."""
        return self.floor.calls[name]

    def agent(self, login: str = "tom") -> AgentSession:
        """An agent session."""
        return self.floor.agents[login]

    def record(self, name: str = "ann") -> InteractionRecord:
        """A caller's record, as last saved."""
        return self.ledger.records[f"i-{name}"]

    def states(self, call: str = "ann", login: str = "tom") -> tuple[str, str]:
        """Where the caller and the agent are."""
        return self.call(call).state.value, self.agent(login).state.value

    def figures(self, kind: str = "queue", name: str = "support") -> Figures:
        """What was counted today under one name, up to now."""
        self.floor.figures.turn(self.now)
        self.floor.figures.cut(self.now)
        return self.floor.figures.view((kind, name), self.now).today

    def stops(self) -> "World":
        """This process ends as it should: all rows are saved, and now they must add up."""
        self.step(e.Stopping(at=self.now))
        self.ledger.check_figures(self.floor)
        return self

    def request(self) -> str:
        """A fresh name for a request."""
        self._requests += 1
        return f"r{self._requests}"

    # --- Asterisk ---

    def connect(self, *legs: LegSeen, restarted: bool = False) -> "World":
        """The link stands, and a snapshot follows."""
        self.step(e.ServerUp(at=self.now, server=SERVER, version="22"))
        self.now += 0.01
        return self.snapshot(*legs, restarted=restarted)

    def snapshot(self, *legs: LegSeen, restarted: bool = False, asked_ago: float = 0.005) -> "World":
        """What Asterisk says it has."""
        asked_at = self.now - asked_ago
        return self.step(
            e.Snapshot(at=self.now, server=SERVER, asked_at=asked_at, legs=legs, restarted=restarted)
        )

    def lose_link(self) -> "World":
        """The link to Asterisk breaks."""
        return self.step(e.ServerDown(at=self.now, server=SERVER, reason="broken"))

    def rings(self, call: str = "ann", phone: str = "101") -> "World":
        """The agent's phone gets a leg for the caller, and rings."""
        leg = f"{call}>{phone}"
        return self.step(
            e.LegStarted(at=self.now, leg=leg, server=SERVER, phone=phone, linked=call),
            e.LegRinging(at=self.now, leg=leg),
        )

    def answers(self, call: str = "ann", phone: str = "101", *, caller_first: bool = False) -> "World":
        """The agent's phone is answered, and Asterisk joins the two."""
        leg, bridge = f"{call}>{phone}", f"b-{call}"
        joined = [e.LegJoined(at=self.now, leg=each, bridge=bridge) for each in (leg, call)]
        return self.step(e.LegAnswered(at=self.now, leg=leg), *(joined[::-1] if caller_first else joined))

    def agent_ends(self, call: str = "ann", phone: str = "101") -> "World":
        """The agent's phone hangs up; the caller goes on in the script."""
        leg, bridge = f"{call}>{phone}", f"b-{call}"
        offer = self.call(call).offer
        return self.step(
            e.LegParted(at=self.now, leg=leg, bridge=bridge),
            e.LegParted(at=self.now, leg=call, bridge=bridge),
            e.LegEnded(at=self.now, leg=leg),
            e.OfferEnded(at=self.now, call=call, offer=offer, status="ANSWER"),
        )

    def caller_ends(self, call: str = "ann", phone: str = "") -> "World":
        """The caller hangs up; the agent's leg, if there is one, goes with him."""
        with_agent = [e.LegEnded(at=self.now, leg=f"{call}>{phone}")] if phone else []
        return self.step(e.CallerLeft(at=self.now, call=call), *with_agent, e.LegEnded(at=self.now, leg=call))

    def misses(self, status: str = "NOANSWER", call: str = "ann", phone: str = "101") -> "World":
        """The phone was not answered; the caller is back in the script."""
        return self.step(
            e.LegEnded(at=self.now, leg=f"{call}>{phone}"),
            e.OfferEnded(at=self.now, call=call, offer=self.call(call).offer, status=status),
        )

    # --- call control ---

    def holds(self, call: str = "ann", phone: str = "101", *, session_first: bool = False) -> "World":
        """The agent holds from the page: his leg leaves the talk, the session has the caller."""
        request = self.request()
        self.step(e.HoldAsked(at=self.now, login=self.call(call).agent, call=call, request=request))
        return self.is_parked(call, phone, session_first=session_first)

    def is_parked(self, call: str = "ann", phone: str = "101", *, session_first: bool = False) -> "World":
        """The agent's leg leaves the talk for the waiting room."""
        leg, bridge, offer = f"{call}>{phone}", f"b-{call}", self.call(call).offer
        heard: list[e.Event] = [
            e.LegParted(at=self.now, leg=leg, bridge=bridge),
            e.LegParted(at=self.now, leg=call, bridge=bridge),
            e.LegParked(at=self.now, leg=leg, room="room"),
        ]
        said = e.OfferEnded(at=self.now, call=call, offer=offer, status="ANSWER")
        for event in (said, *heard) if session_first else (*heard, said):
            self.tell(event)
        return self

    def resumes(self, call: str = "ann", phone: str = "101", *, caller_first: bool = False) -> "World":
        """The agent takes the caller back, and the session joins the two."""
        request = self.request()
        self.step(e.ResumeAsked(at=self.now, login=self.call(call).agent, call=call, request=request))
        return self.hear_each_other(f"{call}>{phone}", call, caller_first=caller_first)

    def hear_each_other(self, leg: str, call: str, *, caller_first: bool = False) -> "World":
        """Asterisk puts a leg and the caller into a new bridge."""
        joined = [e.LegJoined(at=self.now, leg=each, bridge=f"b-{call}") for each in (leg, call)]
        for event in joined[::-1] if caller_first else joined:
            self.tell(event)
        return self

    # --- callers ---

    def arrives(self, name: str = "ann", **fields: object) -> "World":
        """A caller's leg and script begin."""
        arrived: dict[str, object] = {
            "at": self.now,
            "call": name,
            "interaction": f"i-{name}",
            "server": SERVER,
            "did": "4001",
            "caller": "+8613900000001",
        }
        return self.step(
            e.LegStarted(at=self.now, leg=name, server=SERVER),
            e.CallArrived(**(arrived | fields)),  # type: ignore[arg-type]
        )

    def is_known(
        self,
        name: str = "ann",
        customers: Iterable[CustomerCard] = (ADA,),
        method: MatchMethod = MatchMethod.CALLER_NUMBER,
    ) -> "World":
        """The store answers who it is."""
        return self.step(e.CustomerFound(at=self.now, call=name, method=method, customers=tuple(customers)))

    def queues(self, name: str = "ann", queue: str = "support", priority: int = 0) -> "World":
        """The script asks for an agent."""
        return self.step(e.CallQueued(at=self.now, call=name, queue=queue, priority=priority))

    def waits(self, name: str = "ann", queue: str = "support", priority: int = 0) -> "World":
        """A caller arrives, is recognised, and asks for an agent."""
        self.arrives(name).is_known(name)
        return self.queues(name, queue, priority)

    # --- agents ---

    def signs_in(
        self,
        login: str = "tom",
        phone: str = "101",
        queues: tuple[str, ...] = ("support",),
        *,
        line: str = "ring",
        page: bool = False,
        skills: dict[str, int] | None = None,
    ) -> "World":
        """An agent's session begins."""
        opened = [e.PageOpened(at=self.now, login=login)] if page else []
        signed_in = e.AgentSignedIn(
            at=self.now,
            login=login,
            name=login.title(),
            queues=queues,
            skills=skills or {},
            phone=phone,
            line=line,
        )
        return self.step(signed_in, *opened)

    def is_ready(self, login: str = "tom", phone: str = "101", **fields: object) -> "World":
        """An agent signs in and is available."""
        self.signs_in(login, phone, **fields)  # type: ignore[arg-type]
        return self.asks(login, "available")

    def asks(self, login: str = "tom", state: str = "paused", reason: str = "") -> "World":
        """The agent wants another state."""
        request = self.request()
        return self.step(e.StateAsked(at=self.now, login=login, state=state, reason=reason, request=request))

    def disposes(self, login: str = "tom", name: str = "ann", code: str = "done", note: str = "") -> "World":
        """The agent's outcome for a caller's interaction."""
        return self.step(
            e.DispositionSet(
                at=self.now,
                login=login,
                interaction=f"i-{name}",
                code=code,
                note=note,
                callback="",
                request=self.request(),
            )
        )

    # --- supervisors ---

    def monitors(
        self, name: str = "ann", mode: str = "listen", login: str = "sue", phone: str = "120"
    ) -> "World":
        """A supervisor wants to be at a call."""
        request = self.request()
        return self.step(
            e.MonitorAsked(
                at=self.now, login=login, name=login.title(), request=request, call=name, mode=mode,
                phone=phone,
            )
        )  # fmt: skip

    def leaves(self, name: str = "ann", login: str = "sue") -> "World":
        """The supervisor leaves the call."""
        return self.step(
            e.MonitorEndAsked(at=self.now, login=login, name=login.title(), request=self.request(), call=name)
        )

    def monitor(self, login: str = "sue") -> Monitor:
        """The supervisor's monitor."""
        return next(each for each in self.floor.monitors.values() if each.login == login)

    def picks_up(self, login: str = "sue") -> "World":
        """The supervisor's phone rings and is answered, and Asterisk lets it hear."""
        monitor = self.monitor(login)
        leg, hears = monitor.id, monitor.hears
        return self.step(
            e.LegStarted(at=self.now, leg=leg, server=SERVER, phone=monitor.phone),
            e.LegRinging(at=self.now, leg=leg),
            e.LegAnswered(at=self.now, leg=leg),
            e.MonitorBegan(at=self.now, leg=leg, hears=hears),
        )

    def hears(self, login: str = "sue") -> "World":
        """Asterisk did what it was told: the supervisor hears anew."""
        monitor = self.monitor(login)
        return self.step(e.MonitorBegan(at=self.now, leg=monitor.id, hears=monitor.hears))

    def messages(self, to: str = "tom", text: str = "well done", login: str = "sue") -> "World":
        """A supervisor says something to an agent."""
        request = self.request()
        return self.step(
            e.MessageSent(
                at=self.now, login=login, name=login.title(), request=request, agent=to,
                message=f"m-{request}", text=text,
            )
        )  # fmt: skip

    def forces(self, to: str = "tom", state: str = "paused", reason: str = "", login: str = "sue") -> "World":
        """A supervisor sets an agent's state."""
        return self.step(
            e.StateForced(
                at=self.now, login=login, name=login.title(), request=self.request(), agent=to, state=state,
                reason=reason,
            )
        )  # fmt: skip

    # --- a whole talk ---

    def talks(self, name: str = "ann", login: str = "tom", phone: str = "101") -> "World":
        """A caller waits and the agent, who is ready or becomes so, answers after 3 s."""
        if login not in self.floor.agents:
            self.is_ready(login, phone)
        self.waits(name).rings(name, phone)
        self.now += 3
        return self.answers(name, phone)

    # --- this process ---

    def restart(self) -> "World":
        """This process dies and starts again; nothing is known but what the store has."""
        self._boot()
        return self.step(
            self.ledger.figures_restored(self.now),
            self.ledger.restored(self.now),
            self.ledger.recordings_restored(self.now),
        )
