"""Roles: what their users may do, whose records they see, and what stays hidden from them.

The built-in ones are data as all others: written when they are missing, and edited from then on. They can't
be deleted; `builtin` has them as they came.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, field
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from contactcenter.crm import records
from contactcenter.crm.access import FIELDS, KEYS, RIGHTS, SCOPED, Kind, Reader, Right, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import roles, users
from contactcenter.crm.text import entered
from contactcenter.values import frozen

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_CUSTOM = re.compile(r"(customer|request)\.custom\.[a-z][a-z0-9_]{0,63}")


@frozen
class Role:
    """A role. `version` 0: not stored yet."""

    name: str
    title: dict[str, str]
    """By language: `zh` and `en`."""
    rights: frozenset[Right]
    scopes: dict[Kind, Scope] = field(default_factory=dict)
    """For each scoped kind; what is left out is `own`."""
    hidden: frozenset[str] = frozenset()
    """Fields: `customer.id_number`."""
    builtin: bool = False
    version: int = 0


_WORK = {
    Right.CUSTOMERS_READ, Right.CUSTOMERS_WRITE, Right.REQUESTS_READ, Right.REQUESTS_WRITE,
    Right.FOLLOWUPS_READ, Right.FOLLOWUPS_WRITE, Right.INTERACTIONS_READ, Right.APPOINTMENTS_READ,
    Right.APPOINTMENTS_WRITE, Right.DO_NOT_CALL_WRITE,
}  # fmt: skip
_CALL = {Right.LEADS_READ, Right.LEADS_WRITE}
_LEAD = _WORK | _CALL | {
    Right.CUSTOMERS_MERGE, Right.CUSTOMERS_IMPORT, Right.CUSTOMERS_EXPORT, Right.REQUESTS_EXPORT,
    Right.INTERACTIONS_EXPORT, Right.RECORDINGS_PLAY, Right.FLOOR_WATCH, Right.CALLS_MONITOR,
    Right.CALLS_STEER, Right.AGENTS_STEER, Right.CALLBACKS_READ, Right.CONFIGURATION_READ,
    Right.CONFIGURATION_WRITE, Right.USERS_READ, Right.AUDIT_READ, Right.CAMPAIGNS_READ,
    Right.CAMPAIGNS_MANAGE, Right.LEADS_IMPORT, Right.DO_NOT_CALL_READ,
}  # fmt: skip
_LOOK = {
    Right.CUSTOMERS_READ, Right.REQUESTS_READ, Right.FOLLOWUPS_READ, Right.INTERACTIONS_READ,
    Right.CALLBACKS_READ, Right.FLOOR_WATCH, Right.USERS_READ, Right.CAMPAIGNS_READ, Right.LEADS_READ,
    Right.DO_NOT_CALL_READ, Right.APPOINTMENTS_READ,
}  # fmt: skip


def _builtin(
    name: str, zh: str, en: str, rights: Iterable[Right], scopes: Mapping[Kind, Scope], *hidden: str
) -> Role:
    return Role(
        name=name, title={"zh": zh, "en": en}, rights=frozenset(rights), scopes=dict(scopes),
        hidden=frozenset(hidden), builtin=True,
    )  # fmt: skip


def _scopes(*scopes: Scope) -> dict[Kind, Scope]:
    """In the order of `SCOPED`."""
    return dict(zip(SCOPED, scopes, strict=True))


_OWN, _TEAM, _ALL = Scope

BUILTIN: tuple[Role, ...] = (
    _builtin(
        "agent", "座席", "Agent", _WORK | _CALL | {Right.CALLS_TAKE},
        _scopes(_TEAM, _TEAM, _OWN, _OWN, _OWN, _OWN),
        "customer.id_number",
    ),
    _builtin(
        "senior_agent", "资深座席", "Senior agent",
        _WORK | _CALL | {
            Right.CALLS_TAKE, Right.CUSTOMERS_MERGE, Right.RECORDINGS_PLAY, Right.CAMPAIGNS_READ,
            Right.DO_NOT_CALL_READ,
        },
        _scopes(_TEAM, _TEAM, _TEAM, _TEAM, _OWN, _TEAM),
    ),
    _builtin("supervisor", "班长", "Supervisor", _LEAD, dict.fromkeys(SCOPED, _TEAM)),
    _builtin(
        "sales", "销售", "Sales", _WORK | _CALL, dict.fromkeys(SCOPED, _OWN), "customer.id_number"
    ),
    _builtin(
        "service", "客服", "Service", _WORK | {Right.CUSTOMERS_MERGE, Right.DO_NOT_CALL_READ},
        _scopes(_TEAM, _TEAM, _TEAM, _OWN, _OWN, _OWN),
    ),
    _builtin(
        "quality", "质检", "Quality", _LOOK | {Right.CALLS_MONITOR, Right.RECORDINGS_PLAY},
        dict.fromkeys(SCOPED, _ALL), "customer.id_number", "customer.balance",
    ),
    _builtin("admin", "管理员", "Administrator", RIGHTS - {Right.CALLS_TAKE}, dict.fromkeys(SCOPED, _ALL)),
    _builtin(
        "auditor", "审计员", "Auditor",
        _LOOK | {Right.CONFIGURATION_READ, Right.AUDIT_READ, Right.AUDIT_EXPORT},
        dict.fromkeys(SCOPED, _ALL), "customer.id_number",
    ),
)  # fmt: skip


def builtin(name: str) -> Role | None:
    """The built-in role as it came, or None."""
    return next((role for role in BUILTIN if role.name == name), None)


def ensure(db: Connection) -> None:
    """Write the built-in roles that are missing; those that are there stay as they were edited."""
    known = set(db.scalars(select(roles.c.name)))
    if missing := [_values(role) | {"version": 1} for role in BUILTIN if role.name not in known]:
        db.execute(insert(roles), missing)


def get(db: Connection, name: str) -> Role | None:
    """The role, or None."""
    row = db.execute(select(roles).where(roles.c.name == name)).one_or_none()
    return _role(row) if row else None


def every(db: Connection) -> tuple[Role, ...]:
    """All roles: the built-in ones in their order, then the others by name."""
    order = {role.name: place for place, role in enumerate(BUILTIN)}
    found = map(_role, db.execute(select(roles)))
    return tuple(sorted(found, key=lambda role: (order.get(role.name, len(order)), role.name)))


def with_right(db: Connection, right: Right) -> frozenset[str]:
    """The names of the roles that have the right."""
    return frozenset(role.name for role in every(db) if right in role.rights)


def put(db: Connection, role: Role, *, by: Reader, at: float, expected: int | None = None) -> Role:
    """Write a role, new or changed; whoever has it may do by it from now on.

    `expected`: the version that was changed; None takes whichever there is. Raises `ChangedMeanwhile`, and
    `Refusal`: `locked_out` when nobody were left who could give rights, or the wrong field.
    """
    before = get(db, role.name)
    records.expect(before.version if before else 0, expected)
    kept = checked(role, builtin=bool(before and before.builtin))
    if before and document(kept) == document(before):
        return before
    values = _values(kept) | {"version": before.version + 1 if before else 1}
    with keys_held(db):
        if before:
            db.execute(update(roles).where(roles.c.name == role.name).values(values))
        else:
            db.execute(insert(roles).values(values))
    records.changed(
        db, "role", role.name, document(before), document(kept), by=by.login, at=at, version=values["version"]
    )
    after = get(db, role.name)
    assert after is not None  # noqa: S101 - just written in this transaction
    return after


def remove(db: Connection, name: str, *, by: Reader, at: float, expected: int | None = None) -> None:
    """Delete a role that nobody has. Raises `ChangedMeanwhile`, and `Refusal`: `not_found`,
    `in_use`, `builtin`."""
    role = get(db, name)
    if role is None:
        raise Refusal("there is no such role", code="not_found")
    records.expect(role.version, expected)
    if role.builtin:
        raise Refusal("a built-in role can be changed, but not deleted", code="builtin")
    if count := db.scalar(select(func.count()).where(users.c.role == name)):
        raise Refusal(f"{count} users have this role: give them another one first", code="in_use")
    db.execute(delete(roles).where(roles.c.name == name))
    records.changed(db, "role", name, document(role), None, by=by.login, at=at, version=role.version)


@contextmanager
def keys_held(db: Connection) -> Iterator[None]:
    """Around a change of roles or users: whoever could give rights before, somebody still can after it.

    Raises `Refusal` `locked_out` otherwise, which undoes the change with its transaction.
    """
    before = _held(db)
    yield
    if lost := sorted(before - _held(db)):
        why = f"nobody would be left with the right {lost[0]}: give it to somebody else first"
        raise Refusal(why, code="locked_out", field="rights")


def checked(role: Role, *, builtin: bool) -> Role:
    """The role as it is to be stored. Raises `Refusal` naming what can't be."""
    if not _NAME.fullmatch(role.name):
        raise Refusal("1 to 32 of a-z, 0-9 and _, a letter first", field="name")
    title = {language: entered(role.title.get(language, ""), "title", 60) for language in ("zh", "en")}
    if not all(title.values()):
        raise Refusal("a title in Chinese and in English", field="title")
    if wrong := sorted(role.rights - RIGHTS):
        raise Refusal(f"there is no right {wrong[0]} to give", field="rights")
    if {Right.CALLS_TAKE, Right.CALLS_MONITOR} <= role.rights:
        # His one phone would ring for both, and who listens can't be offered a call.
        raise Refusal("who takes calls can't listen to others': leave one of them out", field="rights")
    if wrong_kinds := sorted(set(role.scopes) - set(SCOPED)):
        raise Refusal(f"{wrong_kinds[0]} has no scope", field="scopes")
    for name in sorted(role.hidden - FIELDS):
        if not _CUSTOM.fullmatch(name):
            raise Refusal(f"{name} can't be hidden", field="hidden")
    scopes = {kind: role.scopes.get(kind, Scope.OWN) for kind in SCOPED}
    return Role(
        name=role.name, title=title, rights=role.rights, scopes=scopes, hidden=role.hidden, builtin=builtin
    )


def _held(db: Connection) -> frozenset[Right]:
    """Which of the keys some user has who may sign in."""
    in_use = set(db.scalars(select(users.c.role).where(~users.c.disabled).distinct()))
    given = [role.rights for role in every(db) if role.name in in_use]
    return frozenset(right for right in KEYS if any(right in rights for rights in given))


def document(role: Role | None) -> dict[str, Any] | None:
    """A role for the audit log."""
    if role is None:
        return None
    return {name: _values(role)[name] for name in ("title", "rights", "scopes", "hidden")}


def _values(role: Role) -> dict[str, Any]:
    return asdict(role) | {
        "rights": sorted(role.rights),
        "scopes": {kind.value: role.scopes.get(kind, Scope.OWN).value for kind in SCOPED},
        "hidden": sorted(role.hidden),
    }


def _role(row: Row[Any]) -> Role:
    """A right that this version does not know (the database is younger) gives nothing."""
    return Role(
        name=row.name,
        title=row.title,
        rights=frozenset(Right(name) for name in row.rights if name in RIGHTS),
        scopes={Kind(kind): Scope(scope) for kind, scope in row.scopes.items() if kind in SCOPED},
        hidden=frozenset(row.hidden),
        builtin=row.builtin,
        version=row.version,
    )
