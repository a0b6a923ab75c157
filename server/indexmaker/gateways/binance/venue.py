"""What every part of the gateway works with: the engine to read from, the sequencer to write to, clock and keys."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from indexmaker.exchange.accounts import Account
from indexmaker.exchange.commands import ExchangeCommand
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import ExchangeEvent
from indexmaker.exchange.markets import Asset, Market
from indexmaker.gateways.binance.credentials import Credentials
from indexmaker.gateways.binance.errors import ApiError, unknown_symbol
from indexmaker.gateways.binance.rate_limits import RateLimits
from indexmaker.identifiers import derived_id
from indexmaker.runtime import Clock, Committed, Sequencer, SequencerStoppedError

__all__ = ["ExchangeCommitted", "ExchangeSequencer", "Venue"]

ExchangeSequencer: TypeAlias = Sequencer[ExchangeCommand, ExchangeEvent]
ExchangeCommitted: TypeAlias = Committed[ExchangeCommand, ExchangeEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """The exchange as the gateway sees it."""

    engine: ExchangeEngine
    sequencer: ExchangeSequencer
    clock: Clock
    credentials: Credentials
    limits: RateLimits
    _count: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def market(self, symbol: str) -> Market:
        """A listed market; raises `ApiError`."""
        market = self.engine.markets.get(symbol)
        if market is None:
            raise unknown_symbol()
        return market

    def asset(self, symbol: str) -> Asset:
        """A listed asset; raises `ApiError`."""
        asset = self.engine.assets.get(symbol)
        if asset is None:
            raise ApiError(-4017, "The coin is not supported.")
        return asset

    def account(self, number: int) -> Account:
        """An account that a credential names."""
        return self.engine.accounts[number]

    def new_id(self, prefix: str) -> str:
        """An id for a client that sent none; no two are the same, in this life of the process or another."""
        return derived_id(prefix, self.clock.now(), next(self._count))

    async def submit(self, command: ExchangeCommand) -> Sequence[ExchangeEvent]:
        """Hand a command to the exchange and return its outputs once they are durable.

        Raises:
            ApiError: the exchange is stopping; whether the command took effect is not known.
        """
        try:
            committed = await self.sequencer.submit(command)
        except SequencerStoppedError:
            text = "An unexpected response was received from the message bus. Execution status unknown."
            raise ApiError(-1006, text, status=503) from None
        return committed.outputs
