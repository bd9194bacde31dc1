"""What is counted: exact vectors, sums, restarts, transfers."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactcenter import events as e
from contactcenter.commands import DropFigures, SaveIntervals, ShowFigures
from contactcenter.figures import Figures
from contactcenter.intervals import CENTER, Intervals, Key, count_again_from
from contactcenter.rules import Rules
from contactcenter.tallies import Tally, bucket, figures, total
from contactcenter.totals import queue_metrics
from contactcenter.values import InteractionEntries, IntervalRow, TimelineEntry
from tests.core.world import NOON, SERVER, World, queue

UTC = ZoneInfo("UTC")
QUARTER = 900
SUPPORT: Key = ("queue", "support")


def fold(zone: str = "UTC", target_s: float = 20.0) -> Figures:
    """A fold without a center."""
    return Figures(Intervals(ZoneInfo(zone)), lambda queue: target_s)


def tell(counted: Figures, name: str, *entries: tuple[float, str, dict[str, object]]) -> None:
    """One interaction's timeline, at its times."""
    for at, kind, detail in entries:
        counted.turn(at)
        counted.read(name, [TimelineEntry(at=at, kind=kind, detail=detail)], final=kind == "closed")  # type: ignore[arg-type]


def waited(counted: Figures, name: str, came: float, left: float, how: str, queue: str = "support") -> None:
    """Somebody comes, waits, and is answered, leaves, or is sent away."""
    tell(counted, name, (came, "queued", {"queue": queue}))
    if how == "answered":
        tell(counted, name, (left, "joined", {"agent": "tom"}))
    elif how == "abandoned":
        tell(counted, name, (left, "ended", {"outcome": "abandoned"}))
    else:
        tell(counted, name, (left, "left_queue", {"queue": queue, "exit": how}))


# --- exact vectors ---


def test_both_service_levels_and_the_classes_of_abandoned_calls() -> None:
    """Ten callers: 4 in time, 2 too late, 3 abandoned of whom 2 within 5 s, 1 sent away."""
    counted = fold()
    stories = [
        (0.0, "answered"), (10.0, "answered"), (19.999, "answered"), (20.0, "answered"),
        (20.001, "answered"), (300.0, "answered"),
        (0.0, "abandoned"), (4.999, "abandoned"), (5.0, "abandoned"),
        (31.0, "timeout"),
    ]  # fmt: skip
    for n, (wait, how) in enumerate(stories):
        waited(counted, f"i{n}", NOON + n, NOON + n + wait, how)
    found = counted.view(SUPPORT, NOON + 400).today
    assert (found.offered, found.answered, found.abandoned, found.exits) == (10, 6, 3, {"timeout": 1})
    assert (found.in_target, found.short, found.undecided) == (4, 2, 0)
    assert found.service_level == 0.4, "of all who came"
    assert found.net_service_level == 0.5, "of the eight who came and stayed"
    assert found.abandoned_share == 0.3
    assert found.asa_s == round((0 + 10 + 19.999 + 20 + 20.001 + 300) / 6, 3)
    assert found.longest_s == 300
    classes = {"5": 2, "10": 1, "20": 0, "30": 0, "60": 0, "120": 0, "300": 0, "over": 0}
    assert found.abandons == classes
    assert counted.view(CENTER, NOON + 400).today == found


@pytest.mark.parametrize(
    ("waited_ms", "name"),
    [
        (0, "5"),
        (4_999, "5"),
        (5_000, "10"),
        (29_999, "30"),
        (30_000, "60"),
        (299_999, "300"),
        (300_000, "over"),
    ],
)
def test_a_class_of_wait_is_named_by_the_end_that_belongs_to_the_next(waited_ms: int, name: str) -> None:
    assert bucket(waited_ms) == name


