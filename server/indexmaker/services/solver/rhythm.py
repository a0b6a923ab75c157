"""What makes time pass for the solver: ticks, and attempts to make a batch from the books of the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from indexmaker.runtime import Clock
from indexmaker.services.solver.edges import MarketDataEdge
from indexmaker.services.solver.index_work import traded_assets, trading_marks, work_due
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import BatchSolve, Book, SolverEvent, Tick
from indexmaker.solver.vocabulary import OrderState

__all__ = ["Rhythm", "symbols_of"]

Submit = Callable[[SolverEvent], Awaitable[object]]
"""Hands an event in; returns once it is applied."""

_LONGEST = 32
"""Beats between attempts that engage nobody."""

_WAITING = {
    OrderState.ROUTING,
    OrderState.READY,
    OrderState.ENGAGED,
    OrderState.MINTABLE,
    OrderState.MINT_SUBMITTED,
    OrderState.PENDING_COLLATERAL,
    OrderState.PENDING_TOKENS,
    OrderState.PAYABLE,
    OrderState.PAYOUT_ROUTING,
}


def symbols_of(engine: SolverEngine, venue: str) -> set[str]:
    """Symbols at a venue of every asset that an index holds, or that a batch needs now."""
    assets = {
        (asset, index.collateral) for index in engine.state.indices.values() for asset in traded_assets(engine, index)
    }
    wanted = {symbol for place, symbol in engine.wanted_books() if place == venue}
    return wanted | {
        instrument.symbol
        for instrument in engine.state.instruments.values()
        if instrument.venue == venue and (instrument.base, instrument.quote) in assets
    }


class Rhythm:
    """Ticks while orders are open, and solves while some are ready; an idle core writes nothing.

    An attempt that engages nobody is repeated at growing distances, so that orders nobody can fill do not fill the
    journal; another set of ready orders, or a rebalance that got on, starts anew.
    """

    def __init__(
        self,
        engine: SolverEngine,
        markets: Mapping[str, MarketDataEdge],
        *,
        clock: Clock,
        submit: Submit,
        interval_ms: int,
    ) -> None:
        self._engine = engine
        self._markets = markets
        self._clock = clock
        self._submit = submit
        self._interval = interval_ms / 1000
        self._tried: frozenset[str] = frozenset()
        self._distance = 1
        self._beats_left = 0

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            states = {order.state for order in self._engine.state.orders.values()}
            if states & _WAITING or work_due(self._engine, now=self._clock.now()):
                await self._submit(Tick())
            if OrderState.READY in states or self._engine.wanted_books():
                await self._solve()
            await asyncio.sleep(self._interval)

    def _ready(self) -> frozenset[str]:
        orders = self._engine.state.orders.values()
        ready = {order.order_id for order in orders if order.state is OrderState.READY}
        books = {":".join(book) for book in self._engine.wanted_books()}
        return frozenset(ready.union(trading_marks(self._engine), books))

    async def _solve(self) -> None:
        ready = self._ready()
        if ready != self._tried:
            self._tried, self._distance, self._beats_left = ready, 1, 0
        if self._beats_left:
            self._beats_left -= 1
            return
        books: list[Book] = []
        now = self._clock.now()
        for venue, market in sorted(self._markets.items()):
            symbols = symbols_of(self._engine, venue)
            market.want(symbols)
            books.extend(market.freeze(symbols, now=now))
        if not books:
            return
        await self._submit(BatchSolve(books=tuple(books)))
        if self._ready() == ready:
            self._beats_left = self._distance
            self._distance = min(2 * self._distance, _LONGEST)
