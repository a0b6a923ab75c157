"""What makes time pass for the solver: ticks, and attempts to make a batch from the books of the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from indexmaker.runtime import Clock
from indexmaker.services.solver.edges import MarketDataEdge
from indexmaker.services.solver.edges.calls import Post
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import BatchSolve, Book, Tick
from indexmaker.solver.vocabulary import OrderState

__all__ = ["Rhythm", "symbols_of"]

_WAITING = {
    OrderState.ROUTING,
    OrderState.READY,
    OrderState.ENGAGED,
    OrderState.MINTABLE,
    OrderState.MINT_SUBMITTED,
    OrderState.PENDING_COLLATERAL,
}


def symbols_of(engine: SolverEngine, venue: str) -> set[str]:
    """Symbols at a venue of every asset that an index holds."""
    assets = {
        (asset, index.collateral)
        for index in engine.state.indices.values()
        if index.venue == venue
        for asset, _ in index.quantities
    }
    return {
        instrument.symbol
        for instrument in engine.state.instruments.values()
        if instrument.venue == venue and (instrument.base, instrument.quote) in assets
    }


class Rhythm:
    """Ticks while orders are open, and solves while some are ready; an idle core writes nothing."""

    def __init__(
        self,
        engine: SolverEngine,
        markets: Mapping[str, MarketDataEdge],
        *,
        clock: Clock,
        post: Post,
        interval_ms: int,
    ) -> None:
        self._engine = engine
        self._markets = markets
        self._clock = clock
        self._post = post
        self._interval = interval_ms / 1000

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            states = {order.state for order in self._engine.state.orders.values()}
            if states & _WAITING:
                await self._post(Tick())
            if OrderState.READY in states:
                await self._solve()
            await asyncio.sleep(self._interval)

    async def _solve(self) -> None:
        books: list[Book] = []
        now = self._clock.now()
        for venue, market in sorted(self._markets.items()):
            symbols = symbols_of(self._engine, venue)
            market.want(symbols)
            books.extend(market.freeze(symbols, now=now))
        if books:
            await self._post(BatchSolve(books=tuple(books)))
