"""Import kinds: what the import of one kind of record has that others don't. `imports.KINDS` has them all."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence, Set
from typing import Any, ClassVar, Protocol

from sqlalchemy import Connection

from contactcenter.crm.access import Reader, Right
from contactcenter.crm.import_values import Import, Options, Reject, State
from contactcenter.crm.tables import Row
from contactcenter.crm.targets import Target


class Batch(Protocol):
    """The rows of one transaction, and what became of them."""

    created: int
    changed: int
    skipped: int
    rejects: list[Reject]
    left_out: list[Reject]
    fresh: set[Any]
    """What the new records are known by."""

    def take(self, rows: Sequence[Row]) -> None:
        """Deal with these rows, none of which is blank."""
        ...


class ImportKind(ABC):
    """Records of one kind from a file. What is no abstract method may be left as it is: most kinds have
    nothing to add to it."""

    name: ClassVar[str]
    rights: ClassVar[frozenset[Right]]
    """All that it takes to import them."""
    most: ClassVar[int] = 80
    """Rows of a batch. More of them would keep the loop too long at a stretch: the store's Python runs in
    it."""

    @abstractmethod
    def targets(self, db: Connection) -> tuple[Target, ...]:
        """Everything that a column can go into."""

    @abstractmethod
    def check(self, db: Connection, options: Options, reader: Reader) -> None:
        """Refuse options that nobody, or not this reader, could import by. Raises `Refusal`."""

    def check_columns(self, options: Options, titles: Sequence[str], reader: Reader) -> None:  # noqa: B027
        """Refuse columns, which have these titles, that can't go where they are to go. Raises `Refusal`,
        naming the column: `mapping.3`."""

    @abstractmethod
    def check_complete(self, options: Options) -> None:
        """Refuse a mapping that lacks what no record is without. Raises `Refusal`."""

    def terms(self, db: Connection, one: Import, options: Options, zone: str) -> Mapping[str, Any] | None:
        """By what the process that reads the file finds out what a row says (`reading.py`), as JSON; None: it
        hands on the cells. `zone` is whose times of the day cells mean."""
        return None

    def begins(self, db: Connection, one: Import, options: Options, *, at: float) -> None:  # noqa: B027
        """It is begun, or gone on with, in this transaction. Raises `Refusal`."""

    def ends(self, db: Connection, one: Import, options: Options, state: State, *, at: float) -> None:  # noqa: B027
        """It is over in this transaction: done, failed, cancelled or removed. `one` is as it was before.
        Raises `Refusal` when what came must not count."""

    @abstractmethod
    def batch(
        self, db: Connection, one: Import, options: Options, reader: Reader, *, at: float, zone: str,
        seen: Set[Hashable],
    ) -> Batch:  # fmt: skip
        """Takes rows. `seen` is what the rows checked before are known by."""