def test_who_waits_is_a_failure_from_the_target_on_and_not_only_at_the_end() -> None:
    counted = fold()
    waited(counted, "a", NOON, NOON + 5, "answered")
    for n in range(3):
        tell(counted, f"w{n}", (NOON + 5, "queued", {"queue": "support"}))
    early, late = (counted.view(SUPPORT, NOON + 5 + wait).today for wait in (20, 21))
    assert (early.undecided, early.service_level) == (3, 1.0)
    assert (late.undecided, late.service_level) == (0, 0.25)
    assert SUPPORT in counted.changed(NOON + 20), "it changed"
    assert SUPPORT in counted.changed(NOON + 26), "and goes on changing while somebody may yet be in time"
    assert SUPPORT not in counted.changed(NOON + 27)


def test_nothing_has_no_share_and_no_mean() -> None:
    none = figures(Tally())
    assert (none.service_level, none.net_service_level, none.abandoned_share) == (None, None, None)
    assert (none.asa_s, none.aht_s, none.occupancy) == (None, None, None)


def test_only_short_abandons_leave_nothing_for_the_net_service_level() -> None:
    counted = fold()
    waited(counted, "a", NOON, NOON + 1, "abandoned")
    found = counted.view(SUPPORT, NOON + 2).today
    assert (found.service_level, found.net_service_level) == (0.0, None)


@pytest.mark.parametrize(
    ("outcome", "exits"),
    [
        ("callback", {"callback": 1}),
        ("server_restart", {"server_restart": 1}),
        ("abandoned", {}),
        ("answered", {}),
    ],
)
def test_an_end_in_the_queue_is_abandoned_unless_it_was_not_the_callers_wish(
    outcome: str, exits: dict[str, int]
) -> None:
    counted = fold()
    tell(counted, "a", (NOON, "queued", {"queue": "support"}), (NOON + 9, "ended", {"outcome": outcome}))
    found = counted.view(SUPPORT, NOON + 9).today
    assert (found.exits, found.abandoned) == (exits, 0 if exits else 1)


# --- transfers and moves ---


def test_a_call_through_three_queues_is_answered_once(world: World) -> None:
    """Who counts what: each queue its own part, the center one caller who waited from the first entry."""
    for login, mine in (("tom", "c"), ("ann", "b")):
        world.signs_in(login, "101" if login == "tom" else "102", queues=(mine,)).asks(login, "paused")
    world.arrives().is_known()
    for name in ("a", "b", "c"):
        world.queues(queue=name)
        world.now += 10
        if name != "c":
            world.arrives()  # the script starts anew, and asks for another queue
    world.asks("tom", "available").rings().answers()
    found = {name: world.figures("queue", name) for name in ("a", "b", "c")}
    assert [found[name].offered for name in found] == [1, 1, 1]
    assert [found[name].exits for name in found] == [{"moved": 1}, {"moved": 1}, {}]
    assert [found[name].answered for name in found] == [0, 0, 1]
    assert [found[name].in_target for name in found] == [0, 0, 1], "within 10 s in the third"
    center = world.figures("center", "")
    assert (center.offered, center.answered, center.exits, center.in_target) == (1, 1, {}, 0)
    assert center.asa_s == 30
    world.agent_ends().caller_ends().wait(120).stops()


