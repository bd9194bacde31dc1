"""What Alembic runs. The connection comes from `bring_up_to_date`, and with it the transaction."""

from alembic import context

from contactcenter.crm.schema import metadata

# Without `transactional_ddl` Alembic would commit SQLite's steps one by one, and a crash leave half a schema.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
