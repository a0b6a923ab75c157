"""The core's services as plain asynchronous calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from types import TracebackType

import grpc
import grpc.aio

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.operations.v1 import operations_pb2, operations_pb2_grpc
from indexmaker.api.solver.v1 import (
    collateral_pb2,
    collateral_pb2_grpc,
    indices_pb2,
    indices_pb2_grpc,
    invoices_pb2,
    invoices_pb2_grpc,
    solver_pb2,
    solver_pb2_grpc,
)
from indexmaker.connectors.channel import open_channel
from indexmaker.identifiers import AccountId
from indexmaker_client.index_management import IndexManagement
from indexmaker_client.quotes import Quotes
from indexmaker_client.signer import Signer

__all__ = ["Client"]

_TIMEOUT = 10.0
_LONG_TIMEOUT = 120.0
_CORE_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
"""How a stream ends when the core dies, or stops in order; our own cancelling never comes as a status."""


class Client:
    """A connection to the core; use it as `async with Client("unix:/run/core.sock") as client`.

    Calls raise `grpc.aio.AioRpcError`; `indexmaker.connectors.status.error_of` turns it into a typed error that names
    the field and the rule. Amounts are decimal strings.
    """

    def __init__(self, address: str, *, token: str = "") -> None:
        self._channel = open_channel(address)
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._solver = solver_pb2_grpc.SolverServiceStub(self._channel)
        self._indices = indices_pb2_grpc.IndexServiceStub(self._channel)
        self._collateral = collateral_pb2_grpc.CollateralServiceStub(self._channel)
        self._invoices = invoices_pb2_grpc.InvoiceServiceStub(self._channel)
        self._operations = operations_pb2_grpc.OperationsServiceStub(self._channel)
        self._plugins = operations_pb2_grpc.PluginServiceStub(self._channel)
        self.management = IndexManagement(self._channel, self._metadata)
        self.quotes = Quotes(self._channel, self._metadata)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def submit(
        self,
        signer: Signer,
        *,
        client_order_id: str,
        index: str,
        amount: str,
        limit_price: str = "",
        max_fee: str = "",
        expires_at: int = 0,
        quote_id: str = "",
    ) -> solver_pb2.IndexOrder:
        """Sign and place a buy order for `amount` of collateral; the same client order id gives the first answer again.

        `limit_price` is the highest price of a token.
        """
        terms = solver_pb2.IndexOrderTerms(
            client_order_id=client_order_id,
            account=_account(signer.account),
            side=solver_pb2.INDEX_SIDE_BUY,
            index=index,
            amount=amount,
            limit_price=limit_price,
            max_fee=max_fee,
            expires_at=expires_at,
        )
        return await self._submit(signer, terms, quote_id)

    async def sell(
        self,
        signer: Signer,
        *,
        client_order_id: str,
        index: str,
        units: str,
        limit_price: str = "",
        max_fee: str = "",
        expires_at: int = 0,
        quote_id: str = "",
    ) -> solver_pb2.IndexOrder:
        """Sign and place a sell order for index tokens; the same client order id again gives the first answer.

        The tokens go into the index's gate by `requestRedeem` of the account itself, before or after. `limit_price` is
        the lowest price of a token.
        """
        terms = solver_pb2.IndexOrderTerms(
            client_order_id=client_order_id,
            account=_account(signer.account),
            side=solver_pb2.INDEX_SIDE_SELL,
            index=index,
            amount=units,
            limit_price=limit_price,
            max_fee=max_fee,
            expires_at=expires_at,
        )
        return await self._submit(signer, terms, quote_id)

    async def _submit(self, signer: Signer, terms: solver_pb2.IndexOrderTerms, quote_id: str) -> solver_pb2.IndexOrder:
        signature = signer.sign_order(
            client_order_id=terms.client_order_id,
            side=solver_pb2.IndexSide.Name(terms.side).removeprefix("INDEX_SIDE_"),
            index=terms.index,
            amount=terms.amount,
            limit_price=terms.limit_price,
            max_fee=terms.max_fee,
            expires_at=terms.expires_at,
            quote_id=quote_id,
        )
        request = solver_pb2.SubmitIndexOrderRequest(terms=terms, signature=signature, quote_id=quote_id)
        response = await self._solver.SubmitIndexOrder(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.order

    async def cancel(self, signer: Signer, *, client_order_id: str) -> solver_pb2.IndexOrder:
        """Ask to end an order; look at `cancel_pending` for whether it must finish a batch first."""
        request = solver_pb2.CancelIndexOrderRequest(
            account=_account(signer.account),
            client_order_id=client_order_id,
            signature=signer.sign_cancel(client_order_id=client_order_id),
        )
        response = await self._solver.CancelIndexOrder(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.order

    async def amend(
        self,
        signer: Signer,
        *,
        client_order_id: str,
        amend_id: str,
        amount: str = "",
        limit_price: str = "",
        max_fee: str = "",
        expires_at: int = 0,
    ) -> solver_pb2.IndexOrder:
        """Change the terms of an open order; what is empty stays as it is, and "0" takes a limit away."""
        signature = signer.sign_amend(
            client_order_id=client_order_id,
            amend_id=amend_id,
            amount=amount,
            limit_price=limit_price,
            max_fee=max_fee,
            expires_at=expires_at,
        )
        request = solver_pb2.AmendIndexOrderRequest(
            account=_account(signer.account),
            client_order_id=client_order_id,
            amend_id=amend_id,
            amount=amount,
            limit_price=limit_price,
            max_fee=max_fee,
            expires_at=expires_at,
            signature=signature,
        )
        response = await self._solver.AmendIndexOrder(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.order

    async def order(self, account: AccountId, client_order_id: str) -> solver_pb2.IndexOrder:
        """One order as it stands."""
        request = solver_pb2.GetIndexOrderRequest(account=_account(account), client_order_id=client_order_id)
        response = await self._solver.GetIndexOrder(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.order

    async def orders(self, *, account: AccountId | None = None, open_only: bool = False) -> list[solver_pb2.IndexOrder]:
        """Orders, newest first."""
        owner = _account(account) if account else None
        request = solver_pb2.ListIndexOrdersRequest(account=owner, open_only=open_only)
        response = await self._solver.ListIndexOrders(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.orders)

    async def watch(
        self, *, after: solver_pb2.ReportCursor | None = None, accounts: Sequence[AccountId] = ()
    ) -> AsyncIterator[solver_pb2.IndexOrderReport]:
        """Every report after a cursor, then live ones, each once; reconnects and resumes by itself."""
        while True:
            request = solver_pb2.WatchIndexOrdersRequest(after=after, accounts=[_account(a) for a in accounts])
            call = self._solver.WatchIndexOrders(request, wait_for_ready=True, metadata=self._metadata)
            try:
                while isinstance(response := await call.read(), solver_pb2.WatchIndexOrdersResponse):
                    for report in response.reports:
                        after = report.cursor
                        yield report
            except grpc.aio.AioRpcError as error:
                if error.code() not in _CORE_GONE:
                    raise
            finally:
                call.cancel()

    async def indices(self) -> list[indices_pb2.Index]:
        """All indices."""
        request = indices_pb2.ListIndicesRequest()
        response = await self._indices.ListIndices(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.indices)

    async def index(self, symbol: str) -> indices_pb2.Index:
        """One index with its basket."""
        request = indices_pb2.GetIndexRequest(symbol=symbol)
        response = await self._indices.GetIndex(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.index

    async def deposits(self, account: AccountId | None = None) -> list[collateral_pb2.Deposit]:
        """Deposits with their buckets."""
        request = collateral_pb2.ListDepositsRequest(account=_account(account) if account else None)
        response = await self._collateral.ListDeposits(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.deposits)

    async def redemptions(self, account: AccountId | None = None) -> list[collateral_pb2.Redemption]:
        """Index tokens that were given into gates for sale, oldest first."""
        request = collateral_pb2.ListRedemptionsRequest(account=_account(account) if account else None)
        response = await self._collateral.ListRedemptions(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.redemptions)

    async def transfers(self) -> list[collateral_pb2.CollateralTransfer]:
        """Transfers of collateral."""
        request = collateral_pb2.ListTransfersRequest()
        response = await self._collateral.ListTransfers(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.transfers)

    async def ledger(self) -> collateral_pb2.GetLedgerResponse:
        """The ledger's balances, and whether they balance."""
        request = collateral_pb2.GetLedgerRequest()
        return await self._collateral.GetLedger(request, timeout=_TIMEOUT, metadata=self._metadata)

    async def invoice(self, invoice_id: str) -> invoices_pb2.Invoice:
        """One invoice."""
        request = invoices_pb2.GetInvoiceRequest(invoice_id=invoice_id)
        response = await self._invoices.GetInvoice(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.invoice

    async def invoices(self, account: AccountId | None = None) -> list[invoices_pb2.Invoice]:
        """Invoices, newest first."""
        request = invoices_pb2.ListInvoicesRequest(account=_account(account) if account else None)
        response = await self._invoices.ListInvoices(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.invoices)

    async def status(self) -> operations_pb2.GetStatusResponse:
        """Where the engine is."""
        request = operations_pb2.GetStatusRequest()
        return await self._operations.GetStatus(request, timeout=_TIMEOUT, metadata=self._metadata)

    async def batches(self) -> list[operations_pb2.Batch]:
        """Batches, newest first."""
        request = operations_pb2.ListBatchesRequest()
        response = await self._operations.ListBatches(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.batches)

    async def decide(self, request: operations_pb2.DecideRequest) -> int:
        """Take an operator's decision; returns its place in the journal."""
        response = await self._operations.Decide(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.sequence

    async def alerts(self, *, after: int = 0, follow: bool = False) -> AsyncIterator[operations_pb2.Alert]:
        """Alerts after a journal sequence; with `follow` it goes on with new ones."""
        request = operations_pb2.WatchAlertsRequest(after_sequence=after, stored_only=not follow)
        call = self._operations.WatchAlerts(request, metadata=self._metadata)
        try:
            while isinstance(response := await call.read(), operations_pb2.WatchAlertsResponse):
                for alert in response.alerts:
                    yield alert
        finally:
            call.cancel()

    async def reconcile(self) -> operations_pb2.ReconcileResponse:
        """Compare the ledger with venues and chains now; it may take some seconds."""
        request = operations_pb2.ReconcileRequest()
        return await self._operations.Reconcile(request, timeout=_LONG_TIMEOUT, metadata=self._metadata)

    async def stuck_orders(self) -> list[operations_pb2.StuckOrder]:
        """Orders that have been in a state for longer than they should."""
        request = operations_pb2.ListStuckOrdersRequest()
        response = await self._operations.ListStuckOrders(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.orders)

    async def processes(self) -> list[operations_pb2.Process]:
        """Processes under the supervisor."""
        request = operations_pb2.ListProcessesRequest()
        response = await self._plugins.ListProcesses(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.processes)

    async def restart_process(self, name: str) -> operations_pb2.Process:
        """Restart a process in an orderly way."""
        request = operations_pb2.RestartProcessRequest(name=name)
        response = await self._plugins.RestartProcess(request, timeout=60, metadata=self._metadata)
        return response.process


def _account(account: AccountId) -> common_pb2.AccountId:
    return common_pb2.AccountId(chain_id=account.chain_id, address=account.address)
