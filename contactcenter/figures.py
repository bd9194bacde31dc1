"""Figures: what the records say, added up while it happens.

Nothing is counted where it happens. Calls are counted from the entries of their timelines, at the
moment in which these are handed to the store, and by the same function from the store's timelines after a
restart: so the figures can not disagree with the records, whatever a phone, a script or a crash did. What
agents do with their time is counted from their states. `docs/figures.md` defines every figure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from contactcenter.intervals import CENTER, MINUTE_S, Intervals, Key
from contactcenter.tallies import LONGEST, SHORT_MS, bucket, figures
from contactcenter.values import InteractionEntries, TimelineEntry
from contactcenter.views import FiguresView

MOVED = "moved"
"""The exit of a caller who goes from one queue to the next and waits on."""
TRANSFERRED = "transferred"
"""The exit of a waiting caller whom a phone sent to another number: his place is gone."""
MOVES = (MOVED, "overflow")
"""Ways out of a queue that are none out of the center."""
TARGET_S = 20.0
"""The target of a queue that is no more."""
MOST_REASONS = 64
"""Reasons of pauses may be free text; what exceeds so many is counted as `other`."""
NOT_HIS_WISH = ("callback", "server_restart", "asterisk_restart")
"""A caller whose leg ends in the queue has abandoned it, unless the record ends with one of these."""


@dataclass(slots=True)
class _Story:
    """One interaction, as far as its timeline has been read."""

    id: str
    queue: str = ""
    """Where the caller waits; empty while he doesn't."""
    entered_at: float = 0.0
    waits_since: float | None = None
    """When the wait began, over all queues in a row."""
    last_queue: str = ""
    left_by: str = ""
    """How he moved on, when he is between two queues."""
    agent: str = ""
    talks: bool = False
    talk_queue: str = ""
    """Whose talk it is: where the caller waits next is another matter."""
    works_for: dict[str, str] = field(default_factory=dict)
    """Agent -> the queue of the talk whose wrap-up goes on."""
    held_since: float | None = None
    held_ms: int = 0


@dataclass(slots=True)
class _Span:
    """What an agent does since a moment (a whole millisecond), as far as it is not counted yet."""

    state: str
    reason: str
    since_ms: int


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


