"""The report log: whoever resumes from a cursor misses nothing and sees nothing twice."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker.runtime import Committed
from indexmaker.storage import Cursor, Database, Report, ReportLog, ReportRecorder, upgrade
from indexmaker.storage.report_log import START
from runtime.toy import Ask, Event, Output, asks
from storage.session import run_session


def project(committed: Committed[Event, Output]) -> Iterable[tuple[str, str, bytes]]:
    """Two reports per ask and none per confirm."""
    for output in committed.outputs:
        yield "sent", output.key, msgspec.json.encode(output)
        yield "seen", output.key, b"{}"


def report(sequence: int, idx: int = 1) -> Report:
    return Report(sequence, idx, "kind", f"key{sequence % 3}", b"x")


def read_all(log: ReportLog, *, limit: int, start: Cursor = START) -> list[Cursor]:
    seen, after = [], start
    while page := log.read(after=after, limit=limit):
        seen += [one.cursor for one in page]
        after = page[-1].cursor
    return seen


@given(
    sizes=st.lists(st.integers(min_value=0, max_value=3), max_size=15),
    cuts=st.lists(st.integers(min_value=0, max_value=15), max_size=4),
    limit=st.integers(min_value=1, max_value=7),
    resume=st.integers(min_value=0, max_value=45),
)
@settings(deadline=None, max_examples=30)
def test_replays_and_resumptions_give_every_report_once_and_in_order(
    sizes: list[int], cuts: list[int], limit: int, resume: int
) -> None:
    expected = [Cursor(n, idx) for n, size in enumerate(sizes, start=1) for idx in range(1, size + 1)]
    with tempfile.TemporaryDirectory() as folder:
        upgrade(Path(folder) / "toy.db")
        with Database(Path(folder) / "toy.db") as database:
            log = ReportLog(database, "toy")
            for end in [*cuts, len(sizes)]:  # each crash is followed by a replay from the start
                reports = [report(*cursor) for cursor in expected if cursor.sequence <= end]
                asyncio.run(log.write(reports, through=min(end, len(sizes))))
            assert log.head() == len(sizes)
            assert read_all(log, limit=limit) == expected
            for cursor in expected[resume : resume + 1]:
                assert read_all(log, limit=limit, start=cursor) == expected[resume + 1 :]


async def test_the_head_never_goes_back(database: Database) -> None:
    log = ReportLog(database, "toy")
    await log.write([], through=9)
    await log.write([report(3)], through=4)
    assert log.head() == 9


async def test_reports_are_filtered_by_kind_and_key(database: Database) -> None:
    log = ReportLog(database, "toy")
    await log.write([report(n) for n in range(1, 8)], through=7)
    assert [one.sequence for one in log.read(key="key1")] == [1, 4, 7]
    assert [one.sequence for one in log.read(key="key1", after=Cursor(4, 1))] == [7]
    assert log.read(kind="other") == []


async def recorded_session(database: Database, events: list[Event], *, followers: list[list[Cursor]]) -> None:
    """Run with a recorder; each follower resumes after what it has and adds what it sees."""
    log = ReportLog(database, "toy")
    recorder: ReportRecorder[Event, Output] = ReportRecorder(log, project=project)

    async def follow(seen: list[Cursor]) -> None:
        async for one in recorder.follow(after=seen[-1] if seen else START):
            seen.append(one.cursor)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(recorder.run())
        for seen in followers:
            tasks.create_task(follow(seen))
        await run_session(database, events, subscribers=[recorder], needed_from=log.head())
        recorder.stop()


async def test_a_follower_sees_stored_and_live_reports_across_restarts(database: Database) -> None:
    early: list[Cursor] = []
    late: list[Cursor] = []
    await recorded_session(database, asks(8), followers=[early])
    await recorded_session(database, [Ask(f"n{n}", 1) for n in range(5)], followers=[early, late])
    assert early == late == read_all(ReportLog(database, "toy"), limit=100)
    assert len(early) == 2 * (6 + 5)


async def test_reports_lost_in_a_crash_are_made_again_from_the_journal(database: Database) -> None:
    await run_session(database, asks(8), snapshot_every=2)  # no recorder: snapshots run ahead of the reports
    followed: list[Cursor] = []
    await recorded_session(database, [], followers=[followed])
    assert [cursor.sequence for cursor in followed[::2]] == [1, 2, 4, 5, 7, 8]
    assert ReportLog(database, "toy").head() == 8
