"""Tallies: what was counted under one name in one span of time, and the figures that follow from it.

A tally holds whole numbers only, times in milliseconds, so that sums are exact in any order: the quarters of
a day add up to the day, and the queues' counts to nothing more than was counted. Every share and average is
worked out from the sums, never averaged over averages. `docs/figures.md` defines each of them in a sentence.
"""

from collections.abc import Iterable, Mapping

from contactcenter.views import Figures

SHORT_MS = 5_000
"""Who leaves earlier has misdialled or changed his mind: no service could have reached him."""

BUCKETS_S = (5, 10, 20, 30, 60, 120, 300)
"""Upper ends of the classes of wait in which abandoned calls are counted; the last class is `over`."""

OVER = "over"

LONGEST = "longest_ms"
"""The one count of which the largest is kept, and not the sum."""

TIMES = ("state.", "pause.")
"""How the counts begin that tell what agents did with their time; all others count what happened to calls."""

READY_STATES = ("available", "reserved", "talking", "wrap_up")
BUSY_STATES = READY_STATES[1:]
"""Occupancy is the time in the second by the time in the first; pauses and absence are in neither."""


def bucket(waited_ms: int) -> str:
    """The class of a wait, by its upper end in seconds: a wait of exactly 5 s is in class 10."""
    return next((str(end) for end in BUCKETS_S if waited_ms < end * 1000), OVER)


class Tally(dict[str, int]):
    """Counts by their names; what was never counted is 0."""

    def count(self, name: str, n: int = 1) -> None:
        """Add to one count; of `LONGEST` the largest is kept."""
        if name == LONGEST:
            self[name] = max(n, self.get(name, 0))
        else:
            self[name] = self.get(name, 0) + n

    def add(self, other: Mapping[str, int]) -> None:
        """Add all of another tally's counts."""
        for name, n in other.items():
            self.count(name, n)

    def of(self, name: str) -> int:
        """One count."""
        return self.get(name, 0)

    def group(self, prefix: str) -> dict[str, int]:
        """The counts whose names begin so, by the rest of their names."""
        return {name[len(prefix) :]: n for name, n in self.items() if name.startswith(prefix)}

    def gone(self) -> int:
        """How many callers left, by whatever way: answered, abandoned, or one of the exits."""
        exits = [n for name, n in self.items() if name.startswith("exit.")]
        return self.of("answered") + self.of("abandoned") + sum(exits)

    def times(self) -> "Tally":
        """What agents did with their time, without the calls."""
        return Tally({name: n for name, n in self.items() if name.startswith(TIMES)})


def total(tallies: Iterable[Mapping[str, int]]) -> Tally:
    """The sum of several."""
    result = Tally()
    for each in tallies:
        result.add(each)
    return result


def figures(tally: Tally, undecided: int = 0) -> Figures:
    """What a tally says. `undecided` of its callers wait still, and may yet be answered within the target."""
    offered, answered, in_target = tally.of("offered"), tally.of("answered"), tally.of("in_target")
    abandoned, short, handled = tally.of("abandoned"), tally.of("short"), tally.of("handled")
    talked, held, wrapped = tally.of("talked_ms"), tally.of("held_ms"), tally.of("wrapped_ms")
    states = tally.group("state.")
    busy = sum(states.get(state, 0) for state in BUSY_STATES)
    return Figures(
        offered=offered,
        answered=answered,
        in_target=in_target,
        undecided=undecided,
        abandoned=abandoned,
        short=short,
        abandons=_classes(tally.group("abandoned.")),
        exits=dict(sorted(tally.group("exit.").items())),
        service_level=_share(in_target, offered - undecided),
        net_service_level=_share(in_target, offered - undecided - short),
        abandoned_share=_share(abandoned, offered - undecided),
        asa_s=_mean_s(tally.of("waited_ms"), answered),
        longest_s=round(tally.of(LONGEST) / 1000, 3),
        taken=tally.of("taken"),
        offers=tally.of("offers"),
        missed=tally.of("missed"),
        transfers=tally.of("transfers"),
        handled=handled,
        talked_s=talked / 1000,
        held_s=held / 1000,
        wrapped_s=wrapped / 1000,
        aht_s=_mean_s(talked + held + wrapped, handled),
        states=_seconds(states),
        pauses=_seconds(tally.group("pause.")),
        occupancy=_share(busy, sum(states.get(state, 0) for state in READY_STATES)),
    )


def _share(part: int, whole: int) -> float | None:
    """Between 0 and 1; None where there is nothing to have a share in."""
    return round(part / whole, 4) if whole > 0 else None


def _mean_s(sum_ms: int, n: int) -> float | None:
    return round(sum_ms / n / 1000, 3) if n else None


def _seconds(times_ms: Mapping[str, int]) -> dict[str, float]:
    return {name: ms / 1000 for name, ms in sorted(times_ms.items())}


def _classes(counts: Mapping[str, int]) -> dict[str, int]:
    """Every class by rising time, also the empty ones: who compares two queues must not search."""
    return {name: counts.get(name, 0) for name in (*map(str, BUCKETS_S), OVER)} if counts else {}
