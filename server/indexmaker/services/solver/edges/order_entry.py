"""Orders and executions of one venue: commands out on one long stream, executions in from where we left off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeAlias

import grpc
import structlog

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.streams import BatchingQueue
from indexmaker.instruments import Instrument
from indexmaker.money import format_atoms, parse_atoms
from indexmaker.services.solver.edges.calls import Post, converse, keep_calling, keep_running
from indexmaker.services.solver.instruments import instrument_of
from indexmaker.solver.commands import PlaceAssetOrder, QueryAssetOrder
from indexmaker.solver.events import (
    AssetOrderAccepted,
    AssetOrderDone,
    AssetOrderRejected,
    AssetOrderUnknown,
    ExecutionReported,
    SolverEvent,
)
from indexmaker.solver.vocabulary import AssetOrderStatus, RejectClass, Side

__all__ = ["OrderCommand", "OrderEntryEdge", "events_of_report", "events_of_result"]

_log = structlog.get_logger(__name__)

OrderCommand: TypeAlias = PlaceAssetOrder | QueryAssetOrder

_ENDED = {
    pb.ORDER_STATUS_FILLED: AssetOrderStatus.FILLED,
    pb.ORDER_STATUS_CANCELED: AssetOrderStatus.CANCELED,
    pb.ORDER_STATUS_EXPIRED: AssetOrderStatus.EXPIRED,
    pb.ORDER_STATUS_REJECTED: AssetOrderStatus.REJECTED,
}
_REJECTS = {
    pb.REJECT_CLASS_FILTER: RejectClass.FILTER,
    pb.REJECT_CLASS_BALANCE: RejectClass.BALANCE,
    pb.REJECT_CLASS_RATE: RejectClass.RATE,
}


def events_of_report(venue: str, report: pb.OrderReport) -> list[SolverEvent]:
    """What an order report tells the solver: its trades first, then where the order is."""
    events: list[SolverEvent] = [
        ExecutionReported(
            venue=venue,
            symbol=trade.symbol,
            trade_id=trade.trade_id,
            client_order_id=trade.client_order_id,
            price=parse_atoms(trade.price),
            quantity=parse_atoms(trade.quantity),
            commission=parse_atoms(trade.commission or "0"),
            commission_asset=trade.commission_asset,
            at=trade.venue_at,
        )
        for trade in report.trades
    ]
    if report.status == pb.ORDER_STATUS_NOT_FOUND:
        events.append(AssetOrderRejected(client_order_id=report.client_order_id, reject_class=RejectClass.NOT_FOUND))
    elif (status := _ENDED.get(report.status)) is not None:
        executed = parse_atoms(report.executed_quantity or "0")
        events.append(AssetOrderDone(client_order_id=report.client_order_id, status=status, executed_quantity=executed))
    else:
        events.append(AssetOrderAccepted(client_order_id=report.client_order_id, venue_order_id=report.venue_order_id))
    return events


def events_of_result(venue: str, result: pb.ExecuteResult) -> list[SolverEvent]:
    """What the answer to a place or query tells the solver."""
    if result.WhichOneof("result") == "report":
        return events_of_report(venue, result.report)
    reject = result.reject
    reason = f"{reject.venue_code} {reject.detail}".strip()
    if reject.reject_class == pb.REJECT_CLASS_AMBIGUOUS:
        return [AssetOrderUnknown(client_order_id=reject.client_order_id, reason=reason)]
    reject_class = _REJECTS.get(reject.reject_class, RejectClass.OTHER)
    return [AssetOrderRejected(client_order_id=reject.client_order_id, reject_class=reject_class, reason=reason)]


def _request_of(correlation_id: int, command: OrderCommand) -> pb.ExecuteRequest:
    if isinstance(command, QueryAssetOrder):
        query = pb.QueryOrder(client_order_id=command.client_order_id, symbol=command.symbol)
        return pb.ExecuteRequest(correlation_id=correlation_id, query=query)
    place = pb.PlaceOrder(
        client_order_id=command.client_order_id,
        symbol=command.symbol,
        side=pb.SIDE_BUY if command.side is Side.BUY else pb.SIDE_SELL,
        price=format_atoms(command.price),
        quantity=format_atoms(command.quantity),
        time_in_force=pb.TIME_IN_FORCE_IOC,
    )
    return pb.ExecuteRequest(correlation_id=correlation_id, place=place)


class OrderEntryEdge:
    """One venue's orders. `cursors` and `open_orders` are asked of the engine each time a stream starts."""

    def __init__(
        self,
        venue: str,
        channel: grpc.aio.Channel,
        *,
        post: Post,
        cursors: Callable[[], Iterable[tuple[str, str]]],
        open_orders: Callable[[], Iterable[tuple[str, str]]],
    ) -> None:
        self._venue = venue
        self._stub = rpc.OrderEntryServiceStub(channel)
        self._post = post
        self._cursors = cursors
        self._open_orders = open_orders
        self._waiting: BatchingQueue[OrderCommand] = BatchingQueue(maxsize=100_000)
        self._sent: dict[int, OrderCommand] = {}
        self._correlation = 0

    def dispatch(self, command: OrderCommand) -> None:
        """Take a command; it is sent in order as soon as the plugin is there."""
        self._waiting.put_nowait(command)

    async def instruments(self) -> tuple[Instrument, ...]:
        """The venue's instruments with this account's commission rates."""
        response = await keep_calling(
            "ListInstruments",
            lambda: self._stub.ListInstruments(pb.ListInstrumentsRequest(), wait_for_ready=True, timeout=30),
        )
        return tuple(instrument_of(self._venue, instrument) for instrument in response.instruments)

    async def balances(self) -> dict[str, int]:
        """Total balance per asset, in atoms."""
        response = await keep_calling(
            "ListBalances",
            lambda: self._stub.ListBalances(pb.ListBalancesRequest(), wait_for_ready=True, timeout=30),
        )
        return {one.asset: parse_atoms(one.free) + parse_atoms(one.locked) for one in response.balances}

    async def run(self) -> None:
        """Keep both streams alive until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_running(f"{self._venue}.Execute", self._execute))
            tasks.create_task(keep_running(f"{self._venue}.StreamExecutions", self._executions))

    async def _execute(self) -> None:
        await self._give_up_on_sent()
        call = self._stub.Execute(wait_for_ready=True)
        await converse(call, write=self._write(call), read=self._read(call))

    async def _write(self, call: grpc.aio.StreamStreamCall[pb.ExecuteRequest, pb.ExecuteResponse]) -> None:
        while True:
            (command,) = await self._waiting.take(1)  # what is taken and not yet sent would be lost with the stream
            self._correlation += 1
            self._sent[self._correlation] = command
            await call.write(_request_of(self._correlation, command))

    async def _read(self, call: grpc.aio.StreamStreamCall[pb.ExecuteRequest, pb.ExecuteResponse]) -> None:
        while isinstance(response := await call.read(), pb.ExecuteResponse):
            for result in response.results:
                self._sent.pop(result.correlation_id, None)
                for event in events_of_result(self._venue, result):
                    await self._post(event)

    async def _give_up_on_sent(self) -> None:
        """The stream before is gone: what became of the orders on it is not known; the solver will ask."""
        sent, self._sent = self._sent, {}
        for command in sent.values():
            if isinstance(command, QueryAssetOrder):
                self._waiting.put_nowait(command)
            else:
                reason = "the connection to the plugin was lost"
                await self._post(AssetOrderUnknown(client_order_id=command.client_order_id, reason=reason))

    async def _executions(self) -> None:
        request = pb.StreamExecutionsRequest(
            cursors=[pb.TradeCursor(symbol=symbol, last_trade_id=last) for symbol, last in self._cursors()],
            open_orders=[
                pb.QueryOrder(client_order_id=order_id, symbol=symbol) for order_id, symbol in self._open_orders()
            ],
        )
        call = self._stub.StreamExecutions(request, wait_for_ready=True)
        while isinstance(response := await call.read(), pb.StreamExecutionsResponse):
            for report in response.reports:
                for event in events_of_report(self._venue, report):
                    await self._post(event)
