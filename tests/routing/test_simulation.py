"""Simulated days: the live engine between made-up callers and agents, and the figures that come out."""

import json
from math import exp, log

import pytest
from typer.testing import CliRunner

from contactcenter.cli import cli
from contactcenter.routing.estimates import SHARE
from contactcenter.routing.matching import Policy
from contactcenter.simulation.day import Caller, Day, Watcher
from contactcenter.simulation.policies import TRIALS, chosen, engine
from contactcenter.simulation.routing import ALL, Result, interval, simulate
from contactcenter.simulation.scenario import Callers, Duration, Group, Scenario, load
from contactcenter.simulation.tally import Tally
from contactcenter.simulation.waits import SETTINGS, AppQueueAverage, simulate_waits

HANDLE = Duration(mean_s=300, law="exponential")


def callers(per_hour: float = 120, **others: object) -> Callers:
    return Callers(calls_per_hour=per_hour, handle=HANDLE, **others)  # type: ignore[arg-type]


def small(per_hour: float = 240) -> Scenario:
    """One queue, as Erlang knows it: 20 agents, exponential times."""
    return Scenario(
        title="one queue",
        queues={"calls": callers(per_hour)},
        agents={"agents": Group(count=20, queues=("calls",))},
    )


def two_queues() -> Scenario:
    """One rare queue whose agents are wanted by the other, too."""
    return Scenario(
        title="two queues",
        queues={
            "many": callers(150, needs={"many": 1}),
            "rare": callers(12, needs={"rare": 1}, target_s=10.0),
        },
        agents={
            "some": Group(count=9, queues=("many",), skills={"many": 1}),
            "both": Group(count=4, queues=("many", "rare"), skills={"many": 1, "rare": 1}),
        },
        reserve={"rare": 120.0},
    )


def once(scenario: Scenario, policy: str = "fair", seeds: int = 1, hours: float = 2.0) -> Result:
    return simulate(scenario, [policy], range(1, seeds + 1), hours, processes=1)[0]


# --- days ---


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    scenario = two_queues()
    first, again = (simulate(scenario, ["fair", "reserve"], [7, 8], 1.0, processes=1) for _ in range(2))
    assert first == again
    assert simulate(scenario, ["fair", "reserve"], [9, 10], 1.0, processes=1) != first


def test_processes_change_nothing() -> None:
    alone, together = (simulate(small(), ["fair"], [1, 2], 0.5, processes=number) for number in (1, 2))
    assert alone == together


def test_every_policy_meets_the_same_callers() -> None:
    class Register(Watcher):
        def __init__(self) -> None:
            self.seen: list[tuple[str, float, float]] = []

        def entered(self, caller: Caller, at: float) -> None:
            self.seen.append((caller.queue, at, caller.handle_s))

    seen = []
    for policy in ("fair", "service_level_first_reserve"):
        day = Day(two_queues(), 3, engine(two_queues(), TRIALS[policy]), 3600.0)
        register = Register()
        day.watchers.append(register)
        day.run()
        seen.append(register.seen)
    assert seen[0] == seen[1]
    assert len(seen[0]) > 100


def test_a_single_queue_agrees_with_erlang() -> None:
    """Waiting and giving up are known exactly for exponential times (Erlang A)."""
    rate, work, patience, agents = 240 / 3600, 1 / 300, 1 / 180, 20
    logs = [0.0]
    for number in range(1, agents + 300):
        leaving = min(number, agents) * work + max(0, number - agents) * patience
        logs.append(logs[-1] + log(rate / leaving))
    weights = [exp(each - max(logs)) for each in logs]
    waiting = sum(max(0, n - agents) * each for n, each in enumerate(weights)) / sum(weights)
    exactly = 100 * patience * waiting / rate

    abandoned = once(small(), seeds=8, hours=5).rows[ALL]["abandoned"]
    assert abandoned.within
    assert abandoned.mean == pytest.approx(exactly, abs=1.5 * abandoned.within)
    assert abandoned.within < 0.3 * exactly


def test_callers_and_agents_are_conserved() -> None:
    class Books(Watcher):
        def __init__(self, day: Day) -> None:
            self.day, self.entries, self.exits, self.busy = day, 0, 0, 0

        def entered(self, caller: Caller, at: float) -> None:
            self.entries += 1

        def started(self, caller: Caller, agent: str, at: float) -> None:
            self.exits += 1
            self.busy += 1
            assert caller.queue in self.day.may_take[agent]

        def abandoned(self, caller: Caller, at: float) -> None:
            self.exits += 1

        def worked(self, caller: Caller, at: float) -> None:
            self.busy -= 1

    day = Day(small(300), 5, engine(small(300), TRIALS["fair"]), 2 * 3600.0)
    books = Books(day)
    day.watchers.append(books)
    day.run()
    assert books.entries == books.exits + len(day.waiting["calls"])
    assert books.busy + day.free["calls"] == day.serving["calls"] == 20
    assert not (day.waiting["calls"] and day.free["calls"]), "nobody waits while an agent is free"


# --- policies ---


def test_the_fair_order_overtakes_nobody() -> None:
    assert once(two_queues()).rows[ALL]["overtaken"].mean == 0


