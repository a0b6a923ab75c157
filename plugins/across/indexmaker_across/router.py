"""Everything of one router put together; it starts to work in `run`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from indexmaker.connectors.clock import Clock
from indexmaker.connectors.errors import ConfigurationError
from indexmaker_across.config import AcrossConfig
from indexmaker_across.desk import Desk
from indexmaker_across.driver import Driver
from indexmaker_across.ends import Departure, Landing
from indexmaker_across.journal import TransferJournal
from indexmaker_across.lanes import Lane, Lanes
from indexmaker_across.quotes import FeeModel, LocalQuotes, Tariff
from indexmaker_evm.chain import ServedChain, Stores
from indexmaker_evm.config import ChainConfig, node_urls
from indexmaker_evm.signer import LocalSigner

__all__ = ["Router"]

TRANSFERS_FILE = "transfers.sqlite"


class Router:
    """Two chains, one key, two journals, and the parts that work on them.

    Raises:
        ConfigurationError: a place of the configuration makes no sense, or the key does not fit the journal.
    """

    def __init__(
        self,
        config: AcrossConfig,
        signer: LocalSigner,
        directory: Path,
        *,
        clock: Clock,
        journal_type: type[TransferJournal] = TransferJournal,
    ) -> None:
        self.config = config
        self.lanes = Lanes.read(config, wallet=signer.address)
        ends = {
            "origin": config.origin.chain_config("origin", poll_interval_ms=config.poll_interval_ms),
            "destination": config.destination.chain_config("destination", poll_interval_ms=config.poll_interval_ms),
        }
        urls = {name: node_urls(chain, place=name) for name, chain in ends.items()}
        self._stores = Stores(directory)
        try:
            _check_open_transactions(self._stores, ends.values(), signer)
        except ConfigurationError:
            self._stores.close()
            raise
        self.journal = journal_type(directory / TRANSFERS_FILE)
        self.chains = {
            name: ServedChain(chain, urls=urls[name], heads="", stores=self._stores, signer=signer, clock=clock)
            for name, chain in ends.items()
        }
        self._clock = clock
        self.drivers: list[Driver] = []
        out = self._serve(self.lanes.out, config.fees)
        back = None
        if self.lanes.back is not None and config.returns is not None:
            back = self._serve(self.lanes.back, config.returns.fees)
        transactions = self._stores.transactions
        self.desk = Desk(self.journal, transactions, out, back=back, config=config, clock=clock)

    def _serve(self, lane: Lane, fees: FeeModel) -> Tariff:
        """Add a lane's driver; return what the desk has to know of it."""
        ends = {chain.config.chain_id: chain for chain in self.chains.values()}
        quotes = LocalQuotes(fees)
        driver = Driver(
            self.journal,
            self._stores.transactions,
            Departure(ends[lane.departure_chain_id], lane),
            Landing(ends[lane.landing_chain_id], lane),
            lane,
            quotes=quotes,
            config=self.config,
            clock=self._clock,
        )
        self.drivers.append(driver)
        return Tariff(quotes, lambda: driver.route_cap_bps)

    async def run(self) -> None:
        """Work until cancelled, then close the files."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for chain in self.chains.values():
                    tasks.create_task(chain.run())
                for driver in self.drivers:
                    tasks.create_task(driver.run())
        finally:
            self.close()

    def close(self) -> None:
        """Close the files; only for a router that does not run."""
        self.journal.close()
        self._stores.close()


def _check_open_transactions(stores: Stores, chains: Iterable[ChainConfig], signer: LocalSigner) -> None:
    """The key must not change while transactions of it are on their way."""
    for chain in chains:
        for transaction in stores.transactions.open(chain.chain_id):
            if transaction.sender != signer.address:
                summary = f"the journal holds open transactions of {transaction.sender} on chain {chain.chain_id}"
                raise ConfigurationError("router_key", summary, "configure that key until they are final")
