"""Public streams: subscriptions, book changes that build the book, best prices, slow clients."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.trader import Trader
from indexmaker.exchange.events import BookDelta
from indexmaker.gateways.binance import BinanceGateway, Limits
from indexmaker.gateways.binance.feed import Bucket
from indexmaker.gateways.binance.outbox import Outbox
from indexmaker.runtime import ManualClock


class Stream:
    """A connection to public streams; the gateway's timers are turned by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def ask(self, method: str, params: list[object] | None = None, number: object = 1) -> Any:
        request = {"method": method, "id": number} | ({"params": params} if params is not None else {})
        await self.socket.send_json(request)
        return await self.next()

    async def next(self) -> Any:
        return await self.socket.receive_json(timeout=5)


async def open_stream(trader: Trader, path: str) -> Stream:
    stream = Stream(await trader.session.ws_connect(f"{trader.base}{path}"))
    assert (await stream.ask("LIST_SUBSCRIPTIONS"))["id"] == 1  # the server has read the path
    return stream


async def test_diffs_applied_to_a_snapshot_give_the_book(gateway: BinanceGateway, alice: Trader, bob: Trader) -> None:
    stream = await open_stream(alice, "/ws/btcusdc@depth@100ms")
    await alice.order(price="99000")
    await alice.order(price="98000", newClientOrderId="low")
    gateway.flush()
    _, book = await alice.public("/api/v3/depth", symbol="BTCUSDC")
    await bob.order(side="SELL", price="101000")
    await bob.order(side="SELL", price="99000", quantity="0.04")
    await alice.delete("/api/v3/order", symbol="BTCUSDC", origClientOrderId="low")
    gateway.flush()
    sides: dict[str, dict[str, str]] = {"b": dict(book["bids"]), "a": dict(book["asks"])}
    last = book["lastUpdateId"]
    first, second = await stream.next(), await stream.next()
    assert (first["U"], first["u"]) == (1, last)
    assert second["U"] == last + 1
    for name, levels in sides.items():
        for price, quantity in second[name]:
            levels[price] = quantity
            if quantity == "0.00000000":
                del levels[price]
    _, after = await alice.public("/api/v3/depth", symbol="BTCUSDC")
    assert (second["u"], sides) == (after["lastUpdateId"], {"b": dict(after["bids"]), "a": dict(after["asks"])})
    assert sides == {"b": {"99000.00000000": "0.06000000"}, "a": {"101000.00000000": "0.10000000"}}


async def test_speeds_and_depths_are_streams_of_their_own(gateway: BinanceGateway, alice: Trader) -> None:
    names = "btcusdc@depth/btcusdc@depth5/btcusdc@depth10@100ms"
    stream = await open_stream(alice, f"/stream?streams={names}")
    for price in range(90_000, 90_007):
        await alice.order(price=str(price))
    gateway.flush()
    frames = [await stream.next() for _ in range(3)]
    by_name = {frame["stream"]: frame["data"] for frame in frames}
    assert sorted(by_name) == sorted(names.split("/"))
    assert len(by_name["btcusdc@depth5"]["bids"]) == 5
    assert len(by_name["btcusdc@depth10@100ms"]["bids"]) == 7
    assert (by_name["btcusdc@depth"]["U"], by_name["btcusdc@depth"]["u"]) == (1, 7)


async def test_trades_and_best_prices_come_at_once(alice: Trader, bob: Trader) -> None:
    stream = await open_stream(alice, "/ws/btcusdc@trade/btcusdc@bookTicker")
    await alice.order(price="99000")
    await alice.order(price="98000")
    await bob.order(side="SELL", price="99000", quantity="0.1")
    best, trade, then = await stream.next(), await stream.next(), await stream.next()
    assert (best["b"], best["B"], best["A"]) == ("99000.00000000", "0.10000000", "0.00000000")
    assert (trade["e"], trade["t"], trade["p"], trade["m"]) == ("trade", 1, "99000.00000000", True)
    assert (then["b"], then["u"]) == ("98000.00000000", 3)


