"""Lists: leads that belong together, as they came, with what holds for all of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)

from contactcenter.crm import access, ownerships, paging, records, shelves
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import campaign_lists, leads, lists
from contactcenter.crm.shelves import Shelf
from contactcenter.crm.text import entered
from contactcenter.dialer.leads import LeadState
from contactcenter.values import frozen

_CAPS = {"name": 120, "note": 4000, "consent": 500}


@frozen
class NewList:
    """What is needed to open a list."""

    name: str
    note: str = ""
    consent: str = ""
    """The evidence that holds for all its leads: how and when they agreed to be called."""
    owner: str | None = None
    """None: who makes it."""
    team: str | None = None
    """None: the first team of who makes it."""


@frozen
class ListChange:
    """What to change; None leaves it."""

    name: str | None = None
    note: str | None = None
    consent: str | None = None
    owner: str | None = None
    team: str | None = None


@frozen
class LeadList:
    """A list."""

    id: str
    name: str
    note: str
    consent: str
    owner: str
    team: str
    counts: Mapping[str, int]
    """How many leads are in each `LeadState`."""
    due: int
    """How many of those that are due may be dialled by their time, whatever the hours."""
    campaigns: tuple[str, ...]
    """The ids of those that dial it."""
    version: int
    created_at: float
    created_by: str
    updated_at: float


def get(db: Connection, list_: str, reader: Reader = CENTER, *, at: float) -> LeadList | None:
    """The list as the reader may see it, or None."""
    seen = access.visible(reader, Kind.LIST)
    row = db.execute(select(lists).where(lists.c.id == list_, seen)).one_or_none()
    return _lists(db, [row], at)[0] if row else None


def page(
    db: Connection,
    reader: Reader,
    *,
    campaign: str = "",
    cursor: str = "",
    limit: int = 50,
    at: float,
) -> Page[LeadList]:
    """Lists that the reader sees, those that were changed last first; of one campaign, if given. Raises
    `Refusal`."""
    query = select(lists).where(access.visible(reader, Kind.LIST))
    if campaign:
        of = select(campaign_lists.c.list).where(campaign_lists.c.campaign == campaign)
        query = query.where(lists.c.id.in_(of))
    query = paging.after(query, lists.c.updated_at, lists.c.id, cursor=cursor, limit=limit, down=True)
    found = db.execute(query).all()
    shown = found[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].updated_at, shown[-1].id) if len(found) > len(shown) else ""
    return Page(items=_lists(db, shown, at), next=more)


def create(db: Connection, new: NewList, *, reader: Reader = CENTER, at: float) -> LeadList:
    """Open a list. Raises `Refusal`: `taken`, or the wrong field."""
    ownerships.check(db, new.owner or "", new.team or "")
    ownerships.check_reach(db, reader, Kind.LEAD, new.owner or "", new.team or "")
    owner = reader.login if new.owner is None else new.owner
    team = reader.home if new.team is None else new.team
    row: dict[str, Any] = {
        "id": uuid4().hex, **{name: _text(new, name) for name in _CAPS}, "owner": owner, "team": team,
        "version": 1, "created_at": at, "created_by": reader.login, "updated_at": at,
    }  # fmt: skip
    _check_name(db, row["name"], "")
    db.execute(insert(lists).values(row))
    records.changed(db, "list", row["id"], None, _told(row), by=reader.login, at=at)
    return _written(db, row["id"], at)


def change(
    db: Connection,
    list_: str,
    to: ListChange,
    *,
    reader: Reader = CENTER,
    at: float,
    expected: int | None = None,
) -> LeadList:
    """Change a list. Raises `Refusal`: `not_found`, `taken`, or the wrong field; and `ChangedMeanwhile`."""
    row = check_visible(db, list_, reader)
    records.expect(row.version, expected)
    values = {name: _text(to, name) for name in _CAPS if getattr(to, name) is not None}
    values |= {name: value for name in ("owner", "team") if (value := getattr(to, name)) is not None}
    _check_name(db, values.get("name", row.name), row.id)
    ownerships.check(db, to.owner or "", to.team or "")
    ownerships.check_reach(db, reader, Kind.LEAD, to.owner or "", to.team or "")
    was, now = _told(dict(row._mapping)), _told({**row._mapping, **values})
    if was != now:
        version = row.version + 1
        db.execute(update(lists).where(lists.c.id == row.id).values(**values, version=version, updated_at=at))
        records.changed(db, "list", row.id, was, now, by=reader.login, at=at, version=version)
    return _written(db, row.id, at)


def check_visible(db: Connection, list_: str, reader: Reader) -> Row[Any]:
    """The row of a list that the reader sees. Raises `Refusal` `not_found`."""
    seen = access.visible(reader, Kind.LIST)
    row = db.execute(select(lists).where(lists.c.id == list_, seen)).one_or_none()
    if row is None:
        raise Refusal("there is no such list", code="not_found")
    return row


def shelves_of(db: Connection, list_: str) -> tuple[Shelf, ...]:
    """The shelves on which leads of the list lie that are due, the first to be emptied first: one look into
    the index for each, however many leads there are."""
    return tuple(map(shelves.read, db.scalars(_SHELVES, {"list": list_})))


def _shelves() -> Select[Any]:
    of = (leads.c.list == bindparam("list"), leads.c.state == literal_column("'due'"))
    found = select(func.min(leads.c.shelf).label("shelf")).where(*of).cte("found", recursive=True)
    last = found.alias("last")
    beyond = select(func.min(leads.c.shelf)).where(*of, leads.c.shelf > last.c.shelf)
    following = select(beyond.correlate(last).scalar_subquery()).where(last.c.shelf.is_not(None))
    each = found.union_all(following)
    return select(each.c.shelf).where(each.c.shelf.is_not(None))


_SHELVES = _shelves()


def places(db: Connection, lists_: Collection[str]) -> frozenset[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Zones and regions of the numbers that are next in these lists: for `starting.Surroundings`."""
    return frozenset(
        (shelf.zones, shelf.regions) for list_ in sorted(set(lists_)) for shelf in shelves_of(db, list_)
    )


