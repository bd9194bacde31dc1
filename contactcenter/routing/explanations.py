"""Decisions in figures and, for people, in words."""

from contactcenter.routing.decisions import Decision


def figures(decision: Decision) -> dict[str, str | float | int]:
    """The rule and the figures that chose the agent, flat, for the page to put into words."""
    best = decision.candidates[0]
    said: dict[str, str | float | int] = {
        "rule": decision.strategy,
        "idle_s": decision.idle_s,
        "waited_s": decision.waited_s,
        "queue": decision.queue,
        "candidates": decision.candidate_count,
        "breadth": best.breadth,
    }
    if minutes := sum(part.minutes for part in decision.priority):
        said["priority"] = minutes
    return said
