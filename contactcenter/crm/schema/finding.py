"""The table of what records are found by. Its index is each engine's own: see the migrations."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, column, table

from contactcenter.crm.schema.base import metadata

# One row for each record that can be found. A row is never updated: a record that changed gets a new one, so
# a higher id was touched later.
documents = Table(
    "documents",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("words", Text, nullable=False),  # letters and digits only, between spaces (`indexing.py`)
    Index(None, "kind", "record_id", unique=True),
)

# SQLite's index of `documents.words`, kept by triggers; a virtual table, so not one of the schema.
document_words = table("document_words", column("rowid"), column("document_words"))