class Figures:
    """Counts of the whole center. `target_s` gives a queue's target for the answer, in seconds."""

    def __init__(self, intervals: Intervals, target_s: Callable[[str], float]) -> None:
        self.intervals = intervals
        self._target_s = target_s
        self._stories: dict[str, _Story] = {}
        self._waiting: dict[str, dict[str, _Story]] = {}
        self._spans: dict[str, _Span] = {}
        self._reasons: set[str] = set()

    def turn(self, at: float) -> None:
        """Let the clock go on: each event's first act."""
        intervals = self.intervals
        if at < intervals.minute + MINUTE_S:
            return
        if intervals.minute and self._spans:
            # Minute by minute, so that every piece of an agent's time lies in one minute, quarter and day.
            for minute in range(intervals.minute + MINUTE_S, int(at) + 1, MINUTE_S):
                self.cut(minute)
                intervals.turn(minute)
        intervals.turn(at)

    # --- calls ---

    def read(self, id: str, entries: Iterable[TimelineEntry], *, final: bool) -> None:
        """Count what entries of an interaction's timeline say; `final` when there will be no more."""
        for entry in entries:
            if rule := _ENTRIES.get(entry.kind):
                story = self._stories.get(id)
                if story is None:
                    story = self._stories[id] = _Story(id)
                rule(self, story, entry.at, entry.detail)
        if final and (story := self._stories.pop(id, None)) and story.queue:
            self._waiting[story.queue].pop(id, None)

    def waiting(self) -> set[tuple[str, str]]:
        """Who waits, by the records: queue and interaction."""
        return {(queue, id_) for queue, stories in self._waiting.items() for id_ in stories}

    def count_waiting(self, queue: str) -> int:
        """How many wait in a queue, by the records."""
        return len(self._waiting.get(queue, ()))

    def _queued(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        queue = str(detail.get("queue", ""))
        if story.queue == queue:
            return  # back from another script: the same wait
        self._exit(story, at, MOVED)
        self._enter(story, at, queue)

    def _script_began(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        # For somebody who waits: our process began anew, and its first entry of him says where he is now.
        queue = str(detail.get("queue", ""))
        if queue != story.queue:
            self._exit(story, at, MOVED if queue else TRANSFERRED)
            if queue:
                self._enter(story, at, queue)

    def _calling_back(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        # Offered once, when the customer asked for it: only the talk is counted now, for its queue.
        story.last_queue = str(detail.get("queue", ""))

    def _enter(self, story: _Story, at: float, queue: str) -> None:
        keys: tuple[Key, ...] = (("queue", queue),)
        if story.waits_since is None:
            story.waits_since = at
            keys = (*keys, CENTER)
        self.intervals.count(keys, at, "offered")
        story.queue = story.last_queue = queue
        story.entered_at = at
        self._waiting.setdefault(queue, {})[story.id] = story

    def _leave(self, story: _Story, at: float, *, center: bool = True) -> list[tuple[Key, float]]:
        """The wait is over: for the queue that the caller was in, and for the center unless he moves on.
        Each with the moment at which its wait began."""
        ended: list[tuple[Key, float]] = []
        if story.queue:
            del self._waiting[story.queue][story.id]
            ended.append((("queue", story.queue), story.entered_at))
            story.queue = ""
        if center and story.waits_since is not None:
            ended.append((CENTER, story.waits_since))
            story.waits_since = None
        for key, since in ended:
            self.intervals.count((key,), at, LONGEST, max(0, _ms(at - since)))
        return ended

    def _exit(self, story: _Story, at: float, reason: str) -> None:
        if story.queue:
            story.left_by = reason
            for key, _ in self._leave(story, at, center=reason not in MOVES):
                self.intervals.count((key,), at, f"exit.{reason}")

    def _left_queue(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        self._exit(story, at, str(detail.get("exit", "")))

    def _answered(self, story: _Story, at: float) -> None:
        target_ms = _ms(self._target_s(story.queue))
        for key, since in self._leave(story, at):
            waited = max(0, _ms(at - since))
            self.intervals.count((key,), at, "answered")
            self.intervals.count((key,), at, "waited_ms", waited)
            if waited <= target_ms:
                # Of the quarter in which he came, so that a share of those who came is one.
                self.intervals.count((key,), since, "in_target")

    def _ended(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        outcome = str(detail.get("outcome", ""))
        if story.queue and outcome in NOT_HIS_WISH:
            self._exit(story, at, outcome)
        abandoned = bool(story.queue)
        for key, since in self._leave(story, at):
            if not abandoned:
                self.intervals.count((key,), at, f"exit.{story.left_by}")
                continue
            waited = max(0, _ms(at - since))
            self.intervals.count((key,), at, "abandoned")
            self.intervals.count((key,), at, f"abandoned.{bucket(waited)}")
            if waited < SHORT_MS:
                self.intervals.count((key,), since, "short")

    def _joined(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        self._answered(story, at)
        story.agent = str(detail.get("agent", ""))
        story.talks, story.held_since, story.held_ms = True, None, 0
        story.talk_queue = story.last_queue
        self.intervals.count(_keys(story.talk_queue, story.agent), at, "taken")

    def _restored(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        if not story.talks:  # it began while nobody wrote
            self._joined(story, at, detail)

    def _held(self, story: _Story, at: float, _: Mapping[str, object]) -> None:
        if story.talks and story.held_since is None:
            story.held_since = at

    def _taken_back(self, story: _Story, at: float, _: Mapping[str, object]) -> None:
        if story.held_since is not None:
            story.held_ms += max(0, _ms(at - story.held_since))
            story.held_since = None

    def _parted(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        self._taken_back(story, at, detail)
        story.agent = str(detail.get("agent", "")) or story.agent
        keys = _keys(story.talk_queue, story.agent)
        story.works_for[story.agent] = story.talk_queue
        whole = max(0, _ms(_number(detail, "talked_s")))
        held = min(story.held_ms, whole)
        self.intervals.count(keys, at, "handled")
        self.intervals.count(keys, at, "talked_ms", whole - held)
        self.intervals.count(keys, at, "held_ms", held)
        story.talks, story.held_ms = False, 0

    def _wrapped_up(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        agent = str(detail.get("agent", ""))
        keys = _keys(story.works_for.pop(agent, story.last_queue), agent)
        self.intervals.count(keys, at, "wrapped_ms", max(0, _ms(_number(detail, "wrapped_s"))))

    def _offered(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        for agent in str(detail.get("agent", "")).split(", "):  # several are rung at once
            self.intervals.count(_keys(story.queue, agent), at, "offers")

    def _missed(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        self.intervals.count(_keys(story.queue, str(detail.get("agent", ""))), at, "missed")

    def _transfer_asked(self, story: _Story, at: float, detail: Mapping[str, object]) -> None:
        if "consult" not in detail:  # to somebody who must answer first: it may come to nothing
            self._transferred(story, at, detail)

    def _transferred(self, story: _Story, at: float, _: Mapping[str, object]) -> None:
        self.intervals.count(_keys(story.talk_queue, story.agent), at, "transfers")

    # --- agents ---

    def agent(self, login: str, state: str, reason: str, at: float) -> None:
        """What an agent does from now on; an empty state when the session is over."""
        span = self._spans.get(login)
        if span and (span.state, span.reason) == (state, reason):
            return
        now_ms = _ms(at)
        if reason not in self._reasons:
            if len(self._reasons) >= MOST_REASONS:
                reason = "other"
            self._reasons.add(reason)
        if span:
            self._count_span(login, span, now_ms)
        if state:
            self._spans[login] = _Span(state, reason, now_ms)
        else:
            self._spans.pop(login, None)
        self.intervals.changed["agent", login] = None

    def cut(self, at: float) -> None:
        """Count everybody's time up to now."""
        now_ms = _ms(at)
        for login, span in self._spans.items():
            self._count_span(login, span, now_ms)

    def _count_span(self, login: str, span: _Span, now_ms: int) -> None:
        if (ms := now_ms - span.since_ms) <= 0:
            return
        keys: tuple[Key, ...] = (("agent", login), CENTER)
        since = span.since_ms / 1000
        self.intervals.count(keys, since, f"state.{span.state}", ms)
        if span.reason:
            self.intervals.count(keys, since, f"pause.{span.reason}", ms)
        span.since_ms = now_ms

    # --- showing ---

    def view(self, key: Key, at: float) -> FiguresView:
        """The figures of one name as pages see them."""
        kind, name = key
        undecided = self._undecided(key, at)
        span = self._spans.get(name) if kind == "agent" else None
        return FiguresView(
            id=f"{kind} {name}".strip(),
            kind=kind,
            name=name,
            since=self.intervals.since,
            counted_to=span.since_ms / 1000 if span else at,
            today=figures(self.intervals.of_day(key), undecided),
            recent=None if kind == "agent" else figures(self.intervals.of_half_hour(key), undecided),
        )

    def changed(self, at: float) -> list[Key]:
        """Whose figures are to be shown anew, since the last time that this was asked."""
        keys = list(self.intervals.changed)
        self.intervals.changed.clear()
        for key in keys:
            if self._undecided(key, at):
                self.intervals.changed[key] = None  # they change by the mere passing of time
        return keys

    def _undecided(self, key: Key, at: float) -> int:
        """How many wait who may yet be answered within the target."""
        kind, name = key
        if kind == "agent":
            return 0
        return sum(
            at - (story.entered_at if kind == "queue" else story.waits_since or at) <= self._target_s(queue)
            for queue in ([name] if kind == "queue" else self._waiting)
            for story in self._waiting.get(queue, {}).values()
        )

    # --- restarts ---

    def restore(self, interactions: Iterable[InteractionEntries]) -> None:
        """Count what the last run's records say, from where its saved rows end."""
        for each in interactions:
            self.read(each.id, each.entries, final=each.final)


def _keys(queue: str, agent: str) -> list[Key]:
    """Under which names something of a talk is counted: its queue's, its agent's, the center's."""
    keys: list[Key] = [CENTER]
    if queue:
        keys.append(("queue", queue))
    if agent:
        keys.append(("agent", agent))
    return keys


def _number(detail: Mapping[str, object], name: str) -> float:
    value = detail.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


_Rule = Callable[[Figures, _Story, float, Mapping[str, object]], None]

_ENTRIES: Mapping[str, _Rule] = {
    "queued": Figures._queued,
    "rerouted": Figures._queued,
    "arrived": Figures._script_began,
    "resumed": Figures._script_began,
    "left_queue": Figures._left_queue,
    "calling_back": Figures._calling_back,
    "dialled": Figures._calling_back,
    "joined": Figures._joined,
    "restored": Figures._restored,
    "held": Figures._held,
    "resumed_talk": Figures._taken_back,
    "parted": Figures._parted,
    "wrapped_up": Figures._wrapped_up,
    "offered": Figures._offered,
    "missed": Figures._missed,
    "phone_transfer": Figures._transferred,
    "transfer_asked": Figures._transfer_asked,
    "transfer_completed": Figures._transferred,
    "ended": Figures._ended,
}
"""An entry's kind -> what it means for the figures; other entries mean nothing for them."""

KINDS = frozenset(_ENTRIES)
_READ = frozenset({"agent", "consult", "exit", "outcome", "queue", "talked_s", "wrapped_s"})


def needed(entry: TimelineEntry) -> TimelineEntry:
    """An entry of one of the `KINDS`, without what they don't read of it: decisions, numbers, names."""
    return replace(entry, detail={name: value for name, value in entry.detail.items() if name in _READ})
