"""Every trade is given out once and whole: to orders, to the house, and to nobody twice."""

from __future__ import annotations

from typing import Any

from indexmaker.money import format_atoms
from indexmaker.runtime import Committed
from indexmaker.simulation.listings import VENUE
from indexmaker.simulation.violation import Violation
from indexmaker.solver import SolverEngine
from indexmaker.solver import events as ev
from indexmaker.solver.commands import BatchReport, Invoice, InvoiceReport
from indexmaker.solver.guardian import trade_key
from indexmaker.solver.invoice import supported_units

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
            if isinstance(output, BatchReport) and output.closed:
                self._crossed(output, engine)
            elif isinstance(output, InvoiceReport) and output.final:
                self._minted(output.invoice, engine)

    def check_end(self, engine: SolverEngine) -> None:
        """The house holds no more of a trade than no account took, and its lots are what the ledger says."""
        held: dict[str, int] = {}
        stock: dict[tuple[str, str], int] = {}
        for lot in engine.state.inventory:
            key = trade_key(lot.venue, lot.symbol, lot.trade_id)
            held[key] = held.get(key, 0) + lot.quantity
            stock[lot.venue, lot.asset] = stock.get((lot.venue, lot.asset), 0) + lot.quantity
        for key, quantity in held.items():
            left = self._left.get(key, 0)
            if quantity > left:
                text = f"{key}: {format_atoms(quantity)} in inventory, {format_atoms(left)} not given out"
                raise Violation("GIVEN_TWICE", text)
        booked_stock = {
            (VENUE, account.asset): balance for account, balance in engine.ledger if account.bucket == "inventory"
        }
        for venue, asset in sorted(stock.keys() | booked_stock.keys()):
            quantity, booked = stock.get((venue, asset), 0), booked_stock.get((venue, asset), 0)
            if booked != quantity:
                text = f"{asset}: lots of {format_atoms(quantity)}, the ledger says {format_atoms(booked)}"
                raise Violation("INVENTORY", text)

    def _crossed(self, report: BatchReport, engine: SolverEngine) -> None:
        """What sellers gave inside a batch can be given to buyers like a purchase."""
        exchanged = {name for pool in report.pools for name in (pool.cross_id, pool.absorbed_id)}
        for key, quantity in engine.state.crosses.items():
            if key.rpartition(":")[2] in exchanged and key not in self._accounted:
                self._accounted.add(key)
                self._left[key] = quantity

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
