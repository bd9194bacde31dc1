"""Simulated campaigns: the live pacing between made-up calls and agents, and the ways it is compared with."""

import json
from dataclasses import replace
from math import exp
from random import Random
from statistics import fmean, median

import pytest
from typer.testing import CliRunner

from contactcenter.cli import cli
from contactcenter.dialer.laws import law
from contactcenter.dialer.learning import Learning
from contactcenter.dialer.pacing import Learnt, Pacing, PacingInputs, Policy, Predictive, Progressive
from contactcenter.simulation.dialer import one_day, simulate_dialer, summed_up
from contactcenter.simulation.dialer_day import DayFigures, DialerDay
from contactcenter.simulation.dialer_policies import TRIALS, Issabel, Steered, Vicidial, Way, trial
from contactcenter.simulation.dialer_world import MARKS, WORLDS, Lasting, World, chosen

SMALL = chosen("usual", "5:0.3")


class Greedy:
    """A policy of somebody else's: everything that there is room for, up to two lines an agent."""

    def place(self, inputs: PacingInputs) -> Pacing:
        return Pacing(place=max(0, 2 * inputs.idle - len(inputs.ringing)), why="greedy")


class Watching(Steered):
    """Paces by ours, or by another policy, and looks at what the day shows it."""

    def __init__(self, policy: Policy | None = None) -> None:
        super().__init__(policy or Predictive())
        self.seen: list[PacingInputs] = []

    def place(self, at: float, inputs: PacingInputs) -> int:
        self.seen.append(inputs)
        return super().place(at, inputs)


def day(world: World = SMALL, way: Way | None = None, seed: int = 1, hours: float = 1.0) -> DayFigures:
    return DialerDay(world, way or Steered(Predictive()), seed, hours * 3600.0).run()


@pytest.fixture(scope="module")
def watched() -> tuple[Watching, DayFigures]:
    """Five agents for three hours, paced by ours: looked at by several tests."""
    watching = Watching()
    return watching, day(way=watching, hours=3)


# --- worlds ---


def test_durations_have_their_mean_and_may_be_of_several_kinds() -> None:
    dice = Random(1)
    usual = Lasting(mean_s=120, cv=0.9)
    assert fmean(usual.draw(dice) for _ in range(20_000)) == pytest.approx(120, rel=0.05)
    two = WORLDS["bimodal"].talk
    drawn = [two.draw(dice) for _ in range(20_000)]
    assert fmean(drawn) == pytest.approx(120, rel=0.05)
    assert sum(60 < each < 90 for each in drawn) < 0.05 * len(drawn)
    assert sum(each < 60 for each in drawn) == pytest.approx(len(drawn) / 2, rel=0.05)


@pytest.mark.parametrize(
    "cell", ["20", "x:0.3", "20:much", "0:0.3", "2000:0.3", "20:0", "20:1.5", "20:nan", ""]
)
def test_a_cell_that_makes_no_sense_is_named(cell: str) -> None:
    with pytest.raises(ValueError, match=r"agents|share|cell"):
        chosen("usual", cell)


def test_the_cells_are_those_of_the_marks() -> None:
    assert len(MARKS) == 16
    for cell, (mark, floor) in MARKS.items():
        assert mark < floor
        assert chosen("usual", cell).agents in (5, 10, 20, 50, 100, 300)


# --- days ---


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    assert day(seed=3, hours=0.75) == day(seed=3, hours=0.75) != day(seed=4, hours=0.75)


def test_the_day_shows_what_is_true(watched: tuple[Watching, DayFigures]) -> None:
    """Nobody is in two states, no call rings for ever, and who waits waits because nobody is idle."""
    watching, _ = watched
    assert watching.seen
    for each in watching.seen:
        assert each.idle + len(each.talking) + len(each.wrapping_up) <= SMALL.agents
        assert not each.waiting or not each.idle
        assert all(0 <= age <= SMALL.setup_s + SMALL.ring_s for age in each.ringing)
        assert all(age >= 0 for age in each.talking + each.wrapping_up)


