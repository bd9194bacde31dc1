"""What an import is: the words that its kinds, its batches and the importer share."""

from enum import StrEnum

from contactcenter.crm.tables import Form
from contactcenter.values import frozen

MATCHES = ("number", "id_number", "phone", "email")
"""By what a customer is known to be there already, in the order in which it counts."""


class State(StrEnum):
    """What becomes of an import."""

    READY = "ready"
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


BUSY = (State.CHECKING, State.RUNNING)
"""Somebody works on it."""
OVER = (State.DONE, State.CANCELLED, State.FAILED)


class Duplicates(StrEnum):
    """What to do with a row whose record is there already."""

    SKIP = "skip"
    UPDATE = "update"
    CREATE = "create"


@frozen
class Options:
    """How a file is to be imported."""

    form: Form
    header: bool = True
    """Whether the first row names the columns."""
    mapping: tuple[str, ...] = ()
    remembered_at: float | None = None
    """When a file with the same header was imported, whose mapping was suggested for this one."""
    duplicates: Duplicates = Duplicates.SKIP
    match: tuple[str, ...] = MATCHES
    owner: str | None = None
    """Whose the records are whose row does not say so; None: as if each were made by hand."""
    team: str | None = None
    into: str = ""
    """Of leads the id of their list, of numbers the name of the national list; empty: our own list."""
    elsewhere: Duplicates = Duplicates.CREATE
    """What to do with a lead who is on another list."""
    region: str | None = None
    """Whose numbers those without a country code are (ISO 3166); None: the center's."""
    profile: str = ""
    """Of a national list: which law it belongs to."""
    fetched_at: float | None = None
    """Of a national list: when this copy was fetched."""


@frozen
class Wish:
    """What to change of the options; None leaves it."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header: bool | None = None
    mapping: tuple[str, ...] | None = None
    duplicates: Duplicates | None = None
    match: tuple[str, ...] | None = None
    owner: str | None = None
    team: str | None = None
    elsewhere: Duplicates | None = None
    region: str | None = None


@frozen
class Column:
    """One column of the file."""

    title: str
    examples: tuple[str, ...]
    target: str
    """The field that it goes into; empty: none."""


@frozen
class Import:
    """One import."""

    id: str
    kind: str
    name: str
    """The file's, as it was sent."""
    state: State
    form: Form
    header: bool
    columns: tuple[Column, ...]
    remembered_at: float | None
    """When a file with the same header was imported, whose mapping was suggested for this one."""
    duplicates: Duplicates
    match: tuple[str, ...]
    owner: str | None
    team: str | None
    into: str
    """Which list: of leads by its id, of numbers by its name; empty: none, or our own."""
    elsewhere: Duplicates
    region: str | None
    profile: str
    fetched_at: float | None
    bytes: int
    rows: int
    """How many there are, the header left out."""
    done: int
    """How many are behind us."""
    created: int
    changed: int
    skipped: int
    bad: int
    error: str
    at: float
    login: str
    ended_at: float | None


@frozen
class Reject:
    """A row that could not be used, or not the whole of it."""

    row: int
    """As a spreadsheet counts them: the first is 1."""
    field: str
    reason: str


@frozen
class Progress:
    """What one step added."""

    done: int
    created: int = 0
    changed: int = 0
    skipped: int = 0
    rejects: tuple[Reject, ...] = ()
    left_out: tuple[Reject, ...] = ()
    """Sound rows of which something was left out all the same, and why: they count as what became of them."""
