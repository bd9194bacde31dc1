"""Shelves: where in its list a lead lies, so that those who may be dialled now are found without a search.

A shelf is a text: the priority, and in which zones and parts of a country the lead's next number may be. All
on one shelf have the same hours, and the texts are in the order in which shelves are emptied: the highest
priority first. Whoever writes a lead's priority, next number or numbers writes its shelf anew.
"""

from collections.abc import Iterable

from contactcenter.values import frozen

PRIORITIES = range(100)
"""The highest is dialled first."""


@frozen
class Shelf:
    """What a shelf's text says."""

    text: str
    priority: int
    zones: tuple[str, ...]
    """None: nobody knows what the clock shows there."""
    regions: tuple[str, ...]


def shelf_of(priority: int, zones: Iterable[str], regions: Iterable[str]) -> str:
    """The text of the shelf for leads of this priority (of `PRIORITIES`), whose next number may be there."""
    return f"{PRIORITIES[-1] - priority:02} {','.join(sorted(set(zones)))} {','.join(sorted(set(regions)))}"


def read(text: str) -> Shelf:
    """What `shelf_of` wrote."""
    rank, zones, regions = text.split(" ")
    return Shelf(
        text=text,
        priority=PRIORITIES[-1] - int(rank),
        zones=tuple(zones.split(",")) if zones else (),
        regions=tuple(regions.split(",")) if regions else (),
    )
