"""Custom fields: what a center wants to know of its customers and requests besides what every center does.

A field is defined once and then has a value, or none, in each record. The definition says what a value may
be; it is asked when a value is entered, never of what is there already: whatever becomes of a definition, no
value is lost by it. What could lose one (another type, a choice that is in use, taking a used field away) is
refused with what to do instead.

Values are `custom.py`'s.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from contactcenter.crm import records
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import custom_values, fields
from contactcenter.crm.text import entered
from contactcenter.values import frozen

KINDS = ("customer", "request")
MOST = 100
"""Fields of one kind of record; retired ones don't count."""
CHOICES = 200
LONGEST = {"text": 500, "long_text": 10_000}
"""Characters of such a value at most, whatever the definition says. (An entry of an index of PostgreSQL's has
room for 2,700 bytes.)"""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
LARGEST = 1e15
"""Of a number, in both directions."""


class FieldType(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    AMOUNT = "amount"
    DATE = "date"
    MOMENT = "moment"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"


_WITH_CHOICES = (FieldType.CHOICE, FieldType.CHOICES)
WITH_BOUNDS = (FieldType.NUMBER, FieldType.AMOUNT)
_WITH_LENGTH = (FieldType.TEXT, FieldType.LONG_TEXT)
LONG = ""
"""What stands for a long text where lists are filtered: too long for an index, the search finds it."""


@frozen
class Choice:
    """One of the values that a field may have."""

    value: str
    title: Mapping[str, str]
    """zh, en."""
    retired: bool = False
    """No longer to be chosen; what was, stays."""


@frozen
class Field:
    """One definition."""

    kind: str
    """Of which records: customer, request."""
    name: str
    title: Mapping[str, str]
    """zh, en."""
    type: FieldType
    choices: tuple[Choice, ...] = ()
    least: float | None = None
    """Of a number or amount."""
    most: float | None = None
    longest: int | None = None
    """Characters of a text."""
    required: bool = False
    """A new record must have it, and it can't be emptied. Records from before may lack it."""
    searchable: bool = False
    """The search box finds records by it."""
    sealed: bool = False
    """Personal: encrypted in the database; filtered by equality only."""
    routing: bool = False
    """Goes with the caller to the center, for conditions of routing. Of customers."""
    retired: bool = False
    """No longer entered; what was, stays and is shown."""
    place: int = 0
    """Where it stands among the others."""
    version: int = 1

    @property
    def id(self) -> str:
        """The field's name with its kind: `customer.segment`."""
        return f"{self.kind}.{self.name}"

    @property
    def column(self) -> str:
        """What sealed values are bound to."""
        return f"{self.kind}/custom.{self.name}"


CHANGEABLE = frozenset(
    {"title", "type", "choices", "least", "most", "longest", "required", "searchable", "sealed", "routing"}
    | {"retired", "place"}
)
"""What of a definition can be changed. Its kind and name are what its values hang on."""


def all_of(db: Connection, kind: str = "") -> tuple[Field, ...]:
    """Every definition of a kind of record, or of all, in the order in which they are shown."""
    query = select(fields).order_by(fields.c.kind, fields.c.place, fields.c.name)
    return tuple(map(_field, db.execute(query.where(fields.c.kind == kind) if kind else query)))


def get(db: Connection, kind: str, name: str) -> Field | None:
    """The definition, or None."""
    row = db.execute(select(fields).where(fields.c.kind == kind, fields.c.name == name)).one_or_none()
    return _field(row) if row else None


def create(db: Connection, new: Field, *, by: str, at: float) -> Field:
    """Define a field. Raises `Refusal`: `taken`, or what is wrong with it."""
    if new.kind not in KINDS:
        raise Refusal(f"one of {', '.join(KINDS)}", field="kind")
    if not _NAME.fullmatch(new.name):
        raise Refusal("a small letter, then small letters, digits or _, 32 at most", field="name")
    if get(db, new.kind, new.name):
        raise Refusal(f"there is a field {new.id}", code="taken", field="name")
    living = [each for each in all_of(db, new.kind) if not each.retired]
    if len(living) >= MOST:
        raise Refusal(f"at most {MOST} fields: retire one that nobody needs", field="name")
    new = _sound(replace(new, version=1, place=new.place or len(living) + 1))
    db.execute(insert(fields).values(_row(new)))
    records.changed(db, "field", new.id, None, _told(new), by=by, at=at)
    return new


def change(
    db: Connection,
    kind: str,
    name: str,
    to: Mapping[str, Any],
    *,
    by: str,
    at: float,
    expected: int | None = None,
) -> Field:
    """Change what `to` names (some of `CHANGEABLE`); values that are there stay as they are.

    Raises `Refusal`: `not_found`, `in_use` for what would lose values, or what is wrong; `ChangedMeanwhile`.
    """
    before = _known(db, kind, name)
    records.expect(before.version, expected)
    if unknown := sorted(set(to) - CHANGEABLE):
        raise Refusal("this can't be changed", field=unknown[0])
    after = _sound(replace(before, **dict(to), version=before.version + 1))
    _keeps_values(db, before, after)
    db.execute(update(fields).where(fields.c.kind == kind, fields.c.name == name).values(_row(after)))
    records.changed(db, "field", before.id, _told(before), _told(after), by=by, at=at, version=after.version)
    return after


def remove(db: Connection, kind: str, name: str, *, by: str, at: float, expected: int | None = None) -> None:
    """Delete a definition that no record has a value of. Raises `Refusal`: `not_found`, `in_use`."""
    before = _known(db, kind, name)
    records.expect(before.version, expected)
    if used := _uses(db, before):
        raise Refusal(f"{used} records have a value of it: retire it instead", code="in_use", field="name")
    db.execute(delete(fields).where(fields.c.kind == kind, fields.c.name == name))
    records.changed(db, "field", before.id, _told(before), None, by=by, at=at, version=before.version)


def _known(db: Connection, kind: str, name: str) -> Field:
    found = get(db, kind, name)
    if found is None:
        raise Refusal("there is no such field", code="not_found")
    return found


def _sound(one: Field) -> Field:
    """The definition as it is kept. Raises `Refusal` for what is wrong with it."""
    title = {language: _title(one.title.get(language, ""), f"title.{language}") for language in ("zh", "en")}
    if (one.type in _WITH_CHOICES) != bool(one.choices):
        says = "name the choices" if one.type in _WITH_CHOICES else f"a field of type {one.type} has none"
        raise Refusal(says, field="choices")
    if len(one.choices) > CHOICES:
        raise Refusal(f"at most {CHOICES} choices", field="choices")
    values = [choice.value for choice in one.choices]
    if len(set(values)) < len(values):
        raise Refusal("names one choice twice", field="choices")
    choices = tuple(_choice(choice, f"choices.{n}") for n, choice in enumerate(one.choices))
    for name in ("least", "most"):
        bound = getattr(one, name)
        if bound is not None and (one.type not in WITH_BOUNDS or not abs(bound) <= LARGEST):
            raise Refusal("a number, and only of fields that hold numbers or amounts", field=name)
    if one.least is not None and one.most is not None and one.least > one.most:
        raise Refusal("is less than the least", field="most")
    cap = LONGEST.get(one.type, 0)
    if one.longest is not None and (one.type not in _WITH_LENGTH or not 1 <= one.longest <= cap):
        says = f"from 1 to {cap} characters" if cap else f"a field of type {one.type} has no length"
        raise Refusal(says, field="longest")
    if one.routing and (one.sealed or one.kind != "customer" or one.type is FieldType.LONG_TEXT):
        raise Refusal("only of customers, neither sealed nor a long text: it is used live", field="routing")
    if one.sealed and one.searchable:
        raise Refusal("what is sealed can't be searched by its parts", field="searchable")
    if one.sealed and one.type in (FieldType.CHOICE, FieldType.CHOICES, FieldType.BOOLEAN):
        raise Refusal("of so few values each would be guessed: seal texts and numbers", field="sealed")
    return replace(one, title=title, choices=choices)


def _title(text: str, name: str) -> str:
    if not (text := entered(text, name, 80)):
        raise Refusal("must not be empty", field=name)
    return text


def _choice(choice: Choice, name: str) -> Choice:
    value = entered(choice.value, f"{name}.value", 64)
    if not value:
        raise Refusal("must not be empty", field=f"{name}.value")
    title = {each: _title(choice.title.get(each, ""), f"{name}.title.{each}") for each in ("zh", "en")}
    return replace(choice, value=value, title=title)


def _keeps_values(db: Connection, before: Field, after: Field) -> None:
    """Refuse what would make values that are there unreadable, or leave them in another form."""
    longer = (before.type, after.type) == (FieldType.TEXT, FieldType.LONG_TEXT)
    other_type = before.type is not after.type and not (longer and not before.sealed)
    if (other_type or before.sealed != after.sealed) and (used := _uses(db, before)):
        what = "type" if other_type else "sealed"
        says = f"{used} records have a value of it: retire this field and make another"
        raise Refusal(says, code="in_use", field=what)
    gone = {each.value for each in before.choices} - {each.value for each in after.choices}
    for value in sorted(gone):
        chosen = select(func.count()).where(*_of(before), custom_values.c.value == value)
        if chosen_by := db.scalar(chosen):
            says = f"{chosen_by} records have {value!r}: set its retired to true instead"
            raise Refusal(says, code="in_use", field="choices")
    if longer:
        db.execute(update(custom_values).where(*_of(before)).values(value=LONG))


def _of(one: Field) -> tuple[Any, ...]:
    return custom_values.c.kind == one.kind, custom_values.c.field == one.name


def _uses(db: Connection, one: Field) -> int:
    """How many records have a value."""
    query = select(func.count(custom_values.c.record_id.distinct())).where(*_of(one))
    return db.scalar(query) or 0


def _field(row: Row[Any]) -> Field:
    options = row.options
    return Field(
        kind=row.kind, name=row.name, title=row.title, type=FieldType(row.type),
        choices=tuple(Choice(**choice) for choice in options.get("choices", ())),
        least=options.get("least"), most=options.get("most"), longest=options.get("longest"),
        required=row.required, searchable=row.searchable, sealed=row.sealed, routing=row.routing,
        retired=row.retired, place=row.place, version=row.version,
    )  # fmt: skip


def _row(one: Field) -> dict[str, Any]:
    options = {"choices": [asdict(choice) for choice in one.choices]} | {
        name: getattr(one, name) for name in ("least", "most", "longest")
    }
    return {
        "kind": one.kind, "name": one.name, "title": dict(one.title), "type": one.type.value,
        "options": options, "required": one.required, "searchable": one.searchable, "sealed": one.sealed,
        "routing": one.routing, "retired": one.retired, "place": one.place, "version": one.version,
    }  # fmt: skip


def _told(one: Field) -> dict[str, Any]:
    """The definition as the audit log has it."""
    return {name: value for name, value in _row(one).items() if name not in ("kind", "name", "version")}
