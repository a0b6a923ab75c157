"""What an index needs of the edges as soon as it is there: its gate watched, its books subscribed to."""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.runtime import Committed
from indexmaker.services.solver.edges import ChainEdge, MarketDataEdge
from indexmaker.services.solver.rhythm import symbols_of
from indexmaker.solver.commands import IndexReport, SolverCommand, SolverReport
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import SolverEvent, WeightsPublished

__all__ = ["NewIndices"]


class NewIndices:
    """Subscriber of the sequencer."""

    def __init__(self, engine: SolverEngine, *, chain: ChainEdge, markets: Mapping[str, MarketDataEdge]) -> None:
        self._engine = engine
        self._chain = chain
        self._markets = markets

    def __call__(self, committed: Committed[SolverEvent, SolverCommand | SolverReport]) -> None:
        """Look for indices that were taken in, and for weights that bring other assets."""
        taken = any(isinstance(output, IndexReport) and output.accepted for output in committed.outputs)
        if taken:
            self._chain.gates_changed()
        if taken or isinstance(committed.event, WeightsPublished):
            for venue, market in self._markets.items():
                market.want(symbols_of(self._engine, venue))
