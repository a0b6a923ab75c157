"""Services that only read the solver's state: collateral, invoices, operations."""

from __future__ import annotations

from collections.abc import Callable

import grpc.aio

from indexmaker.api.operations.v1 import operations_pb2, operations_pb2_grpc
from indexmaker.api.solver.v1 import collateral_pb2, collateral_pb2_grpc, invoices_pb2, invoices_pb2_grpc
from indexmaker.connectors.errors import NotFoundError
from indexmaker.money import format_atoms
from indexmaker.runtime import state_hash
from indexmaker.services.solver.requests import account_of
from indexmaker.services.solver.views import (
    account_view,
    batch_view,
    deposit_view,
    invoice_view,
    ledger_name,
    stuck_owner,
    transfer_view,
)
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.state import IndexOrder

__all__ = ["CollateralService", "InvoicesService", "OperationsService", "RunFacts"]

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
        """Transfers, oldest first."""
        state = self._engine.state
        transfers = sorted(state.transfers.values(), key=lambda transfer: transfer.sequence)
        return collateral_pb2.ListTransfersResponse(transfers=[transfer_view(state, one) for one in transfers])

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
    """Mint invoices."""

    def __init__(self, engine: SolverEngine) -> None:
        self._engine = engine

    async def GetInvoice(  # noqa: N802
        self, request: invoices_pb2.GetInvoiceRequest, context: _Context
    ) -> invoices_pb2.GetInvoiceResponse:
        """One invoice, or NOT_FOUND."""
        for order in self._invoiced():
            if order.invoice is not None and order.invoice.invoice_id == request.invoice_id:
                return invoices_pb2.GetInvoiceResponse(invoice=invoice_view(self._engine.state, order.invoice, order))
        raise NotFoundError(f"no invoice {request.invoice_id[:64]!r}")

    async def ListInvoices(  # noqa: N802
        self, request: invoices_pb2.ListInvoicesRequest, context: _Context
    ) -> invoices_pb2.ListInvoicesResponse:
        """Invoices, newest first."""
        owner = str(account_of(request.account)) if request.HasField("account") else ""
        views = [
            invoice_view(self._engine.state, order.invoice, order)
            for order in self._invoiced()
            if order.invoice is not None and (not owner or order.account == owner)
        ]
        return invoices_pb2.ListInvoicesResponse(invoices=views[: request.limit or _DEFAULT_LIMIT])

    def _invoiced(self) -> list[IndexOrder]:
        orders = [order for order in self._engine.state.orders.values() if order.invoice is not None]
        return sorted(orders, key=lambda order: -order.sequence)


class RunFacts:
    """What the process knows of its own start."""

    def __init__(self, *, instance_id: str, started_at: int, replayed: int) -> None:
        self.instance_id = instance_id
        self.started_at = started_at
        self.replayed = replayed


class OperationsService(operations_pb2_grpc.OperationsServiceServicer):
    """The engine behind the services."""

    def __init__(self, engine: SolverEngine, *, sequence: Callable[[], int], facts: RunFacts) -> None:
        self._engine = engine
        self._sequence = sequence
        self._facts = facts

    async def GetStatus(  # noqa: N802
        self, request: operations_pb2.GetStatusRequest, context: _Context
    ) -> operations_pb2.GetStatusResponse:
        """Where the engine is."""
        return operations_pb2.GetStatusResponse(
            engine=self._engine.name,
            sequence=self._sequence(),
            state_hash=state_hash(self._engine.dump()).hex(),
            pending_commands=len(self._engine.pending()),
            instance_id=self._facts.instance_id,
            started_at=self._facts.started_at,
            replayed=self._facts.replayed,
        )

    async def ListStuckOrders(  # noqa: N802
        self, request: operations_pb2.ListStuckOrdersRequest, context: _Context
    ) -> operations_pb2.ListStuckOrdersResponse:
        """Orders that have been told to be stuck, longest first."""
        stuck = sorted(
            (order for order in self._engine.state.orders.values() if order.stuck_told and not order.state.final),
            key=lambda order: order.state_since,
        )
        views = [
            operations_pb2.StuckOrder(
                account=str(account_view(order.account).chain_id) + ":" + account_view(order.account).address,
                client_order_id=order.client_order_id,
                state=order.state.value,
                since_at=order.state_since,
                owner=stuck_owner(order.state),
            )
            for order in stuck
        ]
        return operations_pb2.ListStuckOrdersResponse(orders=views)

    async def ListBatches(  # noqa: N802
        self, request: operations_pb2.ListBatchesRequest, context: _Context
    ) -> operations_pb2.ListBatchesResponse:
        """Batches, newest first."""
        state = self._engine.state
        batches = sorted(state.batches.values(), key=lambda batch: -batch.sequence)
        chosen = batches[: request.limit or _DEFAULT_LIMIT]
        return operations_pb2.ListBatchesResponse(batches=[batch_view(state, batch) for batch in chosen])
