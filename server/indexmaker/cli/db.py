"""`indexmaker db`: the schema of the database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from indexmaker.storage import DatabaseUnavailableError, SchemaOutdatedError
from indexmaker.storage import check as check_schema
from indexmaker.storage import upgrade as upgrade_schema

__all__ = ["app"]

app = App(name="db", help="Create, migrate and check the database.")

Db = Annotated[str, Parameter(help="Database URL, or the path of an SQLite file.", env_var="INDEXMAKER_DB")]
Json = Annotated[bool, Parameter(name="--json", help="Print JSON.", negative="")]


@app.command
def upgrade(*, db: Db, json: Json = False) -> int:
    """Create the tables or migrate them to this version. Safe to repeat."""
    return _run(upgrade_schema, db, json=json)


@app.command
def check(*, db: Db, json: Json = False) -> int:
    """Tell whether the tables are those of this version: exit code 0 yes, 1 no, 2 the database cannot be opened."""
    return _run(check_schema, db, json=json)


def _run(action: Callable[[str], str], db: str, *, json: bool) -> int:
    try:
        revision = action(db)
    except SchemaOutdatedError as fault:
        return _finish(1, {"ok": False, "message": str(fault)}, json=json)
    except DatabaseUnavailableError as fault:
        return _finish(2, {"ok": False, "message": str(fault)}, json=json)
    return _finish(0, {"ok": True, "message": f"schema revision {revision}", "revision": revision}, json=json)


def _finish(code: int, report: dict[str, bool | str], *, json: bool) -> int:
    if json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        (sys.stdout if code == 0 else sys.stderr).write(f"{report['message']}\n")
    return code
