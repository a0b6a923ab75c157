"""What can go wrong with the database itself.

StorageError
├── DatabaseUnavailableError   it cannot be opened
└── SchemaOutdatedError        its tables are not those of this program
"""

from __future__ import annotations

__all__ = ["DatabaseUnavailableError", "SchemaOutdatedError", "StorageError"]


class StorageError(Exception):
    """Anything raised by this room."""


class DatabaseUnavailableError(StorageError):
    """The database cannot be opened; the message names it without its password."""


class SchemaOutdatedError(StorageError):
    """The tables differ from what this program needs."""

    def __init__(self, database: str, *, problems: list[str]) -> None:
        super().__init__(
            f"database {database}: {'; '.join(problems)}. Run `indexmaker db upgrade` with this version of the program"
        )
        self.problems = problems
