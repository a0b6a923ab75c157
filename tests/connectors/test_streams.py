import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.connectors.errors import StreamClosedError
from indexmaker.connectors.streams import BatchingQueue, Continuity, SequenceNumbers, SequenceWatch


async def test_one_take_gives_everything_that_waits_up_to_the_limit():
    queue = BatchingQueue()
    for number in range(300):
        queue.put_nowait(number)
    assert await queue.take() == list(range(256))
    assert await queue.take() == list(range(256, 300))


async def test_a_lone_event_leaves_at_once():
    queue = BatchingQueue()
    async with asyncio.TaskGroup() as group:
        reader = group.create_task(queue.take())
        await asyncio.sleep(0)
        queue.put_nowait("only")
        assert await reader == ["only"]


async def test_a_full_queue_makes_writers_wait_or_tells_them():
    queue = BatchingQueue(maxsize=2)
    await queue.put(1)
    await queue.put(2)
    with pytest.raises(asyncio.QueueFull):
        queue.put_nowait(3)
    async with asyncio.TaskGroup() as group:
        writer = group.create_task(queue.put(3))
        await asyncio.sleep(0)
        assert not writer.done()
        assert await queue.take() == [1, 2]
    assert await queue.take() == [3]


async def test_several_waiting_writers_never_overfill_the_queue():
    queue = BatchingQueue(maxsize=1)
    got = []
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(queue.put(number))
        while len(got) < 5:
            batch = await queue.take()
            assert len(batch) <= 1
            got += batch
    assert sorted(got) == [0, 1, 2, 3, 4]


async def test_a_closed_queue_gives_what_waits_and_then_ends():
    queue = BatchingQueue()
    queue.put_nowait("last")
    queue.close()
    assert await queue.take() == ["last"]
    with pytest.raises(StreamClosedError):
        await queue.take()
    with pytest.raises(StreamClosedError):
        queue.put_nowait("late")


async def test_closing_wakes_whoever_waits():
    queue, full = BatchingQueue(), BatchingQueue(maxsize=1)
    full.put_nowait(0)
    async with asyncio.TaskGroup() as group:
        reader = group.create_task(_ends(queue.take()))
        writer = group.create_task(_ends(full.put(1)))
        await asyncio.sleep(0)
        queue.close()
        full.close()
    assert reader.result()
    assert writer.result()


async def _ends(waiting):
    try:
        await waiting
    except StreamClosedError:
        return True
    return False


@given(st.lists(st.integers(1, 300)))
def test_numbered_batches_follow_each_other_without_gaps(counts):
    numbers, watch, seen = SequenceNumbers(), SequenceWatch(), []
    for count in counts:
        seen.append(watch.observe("one", first=numbers.take(count), count=count))
    assert seen == [Continuity.STARTED, *[Continuity.NEXT] * (len(counts) - 1)][: len(counts)]
    assert numbers.last == sum(counts)


def test_gaps_repeats_and_replacements_are_told_apart():
    watch = SequenceWatch()
    assert watch.observe("one", first=5, count=2) is Continuity.STARTED
    assert watch.observe("one", first=5, count=2) is Continuity.REPEATED
    assert watch.observe("one", first=8, count=1) is Continuity.GAP
    assert watch.observe("one", first=9, count=1) is Continuity.NEXT
    assert watch.observe("two", first=10, count=1) is Continuity.REPLACED