def _lists(db: Connection, rows: Sequence[Row[Any]], at: float) -> tuple[LeadList, ...]:
    ids = [row.id for row in rows]
    if not ids:
        return ()
    counts: dict[str, dict[str, int]] = {id_: dict.fromkeys(LeadState, 0) for id_ in ids}
    due: dict[str, int] = defaultdict(int)
    now = (leads.c.state == LeadState.DUE.value) & (leads.c.due_at <= literal(at))
    query = select(leads.c.list, leads.c.state, func.count(), func.count().filter(now))
    for id_, state, all_, of_now in db.execute(
        query.where(leads.c.list.in_(ids)).group_by(leads.c.list, leads.c.state)
    ):
        counts[id_][LeadState(state)] = all_
        due[id_] += of_now
    dialled: dict[str, list[str]] = defaultdict(list)
    of = select(campaign_lists.c.list, campaign_lists.c.campaign).where(campaign_lists.c.list.in_(ids))
    for id_, campaign in db.execute(of.order_by(campaign_lists.c.campaign)):
        dialled[id_].append(campaign)
    return tuple(
        LeadList(
            id=row.id, name=row.name, note=row.note, consent=row.consent, owner=row.owner, team=row.team,
            counts={str(state): some for state, some in counts[row.id].items()},
            due=due[row.id], campaigns=tuple(dialled[row.id]), version=row.version,
            created_at=row.created_at, created_by=row.created_by, updated_at=row.updated_at,
        )
        for row in rows
    )  # fmt: skip


def _written(db: Connection, list_: str, at: float) -> LeadList:
    row = db.execute(select(lists).where(lists.c.id == list_)).one()
    return _lists(db, [row], at)[0]


def _text(of: NewList | ListChange, name: str) -> str:
    return entered(getattr(of, name), name, _CAPS[name])


def _check_name(db: Connection, name: str, own: str) -> None:
    if not name:
        raise Refusal("give it a name", field="name")
    if db.scalar(select(lists.c.id).where(lists.c.name == name, lists.c.id != own)) is not None:
        raise Refusal("another list has this name", code="taken", field="name")


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in (*_CAPS, "owner", "team")}
