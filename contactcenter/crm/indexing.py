"""The index of the search box: which words each record is found by.

A record's words carry a letter that says where they stand: `n` in its name, `d` among its numbers, `t` in its
texts, `s` whose it is (for the scope of whoever looks, `search.py`), `k` what it is. They are letters and
digits only, so that both engines' indexes take each as one word.

A customer's document gathers all that was merged into it and what is noted about it; the gone record has
none. Run `index` in the transaction of the change.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    true,
    union_all,
)

from contactcenter.crm import settings, words
from contactcenter.crm.roots import merged_into
from contactcenter.crm.schema import (
    addresses,
    assignments,
    customers,
    documents,
    fields,
    followups,
    interactions,
    notes,
    requests,
    tags,
)
from contactcenter.values import frozen

KINDS = ("customer", "request", "followup")
VERSION = "1"
"""How documents are made: when that changes, every record gets a new one (`rebuild`)."""
NOTES = 20
"""A customer is found by so many of his last notes, and by as many of his last talks; a request by as many
notes."""
CHARACTERS = 20_000
"""Of the texts of one record, that are cut into words: it is done beside the calls."""
_SETTING = "search_index"
LARGEST = 2_000
"""Words of one document: a 20,000-character note has about so many."""
BATCH = 500
STATEMENTS = 500
"""So many are kept ready of each sort, one for each who reads: to put one together takes longer than to
run it."""
IDS: BindParameter[Any] = bindparam("ids", expanding=True)
"""Whose ids, in a statement that is kept ready."""
NOBODYS = "s0"
"""Instead of a team: the record has none."""
POOL = "sp"
"""It has neither an owner nor a team."""


def owned(login: str) -> str:
    """The word of records that this user owns."""
    return f"so{login.encode().hex()}"


def teams(team: str) -> str:
    """The word of records of this team."""
    return f"st{team.encode().hex()}" if team else NOBODYS


def index(db: Connection, kind: str, ids: Collection[str]) -> None:
    """Find these records, from the end of the transaction on, by what they are now. A record that is not to
    be found (it is gone, or merged) is found no longer."""
    wanted = list(dict.fromkeys(_roots(db, ids) if kind == "customer" and ids else ids))
    for start in range(0, len(wanted), BATCH):
        some = wanted[start : start + BATCH]
        db.execute(delete(documents).where(documents.c.kind == kind, documents.c.record_id.in_(some)))
        rows = [
            {"kind": kind, "record_id": id_, "words": " ".join(_first(found, LARGEST))}
            for id_, found in _DOCUMENTS[kind](db, some)
        ]
        if rows:
            # Asked for their ids, the rows go in by one statement: SQLite's index writes itself down at the
            # end of each, and takes three times as long when it does so for every row.
            db.execute(insert(documents).returning(documents.c.id), rows).all()


@frozen
class Progress:
    """How far `rebuild` is: everything of the kinds before `kind` is done, and of it up to the id `after`."""

    kind: str = KINDS[0]
    after: str = ""


def progress(db: Connection) -> Progress | None:
    """Where making the index anew is to go on; None when it is as this program makes it."""
    version, _, rest = settings.get(db, _SETTING, "").partition(" ")
    if version != VERSION:
        return Progress()
    kind, _, after = rest.partition(" ")
    return Progress(kind=kind, after=after) if kind else None


def begin(db: Connection) -> None:
    """Of a store without customers, the index is complete."""
    if progress(db) and db.scalar(select(customers.c.id).limit(1)) is None:
        settings.put(db, _SETTING, VERSION)


def restart(db: Connection) -> None:
    """Have the index made anew from its beginning, at the next start."""
    settings.put(db, _SETTING, "")


def count(db: Connection) -> int:
    """About how many documents there are."""
    return int(db.scalar(select(func.max(documents.c.id))) or 0)


def rebuild(db: Connection, at_once: int = BATCH) -> Progress | None:
    """Index the next `at_once` records; answers where to go on, None at the end. In pieces, so that it goes
    on beside a center that works, and after a stop from where it was."""
    here = progress(db)
    if here is None:
        return None
    table = {"customer": customers, "request": requests, "followup": followups}[here.kind]
    query = select(table.c.id).where(table.c.id > here.after).order_by(table.c.id).limit(at_once)
    ids = db.scalars(query).all()
    index(db, here.kind, ids)
    if len(ids) == at_once:
        following: Progress | None = Progress(kind=here.kind, after=ids[-1])
    elif here.kind != KINDS[-1]:
        following = Progress(kind=KINDS[KINDS.index(here.kind) + 1])
    else:
        following = None
    place = f" {following.kind} {following.after}" if following else ""
    settings.put(db, _SETTING, f"{VERSION}{place}")
    return following


def _roots(db: Connection, ids: Collection[str]) -> Iterator[str]:
    """The customers themselves, and whom they were merged into: both documents change."""
    for id_, into in db.execute(
        select(customers.c.id, customers.c.merged_into).where(customers.c.id.in_(ids))
    ):
        yield id_
        if into:
            yield into


def _customer(db: Connection, ids: Sequence[str]) -> Iterator[tuple[str, Iterator[str]]]:
    roots = db.execute(select(customers).where(customers.c.id.in_(ids), customers.c.merged_into == "")).all()
    into = {row.id: row.id for row in roots}
    gone = db.execute(select(customers).where(merged_into(into))).all()
    into |= {row.id: row.merged_into for row in gone}
    parts: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in (*roots, *gone):
        parts[into[row.id]].append(row)
    told: dict[str, list[str]] = defaultdict(list)
    reached = db.execute(select(addresses).where(addresses.c.customer_id.in_(list(into))))
    for row in reached:
        told[into[row.customer_id]] += _address(row)
    for row in db.execute(select(tags).where(tags.c.customer_id.in_(list(into)))):
        told[into[row.customer_id]] += _texts(row.tag)
    noted = notes_of(db, into)
    talked = talks_of(db, into)
    custom = searchable(db)
    for root in roots:
        yield (
            root.id,
            _of_customer(root, parts[root.id], told[root.id], [*noted[root.id], *talked[root.id]], custom),
        )


def searchable(db: Connection) -> frozenset[str]:
    """The customers' fields that are found by."""
    query = select(fields.c.name).where(
        fields.c.kind == "customer", fields.c.searchable, ~fields.c.sealed, ~fields.c.retired
    )
    return frozenset(db.scalars(query))


