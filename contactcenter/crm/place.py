"""Where a store is: a file, or a database of a PostgreSQL server with a file's name for what stays here."""

from dataclasses import field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from contactcenter.values import frozen

_SECRETS = ("password", "sslpassword")


@frozen
class Server:
    """A database of a PostgreSQL server."""

    url: str
    """As libpq takes it, without a password: `postgresql://contactcenter@db.example.com/contactcenter`."""
    password: str = field(default="", repr=False)
    """Empty: the environment's `PGPASSWORD`, the user's `.pgpass`, or none is needed."""
    beside: Path
    """What the SQLite file would be called: the journal and the lock stand there."""

    def __post_init__(self) -> None:
        """Raises ValueError for what is no address, or holds a secret."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("postgresql", "postgres") or not self.url.startswith(f"{parts.scheme}://"):
            raise ValueError("must look like postgresql://USER@HOST/DATABASE")
        _ = parts.port  # raises ValueError for what is no port
        if parts.password is not None or any(each in parse_qs(parts.query) for each in _SECRETS):
            raise ValueError("must not hold a password: lists of processes and logs would show it")

    @property
    def name(self) -> str:
        """For people."""
        return self.url.partition("?")[0]


Place = Path | Server
"""A path is a SQLite file."""


def journal_of(path: Path) -> Path:
    """The journal that belongs to the file, or stands in for it."""
    return path.with_suffix(".journal")


def name_of(place: Place) -> str:
    """For people; holds no secret."""
    return place.name if isinstance(place, Server) else str(place)
