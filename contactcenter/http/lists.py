"""Lists as the API gives them: a page and the cursor of the next."""

from collections.abc import Callable, Iterable
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")


class Paged(BaseModel):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(max_length=1024)] = ""


class Items(BaseModel, Generic[T]):
    """One page. `next` is the `cursor` of the page after it, empty on the last one."""

    items: list[T]
    next: str = ""


def cut(items: Iterable[T], key: Callable[[T], str], query: Paged) -> Items[T]:
    """One page of a list in memory that is sorted by `key`, which is its cursor."""
    rest = [item for item in items if key(item) > query.cursor]
    page = rest[: query.limit]
    return Items(items=page, next=key(page[-1]) if len(rest) > len(page) else "")
