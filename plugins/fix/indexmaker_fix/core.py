"""The gateway as a client of the core: calls that are repeated until they have an answer, and the stream of reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import grpc
import grpc.aio
import structlog

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import indices_pb2 as indices
from indexmaker.api.solver.v1 import indices_pb2_grpc, invoices_pb2_grpc, quotes_pb2_grpc, solver_pb2_grpc
from indexmaker.api.solver.v1 import invoices_pb2 as invoices
from indexmaker.api.solver.v1 import quotes_pb2 as quotes
from indexmaker.api.solver.v1 import solver_pb2 as solver
from indexmaker.connectors.status import error_of
from indexmaker.identifiers import AccountId

__all__ = ["Core"]

_log = structlog.get_logger(__name__)

A = TypeVar("A")

_AGAIN_SECONDS = 0.2
_REPEATED = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
    }
)


class Core:
    """Calls to the core. Every call here may be repeated safely, so a core that dies in the middle is asked again."""

    def __init__(self, channel: grpc.aio.Channel, *, token: str, timeout_seconds: float) -> None:
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._timeout = timeout_seconds
        self._channel = channel
        self._orders = solver_pb2_grpc.SolverServiceStub(channel)
        self._invoices = invoices_pb2_grpc.InvoiceServiceStub(channel)
        self._quotes = quotes_pb2_grpc.QuoteServiceStub(channel)
        self._indices = indices_pb2_grpc.IndexServiceStub(channel)
        self.trouble = "the core was not reached yet"
        """Why reports do not come; empty while they do."""

    async def submit(self, request: solver.SubmitIndexOrderRequest) -> solver.IndexOrder:
        """Place an order; raises a `ConnectorError` that repeating does not mend."""
        response = await self._ask(self._orders.SubmitIndexOrder, request)
        return response.order

    async def cancel(self, request: solver.CancelIndexOrderRequest) -> solver.IndexOrder:
        """Ask to end an order."""
        response = await self._ask(self._orders.CancelIndexOrder, request)
        return response.order

    async def amend(self, request: solver.AmendIndexOrderRequest) -> solver.IndexOrder:
        """Change an order's terms."""
        response = await self._ask(self._orders.AmendIndexOrder, request)
        return response.order

    async def quote(self, request: quotes.GetQuoteRequest) -> quotes.Quote:
        """What an order would get now."""
        response = await self._ask(self._quotes.GetQuote, request)
        return response.quote

    async def binding_quote(self, request: quotes.RequestBindingQuoteRequest) -> quotes.BindingQuote:
        """The quote of that client quote id, made now if there was none."""
        response = await self._ask(self._quotes.RequestBindingQuote, request)
        return response.quote

    async def order(self, account: AccountId, client_order_id: str) -> solver.IndexOrder:
        """One order as it stands."""
        owner = common_pb2.AccountId(chain_id=account.chain_id, address=account.address)
        request = solver.GetIndexOrderRequest(account=owner, client_order_id=client_order_id)
        response = await self._ask(self._orders.GetIndexOrder, request)
        return response.order

    async def invoice(self, invoice_id: str) -> invoices.Invoice:
        """One invoice."""
        response = await self._ask(self._invoices.GetInvoice, invoices.GetInvoiceRequest(invoice_id=invoice_id))
        return response.invoice

    async def indices(self) -> list[indices.Index]:
        """All indices."""
        response = await self._ask(self._indices.ListIndices, indices.ListIndicesRequest())
        return list(response.indices)

    async def reports(
        self, cursor: Callable[[], solver.ReportCursor | None]
    ) -> AsyncIterator[list[solver.IndexOrderReport]]:
        """Reports after the cursor (asked for at each connection), as many at once as came; never ends."""
        while True:
            request = solver.WatchIndexOrdersRequest(after=cursor())
            call = self._orders.WatchIndexOrders(request, wait_for_ready=True, metadata=self._metadata)
            try:
                await self._channel.channel_ready()
                self.trouble = ""
                while isinstance(response := await call.read(), solver.WatchIndexOrdersResponse):
                    yield list(response.reports)
                self.trouble = "the core ended the stream of reports"
            except grpc.aio.AioRpcError as error:
                self.trouble = f"no reports from the core: {error_of(error)}"
                _log.warning("reports interrupted", reason=self.trouble)
            finally:
                call.cancel()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _ask(self, method: Callable[..., Awaitable[A]], request: object) -> A:
        while True:
            try:
                return await method(request, timeout=self._timeout, wait_for_ready=True, metadata=self._metadata)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _REPEATED:
                    raise error_of(error) from error
                _log.info("call repeated", reason=error.code().name)
            await asyncio.sleep(_AGAIN_SECONDS)
