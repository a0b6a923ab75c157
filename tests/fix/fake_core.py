"""A scripted core behind real gRPC: checks signatures with the core's own function, keeps reports with cursors."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import grpc.aio

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import (
    indices_pb2,
    indices_pb2_grpc,
    invoices_pb2,
    invoices_pb2_grpc,
    quotes_pb2,
    quotes_pb2_grpc,
    solver_pb2,
    solver_pb2_grpc,
)
from indexmaker.connectors.errors import NotFoundError, RejectedError
from indexmaker.connectors.interceptors import CallGuard
from indexmaker.identifiers import AccountId
from indexmaker.services.solver.authentication import check_signature
from indexmaker.services.solver.requests import account_of, order_of, signed_amend, signed_terms
from indexmaker.typed_data import cancel_typed_data, quote_typed_data

Kind = solver_pb2.IndexOrderReport


class FakeCore(
    solver_pb2_grpc.SolverServiceServicer,
    invoices_pb2_grpc.InvoiceServiceServicer,
    indices_pb2_grpc.IndexServiceServicer,
    quotes_pb2_grpc.QuoteServiceServicer,
):
    """State that survives `serving` blocks, as a journal would."""

    def __init__(self):
        self.reports = []
        self.orders = {}
        self.invoices = {}
        self.quotes = {}
        self.submissions = 0
        self.fail_after_taking = 0
        self._told = asyncio.Condition()

    @asynccontextmanager
    async def serving(self, path):
        server = grpc.aio.server(interceptors=[CallGuard(lambda: True)])
        solver_pb2_grpc.add_SolverServiceServicer_to_server(self, server)
        invoices_pb2_grpc.add_InvoiceServiceServicer_to_server(self, server)
        indices_pb2_grpc.add_IndexServiceServicer_to_server(self, server)
        quotes_pb2_grpc.add_QuoteServiceServicer_to_server(self, server)
        server.add_insecure_port(f"unix:{path}")
        await server.start()
        try:
            yield f"unix:{path}"
        finally:
            await server.stop(0)

    async def tell(self, order, kind, **fields):
        order.changed_at += 1
        cursor = solver_pb2.ReportCursor(sequence=len(self.reports) + 1, index=0)
        told = solver_pb2.IndexOrder()
        told.CopyFrom(order)
        report = solver_pb2.IndexOrderReport(
            cursor=cursor, reported_at=1_790_000_000_000_000_000, kind=kind, order=told, **fields
        )
        async with self._told:
            self.reports.append(report)
            self._told.notify_all()
        return report

    async def fill(self, client_order_id, *, units, value):
        order = self._by_client(client_order_id)
        order.state = solver_pb2.INDEX_ORDER_STATE_ENGAGED
        order.units, order.assets_value = units, value
        await self.tell(order, Kind.KIND_FILL, last_units=units, last_value=value)

    async def mint(self, client_order_id):
        order = self._by_client(client_order_id)
        order.state = solver_pb2.INDEX_ORDER_STATE_MINTED
        order.invoice_id = f"inv-{client_order_id}"
        self.invoices[order.invoice_id] = invoices_pb2.Invoice(
            invoice_id=order.invoice_id,
            number=7,
            account=order.terms.account,
            client_order_id=client_order_id,
            index=order.terms.index,
            request_id="3",
            deposit="250",
            assets_value="200",
            venue_fees="0.2",
            routing_fees="0.3",
            management_fee="0.25",
            refund="49.249999",
            rounding="0.000001",
            units="2",
            lots=[
                invoices_pb2.InvoiceLot(
                    asset="BTC", venue="binance", symbol="BTCUSDC", trade_id="77", quantity="0.002", price="100000",
                    value="200", fee="0.2",
                )
            ],
            lots_root="0x" + "ab" * 32,
            final=True,
            signer="0x" + "11" * 20,
        )  # fmt: skip
        await self.tell(order, Kind.KIND_MINTED, tx_hash="0x" + "cd" * 32)

    def _by_client(self, client_order_id):
        return next(order for (_, name), order in self.orders.items() if name == client_order_id)

    async def SubmitIndexOrder(self, request, context):  # noqa: N802
        terms = request.terms
        account = account_of(terms.account)
        order_of(terms, account=account, digest="")
        check_signature(
            signed_terms(terms, account=account, quote_id=request.quote_id), request.signature, account=account
        )
        self.submissions += 1
        for quote in self.quotes.values():
            if quote.quote_id == request.quote_id:
                quote.state = quotes_pb2.QUOTE_STATE_USED
        key = (str(account), terms.client_order_id)
        if key not in self.orders:
            order = solver_pb2.IndexOrder(
                terms=terms, state=solver_pb2.INDEX_ORDER_STATE_PENDING_COLLATERAL, units="0", assets_value="0"
            )
            self.orders[key] = order
            if terms.index == "NONE":
                order.state, order.reason = solver_pb2.INDEX_ORDER_STATE_REJECTED, "UNKNOWN_INDEX"
                await self.tell(order, Kind.KIND_REJECTED, text="no index NONE")
            else:
                await self.tell(order, Kind.KIND_NEW)
        if self.fail_after_taking:
            self.fail_after_taking -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the core died")
        return solver_pb2.SubmitIndexOrderResponse(order=self.orders[key])

    async def CancelIndexOrder(self, request, context):  # noqa: N802
        account = account_of(request.account)
        typed = cancel_typed_data(account, client_order_id=request.client_order_id)
        check_signature(typed, request.signature, account=account)
        order = self.orders.get((str(account), request.client_order_id))
        if order is None:
            raise NotFoundError(f"no order {request.client_order_id}")
        if order.state == solver_pb2.INDEX_ORDER_STATE_MINTED:
            refused = solver_pb2.IndexOrder()
            refused.CopyFrom(order)
            refused.reason = "TOO_LATE"
            await self.tell(refused, Kind.KIND_CANCEL_REJECTED, text="too late")
            raise RejectedError("too late")
        order.state = solver_pb2.INDEX_ORDER_STATE_CANCELLED
        await self.tell(order, Kind.KIND_CANCELLED)
        return solver_pb2.CancelIndexOrderResponse(order=order)

    async def AmendIndexOrder(self, request, context):  # noqa: N802
        account = account_of(request.account)
        check_signature(signed_amend(request, account=account), request.signature, account=account)
        order = self.orders.get((str(account), request.client_order_id))
        if order is None:
            raise NotFoundError(f"no order {request.client_order_id}")
        if request.amount == "1":
            refused = solver_pb2.IndexOrder()
            refused.CopyFrom(order)
            refused.reason = "ALREADY_USED"
            await self.tell(refused, Kind.KIND_REPLACE_REJECTED, text="spent", amend_id=request.amend_id)
            raise RejectedError("spent")
        order.terms.amount = request.amount or order.terms.amount
        order.terms.limit_price = request.limit_price or order.terms.limit_price
        await self.tell(order, Kind.KIND_REPLACED, amend_id=request.amend_id)
        return solver_pb2.AmendIndexOrderResponse(order=order)

    async def GetIndexOrder(self, request, context):  # noqa: N802
        order = self.orders.get((str(account_of(request.account)), request.client_order_id))
        if order is None:
            raise NotFoundError(f"no order {request.client_order_id}")
        return solver_pb2.GetIndexOrderResponse(order=order)

    async def GetInvoice(self, request, context):  # noqa: N802
        if request.invoice_id not in self.invoices:
            raise NotFoundError("no invoice")
        return invoices_pb2.GetInvoiceResponse(invoice=self.invoices[request.invoice_id])

    async def GetQuote(self, request, context):  # noqa: N802
        if request.index == "NONE":
            raise NotFoundError("no index 'NONE'")
        quote = quotes_pb2.Quote(index=request.index, side=request.side, amount=request.amount)
        quote.quoted_at, quote.expires_at = 1_790_000_000_000_000_000, 1_790_000_030_000_000_000
        if float(request.amount) > 10_000:
            quote.reason = "NO_CAPACITY"
            quote.obstacles.append("BTC")
            return quotes_pb2.GetQuoteResponse(quote=quote)
        buys = request.side == solver_pb2.INDEX_SIDE_BUY
        quote.possible, quote.units, quote.batches = True, "2.5" if buys else request.amount, 1
        quote.price, quote.limit_price, quote.mid_price = "99.9", "101", "99.8"
        quote.assets_value, quote.slippage = "249.5", "-0.1"
        quote.refund, quote.payout = ("0", "") if buys else ("", "199")
        for kind, amount in ((common_pb2.FEE_KIND_VENUE, "0.2"), (common_pb2.FEE_KIND_ROUTING, "0.3")):
            quote.fees.append(common_pb2.Fee(kind=kind, asset="USDC", amount=amount))
        return quotes_pb2.GetQuoteResponse(quote=quote)

    async def RequestBindingQuote(self, request, context):  # noqa: N802
        account = account_of(request.account)
        side = solver_pb2.IndexSide.Name(request.side).removeprefix("INDEX_SIDE_")
        terms = {"side": side, "index": request.index, "amount": request.amount}
        typed = quote_typed_data(account, client_quote_id=request.client_quote_id, **terms)
        check_signature(typed, request.signature, account=account)
        key = (str(account), request.client_quote_id)
        if key not in self.quotes:
            asked = quotes_pb2.GetQuoteRequest(index=request.index, side=request.side, amount=request.amount)
            quote = (await self.GetQuote(asked, context)).quote
            state = quotes_pb2.QUOTE_STATE_OPEN if quote.possible else quotes_pb2.QUOTE_STATE_REFUSED
            self.quotes[key] = quotes_pb2.BindingQuote(
                quote_id=f"quote-{len(self.quotes)}",
                account=request.account,
                client_quote_id=request.client_quote_id,
                quote=quote,
                state=state,
            )
        return quotes_pb2.RequestBindingQuoteResponse(quote=self.quotes[key])

    async def ListIndices(self, request, context):  # noqa: N802
        index = indices_pb2.Index(
            symbol="TOP2",
            name="Top two",
            chain_id=42161,
            constituents=[indices_pb2.Constituent(asset="BTC", quantity="0.001")],
            state=indices_pb2.INDEX_STATE_ACTIVE,
            min_order="10",
        )
        return indices_pb2.ListIndicesResponse(indices=[index])

    async def WatchIndexOrders(self, request, context):  # noqa: N802
        position = request.after.sequence
        while True:
            async with self._told:
                await self._told.wait_for(lambda seen=position: len(self.reports) > seen)
                waiting = self.reports[position:]
            position += len(waiting)
            yield solver_pb2.WatchIndexOrdersResponse(reports=waiting)


def account_id(account: AccountId) -> common_pb2.AccountId:
    return common_pb2.AccountId(chain_id=account.chain_id, address=account.address)
