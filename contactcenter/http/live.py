"""The live model: what each user may see of the center right now.

Every user has one numbered stream: a snapshot, then changes without gaps. What a user sees is decided in one
place (`LiveModel.sees`), and a number is given out only for what that user sees, so a gap always means loss.
Numbers start from the clock, in milliseconds: they never go back, not even over a restart of this process,
and a number from an earlier life is never mistaken for one of this life.

Nothing here awaits. Taking the snapshot and subscribing happen in one step, so no change falls between them.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal, Protocol

import msgspec

from contactcenter.commands import (
    Command,
    DropAgent,
    DropCall,
    DropCampaign,
    DropFigures,
    DropMessage,
    DropMonitor,
    DropQueue,
    OfferTaken,
    ScreenPop,
    ShowAgent,
    ShowCall,
    ShowCampaign,
    ShowFigures,
    ShowMessage,
    ShowMonitor,
    ShowQueue,
)
from contactcenter.crm import access
from contactcenter.crm.access import Kind, Right
from contactcenter.crm.news import Hint
from contactcenter.dialer.campaigns import Mode
from contactcenter.values import CustomerCard, LeadCard, MatchMethod, Note
from contactcenter.views import (
    AgentView,
    CallView,
    CampaignView,
    FiguresView,
    ImportView,
    MessageView,
    MonitorView,
    QueueView,
    ReminderView,
)

RING = 512
"""Frames that a stream keeps for those who come back."""
LINGER_S = 60.0
"""How long a stream is kept after its last socket closed."""
BOARD_PACE_S = 0.1
"""Those who see everything get changes in bundles; an agent gets his own at once."""
QUEUE_PACE_S = 1.0
"""Every agent of a queue sees its figures, which change with every call: a hundred agents would get thousands
of frames a second, and read none of them. The first change goes out at once, the next ones in bundles."""

Noun = Literal[
    "agents", "queues", "calls", "monitors", "messages", "figures", "reminders", "imports", "campaigns"
]
NOUNS: tuple[Noun, ...] = (
    "agents", "queues", "calls", "monitors", "messages", "figures", "reminders", "imports", "campaigns",
)  # fmt: skip
Later = Callable[[float, Callable[[], None]], object]


class Gone(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is over, or no longer this user's to see."""

    agents: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    reminders: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()


class Pop(msgspec.Struct, frozen=True, tag="pop"):
    """A caller is about to be connected to this agent: show who it is, then acknowledge `seq`."""

    seq: int
    at: float
    offer: str
    call: str
    interaction: str
    queue: str
    caller: str
    caller_name: str
    match: MatchMethod
    confidence: float
    """How sure the match is, 0 to 1: of the first of `customers`."""
    customer: CustomerCard | None
    """The customer, when exactly one fits."""
    customers: tuple[CustomerCard, ...]
    waited_s: float
    why: dict[str, str | float | int]
    notes: tuple[Note, ...]
    """What agents before said of this caller, the latest last."""
    lead: LeadCard | None
    """Whom we call, and for which campaign; None: somebody called us."""


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """The call that was popped here has been answered by somebody else, whose phone rang too."""

    seq: int
    at: float
    call: str
    by: str
    """The other agent's name."""


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """Everything that this user sees. `at` is the server's clock, for the pages' timers."""

    seq: int
    at: float
    login: str
    agents: tuple[AgentView, ...]
    queues: tuple[QueueView, ...]
    calls: tuple[CallView, ...]
    pops: tuple[Pop, ...]
    monitors: tuple[MonitorView, ...]
    messages: tuple[MessageView, ...]
    """What supervisors have said to this user, and he has not put away."""
    figures: tuple[FiguresView, ...]
    reminders: tuple[ReminderView, ...]
    """What this user is to be reminded of, and nobody has put away."""
    imports: tuple[ImportView, ...]
    """This user's imports that are worked on, or were lately."""
    campaigns: tuple[CampaignView, ...]
    """Campaigns that run, or whose calls still go on."""
    configuration: int
    """The configuration's version: with another one, menus and titles are to be asked for anew."""


