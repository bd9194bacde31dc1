"""Small facts about the database itself, by name."""

from sqlalchemy import Connection, insert, select, update

from contactcenter.crm.schema import settings


def get(db: Connection, name: str, default: str = "") -> str:
    """The value of the setting, or `default`."""
    value: str | None = db.scalar(select(settings.c.value).where(settings.c.name == name))
    return default if value is None else value


def put(db: Connection, name: str, value: str) -> None:
    """Set it."""
    if db.execute(update(settings).where(settings.c.name == name).values(value=value)).rowcount == 0:
        db.execute(insert(settings).values(name=name, value=value))
