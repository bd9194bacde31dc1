"""The parts of an interaction: who had the caller, from when to when, and what was told to the next.

A pure fold over the timeline, so that old records have it, too. A chain of transfers is one interaction with
a part for each who talked; who was only consulted has none.
"""

from collections.abc import Iterable

from contactcenter.values import TimelineEntry, frozen


@frozen
class Part:
    """One talk: with an agent, or with a number outside."""

    agent: str
    number: str
    queue: str
    joined_at: float
    parted_at: float | None
    """None while it goes on."""
    talked_s: float | None
    """With the time on hold."""
    note: str
    """What the agent told the next one."""


def parts(timeline: Iterable[TimelineEntry]) -> tuple[Part, ...]:
    """In their order."""
    found: list[dict[str, object]] = []
    note: dict[str, str] = {}
    for entry in timeline:
        said = entry.detail
        if entry.kind in ("joined", "joined_outside", "restored"):
            if entry.kind != "restored" or not found:
                found.append(
                    {
                        "agent": str(said.get("agent") or ""),
                        "number": str(said.get("number") or ""),
                        "queue": str(said.get("queue") or ""),
                        "joined_at": entry.at,
                    }
                )
        elif entry.kind in ("transfer_asked", "consult_asked"):
            note[str(said.get("by"))] = str(said.get("note") or "")
        elif entry.kind in ("parted", "parted_outside") and found:
            found[-1] |= {
                "parted_at": entry.at,
                "talked_s": said.get("talked_s"),
                "note": note.pop(str(found[-1]["agent"]), ""),
            }
        elif entry.kind in ("transfer_failed", "consult_ended", "returned"):
            note.pop(str(said.get("by") or said.get("agent")), None)
    empty: dict[str, object] = {"parted_at": None, "talked_s": None, "note": ""}
    return tuple(Part(**(empty | each)) for each in found)  # type: ignore[arg-type]
