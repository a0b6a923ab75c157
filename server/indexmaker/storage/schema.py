"""Bringing a database to this program's schema, and telling whether it is there."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from indexmaker.storage.database import WRITES, connectable, database_url
from indexmaker.storage.errors import DatabaseUnavailableError, SchemaOutdatedError
from indexmaker.storage.models import Base

__all__ = ["check", "upgrade"]

_MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 0x696E646578  # "index", the key of PostgreSQL's advisory lock


def upgrade(url: str | Path) -> str:
    """Create or migrate the tables; safe to call at every start and from several processes. Returns the revision.

    Raises:
        DatabaseUnavailableError: the database cannot be opened.
    """
    location = database_url(url)
    if location.get_backend_name() == "sqlite" and location.database:
        Path(location.database).parent.mkdir(parents=True, exist_ok=True)
    engine = connectable(location)
    config = _config()
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except sa.exc.DatabaseError as reason:
        raise _unavailable(location, reason) from reason
    finally:
        engine.dispose()
    return _newest(config)


def check(url: str | Path) -> str:
    """The revision of a database whose tables are exactly this program's.

    Raises:
        SchemaOutdatedError: another revision, or tables that differ from it.
        DatabaseUnavailableError: the database cannot be opened.
    """
    location = database_url(url)
    name = location.render_as_string(hide_password=True)
    if location.get_backend_name() == "sqlite" and not Path(location.database or "").is_file():
        raise DatabaseUnavailableError(f"database {name} does not exist. Run `indexmaker db upgrade`")
    engine = connectable(location)
    wanted = _newest(_config())
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            found = context.get_current_revision()
            if found != wanted:
                raise SchemaOutdatedError(name, problems=[f"it is at revision {found or 'none'}, needed is {wanted}"])
            problems = [str(difference) for difference in compare_metadata(context, Base.metadata)]
    except sa.exc.DatabaseError as reason:
        raise _unavailable(location, reason) from reason
    finally:
        engine.dispose()
    if problems:
        raise SchemaOutdatedError(name, problems=problems)
    return wanted


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _newest(config: Config) -> str:
    return ScriptDirectory.from_config(config).get_current_head() or ""


def _unavailable(url: sa.URL, reason: sa.exc.DatabaseError) -> DatabaseUnavailableError:
    name = url.render_as_string(hide_password=True)
    return DatabaseUnavailableError(f"database {name} cannot be opened: {reason.orig}")
