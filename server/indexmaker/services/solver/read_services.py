"""Services that only read the solver's state: collateral and invoices."""

from __future__ import annotations

import grpc.aio

from indexmaker.api.solver.v1 import collateral_pb2, collateral_pb2_grpc, invoices_pb2, invoices_pb2_grpc
from indexmaker.connectors.errors import NotFoundError
from indexmaker.money import format_atoms
from indexmaker.services.solver.redemption_views import payout_view, redemption_invoice_view, redemption_view
from indexmaker.services.solver.requests import account_of
from indexmaker.services.solver.views import (
    deposit_view,
    invoice_view,
    ledger_name,
    transfer_view,
)
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.state import IndexOrder

__all__ = ["CollateralService", "InvoicesService"]

_Context = grpc.aio.ServicerContext[object, object]
_DEFAULT_LIMIT = 100


class CollateralService(collateral_pb2_grpc.CollateralServiceServicer):
    """Deposits, transfers, the ledger."""

    def __init__(self, engine: SolverEngine) -> None:
        self._engine = engine

    async def ListDeposits(  # noqa: N802 - the name in the proto
        self, request: collateral_pb2.ListDepositsRequest, context: _Context
    ) -> collateral_pb2.ListDepositsResponse:
        """Deposits, oldest first."""
        owner = str(account_of(request.account)) if request.HasField("account") else ""
        state = self._engine.state
        lots = sorted(state.lots.values(), key=lambda lot: lot.sequence)
        views = [deposit_view(state, lot) for lot in lots if not owner or lot.account == owner]
        return collateral_pb2.ListDepositsResponse(deposits=views)

    async def ListTransfers(  # noqa: N802
        self, request: collateral_pb2.ListTransfersRequest, context: _Context
    ) -> collateral_pb2.ListTransfersResponse:
        """Transfers to venues and back, oldest first."""
        state = self._engine.state
        views = [(one.sequence, transfer_view(state, one)) for one in state.transfers.values()]
        views += [(one.sequence, payout_view(state, one)) for one in state.payouts.values()]
        views.sort(key=lambda each: (each[0], each[1].transfer_id))
        return collateral_pb2.ListTransfersResponse(transfers=[view for _, view in views])

    async def ListRedemptions(  # noqa: N802
        self, request: collateral_pb2.ListRedemptionsRequest, context: _Context
    ) -> collateral_pb2.ListRedemptionsResponse:
        """Index tokens given for sale, oldest first."""
        owner = str(account_of(request.account)) if request.HasField("account") else ""
        state = self._engine.state
        lots = sorted(state.token_lots.values(), key=lambda lot: lot.sequence)
        views = [redemption_view(state, lot) for lot in lots if not owner or lot.account == owner]
        return collateral_pb2.ListRedemptionsResponse(redemptions=views)

    async def GetLedger(  # noqa: N802
        self, request: collateral_pb2.GetLedgerRequest, context: _Context
    ) -> collateral_pb2.GetLedgerResponse:
        """Every balance that is not zero."""
        ledger = self._engine.ledger
        balances = [
            collateral_pb2.LedgerBalance(account=ledger_name(account), asset=account.asset, balance=format_atoms(atoms))
            for account, atoms in ledger
        ]
        balanced = ledger.balanced()
        return collateral_pb2.GetLedgerResponse(balanced=balanced, postings=ledger.movements, balances=balances)


class InvoicesService(invoices_pb2_grpc.InvoiceServiceServicer):
    """Invoices of mints and redemptions."""

    def __init__(self, engine: SolverEngine) -> None:
        self._engine = engine

    async def GetInvoice(  # noqa: N802
        self, request: invoices_pb2.GetInvoiceRequest, context: _Context
    ) -> invoices_pb2.GetInvoiceResponse:
        """One invoice, or NOT_FOUND."""
        for order in self._invoiced():
            account = order.invoice or order.redemption
            if account is not None and account.invoice_id == request.invoice_id:
                return invoices_pb2.GetInvoiceResponse(invoice=self._view(order))
        raise NotFoundError(f"no invoice {request.invoice_id[:64]!r}")

    async def ListInvoices(  # noqa: N802
        self, request: invoices_pb2.ListInvoicesRequest, context: _Context
    ) -> invoices_pb2.ListInvoicesResponse:
        """Invoices, newest first."""
        owner = str(account_of(request.account)) if request.HasField("account") else ""
        views = [self._view(order) for order in self._invoiced() if not owner or order.account == owner]
        return invoices_pb2.ListInvoicesResponse(invoices=views[: request.limit or _DEFAULT_LIMIT])

    def _invoiced(self) -> list[IndexOrder]:
        orders = [order for order in self._engine.state.orders.values() if order.invoice or order.redemption]
        return sorted(orders, key=lambda order: -order.sequence)

    def _view(self, order: IndexOrder) -> invoices_pb2.Invoice:
        if order.redemption is not None:
            return redemption_invoice_view(self._engine.state, order.redemption, order)
        assert order.invoice is not None
        return invoice_view(self._engine.state, order.invoice, order)
