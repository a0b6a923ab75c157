"""The schema: migrations and models agree, upgrades repeat safely, a wrong schema is named."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from indexmaker.storage import Database, DatabaseUnavailableError, SchemaOutdatedError, check, upgrade
from indexmaker.storage.database import database_url


def test_migrations_give_exactly_the_models(tmp_path: Path) -> None:
    assert upgrade(tmp_path / "new" / "toy.db") == check(tmp_path / "new" / "toy.db")


def test_upgrades_can_be_repeated_and_run_at_once(tmp_path: Path) -> None:
    path = tmp_path / "toy.db"
    code = "import sys; from indexmaker.storage import upgrade; upgrade(sys.argv[1])"
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], env={**os.environ, "PYTHONPATH": paths})
        for _ in range(3)
    ]
    assert [process.wait() for process in started] == [0, 0, 0]
    assert upgrade(path) == check(path)


def test_a_missing_database_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"toy.db does not exist. Run `indexmaker db upgrade`"):
        check(tmp_path / "toy.db")


def test_an_empty_database_needs_the_upgrade(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "toy.db").close()
    with pytest.raises(SchemaOutdatedError, match="at revision none"):
        check(tmp_path / "toy.db")


def test_a_table_that_drifted_is_found(path: Path) -> None:
    stranger = sqlite3.connect(path)
    stranger.execute("ALTER TABLE leases ADD COLUMN surprise TEXT")
    stranger.close()
    with pytest.raises(SchemaOutdatedError, match="surprise"):
        check(path)


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(DatabaseUnavailableError, match="needs a file"):
        Database("sqlite://")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "toy.db").write_bytes(b"not a database, but long enough to be looked at" * 20)
    with pytest.raises(DatabaseUnavailableError, match="cannot be opened: file is not a database"):
        upgrade(tmp_path / "toy.db")


def test_passwords_are_not_shown() -> None:
    url = database_url("postgresql+psycopg://desk:hunter2@db/indexmaker")
    assert "hunter2" not in repr(url) + str(url)
    with pytest.raises(DatabaseUnavailableError) as error:
        Database("nosuch://desk:hunter2@db/indexmaker")
    assert "hunter2" not in str(error.value)
