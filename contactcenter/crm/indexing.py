"""The index of the search box: which words each record is found by.

A record's words carry a letter that says where they stand: `n` in its name, `d` among its numbers, `t` in its
texts, `s` whose it is (for the scope of whoever looks, `search.py`), `k` what it is. They are letters and
digits only, so that both engines' indexes take each as one word.

A customer's document gathers all that was merged into it and what is noted about it; the gone record has
none. Run `index` in the transaction of the change.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from contactcenter.crm import settings, words
from contactcenter.crm.roots import merged_into
from contactcenter.crm.schema import (
    addresses,
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
"""A customer is found by so many of his last notes, and by as many of his last talks."""
_SETTING = "search_index"
LARGEST = 2_000
"""Words of one document: a 20,000-character note has about so many."""
BATCH = 500
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
    wanted = list(dict.fromkeys(_roots(db, ids) if kind == "customer" else ids))
    for start in range(0, len(wanted), BATCH):
        some = wanted[start : start + BATCH]
        db.execute(delete(documents).where(documents.c.kind == kind, documents.c.record_id.in_(some)))
        rows = [
            {"kind": kind, "record_id": id_, "words": " ".join(list(dict.fromkeys(found))[:LARGEST])}
            for id_, found in _DOCUMENTS[kind](db, some)
        ]
        if rows:
            db.execute(insert(documents), rows)


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
    all_ids = list(into)
    told: dict[str, list[str]] = defaultdict(list)
    reached = db.execute(select(addresses).where(addresses.c.customer_id.in_(all_ids)))
    for row in reached:
        told[into[row.customer_id]] += _address(row)
    for row in db.execute(select(tags).where(tags.c.customer_id.in_(all_ids))):
        told[into[row.customer_id]] += _texts(row.tag)
    noted = (
        select(notes.c.customer_id, notes.c.text)
        .where(notes.c.customer_id.in_(all_ids), notes.c.deleted_at.is_(None))
        .order_by(notes.c.created_at.desc())
    )
    talked = (
        select(interactions.c.customer, interactions.c.note)
        .where(interactions.c.customer.in_(all_ids), interactions.c.note != "")
        .order_by(interactions.c.arrived_at.desc())
    )
    for query in (noted, talked):
        count: dict[str, int] = defaultdict(int)
        for id_, text in db.execute(query):
            if (count.__getitem__(root := into[id_])) < NOTES:
                count[root] += 1
                told[root] += _texts(text)
    custom = set(
        db.scalars(
            select(fields.c.name).where(
                fields.c.kind == "customer", fields.c.searchable, ~fields.c.sealed, ~fields.c.retired
            )
        )
    )
    for root in roots:
        yield root.id, _of_customer(root, parts[root.id], told[root.id], custom)


def _of_customer(
    root: Row[Any], parts: Iterable[Row[Any]], told: Iterable[str], custom: set[str]
) -> Iterator[str]:
    yield "kcustomer"
    yield from _whose(root)
    for row in parts:
        yield from (f"n{word}" for word in words.name_words(row.name))
        yield from (f"n{word}" for word in words.name_words(row.company))
        yield from (f"d{word}" for word in words.number_words(row.number))
    yield from told
    for row in parts:
        yield from _texts(row.category)
        yield from _texts(row.note)
        for name, value in row.custom.items():
            if name in custom:
                for one in value if isinstance(value, list) else [value]:
                    yield from _texts(str(one))
                    yield from (f"d{word}" for word in words.number_words(str(one)) if word.isdecimal())


def _request(db: Connection, ids: Sequence[str]) -> Iterator[tuple[str, Iterator[str]]]:
    noted: dict[str, list[str]] = defaultdict(list)
    query = select(notes.c.request, notes.c.text).where(
        notes.c.request.in_(ids), notes.c.deleted_at.is_(None)
    )
    for id_, text in db.execute(query.order_by(notes.c.created_at.desc())):
        noted[id_] += _texts(text)
    for row in db.execute(select(requests).where(requests.c.id.in_(ids))).all():
        yield row.id, _of_request(row, noted[row.id])


def _of_request(row: Row[Any], noted: Iterable[str]) -> Iterator[str]:
    yield "krequest"
    yield from _whose(row)
    yield from (f"d{word}" for word in words.number_words(row.number))
    yield from (f"n{word}" for word in words.text_words(row.subject))
    yield from _texts(row.problem)
    yield from _texts(row.solution)
    yield from noted


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
    return _texts(row.value)


def _texts(text: str) -> list[str]:
    return [f"t{word}" for word in words.text_words(text)]


_DOCUMENTS = {"customer": _customer, "request": _request, "followup": _followup}