def test_progressive_drops_nobody_and_idles_as_was_computed_before() -> None:
    figures = day(way=Way(Progressive()), hours=8)
    assert figures.dropped == 0
    assert figures.idle_s / figures.calls == pytest.approx(57, rel=0.1)


def test_ours_idles_less_than_progressive_and_stays_near_the_target(
    watched: tuple[Watching, DayFigures],
) -> None:
    (_, ours), careful = watched, day(way=Way(Progressive()), hours=3)
    assert ours.idle_s / ours.calls < 0.75 * careful.idle_s / careful.calls
    assert 0.01 < ours.whole_share < 0.04


def test_time_at_work_is_what_agents_have(watched: tuple[Watching, DayFigures]) -> None:
    """Idle, in talks and wrapping up: all of the agents' time, but for their breaks and what is cut at the
    ends of the day."""
    _, figures = watched
    all_of_it = SMALL.agents * (3 * 3600 - 1800)
    assert 0.88 * all_of_it < figures.work_s < 1.02 * all_of_it


def test_a_detection_of_machines_delays_answers_and_shortens_the_clock() -> None:
    slow, quick = Watching(Progressive()), Watching(Progressive())
    day(chosen("detection", "20:0.3"), slow, hours=2)
    day(chosen("usual", "20:0.3"), quick, hours=2)
    later, sooner = slow.seen[-1].learnt, quick.seen[-1].learnt
    assert later.answers.mean - sooner.answers.mean == pytest.approx(1.2, abs=0.7)
    assert later.grace_s == pytest.approx(1.0)
    assert sooner.grace_s == pytest.approx(1.8)


