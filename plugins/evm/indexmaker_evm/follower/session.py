"""One client's view of one chain: brings its path to the head, again and again, and says what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from indexmaker_evm.errors import CursorUnknownError, NodeUnavailableError, ReorgTooDeepError
from indexmaker_evm.events import Block, ChainLog, Header, Notice
from indexmaker_evm.follower.memory import BlockMemory
from indexmaker_evm.follower.path import BlockRef, Path
from indexmaker_evm.follower.source import ChainSource, NotReadyError
from indexmaker_evm.follower.tracker import HeadTracker
from indexmaker_evm.follower.watches import Watch, matches

__all__ = ["ChainSession", "CursorMark", "Delivery"]

log = structlog.get_logger(__name__)

BLOCKS_AT_ONCE = 32
QUIET_BLOCKS = 16
"""A cursor is sent with events, and without any after this many blocks."""


class CursorMark(msgspec.Struct, frozen=True, kw_only=True):
    """Everything up to this block was said; resume here."""

    chain_id: int
    number: int
    block_hash: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Notices and where the client is after them. They are never sent apart: a client that had noted an event but
    not the cursor behind it could not be told that the event's block has left the chain.
    """

    notices: tuple[Notice, ...]
    mark: CursorMark


class ChainSession:
    """Follows one chain for one stream, from the client's cursor on."""

    def __init__(
        self,
        tracker: HeadTracker,
        source: ChainSource,
        memory: BlockMemory,
        *,
        confirmations: int,
        look_back: int,
        cursor: CursorMark | None,
        deliver: Callable[[Delivery], Awaitable[None]],
    ) -> None:
        self._tracker = tracker
        self._source = source
        self._memory = memory
        self._look_back = look_back
        self._cursor = cursor
        self._deliver = deliver
        self._path = Path(window=tracker.window, confirmations=confirmations)
        self._watches: list[Watch] = []
        self._joining: list[Watch] = []
        self._started = False
        self._marked = -1

    def watch(self, watches: Sequence[Watch]) -> None:
        """Add watches; they are filled in from their first blocks at the next step."""
        self._joining += watches
        self._tracker.moved.fire()

    async def run(self) -> None:
        """Follow until cancelled.

        Raises:
            ReorgTooDeepError: the chain was rewritten below the window.
            CursorUnknownError: the client's cursor cannot be brought back to the chain.
        """
        while not self._joining and self._cursor is None:
            await self._tracker.moved.after(self._tracker.moved.count)
        while True:
            seen = self._tracker.moved.count
            try:
                more = await self.step()
            except NotReadyError as reason:
                log.debug("block_not_ready", chain_id=self._tracker.chain_id, reason=str(reason))
                self._tracker.nudge()
                more = False
            except NodeUnavailableError as error:
                log.warning("session_waits", chain_id=self._tracker.chain_id, reason=str(error))
                more = False
            if not more:
                await self._next_move(seen)

    async def step(self) -> bool:
        """Do one piece of work; True when there is more to do before the head moves again."""
        if self._tracker.failure is not None:
            raise self._tracker.failure
        if not self._tracker.started:
            return False
        if not self._started:
            if not await self._start():
                return False
            self._started = True
        await self._leave_fork()
        await self._join()
        more = await self._advance()
        await self._say(self._path.promote(self._tracker.levels))
        if not more:
            await self._mark_quietly()
        return more

    async def _next_move(self, seen: int) -> None:
        """Wait for the tracker; it fires on each block, and a node that was away is asked again after a second."""
        try:
            async with asyncio.timeout(1):
                await self._tracker.moved.after(seen)
        except TimeoutError:
            return

    # ---- beginning ------------------------------------------------------------------------------------------------

    async def _start(self) -> bool:
        """Set the path to where the client is; False while the chain has not reached its cursor."""
        if self._cursor is None:
            first = min(watch.from_block for watch in self._joining)
            await self._start_after(first - 1)
            return True
        if self._cursor.number > self._tracker.levels.latest:
            log.warning("cursor_ahead", chain_id=self._tracker.chain_id, number=self._cursor.number)
            return False
        orphans = await self._orphans(self._cursor)
        await self._start_after(orphans[0].header.number - 1 if orphans else self._cursor.number)
        following = [watch for watch in self._joining if watch.from_block == 0]
        if orphans:
            self._path.extend([Block(header=block.header) for block in orphans], self._tracker.levels)
            self._path.remember(log for block in orphans for log in block.logs if matches(self._joining, log))
            await self._leave_fork()
        known = await self._logs_until_here(self._path.next_number - self._look_back, following)
        await self._say(self._path.recall(known, self._tracker.levels))
        self._watches += following
        self._joining = [watch for watch in self._joining if watch.from_block]
        return True

    async def _start_after(self, number: int) -> None:
        ring = self._tracker.ring
        number = min(number, self._tracker.levels.latest)
        blocks = [BlockRef.of(header) for header in ring.between(number - self._tracker.window + 1, number)]
        if number >= 0 and not blocks:
            blocks = [BlockRef.of(await self._source.header(number))]
        self._path.start(blocks, next_number=number + 1)

    async def _orphans(self, cursor: CursorMark) -> list[Block]:
        """The cursor's block and its ancestors that are not on the chain, oldest first; none in the usual case."""
        if not cursor.block_hash:
            return []
        orphans: list[Block] = []
        number, block_hash = cursor.number, cursor.block_hash
        while not await self._is_canonical(BlockRef(number, block_hash)):
            if len(orphans) >= self._tracker.window:
                raise ReorgTooDeepError(cursor.chain_id, block=number, window=self._tracker.window)
            block = await self._recall_block(BlockRef(number, block_hash), cursor)
            orphans.insert(0, block)
            number, block_hash = number - 1, block.header.parent
        return orphans

    async def _recall_block(self, ref: BlockRef, cursor: CursorMark) -> Block:
        if header := self._memory.header(cursor.chain_id, ref.hash):
            return Block(header=header, logs=self._memory.logs(cursor.chain_id, ref.hash))
        try:
            header = await self._source.header_by_hash(ref.hash)
            (logs,) = await self._source.logs_of([header], self._joining)
        except NotReadyError:
            raise CursorUnknownError(cursor.chain_id, number=ref.number, block_hash=ref.hash) from None
        return Block(header=header, logs=logs)

    # ---- each step ------------------------------------------------------------------------------------------------

    async def _leave_fork(self) -> None:
        """Step back to the newest block that is still on the chain, retracting on the way."""
        while (position := self._path.position) and not await self._is_canonical(position):
            notices = self._path.pop()
            if self._path.position is None and position.number > 0:
                window = self._tracker.window
                raise ReorgTooDeepError(self._tracker.chain_id, block=position.number, window=window)
            await self._say(notices, always=True)

    async def _is_canonical(self, ref: BlockRef) -> bool:
        if ref.number > self._tracker.levels.latest:
            return False
        header = self._tracker.ring.get(ref.number) or await self._source.header(ref.number)
        return header.hash == ref.hash

    async def _join(self) -> None:
        """Fill in new watches up to where the path is, then go on with them."""
        if not self._joining:
            return
        joining = list(self._joining)
        earliest = min((watch.from_block for watch in joining if self._needs_fill(watch)), default=None)
        if earliest is not None:
            logs = await self._logs_until_here(earliest, [watch for watch in joining if self._needs_fill(watch)])
            await self._say(self._path.fill_in(logs, self._tracker.levels))
        del self._joining[: len(joining)]
        self._watches += [watch for watch in joining if watch not in self._watches]

    def _needs_fill(self, watch: Watch) -> bool:
        """Without a cursor there is no "where the client is", so block 0 means the genesis."""
        from_genesis = watch.from_block == 0 and self._cursor is None
        return (watch.from_block > 0 or from_genesis) and watch.from_block < self._path.next_number

    async def _advance(self) -> bool:
        """Pass the next blocks; True when the head is not reached yet."""
        ring, levels, first = self._tracker.ring, self._tracker.levels, self._path.next_number
        if first > levels.latest:
            return False
        if first < ring.base:
            span = await self._source.logs_between(first, ring.base - 1, self._watches)
            end = await self._source.header(span.last)
            await self._say(self._path.skip(end, span.logs, levels))
            return True
        headers = ring.between(first, first + BLOCKS_AT_ONCE - 1)
        blocks = await self._with_logs(headers, self._watches)
        if not all(ring.holds(header) for header in headers) or not self._follows(headers[0]):
            return False  # a fork came between: the tracker has moved, so the next step is near
        self._memory.keep_logs(self._tracker.chain_id, blocks)
        await self._say(self._path.extend(blocks, levels))
        return headers[-1].number < levels.latest

    def _follows(self, header: Header) -> bool:
        position = self._path.position
        return position is None or position.hash == header.parent

    # ---- reading and saying ---------------------------------------------------------------------------------------

    async def _with_logs(self, headers: Sequence[Header], watches: Sequence[Watch]) -> list[Block]:
        logs = await self._source.logs_of(headers, watches)
        return [Block(header=header, logs=found) for header, found in zip(headers, logs, strict=True)]

    async def _logs_until_here(self, first: int, watches: Sequence[Watch]) -> list[ChainLog]:
        """Logs in passed blocks: those within the window by their hashes, older ones by ranges."""
        if not watches:
            return []
        ring, end = self._tracker.ring, self._path.next_number
        passed = {ref.number: ref.hash for ref in self._path.blocks}
        edge = min(end, max(ring.base, min(passed, default=end)))
        logs: list[ChainLog] = []
        number = max(first, 0)
        while number < edge:
            span = await self._source.logs_between(number, edge - 1, watches)
            logs += span.logs
            number = span.last + 1
        headers = ring.between(max(number, edge), end - 1)
        if any(passed.get(header.number) != header.hash for header in headers):
            raise NotReadyError("the chain changed while a watch was filled in")
        return logs + [log for block in await self._with_logs(headers, watches) for log in block.logs]

    async def _say(self, notices: Sequence[Notice], *, always: bool = False) -> None:
        """Deliver notices with the cursor behind them; with `always` the cursor even if there are none."""
        position = self._path.position
        if position is not None and (notices or always):
            self._marked = position.number
            mark = CursorMark(chain_id=self._tracker.chain_id, number=position.number, block_hash=position.hash)
            await self._deliver(Delivery(notices=tuple(notices), mark=mark))

    async def _mark_quietly(self) -> None:
        position = self._path.position
        if position is not None and (self._marked < 0 or position.number - self._marked >= QUIET_BLOCKS):
            await self._say((), always=True)
