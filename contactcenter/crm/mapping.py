"""Mapping: which column of somebody's table goes into which field of a record.

A mapping names a target for each column, or nothing. What was mapped once is remembered by the header, so the
next file of the same form is mapped by itself; a new header is mapped by the names that people use, in
Chinese and in English, and by what the columns hold.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, select, update

from contactcenter.crm.cells import plain
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import import_mappings
from contactcenter.crm.targets import NOTHING, Target
from contactcenter.values import frozen

_PHONE = re.compile(r"(?![0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$)\+?[0-9][0-9 ()-]{5,20}")
"""As it may be, and no day such as 1990-03-07."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@frozen
class Suggestion:
    """What the columns are likely to be."""

    mapping: tuple[str, ...]
    remembered_at: float | None = None
    """When a file with the same header was mapped so; None: by names and contents."""


def checked(mapping: Sequence[str], columns: int, targets: Iterable[Target]) -> tuple[str, ...]:
    """A mapping that can be imported by. Raises `Refusal` naming the column."""
    known = {each.name: each for each in targets}
    if len(mapping) != columns:
        raise Refusal(f"the file has {columns} columns: name a target, or nothing, for each", field="mapping")
    seen: set[str] = set()
    for place, name in enumerate(mapping):
        if not name:
            continue
        if name not in known:
            raise Refusal("there is no such field", field=f"mapping.{place}")
        if name in seen and not known[name].many:
            raise Refusal(f"another column goes into {name}, too", field=f"mapping.{place}")
        seen.add(name)
    return tuple(mapping)


def suggested(
    db: Connection,
    kind: str,
    header: Sequence[str],
    examples: Sequence[Sequence[str]],
    targets: Iterable[Target],
) -> Suggestion:
    """What the columns are most likely to be: as the same header was mapped before, else by their names, and
    what has no name that is known, by what it holds."""
    known = tuple(targets)
    before = db.execute(
        select(import_mappings).where(
            import_mappings.c.kind == kind, import_mappings.c.header == _print(header)
        )
    ).one_or_none()
    if before and len(before.mapping) == len(header):
        names = {each.name for each in known}
        kept = tuple(name if name in names else NOTHING for name in before.mapping)
        return Suggestion(mapping=kept, remembered_at=before.at)
    called = {plain(each): target for target in reversed(known) for each in _names(target)}
    found: list[str] = []
    for place, title in enumerate(header):
        target = called.get(plain(title)) or _by_content(
            [row[place] for row in examples if place < len(row)], known
        )
        if target is None or (target.name in found and not target.many):
            found.append(NOTHING)
        else:
            found.append(target.name)
    return Suggestion(mapping=tuple(found))


def remember(
    db: Connection, kind: str, header: Sequence[str], mapping: Sequence[str], *, by: str, at: float
) -> None:
    """Map the next file with this header in the same way."""
    values = {"mapping": list(mapping), "at": at, "login": by}
    this = (import_mappings.c.kind == kind, import_mappings.c.header == _print(header))
    if db.execute(update(import_mappings).where(*this).values(values)).rowcount == 0:
        db.execute(insert(import_mappings).values(kind=kind, header=_print(header), **values))


def is_header(first: Sequence[str]) -> bool:
    """Whether a file's first row names its columns, and is no record itself."""
    return not any(_PHONE.fullmatch(cell.strip()) or _EMAIL.fullmatch(cell.strip()) for cell in first)


def _names(target: Target) -> Iterable[str]:
    return (*target.title.values(), target.name, *target.called)


def _by_content(examples: Iterable[str], known: Sequence[Target]) -> Target | None:
    held = [each.strip() for each in examples if each.strip()]
    for pattern, name in ((_EMAIL, "email"), (_PHONE, "phone")):
        digits = name != "phone" or all(7 <= sum(map(str.isdigit, each)) <= 15 for each in held)
        if held and digits and all(pattern.fullmatch(each) for each in held):
            return next((each for each in known if each.name == name), None)
    return None


def _print(header: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(map(plain, header)).encode()).hexdigest()
