"""Merging: two records of one customer become one, and two again if that was wrong, or are told apart.
Nothing is lost.

The record that goes stays where it is, with everything that hangs on it: it only says what it was merged
into, always the last in a chain. Reading the kept customer gathers both (`roots.py`). What the kept record
lacks, it takes over; `merges` keeps what it was before. Unmerging gives back what was taken over and has not
been changed since, and the addresses and tags that each had; what came to the kept customer after the merge
stays there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, insert, select, update

from contactcenter.crm import (
    access,
    addresses,
    duplicates,
    fields,
    ownerships,
    records,
    relations,
    roots,
    sealing,
    tags,
)
from contactcenter.crm.access import Kind, Reader
from contactcenter.crm.addresses import Address
from contactcenter.crm.duplicates import Pair
from contactcenter.crm.errors import Refusal
from contactcenter.crm.records import Change
from contactcenter.crm.schema import custom_values, customers, merges
from contactcenter.crm.sealing import Unsealable
from contactcenter.values import frozen

FIELDS = (
    "name", "company", "tier", "category", "save_desk", "language", "balance", "note", "id_number", "owner",
    "team",
)  # fmt: skip
"""What the kept record may take over; custom fields by `custom.NAME`. Numbers and addresses are gathered."""
_EMPTY = ("", None, False)
ID_COLUMN = "customers/id_number"


@frozen
class Merge:
    """One merge of two records."""

    id: str
    kept: str
    gone: str
    taken: tuple[str, ...]
    """The fields that the kept record took over."""
    at: float
    login: str
    undone_at: float | None = None
    undone_by: str = ""


def merge(
    db: Connection,
    reader: Reader,
    kept: str,
    gone: str,
    *,
    take: Collection[str] = (),
    kept_version: int | None = None,
    gone_version: int | None = None,
    at: float,
) -> Merge:
    """Merge `gone` into `kept`. The fields in `take` come from the one that goes; so does whatever the kept
    one lacks. Raises `Refusal` (`not_found`, `merged`, or the wrong field) and `ChangedMeanwhile`."""
    if kept == gone:
        raise Refusal("a customer can't be merged into itself", field="gone")
    one, other = _seen(db, reader, kept, "kept"), _seen(db, reader, gone, "gone")
    records.expect(one.version, kept_version, field="kept_version")
    records.expect(other.version, gone_version, field="gone_version")
    if one.kind != other.kind:
        raise Refusal("a person and an organisation are two customers: relate them instead", field="gone")
    known = {*FIELDS, *(f"custom.{each.name}" for each in fields.all_of(db, Kind.CUSTOMER))}
    for name in take:
        if name not in known:
            raise Refusal("there is no such field to take over", field="take")
    access.check_shown(reader, Kind.CUSTOMER, take)
    if one.kind == "organisation":
        relations.check_merged(db, kept, gone)
    values, taken = _taken_over(db, one, other, take)
    families = roots.families(db, (kept, gone))
    moved = families[gone][1:]
    before = {name: one._mapping[name] for name in values}
    done = Merge(id=uuid4().hex, kept=kept, gone=gone, taken=tuple(taken), at=at, login=reader.login)
    db.execute(
        insert(merges).values(
            id=done.id, kept=kept, gone=gone, at=at, login=reader.login,
            before={
                "values": before, "moved": list(moved), "rows": _mirrored(db, kept, taken),
                "held": _held(db, families[gone]),
            },
            after={"values": dict(values), "taken": taken},
        )
    )  # fmt: skip
    _write(db, one, {**values, "version": one.version + 1, "updated_at": at})
    _write(db, other, {"merged_into": kept, "version": other.version + 1, "updated_at": at})
    db.execute(update(customers).where(customers.c.id.in_(moved)).values(merged_into=kept))
    addresses.append(db, families[kept], families[gone])
    custom = [name.removeprefix("custom.") for name in taken if name.startswith("custom.")]
    _replace_rows(db, kept, custom, _mirrored(db, gone, taken))
    if "owner" in values or "team" in values:
        ownerships.note(
            db, Kind.CUSTOMER, (kept,), values.get("owner", one.owner), values.get("team", one.team),
            by=reader.login, at=at,
        )  # fmt: skip
    duplicates.merged(db, kept, gone, by=reader.login, at=at)
    _tell(db, done, (one, one), (other, other), act="merge", by=reader.login, at=at)
    return done


def unmerge(db: Connection, reader: Reader, merge_id: str, *, at: float) -> Merge:
    """Take a merge back. Raises `Refusal`: `not_found`, or `illegal_now` when it was taken back already, or
    the kept customer has itself been merged since: that one is to be taken back first."""
    query = select(merges).where(merges.c.id == merge_id, access.visible(reader, Kind.MERGE))
    row = db.execute(query).one_or_none()
    if row is None:
        raise Refusal("there is no such merge", code="not_found")
    if row.undone_at is not None:
        raise Refusal("this merge was taken back already", code="illegal_now")
    kept = db.execute(select(customers).where(customers.c.id == row.kept)).one()
    gone = db.execute(select(customers).where(customers.c.id == row.gone)).one()
    if kept.merged_into:
        raise Refusal(
            "the customer was merged into another one since: take that back first", code="illegal_now"
        )
    back, custom = _given_back(db, kept, row.before["values"], row.after["values"], row.after["taken"])
    _write(db, kept, {**back, "version": kept.version + 1, "updated_at": at})
    _write(db, gone, {"merged_into": "", "version": gone.version + 1, "updated_at": at})
    moved = row.before["moved"]
    db.execute(
        update(customers)
        .where(customers.c.id.in_(moved), customers.c.merged_into == row.kept)
        .values(merged_into=row.gone)
    )
    for id_, was in row.before["held"].items():
        addresses.restore(db, id_, (Address(**each) for each in was["addresses"]))
        tags.restore(db, id_, was["tags"])
    _replace_rows(db, row.kept, custom, [each for each in row.before["rows"] if each["field"] in custom])
    if "owner" in back or "team" in back:
        ownerships.note(
            db, Kind.CUSTOMER, (row.kept,), back.get("owner", kept.owner), back.get("team", kept.team),
            by=reader.login, at=at,
        )  # fmt: skip
    undone = {"undone_at": at, "undone_by": reader.login}
    db.execute(update(merges).where(merges.c.id == merge_id).values(undone))
    duplicates.parted(db, row.kept, row.gone)
    done = _merge(db.execute(select(merges).where(merges.c.id == merge_id)).one())
    _tell(db, done, (kept, kept), (gone, kept), act="unmerge", by=reader.login, at=at)
    return done


def tell_apart(db: Connection, reader: Reader, one: str, other: str, *, at: float) -> Pair:
    """Say of a pair that the two are different customers. Raises `Refusal`: `not_found`, `merged`."""
    found = duplicates.get(db, reader, one, other)
    if found is None:
        raise Refusal("there is no such pair", code="not_found")
    if found.state == duplicates.MERGED:
        raise Refusal("the two were merged", code="merged")
    duplicates.different(db, one, other, by=reader.login, at=at)
    ids = (found.first, found.second)
    rows = db.execute(select(customers.c.id, customers.c.version).where(customers.c.id.in_(ids)))
    both = [
        Change(
            kind="customer", id=row.id, before={}, after={}, version=row.version, act="different",
            detail={"pair": list(ids)},
        )
        for row in rows
    ]  # fmt: skip
    records.changed_all(db, both, by=reader.login, at=at)
    return replace(found, state=duplicates.DIFFERENT, decided_at=at, decided_by=reader.login)


def of(db: Connection, reader: Reader, customer: str) -> tuple[Merge, ...]:
    """The merges into this customer that stand, the newest first: those that can be taken back."""
    query = (
        select(merges)
        .where(merges.c.kept == customer, merges.c.undone_at.is_(None), access.visible(reader, Kind.MERGE))
        .order_by(merges.c.at.desc(), merges.c.id)
    )
    return tuple(_merge(row) for row in db.execute(query))


def _seen(db: Connection, reader: Reader, customer: str, field: str) -> Row[Any]:
    query = select(customers).where(customers.c.id == customer, access.visible(reader, Kind.CUSTOMER))
    row = db.execute(query).one_or_none()
    if row is None:
        raise Refusal("there is no such customer", code="not_found", field=field)
    if row.merged_into:
        raise Refusal("this customer was merged into another one", code="merged", field=field)
    return row


def _taken_over(
    db: Connection, one: Row[Any], other: Row[Any], take: Collection[str]
) -> tuple[dict[str, Any], list[str]]:
    """The columns that change, with their new values, and the fields' names."""
    values: dict[str, Any] = {}
    taken = []
    for name in FIELDS:
        theirs, ours = other._mapping[name], one._mapping[name]
        # An owner and his team go together, if nobody says otherwise: half of each would be nobody's.
        if name in ("owner", "team") and name not in take and (one.owner or one.team):
            continue
        if theirs in _EMPTY or theirs == ours or (ours not in _EMPTY and name not in take):
            continue
        taken.append(name)
        if name == "id_number":
            values["id_number"] = _moved(db, theirs, ID_COLUMN, other.id, one.id)
            values["id_number_index"] = other.id_number_index
        else:
            values[name] = theirs
    custom = dict(one.custom)
    sealed = _sealed(db)
    for name, theirs in other.custom.items():
        if name in custom and (f"custom.{name}" not in take or theirs == custom[name]):
            continue
        custom[name] = _moved(db, theirs, sealed[name], other.id, one.id) if name in sealed else theirs
        taken.append(f"custom.{name}")
    if custom != one.custom:
        values["custom"] = custom
    return values, taken


