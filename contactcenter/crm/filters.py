"""Filters: a condition on customers (`routing/conditions.py`) as what a query must meet. So lists and
campaigns say whom they mean in the words of the routing."""

import json
import math
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, exists, false, not_, or_, select

from contactcenter.crm import access, custom, fields, sealing, tags
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.fields import Field, FieldType
from contactcenter.crm.schema import custom_values, customers
from contactcenter.routing.conditions import (
    Both,
    Compare,
    Condition,
    Constant,
    NoCondition,
    Not,
    custom_fields,
    parse,
)

_ORDER = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}
_NUMBERS = (FieldType.NUMBER, FieldType.AMOUNT, FieldType.MOMENT)
"""Compared as numbers; days and all others as the texts that they are kept as."""


def clause(db: Connection, text: str, reader: Reader = CENTER) -> ColumnElement[bool]:
    """The condition on rows of `customers` that a text says.

    Raises `Refusal` that names `where`: for what is no condition, for fields that there are not, and for
    those that the reader may not see.
    """
    try:
        condition = parse(text)
    except NoCondition as error:
        raise Refusal(str(error), field="where") from None
    known = {each.name: each for each in fields.all_of(db, "customer")}
    try:
        return _clause(db, condition, known, reader)
    except Refusal as error:
        raise Refusal(f"{error.field}: {error}", code=error.code, field="where") from None


def _clause(
    db: Connection, condition: Condition, known: Mapping[str, Field], reader: Reader
) -> ColumnElement[bool]:
    match condition:
        case Both(every=every, parts=parts):
            return (and_ if every else or_)(*(_clause(db, part, known, reader) for part in parts))
        case Not(part=part):
            return not_(_clause(db, part, known, reader))
        case Compare():
            access.check_shown(reader, Kind.CUSTOMER, (condition.fact,))
            positive = _compare(db, condition, known)
            return not_(positive) if condition.operator in ("!=", "not in") else positive


def _compare(db: Connection, one: Compare, known: Mapping[str, Field]) -> ColumnElement[bool]:
    """The comparison without its negation, in the sense of `conditions.holds`."""
    whole, _, name = one.fact.partition(".")
    if name:
        if (field := known.get(name)) is None:
            raise Refusal("there is no such field", field=one.fact)
        return _custom(db, one, field)
    texts = [value for value in one.values if isinstance(value, str)]
    if one.operator in _ORDER:
        if whole in ("tags", "save_desk") or not texts:
            return false()
        column = customers.c[whole]
        ordered: ColumnElement[bool] = getattr(column, _ORDER[one.operator])(texts[0])
        return and_(column != "", ordered)
    if whole == "tags":
        return tags.has(*texts)
    if whole == "save_desk":
        return customers.c.save_desk.in_([value for value in one.values if isinstance(value, bool)])
    return customers.c[whole].in_(texts)


def _custom(db: Connection, one: Compare, field: Field) -> ColumnElement[bool]:
    if field.type is FieldType.LONG_TEXT:
        raise Refusal("is a long text: the search finds it, lists can't be filtered by it", field=one.fact)
    of_it = [
        custom_values.c.kind == "customer",
        custom_values.c.record_id == customers.c.id,
        custom_values.c.field == field.name,
    ]
    if field.sealed and one.operator in _ORDER:
        raise Refusal("is sealed: it can be compared by == only", field=one.fact)
    if field.sealed:
        stands = [sealing.index(db, custom.text_of(value), field.column) for value in one.values]
        of_it.append(custom_values.c.value.in_(stands))
    elif one.operator in _ORDER:
        bound = _bound(one.values[0])
        if (field.type in _NUMBERS) == isinstance(bound, str):
            return false()
        column = custom_values.c.number if field.type in _NUMBERS else custom_values.c.value
        of_it.append(getattr(column, _ORDER[one.operator])(bound))
    else:
        numbers = [_bound(each) for each in one.values if not isinstance(each, str | bool)]
        texts = [custom.text_of(each) for each in one.values if isinstance(each, str | bool)]
        equal = custom_values.c.value.in_(texts)
        of_it.append(or_(equal, custom_values.c.number.in_(numbers)) if numbers else equal)
    return exists(select(1).select_from(custom_values).where(*of_it).correlate(customers))


def _bound(value: Constant) -> str | float:
    """A constant as the column is compared with it: whole numbers may be larger than any column holds."""
    if isinstance(value, str):
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


# --- as others may read it ---


def sealed_in(db: Connection, text: str) -> tuple[str, ...]:
    """The sealed fields with which the condition compares: their values stand in it in the clear. None of a
    text that is no condition."""
    try:
        wanted = custom_fields(parse(text))
    except NoCondition:
        return ()
    return tuple(each.name for each in fields.all_of(db, "customer") if each.sealed and each.name in wanted)


def told(db: Connection, text: str) -> str:
    """The condition as a log may have it: without the values of sealed fields."""
    sealed = sealed_in(db, text)
    return _said(parse(text), frozenset(f"custom.{name}" for name in sealed)) if sealed else text


def _said(condition: Condition, sealed: frozenset[str]) -> str:
    match condition:
        case Both(every=every, parts=parts):
            said = [_said(part, sealed) for part in parts]
            inner = [
                f"({each})" if isinstance(p, Both) else each for each, p in zip(said, parts, strict=True)
            ]
            return (" and " if every else " or ").join(inner)
        case Not(part=part):
            return f"not ({_said(part, sealed)})"
        case Compare(fact=fact, operator=operator, values=values):
            constants = [json.dumps(v, ensure_ascii=False) if isinstance(v, str) else repr(v) for v in values]
            several = f"({', '.join(constants)})" if "in" in operator else constants[0]
            return f"customer.{fact} {operator} {'•' if fact in sealed else several}"