class Change(msgspec.Struct, frozen=True, tag="change", omit_defaults=True):
    """What became different since the frame before: new and changed views in full, and what is gone."""

    seq: int
    at: float
    agents: tuple[AgentView, ...] = ()
    queues: tuple[QueueView, ...] = ()
    calls: tuple[CallView, ...] = ()
    monitors: tuple[MonitorView, ...] = ()
    messages: tuple[MessageView, ...] = ()
    figures: tuple[FiguresView, ...] = ()
    reminders: tuple[ReminderView, ...] = ()
    imports: tuple[ImportView, ...] = ()
    campaigns: tuple[CampaignView, ...] = ()
    gone: Gone = Gone()
    configuration: int = 0
    """The configuration's new version, when it has one: ask for menus and titles anew."""
    news: tuple[Hint, ...] = ()
    """Records to be asked for anew."""


class Outbox(Protocol):
    """One socket's frames that wait, as a stream sees it. Never blocks."""

    def push(self, frame: bytes) -> None:
        """Take one frame."""

    def start_over(self) -> None:
        """Forget the frames that wait: what is wanted next is a snapshot."""


class LiveModel:
    """Holds the newest views, and hands each change to the streams that may see it.

    `now` gives seconds since the epoch; `later(delay_s, call)` runs a call after a delay on the loop.
    """

    def __init__(self, now: Callable[[], float], later: Later | None = None, *, version: int = 0) -> None:
        self.version = version
        """The configuration's."""
        self.agents: dict[str, AgentView] = {}
        self.queues: dict[str, QueueView] = {}
        self.calls: dict[str, CallView] = {}
        self.monitors: dict[str, MonitorView] = {}
        self.messages: dict[str, MessageView] = {}
        self.figures: dict[str, FiguresView] = {}
        self.reminders: dict[str, ReminderView] = {}
        self.imports: dict[str, ImportView] = {}
        self.campaigns: dict[str, CampaignView] = {}
        self.pops: dict[str, ScreenPop] = {}
        self.teams: dict[str, tuple[str, ...]] = {}
        """Login -> teams, of those who are in one; told by `staffed`."""
        self._whose: dict[str, tuple[str, str]] = {}
        """Call -> owner and team of its customer."""
        self._campaigns_of: dict[str, tuple[str, str]] = {}
        """Campaign -> owner and team; told by `campaigning`. Of one that is not told of, nobody's."""
        self._reminded_of: dict[str, tuple[str, str]] = {}
        """Reminder of what is nobody's own -> owner and team of the customer whom it is about."""
        self.streams: dict[str, Stream] = {}
        self._boards: set[Stream] = set()
        """The streams of those who watch the floor."""
        self._queues_due: dict[tuple[Noun, str], None] = {}
        self._queues_paced = False
        self.now = now
        self.later = later or _on_the_loop

    def carry(self, command: Command) -> None:
        """Take over what the command shows; other commands are none of the model's business."""
        match command:
            case ShowAgent(view=agent):
                earlier, self.agents[agent.login] = self.agents.get(agent.login), agent
                if not (agent.call or agent.interaction or agent.state == "reserved"):
                    self.pops.pop(agent.login, None)
                if agent != earlier:
                    self._touch("agents", agent.login, agent.login)
            case DropAgent(login=login):
                if self.agents.pop(login, None):
                    self.pops.pop(login, None)
                    self._touch("agents", login, login)
            case ShowCall(view=call):
                before, self.calls[call.id] = self.calls.get(call.id), call
                self._whose[call.id] = (command.owner, command.team)
                if call != before:
                    self._touch("calls", call.id, *(_agents(before) if before else ()), *_agents(call))
            case DropCall(call=call_id):
                self._whose.pop(call_id, None)
                if last := self.calls.pop(call_id, None):
                    self._touch("calls", call_id, *_agents(last))
            case ShowQueue(view=queue):
                shown, self.queues[queue.name] = self.queues.get(queue.name), queue
                if queue != shown:
                    self._touch_of_queue("queues", queue.name)
            case ShowFigures(view=counted):
                self.figures[counted.id] = counted
                if counted.kind == "queue":
                    self._touch_of_queue("figures", counted.id)
                else:
                    self._touch("figures", counted.id, counted.name)
            case DropFigures(id=id_):
                if self.figures.pop(id_, None):
                    self._touch("figures", id_)
            case ShowMonitor(view=monitor):
                earlier_at = self.monitors.get(monitor.id)
                self.monitors[monitor.id] = monitor
                self._touch("monitors", monitor.id, earlier_at.agent if earlier_at else "", monitor.agent)
            case DropMonitor(monitor=monitor_id):
                if left := self.monitors.pop(monitor_id, None):
                    self._touch("monitors", monitor_id, left.agent)
            case ShowMessage(view=message):
                self.messages[message.id] = message
                self._touch("messages", message.id, message.to)
            case DropMessage(message=message_id):
                if read := self.messages.pop(message_id, None):
                    self._touch("messages", message_id, read.to)
            case ShowCampaign(view=campaign):
                told, self.campaigns[campaign.id] = self.campaigns.get(campaign.id), campaign
                if campaign != told:
                    self._touch_of_queue("campaigns", campaign.id)
            case DropCampaign(campaign=campaign_id):
                if self.campaigns.pop(campaign_id, None):
                    self._touch_of_queue("campaigns", campaign_id)
            case DropQueue(queue=name):
                self.figures.pop(f"queue {name}", None)
                if self.queues.pop(name, None):
                    for own in self.streams.values():
                        own.touch("queues", name)
                        own.touch("figures", f"queue {name}")
            case ScreenPop():
                self.pops[command.login] = command
                if stream := self.streams.get(command.login):
                    stream.pop(command)
            case OfferTaken():
                if stream := self.streams.get(command.login):
                    stream.taken(command)
            case _:
                pass

    def remind(self, views: Iterable[ReminderView], whose: dict[str, tuple[str, str]]) -> None:
        """These reminders stand now, and no others: told by `reminders.py`. `whose` has owner and team of
        the customers whom those are about that are nobody's own, by the reminders' ids."""
        before, self.reminders = self.reminders, {view.id: view for view in views}
        of, self._reminded_of = self._reminded_of, whose
        for id_ in before.keys() | self.reminders.keys():
            if before.get(id_) != self.reminders.get(id_) or of.get(id_) != whose.get(id_):
                for stream in self.streams.values():
                    stream.touch("reminders", id_)

    def call(self, reader: access.Reader, id_: str) -> CallView | None:
        """The live call as the user sees it; None when there is none that he sees."""
        seen: CallView | None = self._as_seen(reader, self.calls[id_]) if id_ in self.calls else None
        return seen if self.sees(reader, "calls", id_) else None

    def shows(self, customer: str) -> bool:
        """Whether a live call may be this customer's."""
        on_page = (card.id for pop in self.pops.values() for card in pop.customers)
        return any(call.customer == customer for call in self.calls.values()) or customer in on_page

    def configured(self, version: int) -> None:
        """The configuration has a new version: everybody is told."""
        self.version = version
        for stream in self.streams.values():
            stream.flush_soon()

    def importing(self, view: ImportView) -> None:
        """How far an import is."""
        self.imports[view.id] = view
        self._touch("imports", view.id, view.login)

    def importing_is_over(self, id_: str) -> None:
        """An import is forgotten."""
        if gone := self.imports.pop(id_, None):
            self._touch("imports", id_, gone.login)

    def hint(self, reader: access.Reader, hints: Iterable[Hint]) -> None:
        """Records that this user sees changed. If his rights are others since that was found out, he is not
        told: the snapshot that he gets lets his pages ask for everything."""
        stream = self.streams.get(reader.login)
        if stream and stream.reader is reader:
            stream.hint(hints)

    def campaigning(self, whose: dict[str, tuple[str, str]]) -> None:
        """Whose the campaigns are: owner and team by their ids."""
        if whose != self._campaigns_of:
            self._campaigns_of = whose
            for stream in self.streams.values():
                for id_ in self.campaigns:
                    stream.touch("campaigns", id_)

    def staffed(self, teams: dict[str, tuple[str, ...]]) -> None:
        """Who is in which teams. Those who watch see more or less from now on."""
        if teams != self.teams:
            self.teams = teams
            for stream in self._boards:
                stream.look_again()

    def teams_at(self, call: CallView) -> frozenset[str]:
        """The teams of all whom the call concerns."""
        return self._teams_of(_agents(call))

    def _teams_of(self, logins: Iterable[str]) -> frozenset[str]:
        return frozenset(team for login in logins for team in self.teams.get(login, ()))

    def attending(self, login: str) -> frozenset[str]:
        """The customers on this user's page for the call that he has, or is about to get."""
        pop = self.pops.get(login)
        return frozenset(card.id for card in pop.customers) if pop else frozenset()

    def sees(self, reader: access.Reader, noun: Noun, id_: str) -> bool:
        """The one place that decides whether a user may see a thing that exists now."""
        view = self._views(noun).get(id_)
        match view:
            case None:
                return False
            case ImportView():
                return view.login == reader.login
            case MessageView():
                return view.to == reader.login  # for nobody else's eyes
            case ReminderView(kind="appointment"):
                anyone = view.team in reader.teams or view.queue in reader.serves
                mine = view.owner == reader.login or (not view.owner and anyone)
                return mine and reader.may(Right.APPOINTMENTS_READ)
            case ReminderView():
                about = self._reminded_of.get(id_)
                if not reader.may(Right.FOLLOWUPS_READ) or (about and not reader.knows(*about)):
                    return False
                if view.owner:
                    return view.owner == reader.login
                return view.team in reader.teams and reader.knows("", view.team, Kind.FOLLOWUP)
            case AgentView():
                own = view.login == reader.login
                return own or reader.oversees(view.queues, self.teams.get(view.login, ()))
            case CallView():
                return reader.login in _agents(view) or reader.oversees((view.queue,), self.teams_at(view))
            case MonitorView():
                own = view.supervisor == reader.login or (view.agent == reader.login and view.visible)
                return own or reader.oversees((view.queue,), self.teams.get(view.agent, ()))
            case CampaignView():
                # By hand he takes a lead himself, and has to know of what.
                me = self.agents.get(reader.login)
                if me is not None and view.mode == Mode.MANUAL and view.queue in me.queues:
                    return True
                return reader.knows_campaign(view.queue, *self._campaigns_of.get(id_, ("", "")))
            case QueueView():
                me = self.agents.get(reader.login)
                return (me is not None and view.name in me.queues) or reader.oversees((view.name,))
            case FiguresView(kind="agent"):
                whose = self.agents.get(view.name)
                queues = whose.queues if whose else ()
                return view.name == reader.login or reader.oversees(queues, self.teams.get(view.name, ()))
            case FiguresView(kind="queue"):
                return self.sees(reader, "queues", view.name)
            case FiguresView():
                return reader.oversees(()) and not reader.limit()  # the center's are of all queues
        raise AssertionError(view)

    def seen(self, reader: access.Reader, noun: Noun) -> list[Any]:
        """All views of one kind that the user may see, as he sees them, in the order of their ids."""
        views = self._views(noun)
        return [self._as_seen(reader, views[id_]) for id_ in sorted(views) if self.sees(reader, noun, id_)]

    def _as_seen(self, reader: access.Reader, view: Any) -> Any:
        """The view without what this user may not know of: a call's customer, if it is another team's, and
        with whom an appointment is."""
        if isinstance(view, ReminderView):
            agreed = view.kind == Kind.APPOINTMENT
            return replace(view, title="") if agreed and reader.hides(Kind.LEAD, "name") else view
        if not isinstance(view, CallView):
            return view
        if reader.login not in _agents(view) and not reader.knows(*self._whose.get(view.id, ("", ""))):
            view = replace(view, customer="", customer_name="")
        return access.shown(reader, Kind.INTERACTION, view)

    def as_pop(self, command: ScreenPop, reader: access.Reader, seq: int) -> Pop:
        """The pop as its user may see it: he has the caller, so whose customer it is does not matter."""
        reads = reader.may(Right.CUSTOMERS_READ)
        cards = tuple(self._as_card(card, reader) for card in command.customers) if reads else ()
        pop = Pop(
            seq=seq,
            at=self.now(),
            offer=command.offer,
            call=command.call,
            interaction=command.interaction,
            queue=command.queue,
            caller=command.caller,
            caller_name=command.caller_name,
            match=command.match,
            confidence=command.customers[0].confidence if command.customers else 0.0,
            customer=cards[0] if len(cards) == 1 else None,
            customers=cards,
            waited_s=command.waited_s,
            why=command.why,
            notes=() if reader.hides(Kind.INTERACTION, "note") else command.notes,
            lead=_as_lead(command.lead, reader) if command.lead else None,
        )
        hidden = {name: "" for name in ("caller", "caller_name") if reader.hides(Kind.INTERACTION, name)}
        if pop.lead:  # he is the caller: what is blank there is not told here
            hidden |= {"caller": pop.lead.number, "caller_name": pop.lead.name}
        return msgspec.structs.replace(pop, **hidden)

    def _as_card(self, card: CustomerCard, reader: access.Reader) -> CustomerCard:
        """The card with those requests and past interactions that its reader sees."""
        wanted = tuple(each for each in card.requests if reader.knows(each.owner, each.team, Kind.REQUEST))
        past = tuple(
            access.shown(reader, Kind.INTERACTION, each)
            for each in card.last
            if reader.knows_talk(each.queue, each.workers, self._teams_of(each.workers))
        )
        return access.shown(reader, Kind.CUSTOMER, replace(card, requests=wanted, last=past))

    def stream(self, reader: access.Reader) -> "Stream":
        """The user's stream, begun if there is none. A changed right begins a new one."""
        stream = self.streams.get(reader.login)
        if stream is None or stream.reader != reader:
            if stream:
                self._boards.discard(stream)
            stream = self.streams[reader.login] = Stream(self, reader)
            if stream.watches:
                self._boards.add(stream)
        return stream

    def forget(self, stream: "Stream") -> None:
        """Drop a stream that nobody came back to."""
        if not stream.outboxes and self.streams.get(stream.reader.login) is stream:
            del self.streams[stream.reader.login]
            self._boards.discard(stream)

    def _views(self, noun: Noun) -> dict[str, Any]:
        views: dict[Noun, dict[str, Any]] = {
            "agents": self.agents, "queues": self.queues, "calls": self.calls,
            "monitors": self.monitors, "messages": self.messages, "figures": self.figures,
            "reminders": self.reminders, "imports": self.imports, "campaigns": self.campaigns,
        }  # fmt: skip
        return views[noun]

    def _touch(self, noun: Noun, id_: str, *logins: str) -> None:
        """Let those know whom it concerns: the boards, and the agents named."""
        for stream in self._boards:
            stream.touch(noun, id_)
        for login in set(logins):
            if (own := self.streams.get(login)) and not own.watches:
                own.touch(noun, id_)

    def _touch_of_queue(self, noun: Noun, id_: str) -> None:
        """Let the boards know at once, and the queue's agents soon."""
        self._touch(noun, id_)
        self._queues_due[noun, id_] = None
        if not self._queues_paced:
            self._touch_queues()

    def _touch_queues(self) -> None:
        """Let every agent know of the queues that changed lately, and then for a while of none."""
        names, self._queues_due = self._queues_due, {}
        self._queues_paced = bool(names)
        if names:
            self.later(QUEUE_PACE_S, self._touch_queues)
        for stream in self.streams.values():
            if not stream.watches:
                for noun, id_ in names:
                    stream.touch(noun, id_)


