"""Index orders: what became of them, and that nobody who could be served is left waiting."""

from __future__ import annotations

from collections import Counter
from typing import Any

from indexmaker.runtime import Committed
from indexmaker.simulation.listings import SECOND
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.simulation.violation import Violation
from indexmaker.solver import SolverEngine
from indexmaker.solver import events as ev
from indexmaker.solver.commands import BatchReport, IndexOrderReport, QuoteReport, RebalanceReport
from indexmaker.solver.state import IndexOrder
from indexmaker.solver.vocabulary import ExecType, OrderState, QuoteState, RebalanceState, Side

__all__ = ["OrderWatch"]

_OLDEST = 90 * 60 * SECOND
"""How long an order may live, whatever happens."""
_FRUITLESS = 60
"""Batches that an order may be left out of while all that it needs is for sale."""
_FINAL = {
    ExecType.MINTED: "minted",
    ExecType.PAID: "paid",
    ExecType.CANCELLED: "cancelled",
    ExecType.EXPIRED: "expired",
    ExecType.REJECTED: "rejected",
}


class OrderWatch:
    """`ends` counts orders by the way they ended."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._since: dict[str, int] = {}
        self._ended: dict[str, str] = {}
        self._fruitless: dict[str, tuple[int, int]] = {}
        self.taken = 0
        self.ends: Counter[str] = Counter()
        self.batches = 0
        self.partial = 0
        self.rebalances = 0
        self.quotes_used = 0

    def take(self, committed: Committed[Any, Any], engine: SolverEngine) -> None:
        """Look at the reports of an event."""
        for output in committed.outputs:
            if isinstance(output, IndexOrderReport):
                self._reported(output)
            elif isinstance(output, BatchReport) and output.legs and not output.closed:
                self.batches += 1
            elif isinstance(output, RebalanceReport) and output.state is RebalanceState.COMPLETED:
                self.rebalances += 1
            elif isinstance(output, QuoteReport) and output.state is QuoteState.USED:
                self.quotes_used += 1
        if isinstance(committed.event, ev.BatchSolve):
            self._solved(committed, engine)

    def check_ages(self) -> None:
        """Everything ends."""
        oldest = self._scheduler.now - _OLDEST
        for order_id, since in self._since.items():
            if since >= oldest:
                return
            raise Violation("STARVED", f"order {order_id} is open for longer than any order may be")

    def _reported(self, report: IndexOrderReport) -> None:
        order_id = report.order_id
        if report.exec_type is ExecType.NEW and order_id not in self._since and order_id not in self._ended:
            self.taken += 1
            self._since[order_id] = self._scheduler.now
        if report.exec_type is ExecType.PARTIAL_FILL:
            self.partial += 1
        end = _FINAL.get(report.exec_type)
        before = self._ended.get(order_id)
        if end is not None and order_id and before != end:
            if before is not None:
                self.ends[before] -= 1
            self._ended[order_id] = end
            self.ends[end] += 1
            self._since.pop(order_id, None)

    def _solved(self, committed: Committed[Any, Any], engine: SolverEngine) -> None:
        """Count the batches that passed an order by although every book it needs was good."""
        if engine.state.halted:
            return
        usable = _usable(committed.event, engine, at=committed.at)
        still: dict[str, tuple[int, int]] = {}
        for order_id in engine.state.open_orders:
            order = engine.state.orders[order_id]
            changing = engine.state.indices[order.index].rebalance_id
            if order.state is not OrderState.READY or _has_limits(order) or changing:
                continue
            units, passed = self._fruitless.get(order_id, (order.units, 0))
            if units != order.units:
                passed = 0
            if all(asset in usable for asset, _ in order.quantities):
                passed += 1
            if passed > _FRUITLESS:
                raise Violation("STARVED", f"{order_id} was passed by in {passed} batches that could have served it")
            still[order_id] = (order.units, passed)
        self._fruitless = still


def _has_limits(order: IndexOrder) -> bool:
    return bool(order.max_price or order.min_units or order.least_price) or order.side is Side.SELL


def _usable(event: ev.BatchSolve, engine: SolverEngine, *, at: int) -> set[str]:
    usable = set()
    for book in event.books:
        instrument = engine.state.instruments.get(f"{book.venue}:{book.symbol}")
        crossed = not book.bids or not book.asks or book.bids[0][0] >= book.asks[0][0]
        old = book.age_ns > engine.state.config.book_max_age_ns
        if instrument is not None and not (book.flags or crossed or old):
            name = f"{book.venue}:{book.symbol}"
            if engine.state.holds.get(name, 0) <= at:
                usable.add(instrument.base)
    return usable
