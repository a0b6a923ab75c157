"""The journal in a database: durable groups, fences, guards, and damage that is named."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexmaker.runtime import (
    ChainMismatchError,
    Head,
    ManualClock,
    Record,
    SequenceGapError,
    Sequencer,
    SequencerStoppedError,
    StaleEpochError,
    TruncatedError,
    WriteFailedError,
    genesis,
    recover,
    this_process,
)
from indexmaker.storage import Database, SqlJournal, SqlLeases
from runtime.toy import Event, Output, ToyEngine, asks
from storage.session import run_session


def records(first: int, last: int, *, payload: bytes = b'{"type":"Confirm","key":"a"}') -> list[Record]:
    return [Record(sequence, 100 + first, 1, payload) for sequence in range(first, last + 1)]


async def test_entries_come_back_as_written_across_a_reopening(path: Path) -> None:
    with Database(path) as database:
        head = await SqlJournal(database, "toy").append(records(1, 3), epoch=0)
    with Database(path) as database:
        journal = SqlJournal(database, "toy")
        assert journal.head() == head
        assert [(one.sequence, one.at, one.epoch) for one in journal.read()] == [(n, 101, 0) for n in (1, 2, 3)]
        assert [one.sequence for one in journal.read(2, to_sequence=2)] == [2]


async def test_reading_crosses_pages(database: Database) -> None:
    journal = SqlJournal(database, "toy")
    await journal.append(records(1, 2500), epoch=0)
    assert [one.sequence for one in journal.read(7)] == list(range(7, 2501))


async def test_journals_of_different_engines_do_not_meet(database: Database) -> None:
    solver, exchange = SqlJournal(database, "solver"), SqlJournal(database, "exchange")
    await solver.append(records(1, 2), epoch=0)
    assert exchange.head() == genesis("exchange")
    await exchange.append(records(1, 1), epoch=0)
    assert (solver.head().sequence, exchange.head().sequence) == (2, 1)


async def test_a_group_that_does_not_follow_the_head_is_refused_whole(database: Database) -> None:
    journal = SqlJournal(database, "toy")
    await journal.append(records(1, 2), epoch=0)
    with pytest.raises(SequenceGapError, match="expected sequence 3, found 4"):
        await journal.append(records(4, 5), epoch=0)
    with pytest.raises(SequenceGapError, match="expected sequence 4, found 3"):
        await journal.append(records(3, 3) + records(3, 3), epoch=0)
    assert journal.head().sequence == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entries SET at = 0 WHERE sequence = 1",
        "DELETE FROM journal_entries WHERE sequence = 2",
        "DELETE FROM journal_entries",
        "INSERT OR REPLACE INTO journal_entries SELECT * FROM journal_entries WHERE sequence = 1",
    ],
)
async def test_the_database_itself_refuses_to_change_history(path: Path, database: Database, statement: str) -> None:
    await SqlJournal(database, "toy").append(records(1, 2), epoch=0)
    before = list(SqlJournal(database, "toy").read())
    stranger = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        stranger.execute(statement)
    stranger.close()
    assert list(SqlJournal(database, "toy").read()) == before


async def test_a_stale_epoch_is_refused_and_nothing_is_written(database: Database) -> None:
    leases, journal = SqlLeases(database, gone=lambda _one, _me: True), SqlJournal(database, "toy")
    old = await leases.acquire("toy", holder=this_process("old"), now=0, ttl=10)
    await journal.append(records(1, 1), epoch=old.epoch)
    new = await leases.acquire("toy", holder=this_process("new"), now=1, ttl=10)
    with pytest.raises(StaleEpochError, match=r"holds epoch 1, the lease is at epoch 2 \(owner new\)"):
        await journal.append(records(2, 2), epoch=old.epoch)
    await journal.append(records(2, 2), epoch=new.epoch)
    with pytest.raises(StaleEpochError):
        await journal.append(records(3, 3), epoch=0)
    assert journal.head().sequence == 2


async def test_a_fenced_sequencer_stops(database: Database) -> None:
    leases = SqlLeases(database, gone=lambda _one, _me: True)
    old = await leases.acquire("toy", holder=this_process("old"), now=0, ttl=10)
    await run_session(database, asks(3), lease=old)
    await leases.acquire("toy", holder=this_process("new"), now=1, ttl=10)
    sequencer: Sequencer[Event, Output] = Sequencer(
        ToyEngine(), SqlJournal(database, "toy"), clock=ManualClock(), lease=old
    )
    waiting = sequencer.submit_nowait(asks(1)[0])
    with pytest.raises(StaleEpochError):
        await sequencer.run()
    assert isinstance(waiting.exception(), SequencerStoppedError)


async def test_a_snapshot_is_fenced_as_well(database: Database) -> None:
    journal = SqlJournal(database, "toy")
    await run_session(database, asks(4))
    snapshot = next(journal.snapshots())
    await SqlLeases(database).acquire("toy", holder=this_process("new"), now=0, ttl=10)
    with pytest.raises(StaleEpochError):
        await journal.save_snapshot(snapshot, epoch=0)


async def test_a_failing_database_is_reported_with_the_sequences(path: Path, database: Database) -> None:
    stranger = sqlite3.connect(path)
    stranger.execute("DROP TABLE journal_entries")
    stranger.close()
    with pytest.raises(WriteFailedError, match="writing sequences 1 to 2 failed: no such table"):
        await SqlJournal(database, "toy").append(records(1, 2), epoch=0)


async def test_the_newest_three_snapshots_are_kept(database: Database) -> None:
    await run_session(database, asks(20), snapshot_every=3)
    kept = [one.sequence for one in SqlJournal(database, "toy").snapshots()]
    assert len(kept) == 3
    assert kept[0] == 20
    assert kept == sorted(kept, reverse=True)


class Crash(BaseException):
    """The power goes out."""


class CrashingJournal(SqlJournal):
    """Crashes around the commit of one group."""

    def __init__(self, database: Database, *, at_group: int, committed: bool) -> None:
        super().__init__(database, "toy")
        self._left = at_group
        self._committed = committed

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        self._left -= 1
        if self._left == 0:
            if self._committed:
                await super().append(records, epoch=epoch)
            raise Crash
        return await super().append(records, epoch=epoch)


@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "after the commit"])
@pytest.mark.parametrize("at_group", range(1, 7))
async def test_a_crash_around_any_commit_recovers_exactly_what_was_committed(
    path: Path, at_group: int, committed: bool
) -> None:
    submitted, answered = asks(12), []
    with Database(path) as database:
        journal = CrashingJournal(database, at_group=at_group, committed=committed)
        sequencer: Sequencer[Event, Output] = Sequencer(
            ToyEngine(), journal, clock=ManualClock(1000), max_group=2, snapshot_every=3
        )
        sequencer.subscribe(lambda one: answered.append(one.sequence))
        for event in submitted:
            sequencer.submit_nowait(event)
        with pytest.raises(Crash):
            await sequencer.run()
    durable = (at_group - (0 if committed else 1)) * 2
    witness = ToyEngine()
    for sequence, event in enumerate(submitted[:durable], start=1):
        witness.apply(event, sequence=sequence, at=1000)
    with Database(path) as database:
        engine = ToyEngine()
        recovered = recover(engine, SqlJournal(database, "toy"))
        assert recovered.head.sequence == durable
        assert (engine.dump(), engine.pending()) == (witness.dump(), witness.pending())
        assert answered == list(range(1, (at_group - 1) * 2 + 1))
        whole = await run_session(database, submitted[durable:])
    for sequence, event in enumerate(submitted[durable:], start=durable + 1):
        witness.apply(event, sequence=sequence, at=1000)
    assert whole.dump() == witness.dump()


def vandalise(path: Path, statement: str) -> None:
    """Change rows as a failing disk or an intruder would, past the guards."""
    stranger = sqlite3.connect(path)
    for (name,) in stranger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        stranger.execute(f"DROP TRIGGER {name}")
    stranger.execute(statement)
    stranger.commit()
    stranger.close()


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        ("UPDATE journal_entries SET payload = x'00' WHERE sequence = 8", ChainMismatchError, "at sequence 8"),
        ("UPDATE journal_entries SET hash = zeroblob(32) WHERE sequence = 9", ChainMismatchError, "at sequence 9"),
        ("UPDATE journal_entries SET epoch = 7 WHERE sequence = 8", ChainMismatchError, "at sequence 8"),
        ("DELETE FROM journal_entries WHERE sequence = 9", SequenceGapError, "expected sequence 9, found 10"),
        ("DELETE FROM journal_entries WHERE sequence > 5", TruncatedError, "ends at sequence 5"),
    ],
)
async def test_damaged_rows_stop_recovery_at_the_exact_place(
    path: Path, database: Database, statement: str, error: type[Exception], message: str
) -> None:
    await run_session(database, asks(6))
    await SqlJournal(database, "toy").append(records(7, 10), epoch=0)
    await asyncio.to_thread(vandalise, path, statement)
    with pytest.raises(error, match=message):
        recover(ToyEngine(), SqlJournal(database, "toy"))


async def test_a_torn_snapshot_falls_back_to_an_older_one(database: Database) -> None:
    engine = await run_session(database, asks(9), snapshot_every=3)
    tear = sa.text("UPDATE snapshots SET state = substr(state, 1, 5) WHERE sequence = 9")
    await database.write(lambda connection: connection.execute(tear) and None)
    replayed = ToyEngine()
    assert recover(replayed, SqlJournal(database, "toy")).snapshot_sequence == 6
    assert replayed.dump() == engine.dump()


async def test_writes_are_one_after_another_in_one_thread(database: Database) -> None:
    import threading

    def thread_name(_connection: sa.Connection) -> str:
        return threading.current_thread().name

    names = await asyncio.gather(*(database.write(thread_name) for _ in range(8)))
    assert len(set(names)) == 1
    assert threading.current_thread().name not in names


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
async def test_sqlite_is_opened_durable(database: Database, pragma: str, value: object) -> None:
    read: Callable[[sa.Connection], object] = lambda c: c.exec_driver_sql(f"PRAGMA {pragma}").scalar()  # noqa: E731
    assert await database.write(read) == value
