"""Leases in the database, between real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexmaker.runtime import LeaseHeldError, LeaseLostError, this_process
from indexmaker.storage import Database, SqlJournal, SqlLeases
from runtime.toy import asks
from storage.session import run_session

HOUR = 3_600_000_000_000

CHILD = """
import asyncio, sys, time
from indexmaker.runtime import this_process
from indexmaker.storage import Database, SqlLeases
from runtime.toy import asks
from storage.session import run_session

async def main() -> None:
    database = Database(sys.argv[1])
    lease = await SqlLeases(database).acquire("toy", holder=this_process("first"), now=0, ttl=3_600_000_000_000)
    await run_session(database, asks(5), lease=lease)
    print("ready", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


@pytest.fixture
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lease, has written five events, and lives until it is killed."""
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    assert any(line == "ready\n" for line in lines)
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    assert process.stdin is not None
    process.stdin.close()


async def test_a_second_writer_is_refused_while_the_first_lives_and_takes_over_when_it_was_killed(
    writer: subprocess.Popen[str], database: Database
) -> None:
    leases, me = SqlLeases(database), this_process("second")
    with pytest.raises(LeaseHeldError, match=rf"toy is already run by first \(process {writer.pid} on "):
        await leases.acquire("toy", holder=me, now=1, ttl=HOUR)
    writer.send_signal(signal.SIGKILL)
    # Dead, but unreaped: a zombie still answers to its process id.
    await asyncio.to_thread(os.waitid, os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)
    lease = await leases.acquire("toy", holder=me, now=1, ttl=HOUR)
    assert lease.epoch == 2
    await run_session(database, asks(2), lease=lease)
    assert [one.epoch for one in SqlJournal(database, "toy").read()] == [1, 1, 1, 1, 1, 2, 2]


async def test_a_lease_ends_with_its_term_and_not_before(database: Database) -> None:
    leases = SqlLeases(database)
    await leases.acquire("toy", holder=this_process("first"), now=0, ttl=100)
    with pytest.raises(LeaseHeldError):
        await leases.acquire("toy", holder=this_process("second"), now=99, ttl=100)
    assert (await leases.acquire("toy", holder=this_process("second"), now=100, ttl=100)).epoch == 2


async def test_renewing_extends_and_a_lost_lease_cannot_be_renewed(database: Database) -> None:
    leases = SqlLeases(database)
    first = await leases.acquire("toy", holder=this_process("first"), now=0, ttl=100)
    first = await leases.renew(first, now=90, ttl=100)
    assert first.expires_at == 190
    with pytest.raises(LeaseHeldError):
        await leases.acquire("toy", holder=this_process("second"), now=150, ttl=100)
    second = await leases.acquire("toy", holder=this_process("second"), now=190, ttl=100)
    with pytest.raises(LeaseLostError, match="another process has taken over"):
        await leases.renew(first, now=195, ttl=100)
    await leases.release(first, now=195)
    assert leases.current("toy") == second


async def test_a_released_lease_is_free_at_once(database: Database) -> None:
    leases = SqlLeases(database)
    first = await leases.acquire("toy", holder=this_process("first"), now=0, ttl=HOUR)
    await leases.release(first, now=5)
    assert (await leases.acquire("toy", holder=this_process("second"), now=5, ttl=HOUR)).epoch == 2


async def test_engines_have_leases_of_their_own(database: Database) -> None:
    leases = SqlLeases(database)
    for engine in ("solver", "exchange"):
        assert (await leases.acquire(engine, holder=this_process("me"), now=0, ttl=HOUR)).epoch == 1


async def test_of_two_rivals_that_come_at_once_exactly_one_wins(path: Path, database: Database) -> None:
    with Database(path) as other:
        for number in range(20):
            outcomes = await asyncio.gather(
                *(
                    SqlLeases(one).acquire(f"engine{number}", holder=this_process("rival"), now=0, ttl=HOUR)
                    for one in (database, other)
                ),
                return_exceptions=True,
            )
            assert sorted(type(one).__name__ for one in outcomes) == ["Lease", "LeaseHeldError"]
