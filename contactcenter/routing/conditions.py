"""Conditions on a customer, as routing and filters of lists say them: one line that can be read aloud.

    customer.custom.segment == "vip" and not "complaint" in customer.tags
    customer.tier in ("gold", "platinum") or customer.custom.points >= 1000

A condition compares facts of the customer with constants (`==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in`)
and joins such parts by `and`, `or`, `not`. It calls nothing, reads nothing else, and always has an answer:
what a customer does not have equals nothing, is in nothing, and is neither more nor less than anything.
"""

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from contactcenter.values import frozen

LONGEST = 500
"""Characters of a condition."""
FACTS = ("kind", "tier", "category", "language", "company", "save_desk", "tags")
"""What a condition may ask of a customer, besides `custom.NAME`."""

_OPERATORS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

Constant = str | int | float | bool


class Customer(Protocol):
    """What a condition is asked of: a `CustomerCard` is one."""

    @property
    def custom(self) -> Mapping[str, Any]:
        """Custom values by their fields' names."""
        ...


class NoCondition(ValueError):
    """The text is no condition; the message says what is wrong, and what would be right."""


@frozen
class Compare:
    """One fact compared with constants. With `in` and `not in`: whether the fact is one of them, or, of a
    fact that is a list (tags, choices), whether one of them is in it."""

    fact: str
    """One of `FACTS`, or `custom.NAME`."""
    operator: str
    values: tuple[Constant, ...]


@frozen
class Both:
    """All parts hold (`and`), or one of them (`or`)."""

    every: bool
    parts: "tuple[Condition, ...]"


@frozen
class Not:
    """The part does not hold."""

    part: "Condition"


Condition = Compare | Both | Not


def parse(text: str) -> Condition:
    """The condition that a text says. Raises `NoCondition`."""
    if len(text) > LONGEST:
        raise NoCondition(f"has {len(text)} characters: {LONGEST} at most")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise NoCondition(
            'can\'t be read: write it like customer.tier == "gold" and "vip" in customer.tags'
        ) from None
    return _condition(tree)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Condition:
    return parse(text)


def is_so(text: str, customer: Customer) -> bool:
    """Whether the condition that a text says holds of the customer. Raises `NoCondition`."""
    return holds(_parsed(text), customer)


def holds(condition: Condition, customer: Customer) -> bool:
    """Whether it is so of the customer."""
    match condition:
        case Both(every=every, parts=parts):
            return (all if every else any)(holds(part, customer) for part in parts)
        case Not(part=part):
            return not holds(part, customer)
        case Compare():
            return _compares(condition, _fact(customer, condition.fact))


def custom_fields(condition: Condition) -> frozenset[str]:
    """The custom fields that it asks for."""
    match condition:
        case Both(parts=parts):
            return frozenset[str]().union(*map(custom_fields, parts))
        case Not(part=part):
            return custom_fields(part)
        case Compare(fact=fact):
            _, dot, name = fact.partition(".")
            return frozenset({name}) if dot else frozenset()


def _condition(node: ast.expr) -> Condition:
    match node:
        case ast.BoolOp(op=op, values=values):
            return Both(every=isinstance(op, ast.And), parts=tuple(map(_condition, values)))
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return Not(part=_condition(part))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compare(left, _OPERATORS.get(type(op), ""), right)
        case ast.Attribute() if _name(node) == "save_desk" or _name(node).startswith("custom."):
            return Compare(fact=_name(node), operator="==", values=(True,))
    raise NoCondition(f'{_said(node)} is no comparison: write one such as customer.tier == "gold"')


def _compare(left: ast.expr, operator: str, right: ast.expr) -> Compare:
    if not operator:
        raise NoCondition(f"compare by one of {', '.join(_OPERATORS.values())}")
    if isinstance(left, ast.Attribute):
        values = _constants(right)
        if (operator in ("in", "not in")) != isinstance(right, ast.Tuple | ast.List | ast.Set):
            says = 'name a list, such as ("gold", "platinum")' if "in" in operator else "name one value"
            raise NoCondition(f"behind {operator} {says}")
        if operator in ("<", "<=", ">", ">=") and isinstance(values[0], bool):
            raise NoCondition(f"{operator} compares numbers, days and texts")
        return Compare(fact=_name(left), operator=operator, values=values)
    if isinstance(right, ast.Attribute):
        if operator in ("in", "not in"):
            return Compare(fact=_name(right), operator=operator, values=_constants(left))
        return _compare(right, _MIRRORED[operator], left)
    raise NoCondition("compare something of the customer, such as customer.tier")


def _name(node: ast.Attribute) -> str:
    parts: list[str] = []
    at: ast.expr = node
    while isinstance(at, ast.Attribute):
        parts.insert(0, at.attr)
        at = at.value
    if not isinstance(at, ast.Name) or at.id != "customer":
        raise NoCondition(f"{_said(node)} is nothing of the customer: begin with customer.")
    name = ".".join(parts)
    if name not in FACTS and not (parts[0] == "custom" and len(parts) == 2):
        raise NoCondition(f"customer.{name} is not known: one of {', '.join(FACTS)}, custom.NAME")
    return name


def _constants(node: ast.expr) -> tuple[Constant, ...]:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        if not node.elts:
            raise NoCondition("an empty list has nothing in it")
        return tuple(value for each in node.elts for value in _constants(each))
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        value = None
    if not isinstance(value, str | int | float | bool) or value != value:
        raise NoCondition(f"{_said(node)} is no text in quotes, number, True or False")
    return (value,)


def _said(node: ast.AST) -> str:
    try:
        return ast.unparse(node)[:60]
    except RecursionError:
        return "what is written there"


def _fact(customer: Customer, fact: str) -> Any:
    whole, _, part = fact.partition(".")
    found = getattr(customer, whole, None)
    return found.get(part) if part and isinstance(found, Mapping) else found


def _compares(condition: Compare, found: Any) -> bool:
    within = any(
        _equal(each, value)
        for each in (found if isinstance(found, tuple | list) else (found,))
        for value in condition.values
    )
    match condition.operator:
        case "==" | "in":
            return within
        case "!=" | "not in":
            return not within
        case operator:
            return _ordered(operator, found, condition.values[0])


def _equal(found: Any, value: Constant) -> bool:
    if isinstance(found, bool) or isinstance(value, bool):
        return found is value
    number, wanted = _number(found), _number(value)
    if number is not None and not isinstance(value, str):
        return number == wanted
    return bool(found == value)


def _ordered(operator: str, found: Any, value: Constant) -> bool:
    if found is None or found == "" or isinstance(found, bool | list | tuple):
        return False
    ours, theirs = (found, value) if isinstance(value, str) else (_number(found), _number(value))
    if type(ours) is not type(theirs) or ours is None:
        return False
    order: Callable[[Any, Any], bool] = {
        "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
    }[operator]  # fmt: skip
    return order(ours, theirs)


def _number(value: Any) -> float | None:
    """A number, also one that is kept as a text: an amount."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
