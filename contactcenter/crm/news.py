"""News: of which records the outbox tells that they changed, and who sees each of them.

Whoever is told gets a hint: kind, id and customer of a record that he sees. What became of it he asks for,
with his own rights. Who does not see a record any more, or may see others than before, gets a hint without an
id: what he does see he is to ask for anew.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from contactcenter.crm import access, records
from contactcenter.crm.access import Kind, Reader
from contactcenter.crm.outbox import OutboxRow
from contactcenter.values import frozen

HINTED = (Kind.CUSTOMER, Kind.REQUEST, Kind.FOLLOWUP, Kind.INTERACTION)
"""The kinds of records that have pages. What hangs on one of them is told as a change of it."""
IMPORTED = f"{Kind.CUSTOMER}.{records.IMPORT}"
"""The event of a record that came with many others."""


@frozen
class Hint:
    """Something to be asked for. Without an `id`: whoever is told may see others of the kind than before, or
    many of them changed."""

    kind: Kind
    """One of `HINTED`."""
    id: str = ""
    customer: str = ""
    """Whose it is; empty: nobody's, or not said."""


@dataclass(slots=True)
class Changed:
    """The records that changed, as far as anybody is to be told."""

    touched: dict[Kind, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in HINTED})
    """Kind -> id -> the customer whose it is."""
    other_eyes: dict[Kind, set[str]] = field(default_factory=lambda: {kind: set() for kind in HINTED})
    """Those that are, or may be, seen by others than before."""
    before: dict[tuple[Kind, str, str], None] = field(default_factory=dict)
    """Kind, owner and team of those that had others before."""

    def add(self, row: OutboxRow) -> None:
        """Take one event."""
        for kind, id_, customer in _touched(row):
            self.touched[kind][id_] = customer
        if row.kind in HINTED and (was := row.detail.get("was")):
            kind = Kind(row.kind)
            self.other_eyes[kind].add(row.record_id)
            self.before[kind, was["owner"], was["team"]] = None
        elif row.kind == Kind.INTERACTION and row.event.endswith(".assign"):
            # Who had the caller sees whose he is said to be, and may have seen another customer by that.
            self.other_eyes[Kind.INTERACTION].add(row.record_id)


def hints(
    db: Connection, readers: Iterable[Reader], found: Changed, many: Mapping[Kind, list[str]]
) -> dict[str, list[Hint]]:
    """What each of the readers is told, by login; nothing of those that he does not see."""
    readers = list(readers)
    told: dict[str, dict[Hint, None]] = {reader.login: {} for reader in readers}
    for kind, some in found.touched.items():
        for login, seen in access.audience(db, readers, kind, some).items():
            each = (Hint(kind=kind, id=id_, customer=some[id_]) for id_ in some if id_ in seen)
            told[login].update(dict.fromkeys(each))
            if not seen.isdisjoint(found.other_eyes[kind]):
                told[login][_others(kind)] = None
    for kind, ids in many.items():
        for login in access.concerned(db, readers, kind, ids):
            told[login][Hint(kind=kind)] = None
    for kind, owner, team in found.before:
        for reader in readers:
            if reader.knows(owner, team, kind):  # which one it was he may not know any more
                told[reader.login][_others(kind)] = None
    return {login: list(some) for login, some in told.items() if some}


def _others(kind: Kind) -> Hint:
    """He may see others of this kind than before; by another caller's name, other customers."""
    return Hint(kind=Kind.CUSTOMER if kind is Kind.INTERACTION else kind)


def _touched(row: OutboxRow) -> Iterator[tuple[Kind, str, str]]:
    """The records whose pages show what happened: kind, id, and the customer."""
    customer, request = str(row.detail.get("customer", "")), str(row.detail.get("request", ""))
    other = str(row.detail.get("other", ""))
    match row.kind:
        case Kind.CUSTOMER:
            yield Kind.CUSTOMER, row.record_id, row.record_id
        case Kind.REQUEST | Kind.FOLLOWUP | Kind.INTERACTION:
            yield Kind(row.kind), row.record_id, customer
        case Kind.NOTE | Kind.ATTACHMENT | Kind.CONSENT | Kind.RELATION if request:
            yield Kind.REQUEST, request, customer
        case Kind.NOTE | Kind.ATTACHMENT | Kind.CONSENT | Kind.RELATION if customer:
            yield Kind.CUSTOMER, customer, customer
        case _:
            return
    if other:
        yield Kind.CUSTOMER, other, other