def test_the_service_level_is_bought_with_overtaking() -> None:
    busy = small(270)
    fair, bought = once(busy, seeds=3), once(busy, "service_level_first", seeds=3)
    assert bought.rows[ALL]["service_level"].mean > fair.rows[ALL]["service_level"].mean + 3
    assert bought.rows[ALL]["overtaken"].mean > 2
    assert bought.rows[ALL]["p99_wait_s"].mean > fair.rows[ALL]["p99_wait_s"].mean


def test_who_is_late_by_the_bound_is_overtaken_no_more() -> None:
    class Bound(Watcher):
        worst = 0.0

        def started(self, caller: Caller, agent: str, at: float) -> None:
            first = next(iter(day.waiting["calls"].values()))
            if first.entered_at < caller.entered_at:
                self.worst = max(self.worst, at - first.entered_at)

    day = Day(small(300), 2, engine(small(300), TRIALS["service_level_first"]), 3 * 3600.0)
    bound = Bound()
    day.watchers.append(bound)
    day.run()
    limit = 20.0 + Policy().overtaken_s
    assert limit - 10 < bound.worst <= limit


def test_reserving_a_rare_skill_rescues_its_queue_at_a_price() -> None:
    fair, reserved = once(two_queues(), seeds=4), once(two_queues(), "reserve", seeds=4)
    assert reserved.rows["rare"]["service_level"].mean > fair.rows["rare"]["service_level"].mean + 10
    assert reserved.rows["many"]["service_level"].mean < fair.rows["many"]["service_level"].mean


def test_everybody_can_do_everything_in_the_pooled_comparison() -> None:
    pooled = two_queues().pooled()
    assert [pooled.served_by(group) for group in pooled.agents.values()] == [("many", "rare")]
    assert sum(group.count for group in pooled.agents.values()) == 13


def test_a_policy_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no such policy; there are: fair, "):
        chosen(small(), ["best"])
    with pytest.raises(ValueError, match="reserves no skill"):
        chosen(small(), ["reserve"])
    assert "reserve" not in chosen(small(), [])
    assert "reserve" in chosen(two_queues(), [])


def test_who_is_passed_by_a_later_caller_is_counted_once() -> None:
    day = Day(small(), 1, engine(small(), TRIALS["fair"]), 1.0)
    tally = Tally(day, {"calls": 20.0}, 0.0)
    early, later, last = (Caller(str(number), "calls", float(number), 60.0) for number in (1, 2, 3))
    day.waiting["calls"] = {each.call: each for each in (early, later, last)}
    for caller in (last, later, early):
        tally.started(caller, "agents-1", 30.0)
        del day.waiting["calls"][caller.call]
    assert (tally.overtaken["calls"], tally.ended["calls"], tally.within["calls"]) == (2, 3, 0)


def test_an_interval_is_students() -> None:
    spread = interval([1.0, 2.0, 3.0])
    assert spread.mean == 2
    assert spread.within == pytest.approx(4.303 / 3**0.5, rel=1e-3)
    assert interval([0.0, 2.0] * 15).within == pytest.approx(2.0452 * 1.0171 / 30**0.5, rel=1e-3)
    assert interval([5.0]).within is None


# --- waits ---


def test_app_queues_average_is_computed_as_it_does() -> None:
    average = AppQueueAverage()
    said = []
    for waited in (100.9, 0.0, 60.0):
        average.answered(waited)
        said.append(average.holdtime)
    assert said == [25, 18, 28]


def test_announced_waits_beat_app_queues_average_and_the_bound_holds() -> None:
    settings = {name: SETTINGS[name] for name in ("20 agents",)}
    result = simulate_waits(settings, [1, 2, 3], 4.0, processes=1)[0]
    assert result.error.mean < 0.75 * result.average_error.mean
    assert result.held.mean == pytest.approx(100 * SHARE, abs=6)


def test_a_scenario_in_which_nobody_waits_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody had to wait"):
        simulate_waits({"quiet": small(1)}, [1], 0.1, processes=1)


# --- the command ---


def test_the_command_prints_a_table_or_json() -> None:
    arguments = ["simulate", "routing", "s2", "--policy", "fair", "--seeds", "1", "--hours", "0.1"]
    printed = CliRunner().invoke(cli, arguments)
    assert printed.exit_code == 0, printed.output
    assert "62 agents, 1 days of 0.1 h" in printed.stdout
    assert "day 1 of 1" in printed.stderr
    found = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
    assert found["s2"][0]["policy"] == "fair"
    assert set(found["s2"][0]["queues"]) == set(load("s2").queues)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["routing", "s9"], "there is no such file"),
        (["routing", "s1", "--policy", "best"], "there is no such policy"),
        (["routing", "s1", "--policy", "reserve"], "reserves no skill"),
        (["waits", "s9"], "there is no such file"),
    ],
)
def test_a_wrong_command_is_answered_with_a_sentence(arguments: list[str], says: str) -> None:
    printed = CliRunner().invoke(cli, ["simulate", *arguments])
    assert printed.exit_code == 1
    assert says in " ".join(printed.stderr.split())
    assert "Traceback" not in printed.output
