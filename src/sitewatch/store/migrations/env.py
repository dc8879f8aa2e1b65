"""Alembic's entry: migrations run on the connection that `sitewatch.store` hands over, in its transaction."""

from alembic import context

from sitewatch.store._schema import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