def values_of(row: Row[Any], custom: Collection[str]) -> Iterator[str]:
    """What a record holds in these custom fields."""
    for name, value in row.custom.items():
        if name in custom:
            yield from map(str, value if isinstance(value, list) else [value])


def notes_of(
    db: Connection, into: Mapping[str, str], seen: ColumnElement[bool] | None = None
) -> dict[str, list[str]]:
    """The last notes of customers, as far as they are `seen`, the newest first. `into` says whose each row's
    are by now."""
    return _last(db, _notes_of(notes.c.customer_id, seen), into)


def talks_of(
    db: Connection, into: Mapping[str, str], seen: ColumnElement[bool] | None = None
) -> dict[str, list[str]]:
    """The same of what was noted in talks, wherever somebody said since that they belong."""
    return _last(db, _talks_of(seen), into)


def notes_of_requests(
    db: Connection, ids: Collection[str], seen: ColumnElement[bool] | None = None
) -> dict[str, list[str]]:
    """The same of requests."""
    return _last(db, _notes_of(notes.c.request, seen), {id_: id_ for id_ in ids})


@lru_cache(maxsize=STATEMENTS)
def _notes_of(whose: ColumnElement[str], seen: ColumnElement[bool] | None) -> Select[Any]:
    query = select(notes.c.id, whose.label("whose"), notes.c.created_at.label("at")).where(
        whose.in_(IDS), notes.c.deleted_at.is_(None), true() if seen is None else seen
    )
    return _texts_of(query, notes.c.id, notes.c.text)


@lru_cache(maxsize=STATEMENTS)
def _talks_of(seen: ColumnElement[bool] | None) -> Select[Any]:
    read = true() if seen is None else seen
    columns = (interactions.c.id, interactions.c.arrived_at.label("at"))
    given = exists().where(assignments.c.interaction == interactions.c.id)
    own = select(*columns, interactions.c.customer.label("whose")).where(
        interactions.c.customer.in_(IDS), interactions.c.note != "", ~given, read
    )
    assigned = (
        select(*columns, assignments.c.customer_id.label("whose"))
        .join(assignments, assignments.c.interaction == interactions.c.id)
        .where(assignments.c.customer_id.in_(IDS), interactions.c.note != "", read)
    )
    return _texts_of(union_all(own, assigned), interactions.c.id, interactions.c.note)


