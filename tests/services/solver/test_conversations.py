"""Streams that break: what was said on them, and what was not said yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc
import grpc.aio
import pytest

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.services.solver.edges import OrderEntryEdge
from indexmaker.services.solver.edges.calls import converse
from indexmaker.solver.commands import PlaceAssetOrder
from indexmaker.solver.events import AssetOrderUnknown, SolverEvent
from indexmaker.solver.vocabulary import Side


class Call:
    """One stream of a plugin: `read` waits until it is cut; `write` passes what `room` allows."""

    def __init__(self, *, room: int) -> None:
        self.written: list[pb.ExecuteRequest] = []
        self.cancelled = False
        self._room = room
        self._cut = asyncio.Event()
        self.heard = asyncio.Event()

    async def write(self, request: pb.ExecuteRequest) -> None:
        if len(self.written) == self._room:
            self._cut.set()
            await asyncio.get_running_loop().create_future()
        self.written.append(request)
        self.heard.set()

    async def read(self) -> object:
        await self._cut.wait()
        raise broken()

    def cancel(self) -> None:
        self.cancelled = True


class Channel:
    """Gives the calls one after another; streams of executions never say anything."""

    def __init__(self, *calls: Call) -> None:
        self._calls = iter(calls)

    def stream_stream(self, *_: object, **__: object) -> Callable[..., Call]:
        return lambda **_: next(self._calls)

    def unary_stream(self, *_: object, **__: object) -> Callable[..., Call]:
        return lambda *_, **__: Call(room=0)

    def unary_unary(self, *_: object, **__: object) -> None:
        return None


def broken() -> grpc.aio.AioRpcError:
    empty = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, empty, empty, details="gone")


def place(name: str) -> PlaceAssetOrder:
    return PlaceAssetOrder(
        command_id=name,
        batch_id="b",
        venue="mock",
        symbol="BTCUSDC",
        side=Side.BUY,
        price=1,
        quantity=1,
        client_order_id=name,
    )


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def ended() -> None:
    return None


async def failing(error: Exception) -> None:
    raise error


async def test_a_conversation_ends_with_its_reader():
    call = Call(room=0)
    await converse(call, write=forever(), read=ended())
    assert call.cancelled


async def test_a_broken_stream_is_told_as_such_whatever_its_writer_met():
    finished = asyncio.InvalidStateError("the call is over")
    with pytest.raises(grpc.aio.AioRpcError):
        await converse(Call(room=0), write=failing(finished), read=failing(broken()))
    with pytest.raises(grpc.aio.AioRpcError):
        await converse(Call(room=0), write=failing(broken()), read=forever())


async def test_a_writer_that_finds_the_call_over_ends_the_conversation_only():
    call = Call(room=0)
    await converse(call, write=failing(asyncio.InvalidStateError("the call is over")), read=forever())
    assert call.cancelled


async def test_what_was_on_a_broken_stream_is_unknown_and_what_waited_is_sent_on_the_next():
    told: list[SolverEvent] = []
    first, second = Call(room=1), Call(room=1)

    async def post(event: SolverEvent) -> None:
        told.append(event)

    edge = OrderEntryEdge("mock", Channel(first, second), post=post, cursors=list, open_orders=list)
    for name in ("a", "b", "c"):
        edge.dispatch(place(name))
    running = asyncio.ensure_future(edge.run())
    await second.heard.wait()
    running.cancel()
    await asyncio.wait((running,))
    assert [request.place.client_order_id for request in first.written] == ["a"]
    assert [request.place.client_order_id for request in second.written] == ["c"]
    assert [event.client_order_id for event in told if isinstance(event, AssetOrderUnknown)] == ["a", "b"]


async def test_a_core_that_stops_leaves_its_open_orders_to_the_next_one():
    told: list[SolverEvent] = []

    async def post(event: SolverEvent) -> None:
        told.append(event)

    call = Call(room=1)
    edge = OrderEntryEdge("mock", Channel(call), post=post, cursors=list, open_orders=list)
    edge.dispatch(place("a"))
    running = asyncio.ensure_future(edge.run())
    await call.heard.wait()
    running.cancel()
    await asyncio.wait((running,))
    assert told == []
