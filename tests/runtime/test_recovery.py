"""Recovery: the same state and the same pending commands, or a precise refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from indexmaker.runtime import (
    ChainMismatchError,
    Committed,
    EngineFailure,
    Entry,
    ForeignEpochError,
    ManualClock,
    MemoryJournal,
    SequenceGapError,
    Sequencer,
    Snapshot,
    TruncatedError,
    UndecodableError,
    recover,
    state_hash,
)
from indexmaker.runtime.snapshots import take
from indexmaker.runtime.verification import replay, verify_chain, verify_snapshots
from runtime.toy import Ask, Confirm, Event, Output, Poison, ToyEngine, asks, journal_of

keys = st.sampled_from(["a", "b", "c", "d"])
events = st.lists(
    st.one_of(st.builds(Ask, keys, st.integers(min_value=-(10**40), max_value=10**40)), st.builds(Confirm, keys)),
    max_size=40,
)


class TamperedJournal(MemoryJournal):
    """Shows what the disk might, instead of what was written."""

    def __init__(self, honest: MemoryJournal, *, change: Callable[[list[Entry]], list[Entry]]) -> None:
        super().__init__(honest.engine)
        self._entries = change(list(honest.read()))
        self._snapshots = list(reversed(list(honest.snapshots())))


async def run_live(
    submitted: list[Event], *, snapshot_every: int, journal: MemoryJournal
) -> tuple[ToyEngine, list[Committed[Event, Output]]]:
    engine = ToyEngine()
    clock = ManualClock(1)
    sequencer: Sequencer[Event, Output] = Sequencer(
        engine, journal, clock=clock, snapshot_every=snapshot_every, max_group=3
    )
    seen: list[Committed[Event, Output]] = []
    sequencer.subscribe(seen.append)
    sequencer.subscribe(lambda _committed: clock.advance(17) and None)
    for event in submitted:
        sequencer.submit_nowait(event)
    sequencer.stop()
    await sequencer.run()
    return engine, seen


@given(submitted=events, snapshot_every=st.integers(min_value=1, max_value=50))
@settings(deadline=None)
def test_live_state_equals_replayed_state_equals_snapshot_and_tail(submitted: list[Event], snapshot_every: int) -> None:
    journal = MemoryJournal("toy")
    engine, _ = asyncio.run(run_live(submitted, snapshot_every=snapshot_every, journal=journal))
    live = state_hash(engine.dump())
    assert replay(ToyEngine(), journal).state_hash == live
    for snapshot in journal.snapshots():
        assert replay(ToyEngine(), journal, start=snapshot).state_hash == live
    assert recover(ToyEngine(), journal).state_hash == live


@given(submitted=events, crash=st.integers(min_value=0, max_value=40), snapshot=st.integers(min_value=0, max_value=40))
@settings(deadline=None)
def test_a_crash_at_any_position_recovers_the_same_state_and_the_same_pending_commands(
    submitted: list[Event], crash: int, snapshot: int
) -> None:
    survived = submitted[:crash]
    journal = asyncio.run(journal_of(survived))
    witness = ToyEngine()
    for entry, event in zip(journal.read(), survived, strict=True):
        witness.apply(event, sequence=entry.sequence, at=entry.at)
        if entry.sequence == snapshot:
            asyncio.run(journal.save_snapshot(snapshot_of(witness, entry), epoch=0))
    recovered = ToyEngine()
    recover(recovered, journal)
    assert recovered.dump() == witness.dump()
    assert recovered.pending() == witness.pending()


def snapshot_of(engine: ToyEngine, entry: Entry) -> Snapshot:
    return take(engine, sequence=entry.sequence, at=entry.at, epoch=entry.epoch, chain_hash=entry.hash)


async def journal_with_snapshots(count: int = 9, at: tuple[int, ...] = (3, 6)) -> MemoryJournal:
    submitted = asks(count)
    journal = await journal_of(submitted)
    engine = ToyEngine()
    for entry, event in zip(journal.read(), submitted, strict=True):
        engine.apply(event, sequence=entry.sequence, at=entry.at)
        if entry.sequence in at:
            await journal.save_snapshot(snapshot_of(engine, entry), epoch=0)
    return journal


async def test_subscribers_get_the_tail_marked_as_replayed() -> None:
    journal = await journal_with_snapshots()
    sequencer: Sequencer[Event, Output] = Sequencer(ToyEngine(), journal, clock=ManualClock())
    seen: list[Committed[Event, Output]] = []
    sequencer.subscribe(seen.append)
    recovered = await sequencer.recover()
    assert [(one.sequence, one.replayed) for one in seen] == [(7, True), (8, True), (9, True)]
    assert (recovered.snapshot_sequence, recovered.replayed, recovered.head) == (6, 3, journal.head())


@pytest.mark.parametrize(("needed_from", "chosen"), [(None, 6), (9, 6), (5, 3), (2, 0), (0, 0)])
async def test_no_snapshot_is_used_beyond_what_subscribers_have_stored(needed_from: int | None, chosen: int) -> None:
    journal = await journal_with_snapshots()
    assert recover(ToyEngine(), journal, needed_from=needed_from).snapshot_sequence == chosen


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda one: msgspec.structs.replace(one, state=one.state + b" "), "do not match their hash"),
        (lambda one: msgspec.structs.replace(one, schema_version=0), "schema version 0"),
    ],
)
async def test_a_bad_snapshot_is_passed_over_with_a_warning(
    damage: Callable[[Snapshot], Snapshot], reason: str
) -> None:
    journal = await journal_with_snapshots()
    good = recover(ToyEngine(), journal)
    await journal.save_snapshot(damage(next(journal.snapshots())), epoch=0)
    with capture_logs() as logs:
        recovered = recover(ToyEngine(), journal)
    assert (recovered.snapshot_sequence, recovered.state_hash) == (3, good.state_hash)
    assert [(line["event"], line["log_level"], line["sequence"]) for line in logs] == [
        ("snapshot_refused", "warning", 6)
    ]
    assert reason in logs[0]["reason"]


async def test_only_the_newest_three_snapshots_are_kept() -> None:
    journal = await journal_with_snapshots(at=(1, 2, 4, 6, 8))
    assert [one.sequence for one in journal.snapshots()] == [8, 6, 4]


def altered(entries: list[Entry], **fields: int | bytes) -> list[Entry]:
    return [msgspec.structs.replace(one, **fields) if one.sequence == 5 else one for one in entries]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda es: [e for e in es if e.sequence != 5], SequenceGapError, "expected sequence 5, found 6"),
        (lambda es: es[:5] + es[4:], SequenceGapError, "expected sequence 6, found 5"),
        (lambda es: altered(es, payload=b'{"type":"Confirm","key":"k1"}'), ChainMismatchError, "at sequence 5"),
        (lambda es: altered(es, at=51), ChainMismatchError, "at sequence 5"),
        (lambda es: altered(es, hash=bytes(32)), ChainMismatchError, "at sequence 5"),
    ],
)
async def test_a_damaged_journal_is_refused_and_the_place_named(
    change: Callable[[list[Entry]], list[Entry]], error: type[Exception], message: str
) -> None:
    damaged = TamperedJournal(await journal_of(asks(9)), change=change)
    with pytest.raises(error, match=message):
        recover(ToyEngine(), damaged)
    with pytest.raises(error, match=message):
        verify_chain(damaged)


async def test_lost_entries_are_noticed_by_a_snapshot_beyond_the_end() -> None:
    short = TamperedJournal(await journal_with_snapshots(), change=lambda entries: entries[:4])
    with pytest.raises(TruncatedError, match="ends at sequence 4, yet a snapshot was taken at 6"):
        recover(ToyEngine(), short)


async def test_a_snapshot_of_another_history_accuses_the_journal() -> None:
    journal = await journal_with_snapshots()
    foreign = msgspec.structs.replace(next(journal.snapshots()), chain_hash=bytes(32))
    await journal.save_snapshot(foreign, epoch=0)
    with pytest.raises(ChainMismatchError, match="at sequence 6"):
        recover(ToyEngine(), journal)


async def test_a_journal_of_another_engine_is_refused() -> None:
    other = MemoryJournal("exchange")
    other._entries = list((await journal_of(asks(3))).read())
    with pytest.raises(ChainMismatchError, match="at sequence 1"):
        verify_chain(other)


async def test_epochs_that_go_back_are_refused() -> None:
    journal = await journal_of(asks(4), epochs=[1, 2, 1, 2])
    with pytest.raises(ForeignEpochError, match="sequence 3 was written under epoch 1"):
        recover(ToyEngine(), journal)


async def test_entries_of_a_newer_lease_than_ours_are_refused() -> None:
    journal = await journal_of(asks(4), epochs=[1, 1, 2, 3])
    assert recover(ToyEngine(), journal, newest_epoch=3).head.epoch == 3
    with pytest.raises(ForeignEpochError, match="this process holds epoch 2"):
        recover(ToyEngine(), journal, newest_epoch=2)


async def test_a_poisoned_event_stops_recovery_too() -> None:
    with pytest.raises(EngineFailure, match="Poison at sequence 2"):
        recover(ToyEngine(), await journal_of([Ask("a", 1), Poison()]))


class NewerEngine(ToyEngine):
    """Counts in halves since version 2."""

    schema_version = 2


class UpcastingEngine(NewerEngine):
    upcasts = {1: lambda raw: {**raw, "amount": raw.get("amount", 0) * 2}}  # noqa: RUF012


async def test_old_events_are_upcast_on_replay() -> None:
    engine = UpcastingEngine()
    recover(engine, await journal_of([Ask("a", 10**30)]))
    assert [one.amount for one in engine.pending()] == [2 * 10**30]


async def test_old_events_without_an_upcast_are_refused() -> None:
    with pytest.raises(UndecodableError, match="no upcast from version 1 to 2"):
        recover(NewerEngine(), await journal_of([Ask("a", 1)]))


async def test_events_of_a_newer_program_are_refused() -> None:
    class OlderEngine(ToyEngine):
        schema_version = 0

    with pytest.raises(UndecodableError, match="knows versions up to 0"):
        recover(OlderEngine(), await journal_of([Ask("a", 1)]))


async def test_verification_replays_from_every_snapshot_and_names_the_wrong_one() -> None:
    journal = await journal_with_snapshots()
    final, checks = verify_snapshots(ToyEngine, journal)
    assert (final.sequence, [(one.sequence, one.problem) for one in checks]) == (9, [(6, None), (3, None)])
    entry = next(journal.read(3))
    await journal.save_snapshot(snapshot_of(ToyEngine(), entry), epoch=0)
    _, checks = verify_snapshots(ToyEngine, journal)
    assert [one.sequence for one in checks if one.problem] == [3]
