"""Policies: the settings of the live engine that a simulation compares, by name."""

from collections.abc import Mapping, Sequence

from contactcenter.routing.matching import Matcher, Policy, Reserve
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.skills import needs
from contactcenter.routing.widening import Widening
from contactcenter.simulation.scenario import Scenario
from contactcenter.values import frozen


@frozen
class Trial:
    """One way to set the engine up."""

    says: str
    """What a reader of the table is told."""
    strategy: str = "least_flexible"
    order: str = "fair"
    reserves: bool = False
    """Whether the scenario's rare skills are held back."""
    pooled: bool = False
    """Whether every agent can do everything: no policy, but what one could hope for."""


TRIALS: Mapping[str, Trial] = {
    "fair": Trial(says="one order, the least flexible agent first: the default"),
    "longest_idle": Trial(says="one order, the agent who has been idle longest", strategy="longest_idle"),
    "most_skilled": Trial(says="one order, the agent with the highest level", strategy="most_skilled"),
    "round_robin": Trial(says="one order, agents in turn", strategy="round_robin"),
    "fewest_calls": Trial(says="one order, the agent with the fewest calls", strategy="fewest_calls"),
    "service_level_first": Trial(
        says="whoever can still be answered within the target, before the late", order="service_level_first"
    ),
    "reserve": Trial(says="the default, with agents of rare skills held back", reserves=True),
    "service_level_first_reserve": Trial(says="both", order="service_level_first", reserves=True),
    "pooled": Trial(says="for comparison: every agent can do everything", pooled=True),
}


USUAL = ("longest_idle", "fair", "service_level_first", "reserve", "service_level_first_reserve", "pooled")
"""What is compared when nobody says what."""


def chosen(scenario: Scenario, names: Sequence[str]) -> tuple[str, ...]:
    """The policies to try on a scenario. Raises ValueError for one that there is not, or that makes no sense
    there."""
    for name in names:
        if name not in TRIALS:
            raise ValueError(f"--policy {name}: there is no such policy; there are: {', '.join(TRIALS)}")
        if TRIALS[name].reserves and not scenario.reserve:
            raise ValueError(
                f"--policy {name}: the scenario reserves no skill: add [reserve] with a skill and seconds"
            )
    usual = (name for name in USUAL if scenario.reserve or not TRIALS[name].reserves)
    return tuple(dict.fromkeys(names or usual))


def engine(scenario: Scenario, trial: Trial) -> Matcher:
    """The live engine, set up for a scenario."""
    return Matcher(
        [
            QueueRules(
                name=name,
                title={},
                priority=callers.priority,
                needs=needs(required=callers.needs),
                widening=tuple(
                    Widening(
                        after_s=step.after_s,
                        lower=step.lower,
                        drop=step.drop,
                        also_queues=step.also_queues,
                    )
                    for step in callers.widening
                ),
                strategy=trial.strategy,
                target_s=callers.target_s,
                target_share=callers.target_share,
            )
            for name, callers in scenario.queues.items()
        ],
        Policy(
            order=trial.order,
            reserves=tuple(
                Reserve(skill=skill, hold_s=hold_s)
                for skill, hold_s in (scenario.reserve.items() if trial.reserves else ())
            ),
        ),
        explains=False,
    )
