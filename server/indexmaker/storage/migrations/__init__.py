"""Alembic's scripts, run by `indexmaker.storage.schema`."""
