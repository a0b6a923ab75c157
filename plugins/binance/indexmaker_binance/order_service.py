"""The gRPC face of order entry."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import grpc.aio

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.errors import InvalidFieldError, StreamClosedError, TransientError
from indexmaker.connectors.streams import BATCH_LIMIT, BatchingQueue, SequenceNumbers
from indexmaker.money import format_atoms, parse_atoms
from indexmaker_binance.errors import BinanceError
from indexmaker_binance.market_messages import instrument_message
from indexmaker_binance.order_messages import order_report
from indexmaker_binance.order_terms import reject
from indexmaker_binance.orders_session import OrdersSession
from indexmaker_binance.wire_errors import wire_error

__all__ = ["Account", "OrderEntryServicer"]

_Execute = grpc.aio.ServicerContext[pb.ExecuteRequest, pb.ExecuteResponse]
_Executions = grpc.aio.ServicerContext[pb.StreamExecutionsRequest, pb.StreamExecutionsResponse]
_Call = grpc.aio.ServicerContext[Any, Any]

_ANSWERS_WAITING = 100_000


class Account(Protocol):
    """What the services need of the connector."""

    draining: bool

    async def session(self) -> OrdersSession:
        """The session in force."""

    @property
    def instance_id(self) -> str:
        """Identifies this process."""


class _Answers:
    """Answers of one call; the queue closes when no more instructions come and all are answered."""

    def __init__(self) -> None:
        self.queue: BatchingQueue[pb.ExecuteResult] = BatchingQueue(maxsize=_ANSWERS_WAITING)
        self._open = 0
        self._ended = False
        self.answered = asyncio.Event()

    def expect(self) -> None:
        """One more instruction is carried out."""
        self._open += 1

    def give(self, result: pb.ExecuteResult) -> None:
        """An instruction was carried out."""
        self._open -= 1
        self.queue.put_nowait(result)
        self._close_if_done()

    def end(self) -> None:
        """No more instructions will come."""
        self._ended = True
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._ended and not self._open:
            self.queue.close()
            self.answered.set()


class OrderEntryServicer(rpc.OrderEntryServiceServicer):
    """Serves one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def ListInstruments(  # noqa: N802
        self, request: pb.ListInstrumentsRequest, context: _Call
    ) -> pb.ListInstrumentsResponse:
        """Instruments with this account's commission rates."""
        session = await self._account.session()
        chosen = [rules.instrument for rules in session.catalogue.select(request.symbols)]
        rates = await session.commissions.rates([instrument.symbol for instrument in chosen])
        response = pb.ListInstrumentsResponse()
        for instrument in chosen:
            known = rates.get(instrument.symbol)
            taker, maker = (known.taker, known.maker) if known else ("", "")
            response.instruments.append(instrument_message(instrument, taker_fee=taker, maker_fee=maker))
        return response

    async def Execute(  # type: ignore[override]  # noqa: N802 - reads and writes instead of generating
        self, request_iterator: object, context: _Execute
    ) -> None:
        """Carries instructions out side by side; answers come as they are known."""
        session = await self._account.session()
        answers = _Answers()
        replaced = False
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._answer(answers, context))
                watch = group.create_task(_until_closed(session))
                while isinstance(request := await context.read(), pb.ExecuteRequest):
                    answers.expect()
                    session.start(self._carry_out(session, request, answers))
                answers.end()
                await answers.answered.wait()
                watch.cancel()
        except* TransientError:
            replaced = True
        if replaced:
            raise TransientError("the configuration was replaced; query what is not answered")

    async def StreamExecutions(  # type: ignore[override]  # noqa: N802 - writes instead of generating
        self, request: pb.StreamExecutionsRequest, context: _Executions
    ) -> None:
        """What happened since the cursors, then what happens."""
        session = await self._account.session()
        cursors = {cursor.symbol: _trade_id(cursor) for cursor in request.cursors}
        wanted = [(order.symbol, order.client_order_id) for order in request.open_orders]
        numbers = SequenceNumbers()
        async with session.hub.listening() as inbox:
            await session.hub.wait_live()
            stream = session.execution_stream(cursors)
            reports = await stream.catch_up(wanted)
            await self._write(reports, numbers, context, caught_up=True)
            try:
                async for reports in stream.follow(inbox):
                    if reports:
                        await self._write(reports, numbers, context, caught_up=False)
            except StreamClosedError:
                raise TransientError("the stream was cut off; call again with new cursors") from None

    async def ListBalances(self, request: pb.ListBalancesRequest, context: _Call) -> pb.ListBalancesResponse:  # noqa: N802
        """Assets with anything on them."""
        session = await self._account.session()
        try:
            content = await session.api.call("get_account", weight=20, omitZeroBalances="true")
        except BinanceError as error:
            raise wire_error(error) from error
        response = pb.ListBalancesResponse()
        for item in content["balances"]:
            free, locked = parse_atoms(str(item["free"])), parse_atoms(str(item["locked"]))
            if free or locked:
                name = session.names.common(item["asset"])
                response.balances.add(asset=name, free=format_atoms(free), locked=format_atoms(locked))
        return response

    async def ListOrders(self, request: pb.ListOrdersRequest, context: _Call) -> pb.ListOrdersResponse:  # noqa: N802
        """Open orders, without their trades."""
        session = await self._account.session()
        try:
            orders = await session.orders.open(request.symbols)
        except BinanceError as error:
            raise wire_error(error) from error
        return pb.ListOrdersResponse(orders=[order_report(order) for order in orders])

    async def _carry_out(self, session: OrdersSession, request: pb.ExecuteRequest, answers: _Answers) -> None:
        kind = request.WhichOneof("instruction")
        result = pb.ExecuteResult(correlation_id=request.correlation_id)
        answer: pb.OrderReport | pb.OrderReject
        if kind == "place" and self._account.draining:
            answer = reject(request.place, pb.REJECT_CLASS_OTHER, "this process takes no new orders; not sent")
        elif kind == "place":
            answer = await session.placement.place(request.place)
        elif kind == "cancel":
            answer = await session.placement.cancel(request.cancel)
        elif kind == "query":
            answer = await session.placement.query(request.query)
        else:
            answer = pb.OrderReject(reject_class=pb.REJECT_CLASS_OTHER, detail="no instruction was given")
        if isinstance(answer, pb.OrderReport):
            result.report.CopyFrom(answer)
        else:
            result.reject.CopyFrom(answer)
        answers.give(result)

    async def _answer(self, answers: _Answers, context: _Execute) -> None:
        while True:
            try:
                batch = await answers.queue.take(BATCH_LIMIT)
            except StreamClosedError:
                return
            await context.write(pb.ExecuteResponse(instance_id=self._account.instance_id, results=batch))

    async def _write(
        self, reports: list[pb.OrderReport], numbers: SequenceNumbers, context: _Executions, *, caught_up: bool
    ) -> None:
        """Write in batches; the last one says whether all that happened before was delivered."""
        starts = range(0, max(1, len(reports)), BATCH_LIMIT)
        for start in starts:
            batch = reports[start : start + BATCH_LIMIT]
            await context.write(
                pb.StreamExecutionsResponse(
                    instance_id=self._account.instance_id,
                    first_sequence=numbers.take(len(batch)) if batch else numbers.last + 1,
                    reports=batch,
                    caught_up=caught_up and start == starts[-1],
                )
            )


async def _until_closed(session: OrdersSession) -> None:
    await session.closed.wait()
    raise TransientError("the configuration was replaced")


def _trade_id(cursor: pb.TradeCursor) -> int:
    if not cursor.last_trade_id.isdecimal():
        raise InvalidFieldError("cursors.last_trade_id", "must be decimal digits")
    return int(cursor.last_trade_id)
