"""Lists that page by cursor: a page begins after the last row of the one before, whatever came since."""

import base64
import binascii
import json
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_

from contactcenter.crm.errors import Refusal
from contactcenter.crm.text import inert
from contactcenter.values import frozen

T = TypeVar("T")

_LARGEST = 2**31 - 1
"""What a column that numbers rows holds."""
MOST = 200
"""No page is longer, whatever was asked for."""


@frozen
class Page(Generic[T]):
    """One page. `next` is the cursor of the page after it, empty on the last one."""

    items: tuple[T, ...]
    next: str = ""


def after(
    query: Select[Any],
    key: ColumnElement[Any],
    tie: ColumnElement[str],
    *,
    cursor: str,
    limit: int,
    down: bool,
) -> Select[Any]:
    """`query` in the order of `key` (from high to low if `down`), from `cursor` on, with one row to spare.

    `tie` is a unique column that orders rows of equal `key`. Raises `Refusal` for a cursor that isn't ours.
    """
    if cursor:
        value, last = place_of(cursor, key.type.python_type)
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise Refusal("not a cursor of this list", field="cursor")
        beyond = (key < value, tie < last) if down else (key > value, tie > last)
        query = query.where(or_(beyond[0], and_(key == value, beyond[1])))
    order = (key.desc(), tie.desc()) if down else (key, tie)
    return query.order_by(*order).limit(bounded(limit) + 1)


def bounded(limit: int) -> int:
    """The page length that is really used for `limit`. Raises `Refusal` below 1."""
    if limit < 1:
        raise Refusal("a page has at least one row", field="limit")
    return min(limit, MOST)


def cursor_of(value: str | float, tie: str) -> str:
    """The cursor that begins after the row with this key and tie."""
    return base64.urlsafe_b64encode(json.dumps([value, tie]).encode()).decode().rstrip("=")


def place_of(cursor: str, kind: type) -> tuple[Any, str]:
    """The key (of that type) and tie that `cursor_of` made the cursor from. Raises `Refusal` for others."""
    try:
        value, tie = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise Refusal("not a cursor of this list", field="cursor") from error
    # A number for a text column would be an error on PostgreSQL and a silent nonsense order on SQLite.
    if isinstance(value, bool) or not isinstance(value, kind) or not isinstance(tie, str):
        raise Refusal("not a cursor of this list", field="cursor")
    if not _storable(tie) or (isinstance(value, str) and not _storable(value)) or value != value:
        raise Refusal("not a cursor of this list", field="cursor")
    return value, tie


def _storable(text: str) -> bool:
    """Whether a text could stand in a column."""
    return inert(text, len(text)) == text