def _given_back(
    db: Connection,
    kept: Row[Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    taken: Collection[str],
) -> tuple[dict[str, Any], list[str]]:
    """What an unmerge sets back: columns that nobody changed since, and the names of such custom fields.

    What is sealed may have been sealed anew since: its text is compared, and set back under today's key.
    """
    columns = {"id_number": ID_COLUMN} | {f"custom.{name}": each for name, each in _sealed(db).items()}

    def same(name: str, now: Any, then: Any) -> bool:
        if now == then or name not in columns or not now:
            return bool(now == then)
        return _opened(db, now, columns[name], kept.id) == _opened(db, then, columns[name], kept.id)

    def anew(name: str, value: Any) -> Any:
        return _moved(db, value, columns[name], kept.id, kept.id) if name in columns else value

    plain = [name for name in after if name not in ("custom", "id_number_index")]
    back = {name: anew(name, before[name]) for name in plain if same(name, kept._mapping[name], after[name])}
    if "id_number" in back:
        back["id_number_index"] = before["id_number_index"]
    names = [name.removeprefix("custom.") for name in taken if name.startswith("custom.")]
    names = [name for name in names if same(f"custom.{name}", kept.custom.get(name), after["custom"][name])]
    if names:
        custom = {name: value for name, value in kept.custom.items() if name not in names}
        was = {
            name: anew(f"custom.{name}", before["custom"][name]) for name in names if name in before["custom"]
        }
        back["custom"] = custom | was
    return back, names


def _sealed(db: Connection) -> dict[str, str]:
    """The sealed fields of customers, each with what its values are bound to."""
    return {each.name: each.column for each in fields.all_of(db, Kind.CUSTOMER) if each.sealed}


def _moved(db: Connection, value: str, column: str, from_: str, to: str) -> str:
    """A sealed value as it may stand in another row, under today's key. Raises `Refusal` `key_missing`."""
    return sealing.seal(db, _opened(db, value, column, from_), column, to)


def _opened(db: Connection, value: str, column: str, row: str) -> str:
    try:
        return sealing.unseal(db, value, column, row)
    except Unsealable as error:
        raise Refusal(str(error), code="key_missing", field=column.rpartition("/")[2]) from None


def _held(db: Connection, family: Sequence[str]) -> dict[str, Any]:
    """What each of these rows has of its own that is gathered, and might be deleted there."""
    alone = {id_: (id_,) for id_ in family}
    reached, labels = addresses.of(db, alone), tags.of(db, alone)
    return {
        id_: {"addresses": [addresses.told(each) for each in reached[id_]], "tags": list(labels[id_])}
        for id_ in family
    }


def _mirrored(db: Connection, customer: str, taken: Collection[str]) -> list[dict[str, Any]]:
    """What lists are filtered by, of the custom fields among these."""
    names = [name.removeprefix("custom.") for name in taken if name.startswith("custom.")]
    query = select(custom_values).where(
        custom_values.c.kind == str(Kind.CUSTOMER),
        custom_values.c.record_id == customer,
        custom_values.c.field.in_(names),
    )
    return [dict(row._mapping) for row in db.execute(query)] if names else []


def _replace_rows(
    db: Connection, customer: str, names: Collection[str], rows: Collection[Mapping[str, Any]]
) -> None:
    """Make these rows what lists are filtered by, of these custom fields of the customer."""
    if names:
        db.execute(
            delete(custom_values).where(
                custom_values.c.kind == str(Kind.CUSTOMER),
                custom_values.c.record_id == customer,
                custom_values.c.field.in_(names),
            )
        )
    if rows:
        db.execute(insert(custom_values), [{**row, "record_id": customer} for row in rows])


def _write(db: Connection, row: Row[Any], values: Mapping[str, Any]) -> None:
    db.execute(update(customers).where(customers.c.id == row.id).values(dict(values)))


def _tell(
    db: Connection, done: Merge, *both: tuple[Row[Any], Row[Any]], act: str, by: str, at: float
) -> None:
    """Of both records, each as it was before, with the one by which it was seen. The values themselves are in
    `merges`."""
    detail = {"merge": done.id, "kept": done.kept, "gone": done.gone, "taken": list(done.taken)}
    told = [
        Change(
            kind="customer", id=row.id, before={}, after={}, version=row.version + 1, act=act,
            detail=detail | {"was": {"owner": by_row.owner, "team": by_row.team}},
        )
        for row, by_row in both
    ]  # fmt: skip
    records.changed_all(db, told, by=by, at=at)


def _merge(row: Row[Any]) -> Merge:
    return Merge(
        id=row.id, kept=row.kept, gone=row.gone, taken=tuple(row.after["taken"]), at=row.at, login=row.login,
        undone_at=row.undone_at, undone_by=row.undone_by,
    )  # fmt: skip
