"""Stands in for the center: notes what it is told, grants it, and lets a test make things happen to agents.

It knows one rule only: an agent's request changes that agent's view.
"""

import asyncio
from collections.abc import Callable
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any, TypeVar

from contactcenter.commands import (
    Accepted,
    Command,
    DropAgent,
    DropCall,
    DropMessage,
    DropMonitor,
    Refused,
    ScreenPop,
    ShowAgent,
    ShowCall,
    ShowMessage,
    ShowMonitor,
    ShowQueue,
)
from contactcenter.events import (
    AgentSignedIn,
    AgentSignedOut,
    AnswerAsked,
    CustomerChanged,
    CustomerChosen,
    DispositionSet,
    Event,
    HangUpAsked,
    MessageRead,
    MessageSent,
    MonitorAsked,
    MonitorEndAsked,
    MoreTimeAsked,
    PhoneChosen,
    PriorityAsked,
    StateAsked,
    StateForced,
    Supervising,
    TakeOverAsked,
    WhyAsked,
)
from contactcenter.values import CustomerCard, MatchMethod
from contactcenter.views import AgentView, CallView, CampaignView, MessageView, MonitorView, QueueView

E = TypeVar("E", bound=Event)

WRAP_UP_S = 30.0
QUEUES = {"support": {"zh": "技术支持", "en": "Support"}, "sales": {"zh": "销售", "en": "Sales"}}


def agent_view(login: str, **changes: Any) -> AgentView:
    """An agent who is offline and owns nothing, but for `changes`."""
    view = AgentView(
        login=login, name=login, state="offline", reason="", since=0.0, until=None, afterwards="", phone="",
        line="ring", line_up=False, reachable=True, queues=(), skills={}, call="", interaction="", taken=0,
        held=False, consult="",
    )  # fmt: skip
    return replace(view, **changes)


WHY = {
    "at": 0.0, "call": "call-1", "queue": "support", "waited_s": 5.0, "score": -60.0, "position": 1,
    "held_back": False, "priority": [{"why": "tier", "minutes": 1.0}], "needs": ["en 3"], "widened": None,
    "queues": ["support"], "only": "", "passed_counts": {"wrap_up": 1}, "widens_in_s": None,
    "passed_over": [{"login": "agent4", "reason": "wrap_up", "seconds": 12.0}],
}  # fmt: skip
"""Why a caller waits."""


def call_view(call: str, **changes: Any) -> CallView:
    """A call that has just arrived, but for `changes`."""
    view = CallView(
        id=call, interaction="i-" + call, direction="inbound", state="waiting", queue="support", agent="",
        customer="", customer_name="", caller="13800138000", caller_name="", did="4002", node="",
        arrived_at=0.0, queued_at=0.0, answered_at=None, held=False, offered=(), recording="", priority=0,
        consult=None,
        urgency={}, needs=(), promised_s=None, told_s=None,
    )  # fmt: skip
    return replace(view, **changes)


def campaign_view(id_: str, queue: str, **fields: Any) -> CampaignView:
    """A campaign of a queue, which has just begun."""
    shown: dict[str, Any] = {field.name: 0 for field in fields_of(CampaignView)}
    texts = {"name": id_, "mode": "power", "state": "running", "why": "", "outcomes": {}, "refusals": {}}
    return CampaignView(**(shown | texts | {"id": id_, "queue": queue} | fields))


def queue_view(name: str, **changes: Any) -> QueueView:
    """A queue in which nothing happened, but for `changes`."""
    view = QueueView(
        name=name, title=QUEUES.get(name, {"zh": name, "en": name}), open=True, waiting=0,
        callbacks=0, talking=0, longest_since=None, target_s=20.0, target_share=0.8, available=0, signed_in=0,
        wait_s=None, wait_share=0.8,
        entered=0, answered=0, abandoned=0, left=0,
    )  # fmt: skip
    return replace(view, **changes)


class FakeCenter:
    """`tell` is the inbox; `carry` is set to the edge's, and takes what the center wants."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.events: list[Event] = []
        self.carry: Callable[[Command], None] = lambda command: None
        self.refusal: Refused | None = None
        """When set, every request is refused so."""
        self.visible = True
        """Whether agents are shown the supervisors at their calls."""
        self.answers: dict[type[Event], Any] = {WhyAsked: WHY}
        """What is answered to a question of that kind."""
        self.patience = 1.0
        """How many times longer than usual `heard` waits at most."""
        self.silent = False
        """When set, no request is answered."""
        self.agents: dict[str, AgentView] = {}
        self.calls: dict[str, CallView] = {}
        self.pops: dict[str, ScreenPop] = {}
        self._heard = asyncio.Event()
        self._offers = 0

    def tell(self, event: Event) -> None:
        """Note the event and do what it asks for."""
        self.events.append(event)
        self._heard.set()
        request = getattr(event, "request", "")
        if request and self.refusal:
            self.carry(replace(self.refusal, request=request))
        elif (
            request and not isinstance(event, Supervising) and getattr(event, "login", "") not in self.agents
        ):
            self.carry(Refused(request=request, code="illegal_now", message="sign in as an agent first"))
        elif not (request and self.silent):
            self._grant(event)
            if request:
                self.carry(Accepted(request=request, answer=self.answers.get(type(event))))

    async def heard(self, kind: type[E], **fields: Any) -> E:
        """The first event of that kind and with those fields, waiting for it if it has not come yet."""
        async with asyncio.timeout(5 * self.patience):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and all(
                        getattr(event, name) == value for name, value in fields.items()
                    ):
                        return event
                self._heard.clear()
                await self._heard.wait()

    def forget(self) -> None:
        """Forget what was heard so far."""
        self.events.clear()

    def show_queues(self, **waiting: int) -> None:
        """Show both queues with so many callers waiting."""
        for name in QUEUES:
            count = waiting.get(name, 0)
            self.carry(
                ShowQueue(
                    view=queue_view(
                        name, waiting=count, signed_in=len(self.agents),
                        longest_since=self.now() - 42 if count else None,
                    )
                )
            )  # fmt: skip

    def ring(
        self,
        login: str,
        *customers: CustomerCard,
        caller: str = "13800138000",
        caller_name: str = "",
        match: MatchMethod | None = None,
        waited_s: float = 17.0,
        why: dict[str, Any] | None = None,
    ) -> ScreenPop:
        """A caller is offered to the agent; answers the pop that was sent."""
        self._offers += 1
        call = f"call-{self._offers}"
        customer = customers[0] if len(customers) == 1 else None
        now = self.now()
        self._show_call(
            call_view(
                call, state="offered", agent=login, caller=caller, caller_name=caller_name,
                arrived_at=now - 30, queued_at=now - waited_s, customer=customer.id if customer else "",
                customer_name=customer.name if customer else "",
            )
        )  # fmt: skip
        self._show_agent(
            login, state="reserved", since=now, call=call, interaction="i-" + call, until=None, reason=""
        )
        pop = ScreenPop(
            login=login,
            offer=f"{call}-1",
            call=call,
            interaction="i-" + call,
            queue="support",
            caller=caller,
            caller_name=caller_name,
            match=match or (MatchMethod.CALLER_NUMBER if customers else MatchMethod.NONE),
            customers=customers,
            waited_s=waited_s,
            why=why if why is not None else {"rule": "longest_idle", "idle_s": 95.0},
        )
        self.pops[login] = pop
        self.carry(pop)
        return pop

    def join(self, login: str) -> None:
        """The agent's phone was answered."""
        agent, now = self.agents[login], self.now()
        self._show_call(replace(self.calls[agent.call], state="talking", answered_at=now, queued_at=None))
        self._show_agent(login, state="talking", since=now, taken=agent.taken + 1)

    def part(self, login: str, wrap_up_s: float = WRAP_UP_S) -> None:
        """The talk is over; wrap-up begins."""
        agent, now = self.agents[login], self.now()
        del self.calls[agent.call]
        self.carry(DropCall(call=agent.call))
        self._show_agent(login, state="wrap_up", since=now, until=now + wrap_up_s, call="")

    def miss(self, login: str) -> None:
        """The phone rang out: the caller goes back, the agent is paused."""
        agent = self.agents[login]
        self._show_call(replace(self.calls[agent.call], state="waiting", agent=""))
        self._show_agent(login, state="paused", reason="no_answer", since=self.now(), call="", interaction="")

    def _pops_of(self, interaction: str) -> list[ScreenPop]:
        """Those of a call that goes on."""
        return [
            pop for pop in self.pops.values() if pop.interaction == interaction and pop.call in self.calls
        ]

    def _pop(self, pop: ScreenPop) -> None:
        self.pops[pop.login] = pop
        self.carry(pop)

    def _show_agent(self, login: str, **changes: Any) -> None:
        self.agents[login] = replace(self.agents[login], **changes)
        self.carry(ShowAgent(view=self.agents[login]))

    def _show_call(self, view: CallView) -> None:
        self.calls[view.id] = view
        self.carry(ShowCall(view=view))

    def _grant(self, event: Event) -> None:
        now = self.now()
        match event:
            case AgentSignedIn(login=login):
                self.agents[login] = agent_view(
                    login,
                    name=event.name,
                    queues=event.queues,
                    skills=event.skills,
                    phone=event.phone,
                    line=event.line,
                    since=now,
                )
                self._show_agent(login)
            case AgentSignedOut(login=login):
                self.agents.pop(login, None)
                self.carry(DropAgent(login=login))
            case PhoneChosen(login=login, phone=phone, line=line):
                self._show_agent(login, phone=phone, line=line, line_up=line == "persistent")
            case StateAsked(login=login, state=state, reason=reason):
                self._show_agent(login, state=state, reason=reason, since=now)
            case AnswerAsked(login=login):
                self.join(login)
            case HangUpAsked(login=login):
                self.part(login)
            case CustomerChosen(interaction=interaction, customer=card, method=method):
                for pop in self._pops_of(interaction):
                    self._pop(replace(pop, customers=(replace(card, confidence=1.0),), match=method))
                    call = replace(self.calls[pop.call], customer=card.id, customer_name=card.name, matches=1)
                    self._show_call(call)
            case CustomerChanged(customer=card):
                for pop in list(self.pops.values()):
                    if card.id in [each.id for each in pop.customers] and pop.call in self.calls:
                        cards = tuple(card if each.id == card.id else each for each in pop.customers)
                        self._pop(replace(pop, customers=cards))
            case MonitorAsked(login=login, call=call):
                modes = {"listen": "listening", "whisper": "whispering", "barge": "barging"}
                view = MonitorView(
                    id=f"monitor-{login}", call=call, agent=self.calls[call].agent,
                    queue=self.calls[call].queue, supervisor=login, name=event.name, phone=event.phone,
                    mode=event.mode, state=modes[event.mode], since=now, visible=self.visible,
                )  # fmt: skip
                self.carry(ShowMonitor(view=view))
            case MonitorEndAsked(login=login):
                self.carry(DropMonitor(monitor=f"monitor-{login}"))
            case TakeOverAsked(login=login, call=call):
                self.carry(DropMonitor(monitor=f"monitor-{login}"))
                self.part(self.calls[call].agent)
                self.agents[login] = agent_view(login, name=event.name, since=now)
                self._show_agent(login, state="talking", call=call, interaction="i-" + call)
                self._show_call(call_view(call, state="talking", agent=login, answered_at=now))
            case MessageSent(agent=to):
                said = MessageView(
                    id=event.message, to=to, by=event.login, name=event.name, text=event.text, at=now
                )
                self.carry(ShowMessage(view=said))
            case MessageRead():
                self.carry(DropMessage(message=event.message))
            case StateForced(agent=to):
                self._show_agent(to, state=event.state, reason=event.reason, since=now, set_by=event.name)
            case PriorityAsked(call=call, minutes=minutes) if call in self.calls:
                view = self.calls[call]
                self._show_call(replace(view, urgency={**view.urgency, "supervisor": minutes}))
            case MoreTimeAsked(login=login):
                self._show_agent(login, until=(self.agents[login].until or now) + WRAP_UP_S)
            case DispositionSet(login=login) if self.agents[login].state == "wrap_up":
                self._show_agent(login, state="available", since=now, until=None, interaction="")
            case _:
                pass
