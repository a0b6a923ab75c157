"""Every trade is given out once and whole: to orders, to the house, and to nobody twice."""

from __future__ import annotations

from typing import Any

from indexmaker.money import format_atoms
from indexmaker.runtime import Committed
from indexmaker.simulation.violation import Violation
from indexmaker.solver import SolverEngine
from indexmaker.solver import events as ev
from indexmaker.solver.commands import Invoice, InvoiceReport
from indexmaker.solver.guardian import trade_key
from indexmaker.solver.invoice import supported_units
from indexmaker.solver.vocabulary import LotSource

__all__ = ["TradeWatch"]


class TradeWatch:
    """Counts down what is left of each purchase as final accounts take their lots from it."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self._accounted: set[str] = set()

    def take(self, committed: Committed[Any, Any], engine: SolverEngine) -> None:
        """Note trades and final accounts."""
        event = committed.event
        if isinstance(event, ev.ExecutionReported):
            self._traded(event, engine)
        for output in committed.outputs:
            if isinstance(output, InvoiceReport) and output.final:
                self._minted(output.invoice, engine)

    def check_end(self, engine: SolverEngine) -> None:
        """What no account took is in the house's inventory."""
        held: dict[str, int] = {}
        for lot in engine.state.inventory:
            key = trade_key(lot.venue, lot.symbol, lot.trade_id)
            held[key] = held.get(key, 0) + lot.quantity
        for key, left in self._left.items():
            if left != held.get(key, 0):
                text = f"{key}: {format_atoms(left)} not given out, {format_atoms(held.get(key, 0))} in inventory"
                raise Violation("UNASSIGNED", text)
        for key in held.keys() - self._left.keys():
            raise Violation("UNASSIGNED", f"{key}: in inventory, but all of it was given out")

    def _traded(self, event: ev.ExecutionReported, engine: SolverEngine) -> None:
        key = trade_key(event.venue, event.symbol, event.trade_id)
        order = engine.state.asset_orders.get(event.client_order_id)
        if order is None or key in self._accounted:
            return
        self._accounted.add(key)
        paid_in = event.commission if event.commission_asset == order.asset else 0
        self._left[key] = event.quantity - paid_in

    def _minted(self, invoice: Invoice, engine: SolverEngine) -> None:
        if invoice.invoice_id in self._accounted:
            return
        self._accounted.add(invoice.invoice_id)
        for lot in invoice.lots:
            if lot.source is LotSource.CROSS:
                continue
            key = trade_key(lot.venue, lot.symbol, lot.trade_id)
            left = self._left.get(key, 0) - lot.quantity
            if left < 0:
                raise Violation("GIVEN_TWICE", f"{key}: {format_atoms(-left)} more was given out than was bought")
            if left:
                self._left[key] = left
            else:
                self._left.pop(key, None)
        self._check_units(invoice, engine)

    def _check_units(self, invoice: Invoice, engine: SolverEngine) -> None:
        order = engine.state.orders.get(invoice.order_id)
        index = engine.state.indices[invoice.index]
        quantities = order.quantities if order is not None else ()
        if invoice.units and quantities:
            supported = supported_units(invoice.lots, quantities, decimals=index.token_decimals)
            if invoice.units > supported:
                text = f"{invoice.order_id}: {format_atoms(invoice.units)} units, lots for {format_atoms(supported)}"
                raise Violation("UNITS", text)
