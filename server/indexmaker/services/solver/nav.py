"""Net asset value of index units from live mid prices, and its recorder."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Protocol

from indexmaker.money import format_atoms, mul_floor
from indexmaker.runtime import Clock, Committed
from indexmaker.solver.commands import FeeAccrualReport, IndexReport, RebalanceReport, SolverCommand, SolverReport
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import SolverEvent
from indexmaker.solver.state import Index
from indexmaker.solver.vocabulary import RebalanceState, Value
from indexmaker.storage import NavHistory, NavPoint

__all__ = ["Nav", "NavDesk", "NavRecorder", "PriceSource"]


class PriceSource(Protocol):
    """Prices of one venue."""

    def priced(self, symbol: str, *, now: int) -> tuple[int, int]:
        """Mid price in atoms (0 for none to trust) and its age in nanoseconds."""
        ...


class Nav(Value, frozen=True, kw_only=True):
    """Value of one unit in atoms of the collateral, rounded down per asset; without a meaning while some are
    `missing`.
    """

    symbol: str
    version: int
    value: int
    oldest_ns: int
    missing: tuple[str, ...]
    at: int


class NavDesk:
    """Values indices by the books of this moment."""

    def __init__(self, engine: SolverEngine, markets: Mapping[str, PriceSource], *, clock: Clock) -> None:
        self._engine = engine
        self._markets = markets
        self._clock = clock

    def navs(self, symbols: Iterable[str] = ()) -> list[Nav]:
        """The value of these indices, or of all; symbols that are not known are left out."""
        indices = self._engine.state.indices
        wanted = sorted(set(symbols) & indices.keys()) if symbols else sorted(indices)
        return [self.nav(indices[symbol]) for symbol in wanted]

    def nav(self, index: Index) -> Nav:
        """The value of a unit of an index now."""
        now = self._clock.now()
        value, oldest = 0, 0
        missing = []
        for asset, quantity in index.quantities:
            price, age = self._price(index, asset, now)
            if price:
                value += mul_floor(quantity, price)
                oldest = max(oldest, age)
            else:
                missing.append(asset)
        return Nav(
            symbol=index.symbol,
            version=index.version,
            value=value,
            oldest_ns=oldest,
            missing=tuple(missing),
            at=now,
        )

    def _price(self, index: Index, asset: str, now: int) -> tuple[int, int]:
        symbols = [
            one.symbol
            for one in self._engine.state.instruments.values()
            if (one.venue, one.base, one.quote) == (index.venue, asset, index.collateral)
        ]
        market = self._markets.get(index.venue)
        return market.priced(symbols[0], now=now) if market is not None and symbols else (0, 0)


class NavRecorder:
    """Keeps the value of every index once in an interval, and at once when a basket has changed."""

    def __init__(self, desk: NavDesk, history: NavHistory, *, interval: float = 60.0) -> None:
        self._desk = desk
        self._history = history
        self._interval = interval
        self._changed = asyncio.Event()

    def __call__(self, committed: Committed[SolverEvent, SolverCommand | SolverReport]) -> None:
        """Subscriber of the sequencer: look for new baskets."""
        if not committed.replayed and any(map(_new_basket, committed.outputs)):
            self._changed.set()

    async def run(self) -> None:
        """Record until cancelled."""
        while True:
            self._changed.clear()
            await self.record()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._interval)

    async def record(self) -> None:
        """Keep the values of this moment; an index with an asset without a price is left out."""
        navs = [nav for nav in self._desk.navs() if not nav.missing]
        points = [
            NavPoint(
                symbol=nav.symbol,
                at=nav.at,
                version=nav.version,
                value=format_atoms(nav.value),
                oldest_ns=nav.oldest_ns,
            )
            for nav in navs
        ]
        if points:
            await self._history.write(points)


def _new_basket(output: SolverCommand | SolverReport) -> bool:
    if isinstance(output, RebalanceReport):
        return output.state is RebalanceState.COMPLETED
    return isinstance(output, IndexReport | FeeAccrualReport)
