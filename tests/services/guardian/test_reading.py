"""The guardian reads the journal itself, goes on from its own checkpoint, and believes no altered entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexmaker.runtime import ChainMismatchError, Codec, MemoryJournal, Record, TruncatedError
from indexmaker.services.guardian.reading import Reading
from indexmaker.solver.engine import SolverEngine
from solver.world import ALICE, BOB, make_world

FILE = "journal.checkpoint"


async def journal_of(world, *, upto: int | None = None) -> MemoryJournal:
    """The world's events as a journal."""
    journal = MemoryJournal("solver")
    await extend(journal, world, upto=upto)
    return journal


async def extend(journal: MemoryJournal, world, *, upto: int | None = None) -> None:
    codec = Codec.of(SolverEngine())
    head = journal.head().sequence
    records = [
        Record(sequence, at, SolverEngine.schema_version, codec.encode(event))
        for event, sequence, at in world.journal[head:upto]
    ]
    await journal.append(records, epoch=0)


def traded():
    world = make_world()
    for account, amount in ((ALICE, "100"), (BOB, "250")):
        world.order(account, amount)
        world.deposit(account, amount)
    world.run(20)
    return world


async def test_reading_from_a_checkpoint_gives_the_same_evidence_as_from_the_start(tmp_path: Path) -> None:
    world = traded()
    journal = await journal_of(world, upto=25)
    first = Reading(journal, checkpoint=tmp_path / FILE)
    first.catch_up()
    first.save()
    await extend(journal, world)
    second = Reading(journal, checkpoint=tmp_path / FILE)
    second.catch_up()
    whole = Reading(journal, checkpoint=tmp_path / "none")
    whole.catch_up()
    first.catch_up()
    assert second.evidence.dump() == whole.evidence.dump() == first.evidence.dump()
    assert second.sequence == len(world.journal)
    assert all(second.evidence.review(invoice) == () for invoice in world.minted.values())


async def test_checkpoints_are_written_every_so_many_entries(tmp_path: Path) -> None:
    world = traded()
    reading = Reading(await journal_of(world), checkpoint=tmp_path / FILE, every=10)
    reading.catch_up()
    assert (tmp_path / FILE).exists()


async def test_a_damaged_or_foreign_checkpoint_is_done_without(tmp_path: Path) -> None:
    world = traded()
    journal = await journal_of(world)
    for content in (b"", b"\x00\xff", (tmp_path / FILE).name.encode()):
        (tmp_path / FILE).write_bytes(content)
        reading = Reading(journal, checkpoint=tmp_path / FILE)
        reading.catch_up()
        assert reading.sequence == len(world.journal)


async def test_a_journal_altered_before_the_checkpoint_is_refused(tmp_path: Path) -> None:
    world = traded()
    reading = Reading(await journal_of(world), checkpoint=tmp_path / FILE)
    reading.catch_up()
    reading.save()
    event, _, _ = world.journal[4]
    _, sequence, at = world.journal[3]
    world.journal[3] = (event, sequence, at)
    with pytest.raises(ChainMismatchError):
        Reading(await journal_of(world), checkpoint=tmp_path / FILE).catch_up()


async def test_a_journal_that_became_shorter_is_refused(tmp_path: Path) -> None:
    world = traded()
    reading = Reading(await journal_of(world), checkpoint=tmp_path / FILE)
    reading.catch_up()
    reading.save()
    with pytest.raises(TruncatedError):
        Reading(await journal_of(world, upto=20), checkpoint=tmp_path / FILE).catch_up()
