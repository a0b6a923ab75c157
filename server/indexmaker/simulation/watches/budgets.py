"""No batch, no order and no leg goes beyond its budget, counted at limit prices."""

from __future__ import annotations

from typing import Any

from indexmaker.money import format_atoms, mul_ceil
from indexmaker.runtime import Committed
from indexmaker.simulation.violation import Violation
from indexmaker.solver import SolverEngine
from indexmaker.solver.commands import BatchReport, PlaceAssetOrder
from indexmaker.solver.vocabulary import Side

__all__ = ["BudgetWatch"]

_MARGIN = 10**12
"""The engine keeps this much more of each order, against rounding."""


class BudgetWatch:
    """Looks at batches as they begin and at orders as they leave."""

    def take(self, committed: Committed[Any, Any], engine: SolverEngine) -> None:
        """Look at the batches and venue orders of an event."""
        for output in committed.outputs:
            if isinstance(output, BatchReport) and not output.closed:
                self._begun(output, engine)
            elif isinstance(output, PlaceAssetOrder):
                self._placed(output, engine)

    def _begun(self, report: BatchReport, engine: SolverEngine) -> None:
        state, config = engine.state, engine.state.config
        batch = state.batches[report.batch_id]
        if batch.value > config.batch_budget:
            raise _over("BATCH_BUDGET", report.batch_id, batch.value, config.batch_budget)
        in_flight = sum(state.batches[one].value for one in sorted(state.open_batches))
        if in_flight > config.in_flight_budget:
            raise _over("IN_FLIGHT_BUDGET", report.batch_id, in_flight, config.in_flight_budget)
        for order_id, _ in report.orders:
            order = state.orders.get(order_id)
            if order is not None and order.side is Side.BUY and order.reserved > config.order_budget + _MARGIN:
                raise _over("ORDER_BUDGET", order_id, order.reserved, config.order_budget)

    def _placed(self, command: PlaceAssetOrder, engine: SolverEngine) -> None:
        """All orders of a batch that buy, at their limits, are within the budget of the batch."""
        state = engine.state
        batch = state.batches[command.batch_id]
        bought = sum(
            mul_ceil(order.price, order.quantity)
            for order in (state.asset_orders[name] for name in sorted(state.live_asset_orders))
            if order.batch_id == batch.batch_id and order.client_order_id not in self._sales(engine)
        )
        if bought > state.config.batch_budget:
            raise _over("BATCH_BUDGET", batch.batch_id, bought, state.config.batch_budget)

    def _sales(self, engine: SolverEngine) -> set[str]:
        return {
            name
            for name in engine.state.live_asset_orders
            if getattr(engine.state.asset_orders[name], "side", Side.BUY) is Side.SELL
        }


def _over(kind: str, subject: str, value: int, budget: int) -> Violation:
    return Violation(kind, f"{subject} uses {format_atoms(value)} of {format_atoms(budget)}")
