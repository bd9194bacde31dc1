"""Scenarios of simulations: what a file may say, and what is said of a file that is wrong."""

import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest

from contactcenter.config import ConfigError
from contactcenter.simulation.scenario import Duration, Peak, known, load, parse

FILE = Path("mine.toml")
GOOD = """
title = "two queues"

[queues.sales]
calls_per_hour = 60
handle = { mean_s = 200 }

[queues.support]
calls_per_hour = 30
handle = { mean_s = 300, law = "exponential" }
patience = { mean_s = 120, law = "constant" }
needs = { french = 3 }
widening = [{ after_s = 30, lower = { french = 1 } }]

[agents.all]
count = 4
queues = ["sales", "support"]
skills = { french = 5 }

[agents.sellers]
count = 6
queues = ["sales"]

[reserve]
french = 20
"""


def changed(**changes: Any) -> dict[str, Any]:
    """The good scenario with other values: `queues__sales__handle={...}`."""
    raw = tomllib.loads(GOOD)
    for path, value in changes.items():
        *folders, key = path.split("__")
        inner = raw
        for folder in folders:
            inner = inner[folder]
        inner[key] = value
    return raw


def problems(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(changed(**changes), FILE)
    return str(caught.value)


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD)
    scenario = load(str(file))
    assert scenario.queues["support"].needs == {"french": 3}
    assert scenario.queues["sales"].target_s == 20
    assert scenario.served_by(scenario.agents["sellers"]) == ("sales",)


@pytest.mark.parametrize("name", ["s1", "s2", "s3"])
def test_the_scenarios_that_come_with_the_center_are_valid(name: str) -> None:
    assert name in known()
    scenario = load(name)
    agents = {"s1": 90, "s2": 62, "s3": 64}[name]
    assert sum(group.count for group in scenario.agents.values()) == agents


def test_unknown_names_are_answered_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no scenario of that name; there are: s1, s2, s3"):
        load(str(tmp_path / "s9"))


def test_what_is_no_toml_says_so(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("title = ")
    with pytest.raises(ConfigError, match="no valid TOML"):
        load(str(file))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"queues__sales__calls_per_hour": -1}, "queues.sales.calls_per_hour = -1: "),
        ({"queues__sales__handel": {}}, "queues.sales.handel is not a key that exists here"),
        ({"queues__sales__handle": {"mean_s": 0}}, "queues.sales.handle.mean_s = 0: "),
        ({"queues__sales__handle": {"mean_s": 9, "law": "normal"}}, "queues.sales.handle.law = 'normal'"),
        ({"agents__all__count": 0}, "agents.all.count = 0: "),
        ({"agents__all__queues": ["sails"]}, "agents.all.queues: there is no queue 'sails'"),
        ({"agents__all__skills": {}}, "queues.support: no agent serves it with french 3: add one"),
        ({"agents__all__skills": {"french": 11}}, "agents.all.skills.french = 11: "),
        ({"reserve": {"german": 5}}, "reserve.german: no queue needs this skill"),
        (
            {"queues__sales__widening": [{"after_s": 9, "also_queues": ["x"]}]},
            "queues.sales.widening.0.also_queues: there is no queue 'x'",
        ),
        ({"queues": {}}, "queues"),
    ],
)
def test_a_mistake_is_named_by_its_key(changes: dict[str, Any], says: str) -> None:
    found = problems(**changes)
    assert found.startswith("mine.toml: ")
    assert says in found


def test_a_missing_key_is_named() -> None:
    raw = tomllib.loads(GOOD)
    del raw["queues"]["sales"]["calls_per_hour"]
    with pytest.raises(ConfigError, match=r"queues\.sales\.calls_per_hour is missing"):
        parse(raw, FILE)


@pytest.mark.parametrize("law", ["lognormal", "exponential", "constant"])
def test_durations_have_their_mean(law: Any) -> None:
    dice = Random(1)
    lasts = Duration(mean_s=100, law=law)
    drawn = [lasts.draw(dice) for _ in range(20_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(100, rel=0.03)


def test_a_peak_comes_again_and_ends() -> None:
    peak = Peak(factor=3, begins_min=60, lasts_min=20, every_min=120)
    minutes = {0: 1, 59: 1, 60: 3, 79: 3, 80: 1, 179: 1, 180: 3, 200: 1}
    assert {minute: peak.factor_at(60 * minute) for minute in minutes} == minutes
    once = Peak(factor=2, begins_min=10, lasts_min=5)
    assert [once.factor_at(60 * minute) for minute in (9, 10, 15, 130)] == [1, 2, 1, 1]


def test_arrivals_follow_the_rate() -> None:
    sales = parse(
        changed(queues__sales__peaks=[{"factor": 4, "begins_min": 60, "lasts_min": 60}]), FILE
    ).queues["sales"]
    hours = [0, 0, 0]
    for seed in range(50):
        moments = sales.arrivals(Random(seed), 3 * 3600)
        while (at := moments.next()) is not None:
            hours[int(at // 3600)] += 1
    assert [each / 50 for each in hours] == pytest.approx([60, 240, 60], rel=0.07)
