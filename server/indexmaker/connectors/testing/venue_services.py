"""The services of a scripted venue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import grpc.aio

from indexmaker.api.marketdata.v1 import market_data_pb2, market_data_pb2_grpc
from indexmaker.api.orderentry.v1 import order_entry_pb2, order_entry_pb2_grpc
from indexmaker.connectors.streams import SequenceNumbers
from indexmaker.money import format_atoms

if TYPE_CHECKING:
    from indexmaker.connectors.testing.venue import MockVenue

__all__ = ["FundingServicer", "MarketDataServicer", "OrderEntryServicer"]

_Call = grpc.aio.ServicerContext[Any, Any]


class MarketDataServicer(market_data_pb2_grpc.MarketDataServiceServicer):
    """Instruments, and a snapshot whenever a price is moved."""

    def __init__(self, venue: MockVenue) -> None:
        self._venue = venue

    async def ListInstruments(  # noqa: N802
        self, request: market_data_pb2.ListInstrumentsRequest, context: _Call
    ) -> market_data_pb2.ListInstrumentsResponse:
        """The pairs of the script."""
        return market_data_pb2.ListInstrumentsResponse(instruments=self._venue.instruments(request.symbols))

    async def Subscribe(  # type: ignore[override]  # noqa: N802
        self, requests: AsyncIterator[market_data_pb2.SubscribeRequest], context: _Call
    ) -> None:
        """Snapshots of what is wanted."""
        venue, numbers, wanted = self._venue, SequenceNumbers(), set[str]()

        writing = asyncio.Lock()

        async def send(events: list[market_data_pb2.MarketEvent]) -> None:
            async with writing:
                response = market_data_pb2.SubscribeResponse(
                    instance_id=venue.instance_id, first_sequence=numbers.take(len(events)), events=events
                )
                await context.write(response)

        async def follow() -> None:
            async for _, events in venue.quotes.follow(len(venue.quotes)):
                if fitting := [event for event in events if event.symbol in wanted]:
                    await send(fitting)

        async with asyncio.TaskGroup() as group:
            live = group.create_task(follow())
            async for request in requests:
                wanted -= set(request.remove)
                fresh = [symbol for symbol in request.add if symbol in venue.book.pairs and symbol not in wanted]
                wanted |= set(fresh)
                status = market_data_pb2.InstrumentStatus(condition=market_data_pb2.InstrumentStatus.CONDITION_LIVE)
                for symbol in fresh:
                    snapshot = venue.snapshot(venue.book.pairs[symbol])
                    live_event = market_data_pb2.MarketEvent(
                        symbol=symbol, status=status, received_at=snapshot.received_at
                    )
                    await send([snapshot, live_event])
            live.cancel()


class OrderEntryServicer(order_entry_pb2_grpc.OrderEntryServiceServicer):
    """Orders as the script has them."""

    def __init__(self, venue: MockVenue) -> None:
        self._venue = venue

    async def ListInstruments(  # noqa: N802
        self, request: order_entry_pb2.ListInstrumentsRequest, context: _Call
    ) -> order_entry_pb2.ListInstrumentsResponse:
        """The pairs of the script."""
        return order_entry_pb2.ListInstrumentsResponse(instruments=self._venue.instruments(request.symbols))

    async def Execute(  # type: ignore[override]  # noqa: N802
        self, requests: AsyncIterator[order_entry_pb2.ExecuteRequest], context: _Call
    ) -> None:
        """Each instruction is answered by itself, so that one that is held does not hold the others."""
        writing = asyncio.Lock()

        async def answer(request: order_entry_pb2.ExecuteRequest) -> None:
            result = await self._venue.answer(request)
            async with writing:
                await context.write(
                    order_entry_pb2.ExecuteResponse(instance_id=self._venue.instance_id, results=[result])
                )

        async with asyncio.TaskGroup() as group:
            async for request in requests:
                group.create_task(answer(request))

    async def StreamExecutions(  # type: ignore[override]  # noqa: N802
        self, request: order_entry_pb2.StreamExecutionsRequest, context: _Call
    ) -> None:
        """What was missed, then what happens."""
        book, numbers = self._venue.book, SequenceNumbers()
        known = {cursor.symbol: int(cursor.last_trade_id or 0) for cursor in request.cursors}
        now = len(book.reports)
        missed = [book.reports[index] for index in range(now)]
        back = [
            report
            for report in missed
            if any(int(trade.trade_id) > known.get(report.symbol, 2**63) for trade in report.trades)
        ]
        back += [book.find(order.client_order_id, order.symbol) for order in request.open_orders]

        async def send(reports: list[order_entry_pb2.OrderReport], *, caught_up: bool) -> None:
            first = numbers.take(len(reports)) if reports else numbers.last + 1
            await context.write(
                order_entry_pb2.StreamExecutionsResponse(
                    instance_id=self._venue.instance_id,
                    first_sequence=first,
                    reports=reports,
                    caught_up=caught_up,
                )
            )

        await send(back, caught_up=True)
        async for _, reports in book.reports.follow(now):
            await send(reports, caught_up=True)

    async def ListBalances(  # noqa: N802
        self, request: order_entry_pb2.ListBalancesRequest, context: _Call
    ) -> order_entry_pb2.ListBalancesResponse:
        """Balances that are not zero."""
        rows = [
            order_entry_pb2.Balance(asset=asset, free=format_atoms(amount), locked="0")
            for asset, amount in sorted(self._venue.book.balances.items())
            if amount
        ]
        return order_entry_pb2.ListBalancesResponse(balances=rows)

    async def ListOrders(  # noqa: N802
        self, request: order_entry_pb2.ListOrdersRequest, context: _Call
    ) -> order_entry_pb2.ListOrdersResponse:
        """Orders that are open."""
        working = (order_entry_pb2.ORDER_STATUS_NEW, order_entry_pb2.ORDER_STATUS_PARTIALLY_FILLED)
        rows = [
            report
            for report in self._venue.book.orders.values()
            if report.status in working and (not request.symbols or report.symbol in request.symbols)
        ]
        return order_entry_pb2.ListOrdersResponse(orders=rows)


class FundingServicer(order_entry_pb2_grpc.FundingServiceServicer):
    """Deposits that the test credits, and withdrawals as scripted."""

    def __init__(self, venue: MockVenue) -> None:
        self._venue = venue

    async def GetDepositAddress(  # noqa: N802
        self, request: order_entry_pb2.GetDepositAddressRequest, context: _Call
    ) -> order_entry_pb2.GetDepositAddressResponse:
        """The same address for everything."""
        return order_entry_pb2.GetDepositAddressResponse(
            address=self._venue.config.deposit_address, network="BASE", min_amount="0"
        )

    async def StreamDeposits(  # type: ignore[override]  # noqa: N802
        self, request: order_entry_pb2.StreamDepositsRequest, context: _Call
    ) -> None:
        """Deposits from a time on."""
        async for _, deposits in self._venue.book.deposits.follow():
            wanted = [one for one in deposits if one.recorded_at >= request.since_at]
            if wanted:
                await context.write(
                    order_entry_pb2.StreamDepositsResponse(instance_id=self._venue.instance_id, deposits=wanted)
                )

    async def QuoteWithdrawal(  # noqa: N802
        self, request: order_entry_pb2.QuoteWithdrawalRequest, context: _Call
    ) -> order_entry_pb2.QuoteWithdrawalResponse:
        """The same terms for everything."""
        return self._venue.book.withdrawals.quote()

    async def Withdraw(  # noqa: N802
        self, request: order_entry_pb2.WithdrawRequest, context: _Call
    ) -> order_entry_pb2.WithdrawResponse:
        """As the script has it, once for each id."""
        return self._venue.book.withdrawals.withdraw(request)

    async def QueryWithdrawal(  # noqa: N802
        self, request: order_entry_pb2.QueryWithdrawalRequest, context: _Call
    ) -> order_entry_pb2.QueryWithdrawalResponse:
        """What became of one."""
        found = self._venue.book.withdrawals.find(request.withdrawal_id)
        return order_entry_pb2.QueryWithdrawalResponse(withdrawal=found)

    async def StreamWithdrawals(  # type: ignore[override]  # noqa: N802
        self, request: order_entry_pb2.StreamWithdrawalsRequest, context: _Call
    ) -> None:
        """Changes of withdrawals from a time on."""
        async for _, withdrawals in self._venue.book.withdrawals.changes.follow():
            wanted = [one for one in withdrawals if one.requested_at >= request.since_at]
            if wanted:
                await context.write(
                    order_entry_pb2.StreamWithdrawalsResponse(instance_id=self._venue.instance_id, withdrawals=wanted)
                )
