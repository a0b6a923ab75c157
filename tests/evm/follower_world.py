"""A tracker and a session over a fake chain, stepped by hand."""

from __future__ import annotations

from collections.abc import Sequence

from evm.fake_chain import CHAIN_ID, Client, FakeChain
from indexmaker_evm.errors import CursorUnknownError, ReorgTooDeepError
from indexmaker_evm.events import Finality
from indexmaker_evm.follower.memory import BlockMemory
from indexmaker_evm.follower.session import ChainSession
from indexmaker_evm.follower.source import NotReadyError
from indexmaker_evm.follower.tracker import HeadTracker
from indexmaker_evm.follower.watches import Watch

WINDOW = 12
CONFIRMATIONS = 2


class World:
    def __init__(self, watches: Sequence[Watch], *, window: int = WINDOW) -> None:
        self.chain = FakeChain()
        self.client = Client()
        self.watches = list(watches)
        self.window = window
        self.memory = BlockMemory(":memory:")
        self.start_plugin()

    def start_plugin(self) -> None:
        self.tracker = HeadTracker(self.chain, self.memory, chain_id=CHAIN_ID, window=self.window, poll_interval_s=0.01)
        self.start_session()

    def start_session(self) -> None:
        self.session = ChainSession(
            self.tracker,
            self.chain,
            self.memory,
            confirmations=CONFIRMATIONS,
            look_back=1_000,
            cursor=self.client.now.cursor,
            deliver=self.client.take,
        )
        self.session.watch(self.watches)

    async def poll(self) -> None:
        try:
            await self.tracker.poll()
        except NotReadyError:
            return

    async def step(self) -> bool:
        try:
            return await self.session.step()
        except NotReadyError:
            return False

    async def settle(self) -> None:
        """Until there is nothing more to say about the chain as it stands."""
        for _ in range(3):
            await self.poll()
            while await self.step():
                continue

    def check(self) -> None:
        expected = self.chain.expected(self.watches)
        assert {key: block_hash for key, (block_hash, _) in self.client.now.logs.items()} == expected
        numbers = {header.hash: header.number for header in self.chain.headers_now}
        for block_hash, finality in self.client.now.logs.values():
            assert finality >= self.due(numbers[block_hash])

    def due(self, number: int) -> Finality:
        return self.tracker.levels.finality(number, confirmations=CONFIRMATIONS)


__all__ = ["CursorUnknownError", "ReorgTooDeepError", "World"]
