"""What all tables share: the one collection they are in, and how their columns are written."""

from sqlalchemy import Column, MetaData, Text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def words(name: str) -> Column[str]:
    """A text column that is never NULL; empty when there is nothing to say."""
    return Column(name, Text, nullable=False, server_default="")