async def test_subscriptions_change_on_a_live_connection(gateway: BinanceGateway, alice: Trader) -> None:
    stream = await open_stream(alice, "/ws/0")
    assert await stream.ask("SUBSCRIBE", ["btcusdc@depth@100ms"], "x") == {"result": None, "id": "x"}
    assert await stream.ask("SET_PROPERTY", ["combined", True], 5) == {"result": None, "id": 5}
    assert (await stream.ask("LIST_SUBSCRIPTIONS"))["result"] == ["btcusdc@depth@100ms"]
    await alice.order()
    gateway.flush()
    assert (await stream.next())["stream"] == "btcusdc@depth@100ms"
    await stream.ask("UNSUBSCRIBE", ["btcusdc@depth@100ms"])
    await alice.order()
    gateway.flush()
    assert (await stream.ask("GET_PROPERTY", ["combined"]))["result"] is True


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("{", 3),
        ('{"method":"LISTEN","id":1}', 2),
        ('{"method":"SUBSCRIBE","params":"btcusdc@trade","id":1}', 2),
        ('{"method":"SUBSCRIBE","params":["no stream"],"id":1}', 2),
        ('{"method":"SET_PROPERTY","params":["other",1],"id":1}', 0),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1),
        ('{"method":"LIST_SUBSCRIPTIONS","id":1.5}', 2),
    ],
)
async def test_wrong_requests_are_answered(alice: Trader, request_: str, code: int) -> None:
    stream = await open_stream(alice, "/stream")
    await stream.socket.send_str(request_)
    assert (await stream.next())["error"]["code"] == code
    assert (await stream.ask("LIST_SUBSCRIPTIONS"))["result"] == []


@pytest.mark.parametrize("limits", [Limits()])
async def test_connection_that_talks_too_much_is_closed(alice: Trader, clock: ManualClock) -> None:
    stream = await open_stream(alice, "/ws")
    for _ in range(4):
        await stream.ask("LIST_SUBSCRIPTIONS")
    clock.advance(10**9)
    for _ in range(5):
        await stream.ask("LIST_SUBSCRIPTIONS")
    await stream.socket.send_str("{}")
    farewell = await stream.socket.receive(timeout=5)
    assert (farewell.type, farewell.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.POLICY_VIOLATION)


def test_overflow_drops_the_client_and_takes_nothing_more() -> None:
    dropped = []
    outbox = Outbox(2, drop=lambda: dropped.append(True))
    for number in range(5):
        outbox.put(str(number))
    assert (dropped, outbox.dropped) == ([True], True)


async def test_client_that_does_not_read_is_cut_off(gateway: BinanceGateway, alice: Trader) -> None:
    reader, writer = await asyncio.open_connection(*_place(alice.base))
    writer.write(
        b"GET /ws/btcusdc@depth@100ms HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    stream, big = "btcusdc@depth@100ms", "x" * 100_000
    await alice.public("/api/v3/ping")
    assert gateway.hub.wanted(stream)
    while gateway.hub.wanted(stream):
        gateway.hub.publish(stream, big)
        await asyncio.sleep(0)
    with contextlib.suppress(ConnectionError):
        while await reader.read(1 << 20):
            pass
    writer.close()


def _place(base: str) -> tuple[str, int]:
    host, _, port = base.removeprefix("http://").rpartition(":")
    return host, int(port)


@given(st.lists(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), max_size=4), max_size=20))
def test_bucket_tells_the_newest_quantity_of_each_price(changes: list[list[tuple[int, int]]]) -> None:
    bucket, book, last = Bucket(), {}, 0
    for pairs in changes:
        if pairs:
            bucket.merge(BookDelta("X", last + 1, last + len(pairs), tuple(pairs), (), 0))
            last += len(pairs)
            book |= dict(pairs)
    assert bucket.bids == book
    assert (bucket.first, bucket.last) == ((1, last) if last else (0, 0))
