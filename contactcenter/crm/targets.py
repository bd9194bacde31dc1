"""Targets: the fields that a column of somebody's table can go into."""

from collections.abc import Mapping

from contactcenter.values import frozen

NOTHING = ""
"""The target of a column that is left out."""


@frozen
class Target:
    """A field that a column can go into."""

    name: str
    title: Mapping[str, str]
    """zh, en."""
    many: bool = False
    """Whether several columns may go into it."""
    called: tuple[str, ...] = ()
    """What else people write above such a column."""


def target(name: str, zh: str, en: str, *called: str, many: bool = False) -> Target:
    """With its titles, and with what else it is called."""
    return Target(name=name, title={"zh": zh, "en": en}, many=many, called=called)
