"""Consents: what a customer agreed to and refused, by channel and purpose, and how we know.

The list only grows, because what counted on a day must be shown years later. `any` stands for every channel,
or every purpose; of all that concerns a channel and a purpose the last word is in force. So who wants to hear
nothing of us, and later asks for our letters, gets letters. What nobody was asked is neither granted nor
refused.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select

from contactcenter.crm import access, paging, records, roots
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import consents
from contactcenter.crm.text import entered
from contactcenter.values import frozen

CHANNELS = ("phone", "email", "sms", "post", "wechat", "any")
PURPOSES = ("marketing", "service", "recording", "any")
STATES = ("granted", "refused")
SOURCES = ("call", "page", "import", "letter", "email", "web", "other")
"""How we came to know."""


@frozen
class NewConsent:
    """What the customer said. Everything is checked when it is stored."""

    channel: str
    purpose: str
    state: str
    source: str = "page"
    evidence: str = ""
    """Where it can be seen or heard: a letter's number, words."""
    interaction: str = ""


@frozen
class Consent:
    """What the customer said, and when."""

    id: str
    channel: str
    purpose: str
    state: str
    at: float
    login: str
    source: str
    evidence: str
    interaction: str
    in_force: bool
    """Whether it is the last word on its channel and purpose."""


def give(db: Connection, customer: str, new: NewConsent, *, reader: Reader = CENTER, at: float) -> Consent:
    """Keep what the customer said. Raises `Refusal`."""
    root, by = roots.check_visible(db, customer, reader), reader.login
    for name, allowed in (
        ("channel", CHANNELS), ("purpose", PURPOSES), ("state", STATES), ("source", SOURCES),
    ):  # fmt: skip
        if getattr(new, name) not in allowed:
            raise Refusal(f"one of {', '.join(allowed)}", field=name)
    said = _rows(db, roots.family(db, root))
    # Two words of one instant would have no order, and the last one counts.
    at = max(at, said[-1].at + 1e-6) if said else at
    row: dict[str, Any] = {
        "id": uuid4().hex, "customer_id": root, "channel": new.channel, "purpose": new.purpose,
        "state": new.state, "at": at, "login": by, "source": new.source,
        "evidence": entered(new.evidence, "evidence", 1000),
        "interaction": entered(new.interaction, "interaction", 64),
    }  # fmt: skip
    db.execute(insert(consents).values(row))
    told = {name: row[name] for name in ("channel", "purpose", "state", "source", "evidence", "interaction")}
    records.changed(db, "consent", row["id"], None, told, by=by, at=at, detail={"customer": root})
    return next(each for each in of(db, root) if each.id == row["id"])


def of(db: Connection, customer: str) -> tuple[Consent, ...]:
    """Everything that the customer of today said, the newest first."""
    rows = _rows(db, roots.family(db, customer))
    last = {(row.channel, row.purpose): row.id for row in rows}
    return tuple(_consent(row, last[row.channel, row.purpose] == row.id) for row in reversed(rows))


def page(
    db: Connection, customer: str, *, reader: Reader = CENTER, cursor: str = "", limit: int = 50
) -> Page[Consent]:
    """The same, page by page. Raises `Refusal` `not_found`."""
    root = roots.check_visible(db, customer, reader)
    query = select(consents).where(
        consents.c.customer_id.in_(roots.family(db, root)), access.visible(reader, Kind.CONSENT)
    )
    query = paging.after(query, consents.c.at, consents.c.id, cursor=cursor, limit=limit, down=True)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    last = {(row.channel, row.purpose): row.id for row in _rows(db, roots.family(db, root))}
    more = paging.cursor_of(shown[-1].at, shown[-1].id) if len(rows) > len(shown) else ""
    items = (_consent(row, last[row.channel, row.purpose] == row.id) for row in shown)
    return Page(items=tuple(items), next=more)


def refused(db: Connection, families: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The channels on which each of these customers wants nothing whatever, by the ids of all their rows."""
    root_of = {member: root for root, members in families.items() for member in members}
    said: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in _rows(db, root_of):
        said[root_of[row.customer_id]].append(row)
    return {
        root: tuple(channel for channel in CHANNELS if _stands(said[root], channel, "any") is False)
        for root in families
    }


def allows(db: Connection, customer: str, channel: str, purpose: str) -> bool | None:
    """Whether the customer wants to hear of us on this channel for this purpose; None: nobody asked him."""
    return _stands(_rows(db, roots.family(db, customer)), channel, purpose)


def standing(
    db: Connection, families: Mapping[str, Sequence[str]], channel: str, purpose: str
) -> dict[str, tuple[bool | None, str]]:
    """The same of each of these customers, by the ids of all their rows; and which record says so."""
    root_of = {member: root for root, members in families.items() for member in members}
    found: dict[str, tuple[bool | None, str]] = dict.fromkeys(families, (None, ""))
    for row in _rows(db, root_of):
        if _concerns(row, channel, purpose):
            found[root_of[row.customer_id]] = (row.state == "granted", f"consent {row.id}")
    return found


def _stands(said: Iterable[Row[Any]], channel: str, purpose: str) -> bool | None:
    """What the last word that concerns this channel and purpose says."""
    answer: bool | None = None
    for row in said:
        if _concerns(row, channel, purpose):
            answer = row.state == "granted"
    return answer


def _concerns(row: Row[Any], channel: str, purpose: str) -> bool:
    return row.channel in (channel, "any") and row.purpose in (purpose, "any")


def _rows(db: Connection, customers: Iterable[str]) -> list[Row[Any]]:
    """In the order in which they were said."""
    ids = list(customers)
    query = select(consents).where(consents.c.customer_id.in_(ids)).order_by(consents.c.at, consents.c.id)
    return list(db.execute(query)) if ids else []


def _consent(row: Row[Any], in_force: bool) -> Consent:
    return Consent(
        id=row.id, channel=row.channel, purpose=row.purpose, state=row.state, at=row.at, login=row.login,
        source=row.source, evidence=row.evidence, interaction=row.interaction, in_force=in_force,
    )  # fmt: skip
