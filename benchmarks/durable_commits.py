"""Durable events per second: the sequencer's group commit beside plain `sqlite3` with a commit for each event.

Both write the same payloads to SQLite with WAL and synchronous=FULL on the same disk, in turn; medians of five rounds.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from indexmaker.runtime import Sequencer, SystemClock
from indexmaker.solver.commands import SolverCommand, SolverReport
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import SolverEvent, Tick
from indexmaker.storage import Database, SqlJournal, upgrade

EVENTS = 2_000
ROUNDS = 5


def plain(folder: Path) -> float:
    """Events a second with one transaction each."""
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE entries (sequence INTEGER PRIMARY KEY, payload BLOB)")
    begun = time.perf_counter()
    for number in range(EVENTS):
        connection.execute("INSERT INTO entries (payload) VALUES (?)", (b'{"type":"Tick"}',))
        assert number >= 0
    spent = time.perf_counter() - begun
    connection.close()
    return EVENTS / spent


async def sequenced(folder: Path) -> float:
    """Events a second, each answered after its commit and its application."""
    path = folder / "journal.db"
    upgrade(path)
    with Database(path) as database:
        sequencer: Sequencer[SolverEvent, SolverCommand | SolverReport] = Sequencer(
            SolverEngine(), SqlJournal(database, "solver"), clock=SystemClock()
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(sequencer.run())
            await sequencer.submit(Tick())
            begun = time.perf_counter()
            await asyncio.gather(*(sequencer.submit(Tick()) for _ in range(EVENTS)))
            spent = time.perf_counter() - begun
            sequencer.stop()
            await running
    return EVENTS / spent


def main() -> None:
    """Print both and their ratio."""
    ours, peers = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            peers.append(plain(Path(folder)))
            ours.append(asyncio.run(sequenced(Path(folder))))
    ours_median, peer_median = statistics.median(ours), statistics.median(peers)
    print(f"durable events/s: sequencer {ours_median:,.0f}, plain sqlite3 {peer_median:,.0f}", end="")
    print(f", ratio {ours_median / peer_median:.1f}")


if __name__ == "__main__":
    main()
