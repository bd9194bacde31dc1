"""Import batches: some rows of a file at a time, in one transaction with how far the import is.

`carry_out` runs in the store's one writer, between other people's writes: it is to be short. Checking a file
is the same work, undone by a savepoint: what it says is what importing will do.
"""

from collections.abc import Hashable, Sequence, Set

from sqlalchemy import Connection

from contactcenter.crm import imports, readers
from contactcenter.crm.errors import Refusal
from contactcenter.crm.import_values import BUSY, Import, Progress, State
from contactcenter.crm.tables import Row
from contactcenter.values import frozen

TOO_MANY = 100_000
"""Bad rows after which an import is paused: the mapping is wrong, and not the rows."""


@frozen
class Outcome:
    """What a batch did."""

    one: Import
    """As it stands now."""
    seen: frozenset[Hashable] = frozenset()
    """What the new records are known by."""


def carry_out(
    db: Connection,
    id_: str,
    after: int,
    rows: Sequence[Row],
    *,
    at: float,
    zone: str,
    seen: Set[Hashable] = frozenset(),
) -> Outcome | None:
    """Import these rows, or check them; they are those that follow on the `after`-th.

    `seen` is what the rows checked before are known by (`Outcome.seen`): nothing of them was kept. None when
    there is nothing to do: the import was stopped, or these rows are behind it already.
    """
    found = imports.known(db, id_)
    if found is None or found[0].state not in BUSY or found[0].done != after:
        return None
    one, options = found
    who = readers.of(db, one.login)
    kind = imports.KINDS[one.kind]
    if who is None or not kind.rights <= who.reader.rights:
        imports.end(db, id_, at=at, error="whoever began it may import no more", state=State.PAUSED)
        return None
    try:
        imports.check_again(db, one, options, who.reader)
        batch = kind.batch(db, one, options, who.reader, at=at, zone=zone, seen=seen)
    except Refusal as error:
        place = error.field.rpartition("mapping.")[2]
        says = f"column {int(place) + 1}: {error}" if place.isdecimal() else str(error)
        imports.end(db, id_, at=at, error=says, state=State.PAUSED)
        return None
    checking = one.state is State.CHECKING
    with db.begin_nested() as point:
        batch.take([row for row in rows if not row.blank])
        if checking:
            point.rollback()
    progress = Progress(
        done=after + len(rows), created=batch.created, changed=batch.changed, skipped=batch.skipped,
        rejects=tuple(sorted(batch.rejects, key=lambda each: each.row)), left_out=tuple(batch.left_out),
    )  # fmt: skip
    now = imports.advance(db, one, progress)
    if now.bad // TOO_MANY > one.bad // TOO_MANY:
        says = f"{now.bad:,} rows are bad by now: look at the mapping; it goes on when it is started again"
        now = imports.end(db, id_, at=at, error=says, state=State.PAUSED) or now
    return Outcome(one=now, seen=frozenset(batch.fresh))
