"""The schema's history. `versions/` holds one file for each step; a released step never changes."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from contactcenter.crm.errors import StoreRefused

REVISIONS = (
    *("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012"),
    *("0013", "0014"),
)
"""The oldest first. Named here so that opening a database that is up to date needs no Alembic (0.2 s)."""


def bring_up_to_date(db: Connection) -> None:
    """Migrate in the caller's transaction, all steps or none. Raises `StoreRefused` for a newer schema."""
    if not is_current(db):
        upgrade(db, REVISIONS[-1])


def is_current(db: Connection) -> bool:
    """Whether there is nothing to migrate. Raises `StoreRefused` for a newer schema."""
    found = revision(db)
    if found and found not in REVISIONS:
        raise StoreRefused(
            f"the database was written by a newer contactcenter (schema {found}, this one knows up to "
            f"{REVISIONS[-1]}): start that version"
        )
    return found == REVISIONS[-1]


def revision(db: Connection) -> str:
    """The schema's revision; empty for a new database."""
    if not inspect(db).has_table("alembic_version"):
        return ""
    return db.scalar(text("SELECT version_num FROM alembic_version")) or ""


def upgrade(db: Connection, to: str) -> None:
    """Take the steps up to revision `to`, inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = db
    command.upgrade(config, to)
