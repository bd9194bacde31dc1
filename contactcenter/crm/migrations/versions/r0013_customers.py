"""One customer, one view: organisations, addresses, consent, requests, follow-ups, teams and roles."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

# What the search box looks in (`crm/search.py`). SQLite's index takes its text from `documents` and is told
# by triggers; a document is never updated. PostgreSQL's is of the very expression that the search uses.
FINDING = {
    "sqlite": (
        """CREATE VIRTUAL TABLE document_words USING fts5(words, content='documents', content_rowid='id',
        tokenize='unicode61 remove_diacritics 0', detail=none, columnsize=0, prefix='2 3 4 5 6')""",
        """CREATE TRIGGER documents_insert AFTER INSERT ON documents BEGIN
        INSERT INTO document_words (rowid, words) VALUES (NEW.id, NEW.words); END""",
        """CREATE TRIGGER documents_delete AFTER DELETE ON documents BEGIN
        INSERT INTO document_words (document_words, rowid, words)
        VALUES ('delete', OLD.id, OLD.words); END""",
        """CREATE TRIGGER documents_update BEFORE UPDATE ON documents
        BEGIN SELECT RAISE(ABORT, 'a document is never updated'); END""",
    ),
    "postgresql": (
        """CREATE INDEX ix_documents_words ON documents
        USING gin (array_to_tsvector(string_to_array(words, ' ')))""",
    ),
}


def upgrade() -> None:
    """Telephone numbers become addresses; every user keeps what his role could do."""
    op.create_table(
        "assignments",
        sa.Column("interaction", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("interaction", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_customer_id"), "assignments", ["customer_id"], unique=False)
    op.create_table(
        "custom_values",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "record_id", "field", "value", name=op.f("pk_custom_values")),
    )
    op.create_index(
        op.f("ix_custom_values_kind_field_number"), "custom_values", ["kind", "field", "number"], unique=False
    )
    op.create_index(
        op.f("ix_custom_values_kind_field_value"), "custom_values", ["kind", "field", "value"], unique=False
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index(op.f("ix_documents_kind_record_id"), "documents", ["kind", "record_id"], unique=True)
    for statement in FINDING[op.get_bind().dialect.name]:
        op.execute(statement)
    op.create_table(
        "duplicates",
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("second", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("found_at", sa.Double(), nullable=False),
        sa.Column("decided_at", sa.Double(), nullable=True),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("first", "second", name=op.f("pk_duplicates")),
    )
    op.create_index(op.f("ix_duplicates_second"), "duplicates", ["second"], unique=False)
    op.create_index(op.f("ix_duplicates_state_score"), "duplicates", ["state", "score"], unique=False)
    op.create_table(
        "fields",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("searchable", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("routing", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_fields")),
    )
    op.create_table(
        "idempotency",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("login", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False)
    op.create_table(
        "import_mappings",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("kind", "header", name=op.f("pk_import_mappings")),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_at_id"), "imports", ["at", "id"], unique=False)
    op.create_table(
        "import_rejects",
        sa.Column("import_id", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["imports.id"],
            name=op.f("fk_import_rejects_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "row", name=op.f("pk_import_rejects")),
    )
    op.create_table(
        "links",
        sa.Column("interaction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("interaction", "kind", "record_id", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_kind_record_id"), "links", ["kind", "record_id"], unique=False)
    op.create_table(
        "merges",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.Column("gone", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.Column("undone_at", sa.Double(), nullable=True),
        sa.Column("undone_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_gone"), "merges", ["gone"], unique=False)
    op.create_index(op.f("ix_merges_kept"), "merges", ["kept"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
    )
    op.create_table(
        "ownerships",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownerships")),
    )
    op.create_index(
        op.f("ix_ownerships_kind_record_id_at"), "ownerships", ["kind", "record_id", "at"], unique=False
    )
    op.create_table(
        "roles",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("hidden", sa.JSON(), nullable=False),
        sa.Column("builtin", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_roles")),
    )
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index(op.f("ix_saved_views_kind_login"), "saved_views", ["kind", "login"], unique=False)
    op.create_table(
        "teams",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_teams")),
    )
    op.create_table(
        "addresses",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("preferred", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("verified_at", sa.Double(), nullable=True),
        sa.Column("verified_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_addresses_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "channel", "value", "extension", name=op.f("pk_addresses")),
    )
    op.create_index(op.f("ix_addresses_channel_value"), "addresses", ["channel", "value"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), server_default="", nullable=False),
        sa.Column("interaction", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_attachments_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(
        op.f("ix_attachments_customer_id_created_at"),
        "attachments",
        ["customer_id", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_attachments_request"), "attachments", ["request"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("interaction", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_consents_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_customer_id_at"), "consents", ["customer_id", "at"], unique=False)
    op.create_table(
        "followups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("request", sa.Text(), server_default="", nullable=False),
        sa.Column("interaction", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("remind_at", sa.Double(), nullable=True),
        sa.Column("recurrence", sa.JSON(), nullable=True),
        sa.Column("series", sa.Text(), server_default="", nullable=False),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("done_at", sa.Double(), nullable=True),
        sa.Column("done_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_followups_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followups")),
    )
    op.create_index(
        op.f("ix_followups_customer_id_due_at"), "followups", ["customer_id", "due_at"], unique=False
    )
    op.create_index(
        op.f("ix_followups_owner_state_due_at"), "followups", ["owner", "state", "due_at"], unique=False
    )
    op.create_index(op.f("ix_followups_remind_at"), "followups", ["remind_at"], unique=False)
    op.create_index(
        op.f("ix_followups_team_state_due_at"), "followups", ["team", "state", "due_at"], unique=False
    )
    op.create_table(
        "memberships",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["login"], ["users.login"], name=op.f("fk_memberships_login"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team"], ["teams.name"], name=op.f("fk_memberships_team")),
        sa.PrimaryKeyConstraint("login", "team", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_team_login"), "memberships", ["team", "login"], unique=False)
    op.create_table(
        "name_keys",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_name_keys_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_name_keys")),
    )
    op.create_index(op.f("ix_name_keys_key"), "name_keys", ["key"], unique=False)
    op.create_table(
        "notes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), server_default="", nullable=False),
        sa.Column("interaction", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("updated_by", sa.Text(), server_default="", nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_notes_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(
        op.f("ix_notes_customer_id_created_at"), "notes", ["customer_id", "created_at"], unique=False
    )
    op.create_index(op.f("ix_notes_request"), "notes", ["request"], unique=False)
    op.create_table(
        "relations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("from_id", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("main", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Double(), nullable=True),
        sa.Column("until", sa.Double(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["from_id"], ["customers.id"], name=op.f("fk_relations_from_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_id"], ["customers.id"], name=op.f("fk_relations_to_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relations")),
    )
    op.create_index(op.f("ix_relations_from_id"), "relations", ["from_id"], unique=False)
    op.create_index(op.f("ix_relations_to_id"), "relations", ["to_id"], unique=False)
    op.create_table(
        "requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("interaction", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("solution", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("queue", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("custom", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("opened_by", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("solved_at", sa.Double(), nullable=True),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_requests_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_requests_number")),
    )
    op.create_index(
        op.f("ix_requests_customer_id_opened_at"), "requests", ["customer_id", "opened_at"], unique=False
    )
    op.create_index(
        op.f("ix_requests_owner_state_due_at"), "requests", ["owner", "state", "due_at"], unique=False
    )
    op.create_index(op.f("ix_requests_state_due_at"), "requests", ["state", "due_at"], unique=False)
    op.create_index(
        op.f("ix_requests_team_state_due_at"), "requests", ["team", "state", "due_at"], unique=False
    )
    op.create_index(op.f("ix_requests_updated_at_id"), "requests", ["updated_at", "id"], unique=False)
    op.create_table(
        "tags",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_tags_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "tag", name=op.f("pk_tags")),
    )
    op.create_index(op.f("ix_tags_tag_customer_id"), "tags", ["tag", "customer_id"], unique=False)
    op.create_table(
        "request_steps",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_request_steps_request_id")),
        sa.PrimaryKeyConstraint("request_id", "seq", name=op.f("pk_request_steps")),
    )
    op.add_column("customers", sa.Column("kind", sa.Text(), server_default="person", nullable=False))
    op.add_column("customers", sa.Column("category", sa.Text(), server_default="", nullable=False))
    op.add_column("customers", sa.Column("id_number", sa.Text(), server_default="", nullable=False))
    op.add_column("customers", sa.Column("id_number_index", sa.Text(), server_default="", nullable=False))
    op.add_column("customers", sa.Column("custom", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("customers", sa.Column("owner", sa.Text(), server_default="", nullable=False))
    op.add_column("customers", sa.Column("team", sa.Text(), server_default="", nullable=False))
    op.add_column("customers", sa.Column("merged_into", sa.Text(), server_default="", nullable=False))
    op.add_column("customers", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("customers", sa.Column("created_by", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_customers_id_number_index",
        "customers",
        ["id_number_index"],
        unique=False,
        sqlite_where=sa.text("id_number_index <> ''"),
        postgresql_where=sa.text("id_number_index <> ''"),
    )
    op.create_index(
        "ix_customers_merged_into",
        "customers",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into <> ''"),
        postgresql_where=sa.text("merged_into <> ''"),
    )
    op.create_index(op.f("ix_customers_owner_id"), "customers", ["owner", "id"], unique=False)
    op.create_index(op.f("ix_customers_team_id"), "customers", ["team", "id"], unique=False)
    op.add_column("users", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("interactions", sa.Column("confidence", sa.Double(), server_default="0", nullable=False))
    phones = sa.table("phones", *map(sa.column, ("customer_id", "number", "kind", "place")))
    names = ("customer_id", "channel", "value", "kind", "place")
    addresses = sa.table("addresses", *map(sa.column, names))
    old = sa.select(phones.c.customer_id, sa.literal("phone"), phones.c.number, phones.c.kind, phones.c.place)
    op.execute(sa.insert(addresses).from_select(names, old))
    op.drop_index(op.f("ix_phones_number"), table_name="phones")
    op.drop_table("phones")
    # All who are there are compared with each other, once the center is up (`crm/duplicates.py`).
    op.execute(
        """INSERT INTO settings (name, value)
        SELECT 'duplicates_due', '[0, ""]' WHERE EXISTS (SELECT 1 FROM customers)"""
    )
