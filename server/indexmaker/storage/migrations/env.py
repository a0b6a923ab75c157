"""Runs the migrations on the connection that `indexmaker.storage.schema` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from indexmaker.storage.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
