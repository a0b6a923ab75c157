"""Book synchronisation: exact through gaps, duplicates, stale snapshots and crossed books."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.money import parse_atoms
from indexmaker_binance.book import Applied, Book, BookSync, Crossed, Difference, Gap, Ignored, Kept, Snapshot
from indexmaker_binance.market_messages import read_difference, read_snapshot


def diff(first: int, last: int, *, bids=(), asks=()) -> Difference:
    return Difference(first=first, last=last, bids=tuple(bids), asks=tuple(asks))


def synced(update_id: int = 100) -> BookSync:
    sync = BookSync()
    sync.load(Snapshot(update_id=update_id, bids=((10, 5),), asks=((12, 5),)))
    return sync


def test_differences_wait_until_the_snapshot_comes_and_are_then_applied():
    sync = BookSync()
    assert sync.receive(diff(99, 101, bids=[(11, 3)])) == Kept()
    assert sync.load(Snapshot(update_id=100, bids=((10, 5),), asks=())) == Applied(101)
    assert sync.book.sorted_bids() == ((11, 3), (10, 5))


def test_snapshot_older_than_the_first_waiting_difference_is_refused_and_nothing_is_lost():
    sync = BookSync()
    sync.receive(diff(105, 106, bids=[(11, 3)]))
    assert sync.load(Snapshot(update_id=103, bids=(), asks=())) == Gap(expected=104, found=105)
    assert not sync.live
    assert sync.load(Snapshot(update_id=104, bids=(), asks=())) == Applied(106)


def test_differences_that_the_snapshot_covers_are_dropped():
    sync = BookSync()
    sync.receive(diff(90, 95, bids=[(10, 99)]))
    sync.load(Snapshot(update_id=100, bids=((10, 5),), asks=()))
    assert sync.book.bids == {10: 5}


def test_repeated_difference_changes_nothing():
    sync = synced()
    sync.receive(diff(101, 102, bids=[(10, 7)]))
    assert sync.receive(diff(101, 102, bids=[(10, 9)])) == Ignored()
    assert sync.book.bids == {10: 7}


def test_gap_empties_the_book_and_keeps_the_difference_that_showed_it():
    sync = synced()
    assert sync.receive(diff(103, 104, bids=[(9, 1)])) == Gap(expected=101, found=103)
    assert not sync.live
    assert not sync.book.bids
    assert sync.load(Snapshot(update_id=103, bids=((10, 5),), asks=())) == Applied(104)
    assert sync.book.bids == {10: 5, 9: 1}


def test_gap_among_the_waiting_differences_is_found():
    sync = BookSync()
    sync.receive(diff(101, 101))
    sync.receive(diff(103, 103))
    assert sync.load(Snapshot(update_id=100, bids=(), asks=())) == Gap(expected=102, found=103)
    assert sync.first_waiting == 103


def test_crossed_book_is_not_trusted():
    sync = synced()
    assert sync.receive(diff(101, 101, bids=[(12, 1)])) == Crossed(bid=12, ask=12)
    assert not sync.live


def test_fresh_snapshot_ahead_of_the_book_shows_that_updates_were_lost():
    sync = synced(100)
    assert sync.verify(Snapshot(update_id=100, bids=(), asks=()))
    assert not sync.verify(Snapshot(update_id=101, bids=(), asks=()))


def test_recorded_streams_build_the_recorded_best_bid_and_ask():
    folder = os.environ.get("INDEXMAKER_FIXTURES")
    if not folder:
        pytest.skip("INDEXMAKER_FIXTURES is not set")
    recording = Path(folder, "binance_us_recording")
    books, compared, quotes = {}, 0, {}
    snapshots = {}
    for line in (recording / "BINANCE_US.http.0.0").read_text().splitlines():
        if "/depth?" in line:
            symbol = line.split("symbol=")[1].split("&")[0]
            snapshots[symbol] = read_snapshot(json.loads(line.split(": ", 1)[1]))
    for line in (recording / "BINANCE_US.ws.1.0").read_text().splitlines()[1:]:
        message = json.loads(line.split(": ", 1)[1])
        data, symbol = message["data"], message["data"].get("s")
        if message["stream"].endswith("@bookTicker"):
            bid, ask = (
                (parse_atoms(data["b"]), parse_atoms(data["B"])),
                (parse_atoms(data["a"]), parse_atoms(data["A"])),
            )
            quotes[symbol, data["u"]] = (bid, ask)
        elif "@depth" in message["stream"]:
            sync = books.setdefault(symbol, BookSync())
            outcome = sync.receive(read_difference(data))
            if not sync.live:
                outcome = sync.load(snapshots[symbol])
            assert isinstance(outcome, Applied | Ignored)
            if expected := quotes.get((symbol, sync.update_id)):
                assert (sync.book.best_bid(), sync.book.best_ask()) == expected
                compared += 1
    assert len(books) == 4
    assert compared > 20


levels = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3)), max_size=4)


@given(st.lists(st.tuples(levels, levels, st.integers(1, 3)), min_size=1, max_size=30), st.data())
def test_book_equals_the_venues_whatever_is_repeated_lost_or_late(history, data):
    """Asks live 100 above bids, so the venue's own book is never crossed."""
    venue, versions, at = Book(), {}, 100
    versions[at] = (venue.sorted_bids(), venue.sorted_asks())
    stream = []
    for bids, asks, span in history:
        asks = [(price + 100, quantity) for price, quantity in asks]
        venue.apply(tuple(bids), tuple(asks))
        stream.append(diff(at + 1, at + span, bids=bids, asks=asks))
        at += span
        versions[at] = (venue.sorted_bids(), venue.sorted_asks())
    sync, frames = BookSync(), []
    for item in stream:
        frames += [item] * data.draw(st.sampled_from([0, 1, 1, 1, 2]))
    known = sorted(versions)
    for frame in frames:
        outcome = sync.receive(frame)
        if not sync.live and data.draw(st.booleans()):
            chosen = data.draw(st.sampled_from([version for version in known if version <= frame.last]))
            bids, asks = versions[chosen]
            outcome = sync.load(Snapshot(update_id=chosen, bids=bids, asks=asks))
        assert not isinstance(outcome, Crossed)
        if sync.live:
            assert (sync.book.sorted_bids(), sync.book.sorted_asks()) == versions[sync.update_id]
            best = sync.book.best_bid()
            assert (best[0] if best else None) == max(sync.book.bids, default=None)
