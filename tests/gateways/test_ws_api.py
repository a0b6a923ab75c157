"""The WebSocket API: ids, signatures over raw tokens, errors, user data subscriptions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from gateways.conftest import DEPOSITS
from gateways.trader import Trader
from indexmaker.exchange.commands import CreditDeposit, ReportWithdrawal
from indexmaker.exchange.vocabulary import WithdrawalStatus
from indexmaker.gateways.binance import Venue
from indexmaker.gateways.binance.signing import sign, ws_payload

LIMIT = {"symbol": "BTCUSDC", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}


class Line:
    """A connection on which requests are signed for a trader."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, trader: Trader) -> None:
        self.socket = socket
        self.trader = trader

    async def send(self, method: str, *, number: object = 1, signed: bool = True, **params: object) -> None:
        if signed:
            params |= {"apiKey": self.trader.key, "timestamp": self.trader.now()}
            texts = {k: json.dumps(v) if isinstance(v, bool) else str(v) for k, v in params.items()}
            params["signature"] = sign(ws_payload(texts), secret=self.trader.secret)
        await self.socket.send_json({"id": number, "method": method, "params": params})

    async def next(self) -> dict[str, Any]:
        return await self.socket.receive_json(timeout=5)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        await self.send(method, **params)
        return await self.next()


@pytest.fixture
async def line(alice: Trader) -> AsyncIterator[Line]:
    async with alice.session.ws_connect(f"{alice.base}/ws-api/v3") as socket:
        yield Line(socket, alice)


@pytest.mark.parametrize("number", [7, "uuid-like", None])
async def test_reply_repeats_the_id_with_its_type_and_shows_limits(line: Line, number: object) -> None:
    answer = await line.ask("ping", number=number, signed=False)
    assert (answer["id"], answer["status"], answer["result"]) == (number, 200, {})
    assert [(one["rateLimitType"], one["count"]) for one in answer["rateLimits"]] == [("REQUEST_WEIGHT", 3)]


async def test_numbers_and_booleans_are_signed_as_their_tokens(line: Line) -> None:
    answer = await line.ask("order.place", **LIMIT, quantity=0.5, price=90000, returnRateLimits=False)
    assert (answer["status"], answer["result"]["origQty"]) == (200, "0.50000000")
    assert "rateLimits" not in answer


async def test_errors_carry_code_and_status(line: Line) -> None:
    line.trader.secret = "another"
    answer = await line.ask("account.status")
    assert (answer["status"], answer["error"]["code"]) == (400, -1022)
    assert (await line.ask("no.such", signed=False))["error"]["code"] == -1020
    assert (await line.ask("account.status", signed=False))["error"]["msg"].startswith("Mandatory parameter 'apiKey'")
    await line.socket.send_str("{")
    assert (await line.next())["error"]["code"] == -1135


async def test_orders_of_both_faces_are_the_same(line: Line, alice: Trader) -> None:
    placed = (await line.ask("order.place", **LIMIT, quantity="0.5", price="90000", newClientOrderId="w"))["result"]
    _, queried = await alice.get("/api/v3/order", symbol="BTCUSDC", origClientOrderId="w")
    asked = (await line.ask("order.status", symbol="BTCUSDC", orderId=placed["orderId"]))["result"]
    assert asked == queried
    cancelled = await line.ask("order.cancel", symbol="BTCUSDC", orderId=placed["orderId"])
    assert cancelled["result"]["status"] == "CANCELED"
    assert (await line.ask("allOrders", symbol="BTCUSDC"))["result"][0]["status"] == "CANCELED"


