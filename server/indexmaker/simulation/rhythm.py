"""What makes time pass for the simulated core, as the rhythm of its service does: ticks, and attempts at a batch."""

from __future__ import annotations

from indexmaker.simulation.core import Core
from indexmaker.simulation.listings import SECOND
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.simulation.venue import Venue
from indexmaker.solver import SolverEngine
from indexmaker.solver.events import BatchSolve, Tick
from indexmaker.solver.vocabulary import OrderState

__all__ = ["Rhythm"]

_BEAT = 2 * SECOND
_LONGEST = 8
"""Beats between attempts that engage nobody."""


class Rhythm:
    """Ticks while something is open, solves while orders are ready; attempts in vain become rarer."""

    def __init__(self, scheduler: Scheduler, core: Core, venue: Venue) -> None:
        self._scheduler = scheduler
        self._core = core
        self._venue = venue
        self._tried: frozenset[str] = frozenset()
        self._distance = 1
        self._left = 0
        scheduler.after(_BEAT, self._beat)

    def _beat(self) -> None:
        self._scheduler.after(_BEAT, self._beat)
        engine = self._core.engine
        if not self._core.up or not isinstance(engine, SolverEngine):
            return
        state = engine.state
        if state.open_orders or state.live_asset_orders or state.open_batches or engine.pending():
            self._core.post(Tick())
        wanted = engine.wanted_books()
        if not wanted and not state.open_batches:
            return
        ready = frozenset(one for one in state.open_orders if state.orders[one].state is OrderState.READY)
        if ready == self._tried and self._left:
            self._left -= 1
            return
        self._distance = min(self._distance * 2, _LONGEST) if ready == self._tried else 1
        self._tried, self._left = ready, self._distance - 1
        self._core.post(BatchSolve(books=self._venue.books()))
