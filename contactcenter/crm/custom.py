"""Custom values: what a record has in the fields that a center defined for itself (`fields.py`).

A record keeps them as JSON in `custom`, sealed ones sealed, and once more by themselves in `custom_values`,
so that lists can be filtered by them. `enter` checks what was given, `mirror` writes the second; a noun
writes `stored` into its own row in the same transaction.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert

from contactcenter.crm import fields, sealing, settings
from contactcenter.crm.emails import email
from contactcenter.crm.errors import Refusal
from contactcenter.crm.fields import CHOICES, LARGEST, LONG, LONGEST, Field, FieldType
from contactcenter.crm.phone_numbers import with_extension
from contactcenter.crm.schema import custom_values
from contactcenter.crm.sealing import Unsealable
from contactcenter.crm.text import entered as entered_text
from contactcenter.crm.text import inert
from contactcenter.values import frozen


@frozen
class Entered:
    """What becomes of a record's custom values by one change."""

    stored: dict[str, Any]
    """All of them, as the record keeps them."""
    changed: tuple[str, ...]
    """The names of those that were given."""
    rows: tuple[dict[str, Any], ...]
    """Those that were given and are not empty, for `custom_values`."""


def enter(
    db: Connection,
    kind: str,
    record: str,
    given: Mapping[str, Any],
    *,
    before: Mapping[str, Any] | None = None,
    definitions: Sequence[Field] | None = None,
    region: str = "",
) -> Entered:
    """Check the values that were given for a record (None empties one), and add them to what it has.

    `before` is None for a new record, which must have what is required. Raises `Refusal` that names the field
    as `custom.NAME`; `key_missing` when something sealed can't be written. `region` is whose dialling habits
    numbers follow; empty: the center's.
    """
    known = {each.name: each for each in (fields.all_of(db, kind) if definitions is None else definitions)}
    stored = dict(before or {})
    if given and not region:
        region = settings.get(db, "region", "CN")
    rows: list[dict[str, Any]] = []
    for name, value in given.items():
        if (one := known.get(name)) is None:
            raise Refusal("there is no such field", field=f"custom.{inert(name, 64)}")
        stored.pop(name, None)
        if value is None or value == "" or value == []:
            continue
        if one.retired:
            raise Refusal("this field is retired: it is no longer entered", field=f"custom.{name}")
        plain = checked(one, value, region, f"custom.{name}")
        stored[name] = _sealed(db, one, record, plain) if one.sealed else plain
        rows += _rows(db, one, record, plain)
    for one in known.values():
        asked = before is None or one.name in given
        if one.required and not one.retired and asked and one.name not in stored:
            raise Refusal("this field must not be empty", field=f"custom.{one.name}")
    return Entered(stored=stored, changed=tuple(given), rows=tuple(rows))


def mirror_all(db: Connection, values: Iterable[Entered]) -> None:
    """Write what lists are filtered by, of new records."""
    if rows := [row for each in values for row in each.rows]:
        db.execute(insert(custom_values), rows)


def mirror(db: Connection, kind: str, record: str, entered: Entered) -> None:
    """Write what lists are filtered by: with the record's `custom`, in one transaction."""
    if entered.changed:
        db.execute(
            delete(custom_values).where(
                custom_values.c.kind == kind,
                custom_values.c.record_id == record,
                custom_values.c.field.in_(entered.changed),
            )
        )
    if entered.rows:
        db.execute(insert(custom_values), list(entered.rows))


def told(
    db: Connection,
    kind: str,
    record: str,
    stored: Mapping[str, Any],
    *,
    definitions: Sequence[Field],
    whole: bool = False,
) -> tuple[dict[str, Any], list[str]]:
    """A record's values as they are shown, and the names of those that can't be opened.

    What is sealed is masked, unless the `whole` of it is wanted: for one record, and never for the audit log.
    """
    shown: dict[str, Any] = {}
    closed: list[str] = []
    for one in definitions:
        if one.name not in stored:
            continue
        value = stored[one.name]
        if one.sealed:
            try:
                value = json.loads(sealing.unseal(db, value, one.column, record))
            except Unsealable:
                closed.append(one.name)
                continue
            value = value if whole else sealing.masked(str(value))
        shown[one.name] = value
    return shown, closed


def checked(one: Field, value: Any, region: str, name: str) -> Any:
    """A value as it is kept. Raises `Refusal` that says what would be right."""
    return _CHECKS[one.type](one, value, region, name)


def _sealed(db: Connection, one: Field, record: str, plain: Any) -> str:
    return sealing.seal(db, json.dumps(plain), one.column, record)


def _rows(db: Connection, one: Field, record: str, plain: Any) -> Iterable[dict[str, Any]]:
    common = {"kind": one.kind, "record_id": record, "field": one.name}
    if one.sealed:
        yield common | {"value": sealing.index(db, text_of(plain), one.column), "number": None}
    elif one.type is FieldType.LONG_TEXT:
        yield common | {"value": LONG, "number": None}
    else:
        for each in plain if isinstance(plain, list) else [plain]:
            yield common | {"value": text_of(each), "number": number_of(one.type, each)}