async def test_user_stream_tells_a_market_order_in_order(line: Line, bob: Trader) -> None:
    for price in ("99000", "100000"):
        await bob.order(side="SELL", price=price, quantity="0.01")
    subscribed = await line.ask("userDataStream.subscribe.signature")
    assert subscribed["result"] == {"subscriptionId": 0}
    await line.send("order.place", symbol="BTCUSDC", side="BUY", type="MARKET", quantity="0.03", newClientOrderId="m")
    frames = [await line.next() for _ in range(6)]
    events = [frame["event"] for frame in frames if "event" in frame]
    assert {frame["subscriptionId"] for frame in frames if "event" in frame} == {0}
    reports = [(e["x"], e["X"], e["l"], e["z"], e["Z"], e["t"], e["c"]) for e in events[:4]]
    assert reports == [
        ("NEW", "NEW", "0.00000000", "0.00000000", "0.00000000", -1, "m"),
        ("TRADE", "PARTIALLY_FILLED", "0.01000000", "0.01000000", "990.00000000", 1, "m"),
        ("TRADE", "PARTIALLY_FILLED", "0.01000000", "0.02000000", "1990.00000000", 2, "m"),
        ("EXPIRED", "EXPIRED", "0.00000000", "0.02000000", "1990.00000000", -1, "m"),
    ]
    assert len({event["I"] for event in events[:4]}) == 4
    assert events[4]["e"] == "outboundAccountPosition"
    assert {(one["a"], one["f"], one["l"]) for one in events[4]["B"]} == {
        ("USDC", "998010.00000000", "0.00000000"),
        ("BTC", "0.01998000", "0.00000000"),
    }


async def test_cancel_event_names_the_order_in_its_original_id(line: Line) -> None:
    await line.ask("userDataStream.subscribe.signature")
    await line.send("order.place", **LIMIT, quantity="0.5", price="90000", newClientOrderId="w")
    frames = [await line.next() for _ in range(3)]
    assert sum("event" in frame for frame in frames) == 2
    await line.send("order.cancel", symbol="BTCUSDC", origClientOrderId="w", newClientOrderId="off")
    frames = [await line.next() for _ in range(3)]
    report = next(frame["event"] for frame in frames if frame.get("event", {}).get("e") == "executionReport")
    assert (report["x"], report["c"], report["C"], report["w"]) == ("CANCELED", "off", "w", False)


async def test_deposit_is_announced_to_its_owner(line: Line, venue: Venue) -> None:
    await line.ask("userDataStream.subscribe.signature")
    deposit = CreditDeposit(
        network="BASE",
        asset="USDC",
        chain_id=8453,
        tx_hash="0xaa",
        log_index=0,
        address=DEPOSITS["alice"],
        units=5_000_000,
        confirmations=3,
    )
    await venue.submit(deposit)
    await venue.submit(deposit)
    events = [(await line.next())["event"] for _ in range(2)]
    assert [event["e"] for event in events] == ["outboundAccountPosition", "balanceUpdate"]
    assert (events[1]["a"], events[1]["d"]) == ("USDC", "5.00000000")
    assert (await line.ask("ping", signed=False))["status"] == 200


async def test_withdrawal_is_announced_when_money_goes_and_when_it_comes_back(
    line: Line, alice: Trader, venue: Venue
) -> None:
    await line.ask("userDataStream.subscribe.signature")
    await alice.post(
        "/sapi/v1/capital/withdraw/apply", coin="USDC", network="BASE", address="0x" + "12" * 20, amount="100"
    )
    await venue.submit(ReportWithdrawal(withdrawal_id=1, status=WithdrawalStatus.SENT, tx_hash="0xaa"))
    await venue.submit(ReportWithdrawal(withdrawal_id=1, status=WithdrawalStatus.FAILED, reason="reverted"))
    events = [(await line.next())["event"] for _ in range(4)]
    assert [event["B"][0]["f"] for event in events[::2]] == ["999900.00000000", "1000000.00000000"]
    assert [(event["e"], event["a"], event["d"]) for event in events[1::2]] == [
        ("balanceUpdate", "USDC", "-100.00000000"),
        ("balanceUpdate", "USDC", "100.00000000"),
    ]
    assert (await line.ask("ping", signed=False))["status"] == 200


async def test_one_subscription_per_account_until_it_is_ended(line: Line, bob: Trader) -> None:
    await line.ask("userDataStream.subscribe.signature")
    assert (await line.ask("userDataStream.subscribe.signature"))["error"]["code"] == -2035
    assert (await line.ask("session.subscriptions", signed=False))["result"] == [{"subscriptionId": 0}]
    await bob.order(side="SELL")
    assert (await line.ask("userDataStream.unsubscribe", signed=False, subscriptionId=0))["result"] == {}
    assert (await line.ask("userDataStream.unsubscribe", signed=False))["error"]["code"] == -2036
    await line.send("order.place", **LIMIT, quantity="0.5", price="90000")
    assert "result" in await line.next()
    assert (await line.ask("userDataStream.subscribe.signature"))["result"] == {"subscriptionId": 1}
