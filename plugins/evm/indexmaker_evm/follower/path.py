"""What one client has been told of one chain: the blocks it has passed, and the logs that can still change. Pure."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from indexmaker_evm.events import Block, ChainLog, Finality, Header, Kind, Levels, Notice

__all__ = ["BlockRef", "Path"]


class BlockRef(NamedTuple):
    """A block by number and hash."""

    number: int
    hash: str

    @classmethod
    def of(cls, header: Header) -> BlockRef:
        """The reference to a header's block."""
        return cls(header.number, header.hash)


class _Open(NamedTuple):
    """A log that was delivered and is not yet beyond change."""

    place: tuple[int, int]
    log: ChainLog
    finality: Finality


class Path:
    """Turns blocks, forks and finality into notices, each exactly when it becomes true.

    A log stays open until it is final and older than the window, so that a rewrite of blocks that the node had
    called final is retracted like any other.
    """

    def __init__(self, *, window: int, confirmations: int) -> None:
        self._window = window
        self._confirmations = confirmations
        self._blocks: list[BlockRef] = []
        self._open: list[_Open] = []
        self.next_number = 0
        """The first block that was not passed."""

    @property
    def position(self) -> BlockRef | None:
        """The last block that was passed; None before the first."""
        return self._blocks[-1] if self._blocks else None

    @property
    def blocks(self) -> Sequence[BlockRef]:
        """Passed blocks within the window, oldest first, consecutive."""
        return self._blocks

    def start(self, blocks: Iterable[BlockRef], *, next_number: int) -> None:
        """Begin after these blocks (consecutive, the last is `next_number - 1`), with nothing told yet."""
        self._blocks = list(blocks)[-self._window :]
        self._open = []
        self.next_number = next_number

    def extend(self, blocks: Sequence[Block], levels: Levels) -> list[Notice]:
        """Pass the next blocks, each the child of the one before."""
        for block in blocks:
            self._blocks.append(BlockRef.of(block.header))
            self.next_number = block.header.number + 1
        del self._blocks[: -self._window]
        return [self._apply(log, levels) for block in blocks for log in block.logs]

    def skip(self, end: Header, logs: Sequence[ChainLog], levels: Levels) -> list[Notice]:
        """Pass everything up to `end`, a block older than the window, with the logs on the way."""
        self._blocks = [BlockRef.of(end)]
        self.next_number = end.number + 1
        return [self._apply(log, levels) for log in logs]

    def fill_in(self, logs: Sequence[ChainLog], levels: Levels) -> list[Notice]:
        """Tell of logs in blocks that were passed before they were watched."""
        return [self._apply(log, levels) for log in logs]

    def recall(self, logs: Iterable[ChainLog], levels: Levels) -> list[Notice]:
        """Take up logs that the client was told of in an earlier life; it is told again how final they are."""
        known = {(item.log.tx_hash, item.log.log_index) for item in self._open}
        notices = []
        for log in logs:
            if (log.tx_hash, log.log_index) not in known:
                notice = self._apply(log, levels)
                if notice.finality > Finality.SEEN:
                    notices.append(Notice(kind=Kind.PROMOTE, finality=notice.finality, log=log))
        return notices

    def remember(self, logs: Iterable[ChainLog]) -> None:
        """Take up logs as told, without a word; for blocks that are about to be retracted."""
        for log in logs:
            self._insert(_Open(log.place, log, Finality.SEEN))

    def pop(self) -> list[Notice]:
        """Step back over the last block, which has left the chain: its logs are retracted, newest first."""
        gone = self._blocks.pop()
        self.next_number = gone.number
        notices = []
        while self._open and self._open[-1].log.block_number >= gone.number:
            item = self._open.pop()
            notices.append(Notice(kind=Kind.RETRACT, finality=item.finality, log=item.log))
        return notices

    def promote(self, levels: Levels) -> list[Notice]:
        """Tell of logs that have become more certain, oldest first, and let go of those beyond change."""
        notices = []
        still_open = []
        for item in self._open:
            finality = self._finality(item.log, levels)
            if finality > item.finality:
                notices.append(Notice(kind=Kind.PROMOTE, finality=finality, log=item.log))
                item = item._replace(finality=finality)
            if item.finality < Finality.FINAL or item.log.block_number > levels.latest - self._window:
                still_open.append(item)
        self._open = still_open
        return notices

    def _apply(self, log: ChainLog, levels: Levels) -> Notice:
        finality = self._finality(log, levels)
        self._insert(_Open(log.place, log, finality))
        return Notice(kind=Kind.APPLY, finality=finality, log=log)

    def _insert(self, item: _Open) -> None:
        """Keep the order of the chain; a log that is filled in twice is kept once."""
        index = bisect.bisect_left(self._open, item.place, key=lambda known: known.place)
        if index < len(self._open) and self._open[index].place == item.place:
            self._open[index] = item
        else:
            self._open.insert(index, item)

    def _finality(self, log: ChainLog, levels: Levels) -> Finality:
        return levels.finality(log.block_number, confirmations=self._confirmations)
