"""One served chain: its nodes, its head, and its transactions where there is a key."""

from __future__ import annotations

import asyncio
from pathlib import Path

from indexmaker.connectors.clock import Clock
from indexmaker_evm.config import ChainConfig
from indexmaker_evm.follower.decoding import LogDecoder
from indexmaker_evm.follower.memory import BlockMemory
from indexmaker_evm.follower.source import RpcSource
from indexmaker_evm.follower.tracker import HeadTracker
from indexmaker_evm.follower.wakeup import wake_on_heads
from indexmaker_evm.rpc import Node, RpcPool
from indexmaker_evm.signer import Signer
from indexmaker_evm.tokens import Tokens
from indexmaker_evm.transactions.gas import GasStation
from indexmaker_evm.transactions.journal import TransactionJournal
from indexmaker_evm.transactions.manager import TransactionManager

__all__ = ["ServedChain", "Stores"]

GWEI = 10**9
MS = 1_000_000


class Stores:
    """The plugin's two files. Blocks can be lost without harm, transactions cannot."""

    def __init__(self, directory: Path) -> None:
        self.blocks = BlockMemory(directory / "blocks.sqlite")
        self.transactions = TransactionJournal(directory / "transactions.sqlite")

    def close(self) -> None:
        """Close both."""
        self.blocks.close()
        self.transactions.close()


class ServedChain:
    """Everything about one chain, put together; it starts to work in `run`. `heads` may be empty."""

    def __init__(
        self, config: ChainConfig, *, urls: list[str], heads: str, stores: Stores, signer: Signer | None, clock: Clock
    ) -> None:
        self.config = config
        self._heads = heads
        nodes = [Node(url, timeout_s=config.request_timeout_ms / 1_000) for url in urls]
        self.rpc = RpcPool(nodes, chain_id=config.chain_id, clock=clock)
        self.tokens = Tokens(self.rpc)
        self.source = RpcSource(self.rpc, LogDecoder(self.tokens, chain_id=config.chain_id))
        self.memory = stores.blocks
        self.tracker = HeadTracker(
            self.source,
            stores.blocks,
            chain_id=config.chain_id,
            window=config.reorg_window,
            poll_interval_s=config.poll_interval_ms / 1_000,
        )
        self.gas = GasStation(self.rpc, chain_id=config.chain_id, max_fee=config.max_fee_gwei * GWEI)
        self.manager = self._manager(stores.transactions, signer, clock) if signer else None

    @property
    def reachable(self) -> bool:
        """Whether any node answers."""
        return any(node.connected for node in self.rpc.status())

    async def run(self) -> None:
        """Follow the head and look after our transactions until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.tracker.run())
                if self.manager is not None:
                    tasks.create_task(self.manager.run())
                if self._heads:
                    tasks.create_task(wake_on_heads(self._heads, self.tracker.nudge))
        finally:
            await self.rpc.close()

    def _manager(self, journal: TransactionJournal, signer: Signer, clock: Clock) -> TransactionManager:
        return TransactionManager(
            self.rpc,
            journal,
            signer,
            self.tracker,
            self.gas,
            confirmations=self.config.confirmations,
            resend_after_ns=self.config.resend_after_ms * MS,
            bump_after_ns=self.config.bump_after_ms * MS,
            clock=clock,
        )
