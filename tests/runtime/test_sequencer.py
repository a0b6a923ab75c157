"""The sequencer: one order, one time per group, nobody answered before the commit, loud stops."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
import uvloop

from indexmaker.runtime import (
    Committed,
    EngineFailure,
    Head,
    ManualClock,
    MemoryJournal,
    Record,
    Sequencer,
    SequencerBusyError,
    SequencerStoppedError,
    StaleEpochError,
    SubscriberError,
    UnknownEventError,
    WriteFailedError,
)
from runtime.toy import Ask, Confirm, Event, Output, Poison, Send, ToyEngine, asks


class GatedJournal(MemoryJournal):
    """Commits only when told."""

    def __init__(self, engine: str) -> None:
        super().__init__(engine)
        self.called = asyncio.Event()
        self.gate = asyncio.Event()
        self.groups: list[int] = []

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        self.groups.append(len(records))
        self.called.set()
        await self.gate.wait()
        return await super().append(records, epoch=epoch)


class BrokenJournal(MemoryJournal):
    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        raise WriteFailedError(self.engine, first=records[0].sequence, last=records[-1].sequence, reason="disk full")


def sequencer_over(
    journal: MemoryJournal, *, clock: ManualClock | None = None, max_waiting: int = 100, max_group: int = 1024
) -> Sequencer[Event, Output]:
    return Sequencer(
        ToyEngine(), journal, clock=clock or ManualClock(1000), max_waiting=max_waiting, max_group=max_group
    )


async def test_submit_answers_with_sequence_time_and_outputs() -> None:
    sequencer = sequencer_over(MemoryJournal("toy"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run())
        committed = await sequencer.submit(Ask("a", 5))
        sequencer.stop()
    assert committed == Committed(1, 1000, Ask("a", 5), (Send("a", 5),))


async def test_everything_that_waits_becomes_one_group_with_one_timestamp() -> None:
    journal = GatedJournal("toy")
    clock = ManualClock(1000)
    sequencer = sequencer_over(journal, clock=clock)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run())
        first = sequencer.submit_nowait(Ask("first", 1))
        await journal.called.wait()
        rest = []
        for number in range(5):
            clock.advance(1)
            rest.append(sequencer.submit_nowait(Ask(f"k{number}", 1)))
        journal.gate.set()
        answers = await asyncio.gather(first, *rest)
        sequencer.stop()
    assert journal.groups == [1, 5]
    assert [one.sequence for one in answers] == [1, 2, 3, 4, 5, 6]
    assert [one.at for one in answers] == [1000] + [1005] * 5


async def test_a_group_never_exceeds_its_limit() -> None:
    journal = GatedJournal("toy")
    journal.gate.set()
    sequencer = sequencer_over(journal, max_group=4)
    waiting = [sequencer.submit_nowait(event) for event in asks(10)]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run())
        await asyncio.gather(*waiting)
        sequencer.stop()
    assert journal.groups == [4, 4, 2]


async def test_nothing_is_applied_answered_or_published_before_the_commit() -> None:
    journal = GatedJournal("toy")
    engine = ToyEngine()
    published: list[int] = []
    sequencer: Sequencer[Event, Output] = Sequencer(engine, journal, clock=ManualClock())
    sequencer.subscribe(lambda committed: published.append(committed.sequence))
    before = engine.dump()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run())
        answer = sequencer.submit_nowait(Ask("a", 1))
        await journal.called.wait()
        assert (answer.done(), published, engine.dump()) == (False, [], before)
        journal.gate.set()
        await answer
        sequencer.stop()
    assert published == [1]


async def test_subscribers_see_every_event_in_order_before_its_submitter_does() -> None:
    sequencer = sequencer_over(MemoryJournal("toy"))
    seen: list[str] = []
    sequencer.subscribe(lambda committed: seen.append(f"published {committed.sequence}"))

    async def submit(key: str) -> None:
        committed = await sequencer.submit(Ask(key, 1))
        seen.append(f"answered {committed.sequence}")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run())
        await asyncio.gather(*(submit(key) for key in "abc"))
        sequencer.stop()
    assert [line for line in seen if line.startswith("p")] == ["published 1", "published 2", "published 3"]
    assert all(seen.index(f"published {n}") < seen.index(f"answered {n}") for n in (1, 2, 3))


async def test_a_full_intake_refuses_the_impatient_and_makes_the_patient_wait() -> None:
    journal = GatedJournal("toy")
    sequencer = sequencer_over(journal, max_waiting=2)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run())
        sequencer.submit_nowait(Ask("in-flight", 1))
        await journal.called.wait()
        sequencer.submit_nowait(Ask("b", 1))
        sequencer.submit_nowait(Ask("c", 1))
        with pytest.raises(SequencerBusyError, match="2 events are already waiting"):
            sequencer.submit_nowait(Ask("d", 1))
        patient = tasks.create_task(sequencer.submit(Ask("d", 1)))
        posted = tasks.create_task(sequencer.post(Ask("e", 1)))
        journal.gate.set()
        await posted
        assert (await patient).sequence == 4
        sequencer.stop()
    assert sequencer.sequence == 5


async def test_stop_finishes_what_waits_and_refuses_the_rest() -> None:
    journal = MemoryJournal("toy")
    sequencer = sequencer_over(journal)
    waiting = [sequencer.submit_nowait(event) for event in asks(7)]
    sequencer.stop()
    with pytest.raises(SequencerStoppedError, match="not accepted"):
        await sequencer.submit(Ask("late", 1))
    await sequencer.run()
    assert [future.result().sequence for future in waiting] == list(range(1, 8))
    assert [snapshot.sequence for snapshot in journal.snapshots()] == [7]


async def test_an_event_of_another_union_is_refused_at_the_door() -> None:
    sequencer = sequencer_over(MemoryJournal("toy"))
    with pytest.raises(UnknownEventError, match="Send is not an event; known are Ask, Confirm, Poison"):
        await sequencer.submit(Send("a", 1))  # type: ignore[arg-type]


async def test_a_raising_engine_stops_the_sequencer_and_names_the_event() -> None:
    sequencer = sequencer_over(MemoryJournal("toy"))
    before, poison, after = (sequencer.submit_nowait(event) for event in (Ask("a", 1), Poison(), Ask("b", 1)))
    with pytest.raises(EngineFailure) as failure:
        await sequencer.run()
    assert (failure.value.sequence, failure.value.event_type) == (2, "Poison")
    assert before.result().sequence == 1
    assert poison.exception() is failure.value
    assert isinstance(after.exception(), SequencerStoppedError)
    with pytest.raises(SequencerStoppedError):
        sequencer.submit_nowait(Ask("c", 1))


async def test_a_raising_subscriber_stops_the_sequencer() -> None:
    sequencer = sequencer_over(MemoryJournal("toy"))

    def careless(_committed: Committed[Event, Output]) -> None:
        raise KeyError("lost")

    sequencer.subscribe(careless)
    waiting = sequencer.submit_nowait(Ask("a", 1))
    with pytest.raises(SubscriberError, match=r"careless raised at sequence 1"):
        await sequencer.run()
    assert isinstance(waiting.exception(), SequencerStoppedError)


async def test_a_failed_write_stops_the_sequencer_without_applying() -> None:
    engine = ToyEngine()
    before = engine.dump()
    sequencer: Sequencer[Event, Output] = Sequencer(engine, BrokenJournal("toy"), clock=ManualClock())
    waiting = sequencer.submit_nowait(Ask("a", 1))
    with pytest.raises(WriteFailedError, match="disk full"):
        await sequencer.run()
    assert engine.dump() == before
    with pytest.raises(SequencerStoppedError, match="known after recovery"):
        waiting.result()


async def test_a_fenced_writer_is_stopped() -> None:
    journal = MemoryJournal("toy")
    sequencer = sequencer_over(journal)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(_expect_stale(sequencer))
        await sequencer.submit(Ask("a", 1))
        journal.fence(1)
        with pytest.raises(SequencerStoppedError):
            await sequencer.submit(Ask("b", 1))
        await running
    assert journal.head().sequence == 1


async def _expect_stale(sequencer: Sequencer[Event, Output]) -> None:
    with pytest.raises(StaleEpochError):
        await sequencer.run()


async def test_time_never_goes_back_across_a_restart() -> None:
    journal = MemoryJournal("toy")
    for start in (5000, 3000):
        sequencer = sequencer_over(journal, clock=ManualClock(start))
        answer = sequencer.submit_nowait(Confirm("x"))
        sequencer.stop()
        await sequencer.run()
        assert answer.result().at == 5000


async def test_cancelling_the_wait_does_not_withdraw_the_event() -> None:
    journal = GatedJournal("toy")
    sequencer = sequencer_over(journal)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run())
        impatient = tasks.create_task(sequencer.submit(Ask("a", 1)))
        await journal.called.wait()
        impatient.cancel()
        journal.gate.set()
        await sequencer.submit(Ask("b", 1))
        sequencer.stop()
    assert journal.head().sequence == 2


async def test_cancelling_the_run_answers_everyone_who_waits() -> None:
    journal = GatedJournal("toy")
    sequencer = sequencer_over(journal)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(sequencer.run())
        in_flight = sequencer.submit_nowait(Ask("a", 1))
        await journal.called.wait()
        queued = sequencer.submit_nowait(Ask("b", 1))
        running.cancel()
    assert isinstance(in_flight.exception(), SequencerStoppedError)
    assert isinstance(queued.exception(), SequencerStoppedError)


def test_it_runs_on_uvloop() -> None:
    async def session() -> int:
        sequencer = sequencer_over(MemoryJournal("toy"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sequencer.run())
            await asyncio.gather(*(sequencer.submit(event) for event in asks(50)))
            sequencer.stop()
        return sequencer.sequence

    assert uvloop.run(session()) == 50