def text_of(plain: Any) -> str:
    """How a value stands in `custom_values`."""
    match plain:
        case bool():
            return "true" if plain else "false"
        case float() if plain.is_integer():
            return str(int(plain))
        case _:
            return str(plain)


def number_of(kind: FieldType, plain: Any) -> float | None:
    """What a value is compared by: a number, an amount, the day's number, seconds; None for a text."""
    match kind:
        case FieldType.NUMBER | FieldType.AMOUNT | FieldType.MOMENT:
            return float(plain)
        case FieldType.DATE:
            return float(date.fromisoformat(plain).toordinal())
        case FieldType.BOOLEAN:
            return float(plain)
        case _:
            return None


Check = Callable[[Field, Any, str, str], Any]


def _is_text(one: Field, value: Any, _: str, name: str) -> str:
    if not isinstance(value, str):
        raise Refusal("must be a text", field=name)
    cap = LONGEST.get(one.type, LONGEST["text"])
    return entered_text(value, name, min(one.longest or cap, cap))


def _is_number(one: Field, value: Any, _: str, name: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Refusal("must be a number", field=name)
    if abs(value) > LARGEST:
        raise Refusal(f"must be between -{LARGEST:g} and {LARGEST:g}", field=name)
    _within(one, float(value), name)
    return value


def _is_amount(one: Field, value: Any, _: str, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refusal('must be an amount, such as "12.50"', field=name)
    try:
        amount = Decimal(str(value)).quantize(Decimal("0.01")) if len(str(value)) <= 20 else Decimal("NaN")
        exact = amount == Decimal(str(value)) and abs(amount) <= Decimal(LARGEST)
    except (InvalidOperation, ValueError):
        exact = False
    if not exact:
        raise Refusal('must be an amount with two decimals at most, such as "12.50"', field=name)
    _within(one, float(amount), name)
    return str(amount)


def _within(one: Field, number: float, name: str) -> None:
    if one.least is not None and number < one.least:
        raise Refusal(f"must be {one.least:g} or more", field=name)
    if one.most is not None and number > one.most:
        raise Refusal(f"must be {one.most:g} or less", field=name)


def _is_date(_: Field, value: Any, region: str, name: str) -> str:
    # `fromisoformat` would take other spellings, too: of one day there is one.
    given = value if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else ""
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise Refusal("must be a day of the calendar, such as 2026-03-31", field=name) from None


def _is_moment(one: Field, value: Any, region: str, name: str) -> float:
    number = float(_is_number(one, value, region, name))
    if not 0 <= number <= 1e11:
        raise Refusal("must be a time in seconds since the epoch, UTC", field=name)
    return number


def _is_boolean(_: Field, value: Any, region: str, name: str) -> bool:
    if not isinstance(value, bool):
        raise Refusal("must be true or false", field=name)
    return value


def _is_choice(one: Field, value: Any, _: str, name: str) -> str:
    offered = [choice.value for choice in one.choices if not choice.retired]
    if value not in offered:
        raise Refusal(f"must be one of {', '.join(offered[:20])}", field=name)
    return str(value)


def _are_choices(one: Field, value: Any, region: str, name: str) -> list[str]:
    if not isinstance(value, list) or len(value) > CHOICES:
        raise Refusal("must be a list of choices", field=name)
    return list(dict.fromkeys(_is_choice(one, each, region, name) for each in value))


def _is_phone(_: Field, value: Any, region: str, name: str) -> str:
    if not isinstance(value, str):
        raise Refusal("must be a telephone number, as a text", field=name)
    number, extension = with_extension(value, region, name)
    return f"{number};ext={extension}" if extension else number


def _is_email(_: Field, value: Any, region: str, name: str) -> str:
    return email(value, name)


def _is_url(_: Field, value: Any, region: str, name: str) -> str:
    text = entered_text(value, name, LONGEST["text"]) if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fine = False
    if not fine or not text.isprintable() or " " in text:
        raise Refusal("must be an address of the web, such as https://example.com", field=name)
    return text


_CHECKS: Mapping[FieldType, Check] = {
    FieldType.TEXT: _is_text,
    FieldType.LONG_TEXT: _is_text,
    FieldType.NUMBER: _is_number,
    FieldType.AMOUNT: _is_amount,
    FieldType.DATE: _is_date,
    FieldType.MOMENT: _is_moment,
    FieldType.BOOLEAN: _is_boolean,
    FieldType.CHOICE: _is_choice,
    FieldType.CHOICES: _are_choices,
    FieldType.PHONE: _is_phone,
    FieldType.EMAIL: _is_email,
    FieldType.URL: _is_url,
}
