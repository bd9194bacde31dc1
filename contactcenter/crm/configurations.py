"""The configuration's versions: what may change while callers wait, as it was at any time.

A version never changes; to go back is to write an old document as a new version. What a document may hold is
`config.Configuration`: whoever adds one has checked it.
"""

from typing import Any

from sqlalchemy import Connection, Row, insert, inspect, select

from contactcenter.crm import audit, paging
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import configurations
from contactcenter.crm.text import entered
from contactcenter.values import AuditEntry, frozen


@frozen
class Version:
    """One version, with its document."""

    version: int
    at: float
    login: str
    comment: str
    document: dict[str, Any]


@frozen
class VersionLine:
    """One version in a list."""

    version: int
    at: float
    login: str
    comment: str


def current(db: Connection) -> Version | None:
    """The version in force; None before the first start."""
    if not inspect(db).has_table(configurations.name):
        return None  # of an older program: only `contactcenter check` and `export` come across it
    query = select(configurations).order_by(configurations.c.version.desc()).limit(1)
    row = db.execute(query).one_or_none()
    return _version(row) if row else None


def get(db: Connection, version: int) -> Version | None:
    """One version, or None."""
    row = db.execute(select(configurations).where(configurations.c.version == version)).one_or_none()
    return _version(row) if row else None


def page(db: Connection, *, cursor: str = "", limit: int = 50) -> Page[VersionLine]:
    """The versions, the newest first."""
    table = configurations.c
    query = select(table.version, table.at, table.login, table.comment)
    query = paging.after(query, table.version, table.login, cursor=cursor, limit=limit, down=True)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].version, shown[-1].login) if len(rows) > len(shown) else ""
    return Page(items=tuple(VersionLine(**row._mapping) for row in shown), next=more)


def add(
    db: Connection, document: dict[str, Any], *, expected: int, login: str, comment: str, at: float
) -> Version:
    """A new version after version `expected` (0: there is none yet), with a row in the audit log.

    Raises `Refusal`: `stale` when another version came meanwhile.
    """
    before = current(db)
    if (found := before.version if before else 0) != expected:
        whose = f" of {before.login}" if before else ""
        raise Refusal(
            f"you changed version {expected}, and there is version {found}{whose} by now: "
            "look at it and change that one",
            code="stale",
            field="If-Match",
        )
    new = Version(
        version=expected + 1,
        at=at,
        login=login,
        comment=entered(comment, "comment", 500),
        document=document,
    )
    db.execute(
        insert(configurations).values(
            version=new.version, at=at, login=login, comment=new.comment, document=document
        )
    )
    if before:  # the first one is the file's, and nobody's act
        audit.write(
            db,
            AuditEntry(
                at=at,
                login=login,
                act="configure",
                kind="configuration",
                object=str(new.version),
                before=differing(before.document, document),
                after=differing(document, before.document),
                detail={"comment": new.comment},
            ),
        )
    return new


def differing(document: Any, other: Any) -> Any:
    """What stands in `document` and not, or not so, in `other`; what is the same in both is left out."""
    if not isinstance(document, dict) or not isinstance(other, dict):
        return document
    return {
        key: differing(value, other.get(key))
        for key, value in document.items()
        if key not in other or value != other[key]
    }


def _version(row: Row[Any]) -> Version:
    return Version(**row._mapping)
