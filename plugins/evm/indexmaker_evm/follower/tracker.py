"""Follows the head of one chain for everybody in the process: clients' sessions and the transaction manager."""

from __future__ import annotations

import asyncio
import itertools

import structlog

from indexmaker_evm.errors import NodeUnavailableError, ReorgTooDeepError
from indexmaker_evm.events import Header, Levels
from indexmaker_evm.follower.headers import HeaderRing, Joined, NeedsParent
from indexmaker_evm.follower.memory import BlockMemory
from indexmaker_evm.follower.source import ChainSource, Head, NotReadyError
from indexmaker_evm.signal import Signal

__all__ = ["HeadTracker"]

log = structlog.get_logger(__name__)

REMEMBERED_BLOCKS = 100_000
"""For how long a client may be away with a cursor on a lost block: hours on the fastest chains, some 30 MB of disk."""


class HeadTracker:
    """The last `window` headers of a chain and its levels, brought up to date by `poll`."""

    def __init__(
        self, source: ChainSource, memory: BlockMemory, *, chain_id: int, window: int, poll_interval_s: float
    ) -> None:
        self.chain_id = chain_id
        self.window = window
        self.ring = HeaderRing(window=window)
        self.levels = Levels(latest=-1, safe=-1, final=-1)
        self.moved = Signal()
        """Fires when the head or a level has moved, or a client wants more than before."""
        self.failure: ReorgTooDeepError | None = None
        """Set when the chain can no longer be followed."""
        self._source = source
        self._memory = memory
        self._interval = poll_interval_s
        self._nudge = asyncio.Event()

    @property
    def started(self) -> bool:
        """Whether the head is known."""
        return self.ring.tip is not None

    def nudge(self) -> None:
        """Look at once: somebody has reason to think that there is a new block."""
        self._nudge.set()

    async def run(self) -> None:
        """Poll until cancelled, or until the chain is rewritten too deeply."""
        while self.failure is None:
            try:
                await self.poll()
            except NotReadyError as reason:
                log.debug("head_not_ready", chain_id=self.chain_id, reason=str(reason))
            except NodeUnavailableError as error:
                log.warning("head_unknown", chain_id=self.chain_id, reason=str(error))
            except ReorgTooDeepError as error:
                log.error("reorg_too_deep", chain_id=self.chain_id, reason=str(error))
                self.failure = error
                self.moved.fire()
            await self._pause()

    async def poll(self) -> None:
        """Take one look; raises what `ChainSource` raises, and `ReorgTooDeepError`."""
        head = await self._source.head()
        before = (self.ring.tip, self.levels)
        if self.ring.tip is None:
            await self._begin(head.latest)
        elif not self.ring.holds(head.latest):
            await self._follow(head.latest)
        self._raise_levels(head)
        if before != (self.ring.tip, self.levels):
            self.moved.fire()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._interval):
                await self._nudge.wait()
        except TimeoutError:
            return
        self._nudge.clear()

    async def _begin(self, latest: Header) -> None:
        first = max(latest.number - self.window + 1, 0)
        headers = [*await self._source.headers(first, latest.number - 1), latest]
        if any(a.hash != b.parent for a, b in itertools.pairwise(headers)):
            raise NotReadyError("the chain changed while it was read")
        self.ring.restart(headers)
        self._keep(headers)
        log.info("head_found", chain_id=self.chain_id, number=latest.number, hash=latest.hash)

    async def _follow(self, latest: Header) -> None:
        tip = self.ring.tip
        assert tip is not None
        if latest.number - tip.number >= self.window:
            await self._leap(latest)
            return
        by_hash: dict[str, Header] = {}
        if latest.number > tip.number + 1:
            headers = await self._source.headers(tip.number + 1, latest.number - 1)
            by_hash = {header.hash: header for header in headers}
        branch = [latest]
        step = self.ring.connect(branch)
        while isinstance(step, NeedsParent):
            parent = by_hash.get(step.hash) or await self._source.header_by_hash(step.hash)
            branch.insert(0, parent)
            step = self.ring.connect(branch)
        if not isinstance(step, Joined):
            raise ReorgTooDeepError(self.chain_id, block=step.number, window=self.window)
        if step.replaced:
            log.warning("reorg", chain_id=self.chain_id, depth=step.replaced, at=branch[0].number)
        self.ring.splice(branch)
        self._keep(branch)

    async def _leap(self, latest: Header) -> None:
        """After a long silence: everything known is old by now, and its oldest block must still be there."""
        base = self.ring.get(self.ring.base)
        assert base is not None
        if (await self._source.header(base.number)).hash != base.hash:
            raise ReorgTooDeepError(self.chain_id, block=base.number, window=self.window)
        await self._begin(latest)

    def _raise_levels(self, head: Head) -> None:
        """Nodes of one pool differ, so levels never fall, but for a chain that became shorter."""
        tip = self.ring.tip
        assert tip is not None
        latest = tip.number
        fallback = latest - self.window
        safe = max(self.levels.safe, fallback if head.safe is None else head.safe)
        final = max(self.levels.final, fallback if head.final is None else head.final)
        self.levels = Levels(latest=latest, safe=min(safe, latest), final=min(final, latest))

    def _keep(self, headers: list[Header]) -> None:
        forget_below = headers[-1].number - REMEMBERED_BLOCKS
        self._memory.keep_headers(self.chain_id, headers, forget_below=forget_below)
