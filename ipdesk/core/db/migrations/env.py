"""How alembic runs a step: on the connection it was given, in batch mode for SQLite."""

from alembic import context

from ipdesk.core.db.core import db
from ipdesk.core.db.migrations import own_name

_connection = context.config.attributes["connection"]
context.configure(
    connection=_connection, target_metadata=db.metadata, render_as_batch=True,
    include_name=own_name, user_module_prefix="types.")
with context.begin_transaction():
    context.run_migrations()
