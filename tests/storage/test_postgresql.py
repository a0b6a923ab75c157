"""The same promises on PostgreSQL, when a server and its driver are installed."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexmaker.runtime import LeaseHeldError, StaleEpochError, recover, this_process
from indexmaker.storage import Database, ReportLog, SqlJournal, SqlLeases, check, upgrade
from indexmaker.storage.report_log import Report
from runtime.toy import ToyEngine, asks
from storage.session import run_session

pytest.importorskip("psycopg")
pytestmark = pytest.mark.integration


def as_server_user(*command: str) -> None:
    """PostgreSQL does not run as root."""
    prefix = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of its own in a temporary folder, reached through its socket."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        data = str(Path(folder) / "data")
        as_server_user("initdb", "-D", data, "-U", "desk", "-A", "trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder}"
        as_server_user("pg_ctl", "-D", data, "-w", "-o", options, "-l", f"{folder}/log", "start")
        try:
            yield f"postgresql+psycopg://desk@/postgres?host={folder}"
        finally:
            as_server_user("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    upgrade(url)
    with Database(url) as opened:
        yield opened
        with opened.reading() as connection, connection.begin():
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))


def test_migrations_give_exactly_the_models(url: str, database: Database) -> None:
    assert upgrade(url) == check(url)


async def test_a_session_is_recovered_exactly(database: Database) -> None:
    engine = await run_session(database, asks(10), snapshot_every=4)
    recovered = ToyEngine()
    recover(recovered, SqlJournal(database, "toy"))
    assert recovered.dump() == engine.dump()


@pytest.mark.parametrize(
    "statement", ["UPDATE journal_entries SET at = 0", "DELETE FROM journal_entries", "TRUNCATE journal_entries"]
)
async def test_history_cannot_be_changed(database: Database, statement: str) -> None:
    await run_session(database, asks(2))
    with (
        database.reading() as connection,
        connection.begin(),
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
    ):
        connection.execute(sa.text(statement))


async def test_newcomers_meet_and_exactly_one_gets_the_lease(url: str, database: Database) -> None:
    with Database(url) as other:
        outcomes = await asyncio.gather(
            *(
                SqlLeases(one).acquire("toy", holder=this_process(name), now=0, ttl=100)
                for one, name in ((database, "first"), (other, "second"))
            ),
            return_exceptions=True,
        )
    assert sorted(type(one).__name__ for one in outcomes) == ["Lease", LeaseHeldError.__name__]


async def test_a_stale_epoch_is_refused(url: str, database: Database) -> None:
    old = await SqlLeases(database).acquire("toy", holder=this_process("old"), now=0, ttl=10)
    await run_session(database, asks(2), lease=old)
    with Database(url) as other:
        await SqlLeases(other).acquire("toy", holder=this_process("new"), now=10, ttl=10)
    record = next(SqlJournal(database, "toy").read())
    with pytest.raises(StaleEpochError, match="owner new"):
        await SqlJournal(database, "toy").append([record], epoch=old.epoch)  # type: ignore[list-item]


async def test_reports_are_stored_once(database: Database) -> None:
    log = ReportLog(database, "toy")
    reports = [Report(1, 1, "kind", "key", b"x"), Report(1, 2, "kind", "key", b"y")]
    await log.write(reports, through=3)
    await log.write(reports, through=1)
    assert (log.read(), log.head()) == (reports, 3)
    assert log.read(after=reports[0].cursor) == reports[1:]
