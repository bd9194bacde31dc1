"""Tags: short words that people put on customers, as many as they like, to find them by."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select

from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import customers, root_of_row, tags
from contactcenter.crm.text import entered

MOST = 50
"""Tags of one customer."""
LONGEST = 64
_HELD = customers.alias("tagged")
_ROOT = root_of_row(_HELD)


def checked(given: Iterable[str]) -> tuple[str, ...]:
    """The tags as they are kept: each once, sorted. Raises `Refusal`."""
    found = sorted({entered(tag, "tags", LONGEST) for tag in given})
    if "" in found:
        raise Refusal("a tag must not be empty", field="tags")
    if len(found) > MOST:
        raise Refusal(f"at most {MOST} tags", field="tags")
    return tuple(found)


def of(db: Connection, families: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The tags of customers of today, by the ids of all their rows."""
    root_of = {member: root for root, members in families.items() for member in members}
    found: dict[str, set[str]] = defaultdict(set)
    query = select(tags).where(tags.c.customer_id.in_(root_of))
    for row in db.execute(query) if root_of else ():
        found[root_of[row.customer_id]].add(row.tag)
    return {root: tuple(sorted(found[root])) for root in families}


def put(db: Connection, family: Sequence[str], new: Sequence[str]) -> None:
    """Make these the tags of a customer, by the ids of all its rows, its own first. What a row has that was
    merged into it stays in that row."""
    root, *merged = family
    query = select(tags.c.tag, tags.c.customer_id).where(tags.c.customer_id.in_(family))
    own: set[str] = set()
    others: set[str] = set()
    for row in db.execute(query):
        (own if row.customer_id == root else others).add(row.tag)
    gone = tags.c.customer_id.in_(merged) & tags.c.tag.not_in(new)
    db.execute(delete(tags).where(or_(tags.c.customer_id == root, gone)))
    add(db, {root: [tag for tag in new if tag in own or tag not in others]})


def restore(db: Connection, customer: str, was: Iterable[str]) -> None:
    """Give a row back what it had of these, and has no longer."""
    there = set(db.scalars(select(tags.c.tag).where(tags.c.customer_id == customer)))
    add(db, {customer: [tag for tag in was if tag not in there]})


def add(db: Connection, new: Mapping[str, Sequence[str]]) -> None:
    """Write the tags of rows that have none."""
    if rows := [{"customer_id": customer, "tag": tag} for customer, some in new.items() for tag in some]:
        db.execute(insert(tags), rows)


def has(*names: str) -> ColumnElement[bool]:
    """The condition that a customer, or one merged into it, has one of these tags."""
    tagged = select(_ROOT).join(tags, tags.c.customer_id == _HELD.c.id).where(tags.c.tag.in_(names))
    return customers.c.id.in_(tagged)