class Stream:
    """One user's numbered stream, shared by all of his sockets."""

    def __init__(self, model: LiveModel, reader: access.Reader) -> None:
        self.reader = reader
        self.watches = reader.may(Right.FLOOR_WATCH)
        """Whether he is told of what is not his own, too."""
        self.seq = int(model.now() * 1000)
        self.outboxes: set[Outbox] = set()
        self._model = model
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING)
        self._shown: set[tuple[Noun, str]] = set()
        self._dirty: dict[tuple[Noun, str], None] = {}
        self._news: dict[Hint, None] = {}
        self._pop: Pop | None = None
        self._due = False
        self._version = model.version
        self._mark_all()
        self._collect()
        if pop := model.pops.get(reader.login):
            self.seq += 1
            self._pop = model.as_pop(pop, reader, self.seq)

    def touch(self, noun: Noun, id_: str) -> None:
        """A view changed, appeared or went; what this user sees of it follows in the next frame."""
        mine = (noun, id_)
        if mine not in self._shown and not self._model.sees(self.reader, noun, id_):
            return
        self._dirty[mine] = None
        if mine == ("agents", self.reader.login):  # his queues may be others now
            for name in self._model.queues:
                if (("queues", name) in self._shown) != self._model.sees(self.reader, "queues", name):
                    self._dirty["queues", name] = self._dirty["figures", f"queue {name}"] = None
                    of_queue = (id_ for id_, each in self._model.campaigns.items() if each.queue == name)
                    self._dirty.update((("campaigns", id_), None) for id_ in of_queue)
        self.flush_soon()

    def hint(self, hints: Iterable[Hint]) -> None:
        """These go out with the next frame."""
        self._news.update(dict.fromkeys(hints))
        self.flush_soon()

    def look_again(self) -> None:
        """What he sees may be more or less, though nothing changed of itself."""
        self._mark_all()
        self.flush_soon()

    def flush_soon(self) -> None:
        """Let a frame go out, together with what else changes until then."""
        if not self._due:
            self._due = True
            self._model.later(BOARD_PACE_S if self.watches else 0.0, self.flush)

    def flush(self) -> None:
        """Send what changed since the last frame, as one frame."""
        self._due = False
        news = self._model.version if self._model.version != self._version else 0
        if not self._dirty and not news and not self._news:
            return
        shown, gone = self._collect()
        if not any(shown.values()) and not any(gone.values()) and not news and not self._news:
            return
        self._version = self._model.version
        change = Change(
            seq=self.seq + 1,
            at=self._model.now(),
            agents=tuple(shown["agents"]),
            queues=tuple(shown["queues"]),
            calls=tuple(shown["calls"]),
            monitors=tuple(shown["monitors"]),
            messages=tuple(shown["messages"]),
            figures=tuple(shown["figures"]),
            reminders=tuple(shown["reminders"]),
            imports=tuple(shown["imports"]),
            campaigns=tuple(shown["campaigns"]),
            gone=Gone(**{noun: tuple(ids) for noun, ids in gone.items()}),
            configuration=news,
            news=tuple(self._news),
        )
        self._news.clear()
        self._send(change)

    def pop(self, command: ScreenPop) -> None:
        """Send the caller's record, at once and after everything that came before it."""
        self.flush()
        self._pop = self._model.as_pop(command, self.reader, self.seq + 1)
        self._send(self._pop)

    def taken(self, command: OfferTaken) -> None:
        """Tell who answered first."""
        self.flush()
        self._send(Taken(seq=self.seq + 1, at=self._model.now(), call=command.call, by=command.by))

    def shown_pop(self, seq: int) -> str:
        """The offer whose pop has this number, or empty when that pop is not the user's current one."""
        if self._pop is None or self._pop.seq != seq or self.reader.login not in self._model.pops:
            return ""
        return self._pop.offer

    def snapshot(self) -> bytes:
        """Everything that the user sees now, as a frame; changes go on from its number."""
        self.flush()
        seen, reader = self._model.seen, self.reader
        pops = (self._pop,) if self._pop and reader.login in self._model.pops else ()
        return msgspec.json.encode(
            Snapshot(
                seq=self.seq,
                at=self._model.now(),
                login=reader.login,
                agents=tuple(seen(reader, "agents")),
                queues=tuple(seen(reader, "queues")),
                calls=tuple(seen(reader, "calls")),
                pops=pops,
                monitors=tuple(seen(reader, "monitors")),
                messages=tuple(seen(reader, "messages")),
                figures=tuple(seen(reader, "figures")),
                reminders=tuple(seen(reader, "reminders")),
                imports=tuple(seen(reader, "imports")),
                campaigns=tuple(seen(reader, "campaigns")),
                configuration=self._model.version,
            )
        )

    def subscribe(self, outbox: Outbox, since: int | None) -> None:
        """Let a socket in: with the frames after `since` if they are still here, else with a snapshot."""
        self.flush()
        if since is not None and self._reaches_back_to(since):
            for seq, frame in self._ring:
                if seq > since:
                    outbox.push(frame)
        else:
            outbox.start_over()
        self.outboxes.add(outbox)

    def unsubscribe(self, outbox: Outbox) -> None:
        """The socket is gone."""
        self.outboxes.discard(outbox)
        if not self.outboxes:
            self._model.later(LINGER_S, lambda: self._model.forget(self))

    def _reaches_back_to(self, since: int) -> bool:
        oldest = self._ring[0][0] if self._ring else self.seq + 1
        return oldest - 1 <= since <= self.seq

    def _mark_all(self) -> None:
        model = self._model
        for noun in NOUNS:
            self._dirty.update(((noun, id_), None) for id_ in model._views(noun))

    def _collect(self) -> tuple[dict[Noun, list[Any]], dict[Noun, list[str]]]:
        shown: dict[Noun, list[Any]] = {noun: [] for noun in NOUNS}
        gone: dict[Noun, list[str]] = {noun: [] for noun in NOUNS}
        for noun, id_ in self._dirty:
            if self._model.sees(self.reader, noun, id_):
                shown[noun].append(self._model._as_seen(self.reader, self._model._views(noun)[id_]))
                self._shown.add((noun, id_))
            elif (noun, id_) in self._shown:
                gone[noun].append(id_)
                self._shown.discard((noun, id_))
        self._dirty.clear()
        return shown, gone

    def _send(self, frame: Change | Pop | Taken) -> None:
        self.seq = frame.seq
        encoded = msgspec.json.encode(frame)
        self._ring.append((frame.seq, encoded))
        for outbox in self.outboxes:
            outbox.push(encoded)


def _as_lead(card: LeadCard, reader: access.Reader) -> LeadCard:
    """The card without what its reader's role hides. His script is filled in with the lead's own words: who
    may not know of these gets none."""
    hidden = {
        "name": reader.hides(Kind.LEAD, "name") or reader.hides(Kind.INTERACTION, "caller_name"),
        "number": reader.hides(Kind.LEAD, "numbers") or reader.hides(Kind.INTERACTION, "caller"),
        "fields": reader.hides(Kind.LEAD, "fields"),
    }
    blank: dict[str, Any] = {"name": "", "number": "", "fields": {}}
    changes = {name: blank[name] for name, hides in hidden.items() if hides}
    return replace(card, **changes, talk_script="") if changes else card


def _agents(call: CallView) -> tuple[str, ...]:
    """Whom a call concerns: who has it, whose phones ring for it, who is consulted."""
    return (call.agent, *call.offered, call.consult.agent if call.consult else "")


def _on_the_loop(delay_s: float, call: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    if delay_s:
        loop.call_later(delay_s, call)
    else:
        loop.call_soon(call)
