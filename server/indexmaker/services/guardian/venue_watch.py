"""Asking a venue for the trades of our orders, on a connection of the guardian's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import grpc
import grpc.aio

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.errors import TransientError
from indexmaker.services.solver.edges.order_entry import events_of_result
from indexmaker.solver.events import AssetOrderRejected, AssetOrderUnknown, ExecutionReported
from indexmaker.solver.guardian import trade_key
from indexmaker.solver.vocabulary import RejectClass

__all__ = ["VenueWatch"]

_SECONDS = 30.0
"""How long the answers to one question may take."""


class VenueWatch:
    """One venue. Trades never change, so what it told of an order is asked once."""

    def __init__(self, venue: str, channel: grpc.aio.Channel, *, seconds: float = _SECONDS) -> None:
        self._venue = venue
        self._stub = rpc.OrderEntryServiceStub(channel)
        self._seconds = seconds
        self._told: dict[str, ExecutionReported] = {}

    async def trades(self, journaled: Mapping[str, ExecutionReported]) -> Mapping[str, ExecutionReported]:
        """What the venue tells of the orders behind these trades, by `trade_key`.

        Raises:
            TransientError: the venue did not answer for one of the orders.
        """
        wanted = {(t.client_order_id, t.symbol) for name, t in journaled.items() if name not in self._told}
        if wanted:
            try:
                async with asyncio.timeout(self._seconds):
                    await self._ask(sorted(wanted))
            except (TimeoutError, grpc.aio.AioRpcError) as error:
                what = error.code().name if isinstance(error, grpc.aio.AioRpcError) else "no answer in time"
                raise TransientError(f"venue {self._venue} could not be asked for its trades: {what}") from None
        return {name: self._told[name] for name in journaled if name in self._told}

    async def _ask(self, orders: Iterable[tuple[str, str]]) -> None:
        call = self._stub.Execute(wait_for_ready=True)
        try:
            waiting: set[int] = set()
            for number, (client_order_id, symbol) in enumerate(orders, start=1):
                query = pb.QueryOrder(client_order_id=client_order_id, symbol=symbol)
                await call.write(pb.ExecuteRequest(correlation_id=number, query=query))
                waiting.add(number)
            while waiting:
                response = await call.read()
                if not isinstance(response, pb.ExecuteResponse):
                    raise TransientError(f"venue {self._venue} ended the conversation")
                for result in response.results:
                    waiting.discard(result.correlation_id)
                    self._take(result)
        finally:
            call.cancel()

    def _take(self, result: pb.ExecuteResult) -> None:
        for event in events_of_result(self._venue, result):
            if isinstance(event, ExecutionReported):
                self._told[trade_key(event.venue, event.symbol, event.trade_id)] = event
            elif isinstance(event, AssetOrderUnknown):
                raise TransientError(f"venue {self._venue}: {event.reason}")
            elif isinstance(event, AssetOrderRejected) and event.reject_class is not RejectClass.NOT_FOUND:
                raise TransientError(f"venue {self._venue} refused to answer: {event.reason}")
