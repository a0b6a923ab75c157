"""The guardian's own record of raw facts, kept from the journal and not from the engine's state."""

from __future__ import annotations

import msgspec

from indexmaker.runtime import Committed
from indexmaker.solver.commands import (
    BatchReport,
    ConfirmArrival,
    Invoice,
    SignInvoice,
    SolverCommand,
    SolverReport,
    StartTransfer,
)
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import (
    BatchSolve,
    Book,
    DepositSeen,
    ExecutionReported,
    OrderSubmitted,
    SolverEvent,
)
from indexmaker.solver.facts import facts_of
from indexmaker.solver.guardian import TransferFacts, trade_key, verify_invoice
from indexmaker.solver.handlers.orders import order_id_of

__all__ = ["Evidence"]

_Committed = Committed[SolverEvent, SolverCommand | SolverReport]


class Evidence:
    """Watches everything that was committed, from the first event on, and judges invoices by it.

    The terms of an index (the basket and fee that the order was taken at) and the value of commissions in third assets
    are the engine's; all other amounts come from what the chain, the bridge and the venue reported.
    """

    def __init__(self, engine: SolverEngine) -> None:
        self._engine = engine
        self._seen = 0
        self._deposits: dict[tuple[int, str, int], DepositSeen] = {}
        self._orders: dict[str, OrderSubmitted] = {}
        self._executions: dict[str, ExecutionReported] = {}
        self._quoted: dict[str, int] = {}
        self._shares: dict[str, tuple[tuple[str, int], ...]] = {}
        self._arrived: dict[str, int] = {}
        self._mids: dict[tuple[str, str], int] = {}
        self._invoices: dict[str, Invoice] = {}

    def __call__(self, committed: _Committed) -> None:
        """Take in one committed event; one that was seen before is passed over."""
        if committed.sequence <= self._seen:
            return
        self._seen = committed.sequence
        self._take_event(committed.event)
        for output in committed.outputs:
            self._take_output(output, committed.event)

    def review(self, invoice: Invoice) -> tuple[str, ...]:
        """What speaks against signing; empty when nothing does."""
        terms = facts_of(self._engine.state, invoice)
        deposit = self._deposits.get((invoice.chain_id, invoice.gate, invoice.request_id))
        order = self._orders.get(invoice.order_id)
        if terms is None or deposit is None or order is None:
            return (f"no record of the deposit, the order or the index of invoice {invoice.invoice_id}",)
        facts = msgspec.structs.replace(
            terms,
            deposit=deposit,
            order=order,
            transfer=TransferFacts(
                shares=self._shares.get(invoice.transfer_id, ()),
                quoted_out=self._quoted.get(invoice.transfer_id, 0),
                arrived=self._arrived.get(invoice.transfer_id, 0),
            ),
            executions=self._executions,
            mids=self._mids,
            taken=self._taken_by_others(invoice),
        )
        return tuple(f"{found.check}: {found.text}" for found in verify_invoice(invoice, facts))

    def _take_event(self, event: SolverEvent) -> None:
        if isinstance(event, DepositSeen):
            self._deposits[event.chain_id, event.gate, event.request_id] = event
        elif isinstance(event, OrderSubmitted):
            self._orders.setdefault(order_id_of(event.account, event.client_order_id), event)
        elif isinstance(event, ExecutionReported):
            self._executions.setdefault(trade_key(event.venue, event.symbol, event.trade_id), event)

    def _take_output(self, output: SolverCommand | SolverReport, event: SolverEvent) -> None:
        if isinstance(output, StartTransfer):
            self._shares[output.transfer_id] = tuple((one.order_id, one.amount) for one in output.contributions)
            self._quoted[output.transfer_id] = output.min_out
        elif isinstance(output, ConfirmArrival):
            self._arrived[output.transfer_id] = output.amount
        elif isinstance(output, SignInvoice):
            self._invoices[output.invoice.order_id] = output.invoice
        elif isinstance(output, BatchReport) and isinstance(event, BatchSolve) and not output.closed:
            books = {(book.venue, book.symbol): book for book in event.books}
            for leg in output.legs:
                self._mids[output.batch_id, leg.asset] = _mid(books.get((leg.venue, leg.symbol)))

    def _taken_by_others(self, invoice: Invoice) -> dict[str, int]:
        taken: dict[str, int] = {}
        for other in self._invoices.values():
            for lot in other.lots if other.order_id != invoice.order_id else ():
                name = trade_key(lot.venue, lot.symbol, lot.trade_id)
                taken[name] = taken.get(name, 0) + lot.quantity
        return taken


def _mid(book: Book | None) -> int:
    """Mid price of a frozen book; the best ask where there are no bids."""
    if book is None or not book.asks:
        return 0
    best = book.asks[0][0]
    return (book.bids[0][0] + best) // 2 if book.bids else best