def test_each_agent_of_a_transfer_counts_his_own_part() -> None:
    """Bob's phone once showed the hour that Ann had talked."""
    counted = fold()
    tell(
        counted, "a",
        (NOON, "queued", {"queue": "support"}),
        (NOON + 5, "joined", {"agent": "ann"}),
        (NOON + 65, "held", {"by": "101"}),
        (NOON + 95, "resumed_talk", {"by": "101"}),
        (NOON + 100, "phone_transfer", {"by": "101", "to": "4003", "attended": False}),
        (NOON + 105, "parted", {"agent": "ann", "talked_s": 100.0}),
        (NOON + 106, "queued", {"queue": "sales"}),
        (NOON + 115, "wrapped_up", {"agent": "ann", "wrapped_s": 10.0}),
        (NOON + 116, "joined", {"agent": "bob"}),
        (NOON + 3716, "parted", {"agent": "bob", "talked_s": 3600.0}),
        (NOON + 3716, "ended", {"outcome": "answered"}),
        (NOON + 3736, "wrapped_up", {"agent": "bob", "wrapped_s": 20.0}),
        (NOON + 3736, "closed", {}),
    )  # fmt: skip
    at = NOON + 4000
    ann, bob = (counted.view(("agent", name), at).today for name in ("ann", "bob"))
    assert (ann.taken, ann.transfers, ann.talked_s, ann.held_s, ann.wrapped_s) == (1, 1, 70.0, 30.0, 10.0)
    assert (bob.taken, bob.transfers, bob.talked_s, bob.held_s, bob.wrapped_s) == (1, 0, 3600.0, 0.0, 20.0)
    support, sales = (counted.view(("queue", name), at).today for name in ("support", "sales"))
    assert support.aht_s == 110, "ann's wrap-up is support's, though the caller waited in sales by then"
    assert (sales.offered, sales.answered, sales.asa_s, sales.aht_s) == (1, 1, 10, 3620)
    center = counted.view(CENTER, at).today
    assert (center.offered, center.answered, center.handled) == (2, 2, 2), "after a talk, a wait is a new one"
    assert center.aht_s == (110 + 3620) / 2
    assert counted.waiting() == set()


