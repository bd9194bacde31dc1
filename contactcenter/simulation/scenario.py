"""Scenarios: who phones, who answers, and how long both take. A TOML file describes one.

The engine that is tried is the live one, so queues and agents are set up with the words of the live center;
what a scenario adds is how many call, how long the work takes, and when a caller gives up.
"""

import tomllib
from functools import cache
from math import log, sqrt
from pathlib import Path
from random import Random
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contactcenter.config import ConfigError, problems_of
from contactcenter.sections import Name

FOLDER = Path(__file__).parent / "scenarios"
"""The scenarios that come with the center."""

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Level = Annotated[int, Field(ge=1, le=10)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Duration(_Section):
    """How long something takes."""

    mean_s: Seconds
    law: Literal["lognormal", "exponential", "constant"] = "lognormal"
    cv: Annotated[float, Field(gt=0, le=5)] = 0.8
    """Standard deviation over mean, for `lognormal`."""

    def draw(self, dice: Random) -> float:
        """One of them."""
        if self.law == "constant":
            return self.mean_s
        if self.law == "exponential":
            return dice.expovariate(1.0 / self.mean_s)
        spread = log(1.0 + self.cv * self.cv)
        return dice.lognormvariate(log(self.mean_s) - spread / 2.0, sqrt(spread))


class Peak(_Section):
    """A time in which more (or fewer) call, again and again."""

    factor: Annotated[float, Field(ge=0, le=100)]
    begins_min: Annotated[float, Field(ge=0)]
    """Minutes after the beginning."""
    lasts_min: Annotated[float, Field(gt=0)]
    every_min: Annotated[float, Field(gt=0)] | None = None
    """It comes again after so many minutes; else once."""

    def factor_at(self, at: float) -> float:
        """What the rate is multiplied with at `at` seconds after the beginning."""
        since = at / 60.0 - self.begins_min
        if since >= 0 and self.every_min:
            since %= self.every_min
        return self.factor if 0 <= since < self.lasts_min else 1.0


class Step(_Section):
    """One step by which a waiting caller asks for less."""

    after_s: Seconds
    lower: dict[Name, Level] = Field(default_factory=dict)
    drop: tuple[Name, ...] = ()
    also_queues: tuple[Name, ...] = ()


class Callers(_Section):
    """One queue with its callers."""

    calls_per_hour: Annotated[float, Field(gt=0, le=1_000_000)]
    handle: Duration
    """An agent's work on one call: ringing, talk and wrap-up."""
    patience: Duration = Duration(mean_s=180.0, law="exponential")
    target_s: Annotated[float, Field(gt=0)] = 20.0
    target_share: Annotated[float, Field(gt=0, le=1)] = 0.8
    priority: Annotated[float, Field(ge=-1440, le=1440)] = 0.0
    """Minutes of waiting given in advance."""
    needs: dict[Name, Level] = Field(default_factory=dict)
    """Skill -> level that an agent must have."""
    widening: tuple[Step, ...] = ()
    """By rising time."""
    peaks: tuple[Peak, ...] = ()

    def arrivals(self, dice: Random, until: float) -> "Arrivals":
        """When they call, up to `until` seconds."""
        return Arrivals(self, dice, until)

    def rate_at(self, at: float) -> float:
        """Calls per second."""
        rate = self.calls_per_hour / 3600.0
        for peak in self.peaks:
            rate *= peak.factor_at(at)
        return rate

    @property
    def highest_rate(self) -> float:
        """No moment has more calls per second."""
        rate = self.calls_per_hour / 3600.0
        for peak in self.peaks:
            rate *= max(1.0, peak.factor)
        return rate


class Arrivals:
    """The moments of a Poisson process whose rate follows the time of day."""

    def __init__(self, callers: Callers, dice: Random, until: float) -> None:
        self._callers, self._dice, self._until = callers, dice, until
        self._at = 0.0

    def next(self) -> float | None:
        """The next moment, or None after the end."""
        highest = self._callers.highest_rate
        while True:
            self._at += self._dice.expovariate(highest)
            if self._at > self._until:
                return None
            if not self._callers.peaks or self._dice.random() * highest < self._callers.rate_at(self._at):
                return self._at


class Group(_Section):
    """Agents who can do the same."""

    count: Annotated[int, Field(ge=1, le=10_000)]
    queues: Annotated[tuple[Name, ...], Field(min_length=1)]
    skills: dict[Name, Level] = Field(default_factory=dict)


class Scenario(_Section):
    """A whole scenario."""

    title: str = Field(min_length=1, max_length=200)
    queues: dict[Name, Callers] = Field(min_length=1)
    agents: dict[Name, Group] = Field(min_length=1)

    reserve: dict[Name, Seconds] = Field(default_factory=dict)
    """Rare skill -> how long an agent who has it is kept for those who need it, under the policies that
    reserve."""

    @model_validator(mode="after")
    def _references(self) -> "Scenario":
        wrong = [
            f"agents.{name}.queues: there is no queue {queue!r}"
            for name, group in self.agents.items()
            for queue in group.queues
            if queue not in self.queues
        ]
        wrong += [
            f"queues.{name}.widening.{number}.also_queues: there is no queue {queue!r}"
            for name, callers in self.queues.items()
            for number, step in enumerate(callers.widening)
            for queue in step.also_queues
            if queue not in self.queues
        ]
        if not wrong:
            served = {queue for group in self.agents.values() for queue in self.served_by(group)}
            wrong += [
                f"queues.{name}: no agent serves it{_with(callers.needs)}: add one"
                for name, callers in self.queues.items()
                if name not in served
            ]
        needed = {skill for callers in self.queues.values() for skill in callers.needs}
        wrong += [
            f"reserve.{skill}: no queue needs this skill" for skill in self.reserve if skill not in needed
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def served_by(self, group: Group) -> tuple[str, ...]:
        """The queues whose callers these agents may take at once, before anything has widened."""
        return tuple(
            queue
            for queue in group.queues
            if all(group.skills.get(skill, 0) >= level for skill, level in self.queues[queue].needs.items())
        )

    def pooled(self) -> "Scenario":
        """The same with agents who can do everything: what flexibility could bring at most."""
        every = {skill: 10 for group in self.agents.values() for skill in group.skills}
        every |= {skill: 10 for callers in self.queues.values() for skill in callers.needs}
        count = sum(group.count for group in self.agents.values())
        return self.model_copy(
            update={"agents": {"everybody": Group(count=count, queues=tuple(self.queues), skills=every)}}
        )


def _with(needs: dict[str, int]) -> str:
    return " with " + ", ".join(f"{skill} {level}" for skill, level in needs.items()) if needs else ""


def parse(raw: dict[str, Any], file: Path) -> Scenario:
    """Check a scenario that is read already; `file` is what an error calls it. Raises `ConfigError`."""
    try:
        return Scenario.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(file, problems_of(error)) from None


@cache
def known() -> tuple[str, ...]:
    """The names of the scenarios that come with the center."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name: str) -> Scenario:
    """A scenario by its name, or from a file. Raises `ConfigError`."""
    file = FOLDER / f"{name}.toml" if name in known() else Path(name)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(
            file, [f"there is no such file, and no scenario of that name; there are: {', '.join(known())}"]
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(file, [f"this is no valid TOML: {error}"]) from None
    return parse(raw, file)