def _texts_of(
    query: Select[Any] | CompoundSelect[Any], id_: ColumnElement[str], text: ColumnElement[str]
) -> Select[Any]:
    """The texts of the last `NOTES` rows of each that `query` names by `id`, `whose` and `at`.

    They are chosen by their ids: of somebody with thousands of notes, no more are read.
    """
    all_ = query.subquery()
    place = func.row_number().over(partition_by=all_.c.whose, order_by=(all_.c.at.desc(), all_.c.id))
    placed = select(all_, place.label("place")).subquery()
    return (
        select(placed.c.whose, func.substr(text, 1, CHARACTERS))
        .join_from(placed, text.table, id_ == placed.c.id)
        .where(placed.c.place <= NOTES)
        .order_by(placed.c.at.desc(), placed.c.id)
    )


def _last(db: Connection, query: Select[Any], into: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for whose, part in db.execute(query, {"ids": list(into)}) if into else ():
        if len(some := found[into[whose]]) < NOTES:
            some.append(part)
    return found


def bounded(texts: Iterable[str]) -> Iterator[str]:
    """The texts of one record as far as it is found by them."""
    left = CHARACTERS
    for text in texts:
        if left <= 0:
            return
        yield text[:left]
        left -= len(text)


def _of_customer(
    root: Row[Any],
    parts: Iterable[Row[Any]],
    told: Iterable[str],
    noted: Iterable[str],
    custom: Collection[str],
) -> Iterator[str]:
    """Short and sure things first: of a document that grows too large, the end is left off."""
    yield "kcustomer"
    yield from _whose(root)
    for row in parts:
        yield from (f"n{word}" for word in words.name_words(row.name))
        yield from (f"n{word}" for word in words.name_words(row.company))
        yield from (f"d{word}" for word in words.number_words(row.number))
    yield from told
    for row in parts:
        yield from _texts(row.category)
        for value in values_of(row, custom):
            yield from _texts(value)
            yield from (f"d{word}" for word in words.number_words(value) if word.isdecimal())
    for text in bounded([*(row.note for row in parts), *noted]):
        yield from _texts(text)


def _request(db: Connection, ids: Sequence[str]) -> Iterator[tuple[str, Iterator[str]]]:
    noted = notes_of_requests(db, ids)
    for row in db.execute(select(requests).where(requests.c.id.in_(ids))).all():
        yield row.id, _of_request(row, noted[row.id])


def _of_request(row: Row[Any], noted: Iterable[str]) -> Iterator[str]:
    yield "krequest"
    yield from _whose(row)
    yield from (f"d{word}" for word in words.number_words(row.number))
    yield from (f"n{word}" for word in words.text_words(row.subject))
    for text in bounded([row.problem, row.solution, *noted]):
        yield from _texts(text)


def _followup(db: Connection, ids: Sequence[str]) -> Iterator[tuple[str, Iterator[str]]]:
    for row in db.execute(select(followups).where(followups.c.id.in_(ids))).all():
        yield row.id, _of_followup(row)


def _of_followup(row: Row[Any]) -> Iterator[str]:
    yield "kfollowup"
    yield from _whose(row)
    yield from (f"n{word}" for word in words.text_words(row.title))
    yield from _texts(row.note)


def _whose(row: Row[Any]) -> Iterator[str]:
    if row.owner:
        yield owned(row.owner)
    elif not row.team:
        yield POOL
    yield teams(row.team)


def _address(row: Row[Any]) -> list[str]:
    if row.channel == "phone":
        return [f"d{word}" for word in words.number_words(row.value)]
    if row.channel == "email":
        return [f"e{words.letters(row.value)}", *_texts(row.value)]
    return list(_texts(row.value))


def _texts(text: str) -> Iterator[str]:
    return (f"t{word}" for word in words.text_words(text))


def _first(found: Iterable[str], count: int) -> Iterable[str]:
    """So many different words; no more are made."""
    kept: dict[str, None] = {}
    for word in found:
        kept[word] = None
        if len(kept) >= count:
            break
    return kept


_DOCUMENTS = {"customer": _customer, "request": _request, "followup": _followup}