@pytest.mark.parametrize(("world", "factor"), [("halved", 0.5), ("doubled", 2.0)])
def test_a_sudden_change_of_the_share_is_learnt(world: str, factor: float) -> None:
    watching = Watching(Progressive())
    day(replace(chosen(world, "10:0.3"), change_at_s=3600.0), watching, hours=2)
    shares = [each.learnt.share for each in watching.seen]
    before, after = shares[len(shares) // 2 - 10], shares[-1]
    assert after / before == pytest.approx(factor, rel=0.4)


# --- results ---


def test_results_are_those_of_the_days() -> None:
    worlds = {("usual", "5:0.3"): SMALL}
    (result,) = simulate_dialer(worlds, ["progressive"], [1, 2], 1.0, processes=1)
    days = [one_day(("usual", "5:0.3", SMALL, "progressive", seed, 1.0))[1] for seed in (1, 2)]
    assert result.idle_s.mean == pytest.approx(fmean(each.idle_s / each.calls for each in days))
    assert result.dropped.mean == 0.0
    assert result.days == 2


def test_the_share_of_all_days_is_pooled_and_its_interval_is_a_ratios() -> None:
    def of(answered: int, dropped: int) -> DayFigures:
        return DayFigures(
            calls=100,
            idle_s=1000.0,
            talk_s=5000.0,
            work_s=7000.0,
            answered=answered,
            dropped=dropped,
            placed=300,
            whole_share=dropped / answered,
        )

    same = summed_up(("w", "5:0.3", "p"), [of(100, 3), of(300, 9)], 1.0)
    assert same.dropped.mean == pytest.approx(3.0)
    assert same.dropped.within == pytest.approx(0.0, abs=1e-9)
    spread = summed_up(("w", "5:0.3", "p"), [of(100, 1), of(100, 5)], 1.0)
    assert spread.dropped.mean == pytest.approx(3.0)
    # Two values 2 points to each side: 12.706 × 2.83 / √2.
    assert spread.dropped.within == pytest.approx(25.4, abs=0.1)
    assert spread.worst_dropped == pytest.approx(5.0)


# --- ways ---


def constant(rate: float) -> object:
    return law((0.0, 1000.0), (rate, rate))


def picture(**given: object) -> PacingInputs:
    usual: dict[str, object] = dict.fromkeys(("talking", "wrapping_up", "ringing"), ())
    usual |= {"idle": 0, "waiting": 0, "level": 0.0, "learnt": Learning().learnt(0.0)}
    return PacingInputs(**{**usual, **given})  # type: ignore[arg-type]


def test_vicidials_ratio_climbs_while_agents_wait_and_falls_back_over_the_limit() -> None:
    hard = Vicidial("hard")
    waiting = picture(idle=5, talking=(10.0,) * 5)
    assert hard.place(1.0, waiting) == 5
    placed = [hard.place(15.0 * step, waiting) for step in range(1, 5)]
    assert placed == sorted(placed)
    assert placed[-1] == 3 * 10 - 5
    for number in range(100):
        hard.answered(100.0, dropped=number < 10)
    assert hard.place(200.0, waiting) == 5


def test_issabel_takes_long_talks_for_nearly_over() -> None:
    rule, mean = Issabel(), 60.0
    learnt: Learnt = replace(Learning().learnt(0.0), talk=constant(1 / mean))  # type: ignore[arg-type]
    for _ in range(20):
        rule.answered(1.0, dropped=False)
    assert rule.place(1.0, picture(talking=(600.0,) * 3, learnt=learnt)) == 3
    fresh = Issabel()
    for _ in range(20):
        fresh.answered(1.0, dropped=False)
    assert fresh.place(1.0, picture(talking=(30.0,) * 3, learnt=learnt)) == 0


def test_the_mean_of_a_law_is_how_long_it_lasts() -> None:
    learnt = law((0.0, 10.0), (0.05, 0.2))
    assert learnt.mean == pytest.approx((1 - exp(-0.5)) / 0.05 + exp(-0.5) / 0.2)


@pytest.mark.parametrize("name", sorted(TRIALS))
def test_every_way_works_for_an_hour(name: str) -> None:
    figures = day(way=TRIALS[name].make(), hours=0.75)
    assert figures.calls > 0


def test_a_policy_of_ones_own_is_tried_by_its_name() -> None:
    own = trial(f"{__name__}:Greedy").make()
    assert isinstance(own, Steered)
    assert own.place(0.0, picture(idle=3, ringing=(1.0,))) == 5
    watching = trial(f"{__name__}:Watching").make()
    assert isinstance(watching, Watching)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("none", "there is no such policy"),
        ("no.such.module:Class", "No module"),
        ("contactcenter.dialer.pacing:Nothing", "Nothing"),
        ("contactcenter.dialer.pacing:spare", "no class with place"),
        ("contactcenter.dialer.pacing:Learnt", "no class with place"),
        (":x", "module"),
    ],
)
def test_a_policy_that_is_not_there_is_named(name: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        trial(name)


# --- the command ---


def test_the_command_prints_tables_and_json() -> None:
    args = ["simulate", "dialer", "5:0.5", "--policy", "progressive", "--hours", "1", "--seeds", "2"]
    shown = CliRunner().invoke(cli, args)
    assert shown.exit_code == 0, shown.output
    assert "5 agents, 50 % answered" in shown.stdout
    assert "day 2 of 2" in shown.stderr
    assert "2 simulated days of 1 h: 2 each of agents:share of answers 5:0.5; worlds usual;" in shown.stderr
    assert "the marks: 24.4 s" in shown.stdout
    (found,) = json.loads(CliRunner().invoke(cli, [*args, "--json"]).stdout)
    assert found["policy"] == "progressive"
    assert found["dropped"] == {"mean": 0.0, "within": 0.0}
    assert median([found["idle_s"]["mean"]]) > 10


def test_every_world_can_be_asked_for_at_once() -> None:
    args = ["simulate", "dialer", "5:0.5", "--world", "all", "--policy", "progressive", "--hours", "1"]
    shown = CliRunner().invoke(cli, [*args, "--seeds", "1"])
    assert shown.exit_code == 0, shown.output
    for world in WORLDS.values():
        assert f"5 agents, 50 % answered; {world.says}\n" in shown.stdout
    assert shown.stdout.count("the marks:") == 1, "they are of the usual world"


@pytest.mark.parametrize(
    "args",
    [["20"], ["20:0.3", "--policy", "no"], ["20:0.3", "--world", "no"], ["20:0.3", "--policy", "no:no"]],
)
def test_a_mistake_is_named(args: list[str]) -> None:
    result = CliRunner().invoke(cli, ["simulate", "dialer", *args])
    assert result.exit_code == 1
    assert args[-1] in result.output
