"""What every write of a record leaves behind, in the transaction of the write itself.

Its law: no record changes without a row in the audit log (who, before and after) and an event in the outbox
(for whoever is to be told), and from its commit on it is found by what it is now. A noun's writing function
ends with `changed`, or with `changed_all` for many.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from sqlalchemy import Connection

from contactcenter.crm import audit, duplicates, indexing, outbox
from contactcenter.crm.errors import ChangedMeanwhile
from contactcenter.crm.outbox import News
from contactcenter.values import AuditEntry, frozen

EVENTS: Mapping[str, str] = {"create": "created", "change": "changed", "delete": "deleted"}
"""The verbs of the audit log whose event has a name of its own; any other is its own name."""


COMPARED = 20
"""Customers of one write that are looked at for duplicates at once."""
WHOSE = frozenset({"owner", "team"})
"""Fields that make no two customers more alike."""
DECIDING = (*sorted(WHOSE), "customer")
"""Fields that say who sees a record."""
IMPORT = "import"
"""The act of what came from a file: it is looked at for duplicates afterwards (`duplicates.go_on`)."""


@frozen
class Change:
    """One record that was made, changed or deleted. `before` and `after` are plain JSON, with what is sealed
    in the form in which lists show it: the audit log is not sealed."""

    kind: str
    """customer, request, note …"""
    id: str
    before: Mapping[str, Any] | None
    """None: it was made."""
    after: Mapping[str, Any] | None
    """None: it was deleted."""
    version: int = 1
    """The record's version after it."""
    act: str = ""
    """A verb; empty: create, change or delete, as `before` and `after` say."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """What else whoever is told must know, such as the customer that a note belongs to. No personal data."""


def changed(
    db: Connection,
    kind: str,
    id_: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    by: str,
    at: float,
    version: int = 1,
    act: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Keep what became of one record; see `Change`. Nothing is kept when `before` and `after` are equal."""
    one = Change(kind=kind, id=id_, before=before, after=after, version=version, act=act, detail=detail or {})
    changed_all(db, (one,), by=by, at=at)


def changed_all(db: Connection, changes: Iterable[Change], *, by: str, at: float) -> None:
    """Keep what became of many records, in their order: two statements, however many there are."""
    entries, news = [], []
    for one in changes:
        if one.before == one.after and not one.act:
            continue
        before, after = _parts(one.before, one.after)
        act = one.act or ("create" if one.before is None else "delete" if one.after is None else "change")
        entries.append(
            AuditEntry(
                at=at, login=by, act=act, kind=one.kind, object=one.id, before=before, after=after,
                detail=dict(one.detail),
            )
        )  # fmt: skip
        names = sorted({*(before or ()), *(after or ())}) if one.before and one.after else []
        news.append(
            News(
                event=f"{one.kind}.{EVENTS.get(act, act)}",
                kind=one.kind,
                record_id=one.id,
                version=one.version,
                detail={**one.detail, **({"changed": names} if names else {}), **_was(one)},
            )
        )
    audit.write_all(db, entries)
    outbox.put_all(db, news, by=by, at=at)
    _find_anew(db, news, at=at, compared=all(one.act != IMPORT for one in entries))


def expect(found: int, expected: int | None, *, field: str = "If-Match") -> None:
    """Refuse a change of another version than the record has. Raises `ChangedMeanwhile`.

    `expected` is None when whoever changes it does not say which version he saw; `field` is where he said it.
    """
    if expected is not None and expected != found:
        raise ChangedMeanwhile(expected, found, field=field)


def _find_anew(db: Connection, news: Iterable[News], *, at: float, compared: bool) -> None:
    """The search box finds the records by what they are now, and so do those who look for duplicates."""
    ids: dict[str, dict[str, None]] = {kind: {} for kind in indexing.KINDS}
    changed: dict[str, None] = {}
    for one in news:
        if one.kind in ids:
            ids[one.kind][one.record_id] = None
        for kind in ids:  # what a note says finds its customer and its request
            if isinstance(owner := one.detail.get(kind), str) and owner:
                ids[kind][owner] = None
        if one.kind == "customer" and not WHOSE.issuperset(one.detail.get("changed", ("",))):
            changed[one.record_id] = None
    for kind, some in ids.items():
        indexing.index(db, kind, some)
    if compared and len(changed) <= COMPARED:
        duplicates.check(db, changed, at=at)


def _was(one: Change) -> dict[str, Any]:
    """Whose it was, when those who see it are others now: they are told that what they see is less."""
    before, after = one.before or {}, one.after or {}
    if not before or all(before.get(name) == after.get(name) for name in DECIDING) or "owner" not in before:
        return {}
    return {"was": {name: before.get(name, "") for name in sorted(WHOSE)}}  # a lead has no team of its own


def _parts(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """Of a change only what is different; the whole of what was made or deleted."""
    if before is None or after is None:
        return before, after
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )
