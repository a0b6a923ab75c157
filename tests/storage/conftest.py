"""A fresh database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexmaker.storage import Database, upgrade


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An SQLite file with the tables in it."""
    upgrade(tmp_path / "toy.db")
    return tmp_path / "toy.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with Database(path) as opened:
        yield opened