def test_a_take_over_between_phones_is_a_call_taken_and_no_answer_of_a_queue(world: World) -> None:
    world.talks().is_ready("ann", "102")
    world.step(
        e.LegTransferred(at=world.now, leg="ann", by="ann>101", to="102", attended=True),
        e.LegStarted(at=world.now, leg="x", server=SERVER, phone="102"),
        e.LegJoined(at=world.now, leg="x", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    assert (world.call().agent, world.figures().answered, world.figures().taken) == ("ann", 1, 2)
    assert [world.figures("agent", name).taken for name in ("tom", "ann")] == [1, 1]
    assert world.figures("agent", "tom").transfers == 1


@pytest.mark.parametrize(
    ("entries", "transfers"),
    [
        ([("transfer_asked", {"by": "ann", "to": "queue", "name": "sales"})], 1),
        ([("transfer_asked", {"by": "ann", "to": "agent", "name": "bob", "consult": "c1"})], 0),
        (
            [
                ("transfer_asked", {"by": "ann", "to": "agent", "name": "bob", "consult": "c1"}),
                ("transfer_failed", {"by": "ann", "reason": "no_answer"}),
                ("consult_asked", {"by": "ann", "to": "agent", "name": "cyd", "consult": "c2"}),
                ("transfer_completed", {"by": "ann", "name": "cyd", "how": "attended"}),
            ],
            1,
        ),
    ],
)
def test_a_transfer_is_counted_when_the_caller_is_sent_on(
    entries: list[tuple[str, dict[str, object]]], transfers: int
) -> None:
    counted = fold()
    tell(counted, "a", (NOON, "queued", {"queue": "support"}), (NOON + 5, "joined", {"agent": "ann"}))
    tell(counted, "a", *((NOON + 9, kind, detail) for kind, detail in entries))
    keys: tuple[Key, ...] = (("agent", "ann"), SUPPORT, CENTER)
    assert [counted.view(key, NOON + 10).today.transfers for key in keys] == [transfers] * 3


def test_a_call_back_is_no_further_caller_of_the_queue() -> None:
    counted = fold()
    waited(counted, "a", NOON, NOON + 40, "callback")
    tell(
        counted, "a-back1",
        (NOON + 600, "calling_back", {"queue": "support", "number": "1", "tries": 1}),
        (NOON + 600, "offered", {"agent": "tom"}),
        (NOON + 620, "joined", {"agent": "tom"}),
        (NOON + 680, "parted", {"agent": "tom", "talked_s": 60.0}),
        (NOON + 680, "ended", {"outcome": "answered"}),
    )  # fmt: skip
    found = counted.view(SUPPORT, NOON + 700).today
    assert (found.offered, found.exits, found.answered, found.abandoned) == (1, {"callback": 1}, 0, 0)
    assert (found.taken, found.handled, found.aht_s) == (1, 1, 60.0)


# --- agents ---


def test_time_in_states_and_occupancy(world: World) -> None:
    world.signs_in("tom")
    world.now += 100
    world.asks("tom", "available")
    world.now += 50
    world.waits().rings()
    world.now += 10
    world.answers()
    world.now += 30
    world.agent_ends()
    world.now += 10
    world.disposes()
    world.asks("tom", "paused", "meal")
    world.now += 200
    found = world.figures("agent", "tom")
    assert found.states == {
        "available": 50, "offline": 100, "paused": 200, "reserved": 10, "talking": 30, "wrap_up": 10,
    }  # fmt: skip
    assert found.pauses == {"meal": 200}
    assert found.occupancy == 0.5, "50 s with the call, 50 s free"
    assert (found.offers, found.missed, found.taken, found.aht_s) == (1, 0, 1, 40)
    assert world.figures("center", "").states == found.states


def test_reasons_of_pauses_are_bounded_however_many_somebody_makes_up(world: World) -> None:
    world.signs_in("tom")
    for n in range(500):
        world.now += 1
        world.asks("tom", "paused", f"because {n}")
    world.now += 1
    pauses = world.figures("agent", "tom").pauses
    assert len(pauses) <= 64
    assert sum(pauses.values()) == 500


def test_a_pause_over_midnight_belongs_to_both_days() -> None:
    counted = fold("Asia/Shanghai")
    midnight = datetime(2026, 8, 1, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    counted.turn(midnight - 1000)
    counted.agent("tom", "paused", "meal", midnight - 1000)
    counted.turn(midnight - 1)
    counted.cut(midnight - 1)
    assert counted.view(("agent", "tom"), midnight - 1).today.pauses == {"meal": 999}
    counted.turn(midnight + 61)
    counted.cut(midnight + 61)
    view = counted.view(("agent", "tom"), midnight + 61)
    assert (view.since, view.today.pauses, view.counted_to) == (midnight, {"meal": 61}, midnight + 61)
    assert (
        sum(row.counts["pause.meal"] for row in counted.intervals.unsaved(0) if row.kind == "agent")
        == 1061_000
    )


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)])
def test_a_day_is_as_long_as_its_zone_says(day: tuple[int, int, int], hours: int) -> None:
    counted, begin = fold("Europe/Berlin"), datetime(*day, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    waited(counted, "a", begin + 1, begin + 2, "answered")
    for hour in range(hours):
        counted.turn(begin + hour * 3600 + 3599)
        assert counted.view(SUPPORT, 0).today.offered == 1
    counted.turn(begin + hours * 3600)
    assert counted.view(SUPPORT, 0).today.offered == 0


# --- intervals ---


def test_a_wait_over_a_boundary_is_offered_where_it_came_and_ends_where_it_ended() -> None:
    counted, boundary = fold(), NOON // QUARTER * QUARTER + QUARTER
    waited(counted, "in-time", boundary - 5, boundary + 10, "answered")
    waited(counted, "short", boundary - 1, boundary + 2, "abandoned")
    waited(counted, "late", boundary - 8, boundary + 30, "answered")
    rows = {row.start: Tally(row.counts) for row in counted.intervals.unsaved(0) if row.kind == "queue"}
    before, after = rows[int(boundary) - QUARTER], rows[int(boundary)]
    assert before == {"offered": 3, "in_target": 1, "short": 1}
    assert after == {
        "answered": 2, "waited_ms": 53_000, "taken": 2, "abandoned": 1, "abandoned.5": 1,
        "longest_ms": 38_000,
    }  # fmt: skip
    assert figures(before).service_level == round(1 / 3, 4), "of those who came in that quarter"


def test_the_last_thirty_minutes_forget_minute_by_minute() -> None:
    counted, minute = fold(), NOON // 60 * 60
    waited(counted, "a", minute + 30, minute + 40, "answered")
    for later in (0, 29 * 60):
        counted.turn(minute + later + 59)
        recent = counted.view(SUPPORT, 0).recent
        assert recent is not None
        assert recent.answered == 1
    counted.turn(minute + 30 * 60)
    recent = counted.view(SUPPORT, 0).recent
    assert recent is not None
    assert (recent.offered, recent.answered) == (0, 0)
    assert SUPPORT in counted.intervals.changed, "the pages must see that"


Told = list[tuple[int, int, str, str]]
HOWS = ["answered", "abandoned", "closed", "full", "timeout", "callback"]
stories = st.lists(
    st.tuples(st.integers(0, 4000), st.integers(0, 2000), st.sampled_from(HOWS), st.sampled_from(["a", "b"])),
    max_size=25,
)


def of_stories(told: Told) -> tuple[Figures, dict[tuple[int, Key], IntervalRow]]:
    """Many waits, as they happen, saved every ten minutes."""
    counted, rows = fold(), {}
    entries = []
    for n, (came, wait, how, name) in enumerate(told):
        kinds = {"answered": ("joined", {"agent": "tom"}), "abandoned": ("ended", {"outcome": "abandoned"})}
        kind, detail = kinds.get(how, ("left_queue", {"exit": how}))
        entries += [(came, n, "queued", {"queue": name}), (came + wait, n, kind, detail)]
    entries += [(at, -1, "save", {}) for at in range(0, 6600, 600)]
    for at, n, kind, detail in sorted(entries, key=lambda entry: entry[:2]):
        counted.turn(NOON + at)
        if kind == "save":
            saved = counted.intervals.unsaved(NOON + at)
            rows |= {(row.start, (row.kind, row.name)): row for row in saved}
        else:
            counted.read(f"i{n}", [TimelineEntry(at=NOON + at, kind=kind, detail=detail)], final=False)  # type: ignore[arg-type]
        for each in ("a", "b"):
            day = counted.intervals.of_day(("queue", each))
            assert day.of("offered") == day.gone() + counted.count_waiting(each), "at all times"
    rows |= {(row.start, (row.kind, row.name)): row for row in counted.intervals.unsaved(NOON + 7000)}
    return counted, rows


@given(stories)
@settings(max_examples=150, deadline=None)
def test_whatever_happens_nobody_is_lost_and_the_quarters_add_up(
    told: Told,
) -> None:
    counted, rows = of_stories(told)
    for key in (("queue", "a"), ("queue", "b"), CENTER):
        assert total(
            row.counts for (_, name), row in rows.items() if name == key
        ) == counted.intervals.of_day(key)
    queues = total(counted.intervals.of_day(("queue", name)) for name in ("a", "b"))
    center = counted.intervals.of_day(CENTER)
    assert {**queues, "longest_ms": 0} == {**center, "longest_ms": 0}
    assert queues.of("offered") == queues.gone() == len(told)
    for row in rows.values():
        assert row.start % QUARTER == 0
        level = figures(Tally(row.counts)).service_level
        assert level is None or 0 <= level <= 1


@given(stories, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_after_a_restart_interactions_may_be_read_in_any_order(told: Told, shuffle: st.DataObject) -> None:
    counted, _ = of_stories(told)
    again, at = fold(), NOON + 6600
    again.turn(at)
    again.intervals.restore([], int(NOON) - QUARTER)
    whole = []
    for n, (came, wait, how, name) in enumerate(told):
        kinds = {"answered": ("joined", {"agent": "tom"}), "abandoned": ("ended", {"outcome": "abandoned"})}
        kind, detail = kinds.get(how, ("left_queue", {"exit": how}))
        both = (
            TimelineEntry(at=NOON + came, kind="queued", detail={"queue": name}),
            TimelineEntry(at=NOON + came + wait, kind=kind, detail=detail),  # type: ignore[arg-type]
        )
        whole.append(InteractionEntries(id=f"i{n}", final=False, entries=both))
    shuffle.shuffle(whole)  # type: ignore[attr-defined]
    again.restore(whole)
    for key in (("queue", "a"), ("queue", "b"), CENTER):
        assert again.intervals.of_day(key) == counted.intervals.of_day(key)


# --- restarts ---


def test_a_crash_in_the_middle_of_a_quarter_loses_and_doubles_nothing(world: World) -> None:
    world.talks("ann")
    world.now += 30
    world.agent_ends("ann").caller_ends("ann").disposes("tom", "ann").asks("tom", "paused", "meal")
    world.waits("bob").wait(70)
    before, tom = world.figures(), world.figures("agent", "tom")
    assert (before.offered, before.answered, tom.taken) == (2, 1, 1)
    world.caller_ends("bob")
    lost_s = world.now % 60
    world.restart()
    after = world.figures()
    assert (after.offered, after.answered, after.abandoned) == (2, 1, 1)
    assert (after.talked_s, after.wrapped_s, after.asa_s) == (before.talked_s, before.wrapped_s, before.asa_s)
    again = world.figures("agent", "tom")
    assert (again.taken, again.talked_s) == (1, tom.talked_s)
    assert again.pauses["meal"] == pytest.approx(tom.pauses["meal"] - lost_s, abs=0.002), (
        "since the last save"
    )
    world.restart().restart()
    assert world.figures() == after, "however often"
    world.connect().wait(4000).stops()
    assert world.ledger.counted(SUPPORT).of("offered") == 2


def test_a_clean_end_loses_no_second_of_anybody(world: World) -> None:
    world.signs_in("tom").asks("tom", "paused", "meal")
    world.now += 77.5
    world.stops().restart()
    assert world.figures("agent", "tom").pauses == {"meal": 77.5}


def test_who_waits_over_a_restart_is_offered_once(world: World) -> None:
    world.signs_in("tom").asks("tom", "paused").waits()
    world.now += 5
    world.restart().signs_in("tom").asks("tom", "paused")
    assert (world.figures().offered, world.floor.figures.waiting()) == (1, {("support", "i-ann")})
    world.arrives(resumed=True, queue="support", entered_at=world.now - 5).is_known().queues()
    world.now += 5
    world.caller_ends()
    found = world.figures()
    assert (found.offered, found.abandoned, found.abandons["20"], found.short) == (1, 1, 1, 0)
    world.stops()


def test_today_goes_on_after_hours_away_and_ends_at_midnight(world: World) -> None:
    world.talks().wait(100)
    world.agent_ends().caller_ends().wait(100).stops()
    world.now += 3 * 3600
    world.restart()
    assert world.figures().answered == 1
    world.now = (NOON // 86400 + 1) * 86400 + 1
    assert world.figures().answered == 0


def test_calls_are_counted_again_from_the_half_hour_before_the_last_save() -> None:
    assert count_again_from(0.0, 10_000.0) == 9_900 - 1_800
    assert count_again_from(9_100.0, 50_000.0) == 9_000 - 1_800
    assert count_again_from(99_999.0, 50_000.0) == 49_500 - 1_800, "a clock that went back"


def test_rows_of_long_ago_are_completed_after_a_crash() -> None:
    """The minute before the crash is in no row, and the process stayed away for a day."""
    first = fold()
    waited(first, "a", NOON, NOON + 5, "answered")
    rows = first.intervals.unsaved(NOON + 6)
    second = fold()
    at = NOON + 86_400
    second.turn(at)
    second.intervals.restore(rows, count_again_from(NOON + 6, at))
    entries = (
        TimelineEntry(at=NOON, kind="queued", detail={"queue": "support"}),
        TimelineEntry(at=NOON + 5, kind="joined", detail={"agent": "tom"}),
        TimelineEntry(at=NOON + 40, kind="parted", detail={"agent": "tom", "talked_s": 35.0}),
    )
    second.restore([InteractionEntries(id="a", final=True, entries=entries)])
    saved = {(row.kind, row.name): row.counts for row in second.intervals.unsaved(at)}
    assert saved["queue", "support"] == {
        "offered": 1, "answered": 1, "waited_ms": 5000, "longest_ms": 5000, "in_target": 1, "taken": 1,
        "handled": 1, "talked_ms": 35_000, "held_ms": 0,
    }  # fmt: skip


# --- showing and saving ---


def test_figures_are_shown_once_a_second_however_many_calls_come(world: World) -> None:
    world.signs_in("tom").asks("tom", "paused").wait(2)
    shown = []
    for n in range(50):
        world.waits(f"c{n}")
        shown += world.commands(ShowFigures)
        world.wait(0.1)
        shown += world.commands(ShowFigures)
    of_support = [command for command in shown if command.view.id == "queue support"]
    assert len(of_support) <= 6
    world.wait(1)
    assert world.commands(ShowFigures)[-1].view.today.offered == 50


def test_at_midnight_who_is_not_there_any_more_is_dropped(world: World) -> None:
    world.is_ready("tom").wait(5)
    world.step(e.AgentSignedOut(at=world.now, login="tom")).wait(5)
    world.now = (NOON // 86400 + 1) * 86400 + 1
    world.step(e.PhoneSeen(at=world.now, phone="109", reachable=True)).wait(2)
    assert DropFigures(id="agent tom") in world.commands(DropFigures)


def test_a_queue_that_is_no_more_is_dropped_and_its_rows_stay(world: World) -> None:
    world.talks().wait(5)
    rules = replace(world.floor.rules, queues=(queue("sales"),), fallback_queue="sales")
    world.step(e.RulesChanged(at=world.now, rules=rules, version=2))
    world.agent_ends().caller_ends().wait(2)
    assert DropFigures(id="queue support") in world.commands(DropFigures)
    world.stops()
    assert world.ledger.counted(SUPPORT).of("talked_ms") == 5000


def test_rows_are_saved_each_minute_and_only_when_something_was_counted(world: World) -> None:
    world.wait(120)
    assert world.commands(SaveIntervals) == []
    world.signs_in("tom").wait(180)
    saved = [{(row.kind, row.name) for row in command.rows} for command in world.commands(SaveIntervals)]
    assert saved == [{("agent", "tom"), CENTER}] * 3


def test_a_queue_has_its_own_target() -> None:
    rules = Rules(
        queues=(replace(queue("quick"), target_s=5.0), queue("slow")), dispositions=frozenset({"done"})
    )
    world = World(rules)
    for n, name in enumerate(("quick", "slow")):
        world.is_ready(f"agent{n}", f"10{n}", queues=(name,))
        world.waits(name, name).rings(name, f"10{n}")
        world.now += 10
        world.answers(name, f"10{n}")
    assert [world.figures("queue", name).service_level for name in ("quick", "slow")] == [0.0, 1.0]


@pytest.fixture
def world() -> World:
    names = ("support", "sales", "a", "b", "c")
    rules = Rules(
        queues=tuple(queue(name, without_agents=True) for name in names),
        dispositions=frozenset({"done"}),
    )
    return World(rules)


def test_prometheus_sees_the_queues(world: World) -> None:
    world.talks()
    world.now += 60
    world.agent_ends().caller_ends()
    world.waits("bob", "sales")
    samples = [sample for metric in queue_metrics(world.floor) for sample in metric.samples]
    assert [each.value for each in samples if each.name == "contactcenter_figures_miscounted"] == [0]
    found = {
        (sample.name, sample.labels["queue"]): sample.value
        for sample in samples
        if sample.labels.get("queue") in ("support", "sales")
    }
    assert found["contactcenter_queue_offered_total", "support"] == 1
    assert found["contactcenter_queue_talked_seconds_total", "support"] == 60
    assert found["contactcenter_queue_waited_seconds_total", "support"] == 3
    assert found["contactcenter_queue_waiting", "sales"] == 1
    assert found["contactcenter_queue_answered_total", "sales"] == 0
