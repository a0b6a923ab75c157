"""The whole process under python-binance: a trading cycle, streams, deposits, restarts."""

from __future__ import annotations

import asyncio
import socket
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from binance.exceptions import BinanceAPIException
from binance.ws.reconnecting_websocket import ReconnectingWebsocket

from indexmaker.api.chain.v1 import chain_pb2
from services_exchange.chain import APPLY, CONFIRMED, PROMOTE, SEEN, TOKEN, Chain, serve_chain, transfer
from services_exchange.client import binance, exchange, launch

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _quick_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """python-binance waits this long for one more message before it closes a socket."""
    monkeypatch.setattr(ReconnectingWebsocket, "TIMEOUT", 2)


LIMIT = {"symbol": "BTCUSDC", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}


async def test_whole_cycle_with_unmodified_python_binance() -> None:
    async with exchange("--maker", "--seed", "3") as running, binance(running) as (client, sockets):
        info = await client.get_symbol_info("BTCUSDC")
        assert {"PRICE_FILTER", "LOT_SIZE", "NOTIONAL"} <= {one["filterType"] for one in info["filters"]}
        async with sockets.user_socket() as user:
            book = await client.get_order_book(symbol="BTCUSDC")
            assert min(len(book["bids"]), len(book["asks"])) >= 10
            taken = Decimal(book["asks"][0][1]) + Decimal("0.001")
            filled = await client.create_order(
                **LIMIT, quantity=str(taken), price=book["asks"][1][0], newClientOrderId="take"
            )
            assert (filled["status"], len(filled["fills"])) == ("FILLED", 2)
            spent = sum(Decimal(fill["price"]) * Decimal(fill["qty"]) for fill in filled["fills"])
            assert Decimal(filled["cummulativeQuoteQty"]) == spent
            resting = await client.create_order(**LIMIT, quantity="0.1", price="50000", newClientOrderId="rest")
            assert (await client.get_open_orders(symbol="BTCUSDC"))[0]["orderId"] == resting["orderId"]
            await client.cancel_order(symbol="BTCUSDC", origClientOrderId="rest")
            queried = await client.get_order(symbol="BTCUSDC", origClientOrderId="rest")
            assert queried["status"] == "CANCELED"
            by_socket = await client.ws_create_order(
                symbol="BTCUSDC", side="SELL", type="MARKET", quantity="0.5", newClientOrderId="sell"
            )
            assert by_socket["status"] == "FILLED"
            trades = await client.get_my_trades(symbol="BTCUSDC", fromId=0)
            fees = sum(Decimal(one["commission"]) for one in trades if one["isBuyer"])
            assert fees == taken / 1000
            account = await client.get_account()
            btc = next(one for one in account["balances"] if one["asset"] == "BTC")
            assert Decimal(btc["free"]) == 2 + taken - fees - Decimal("0.5")
            reports = [event async for event in _reports(user, last=("sell", "FILLED"))]
        assert [(one["c"], one["x"]) for one in reports if one["C"] == "" and one["c"] != "sell"] == [
            ("take", "NEW"),
            ("take", "TRADE"),
            ("take", "TRADE"),
            ("rest", "NEW"),
        ]
        assert [(one["C"], one["x"]) for one in reports if one["C"]] == [("rest", "CANCELED")]
        assert {one["t"] for one in reports if one["x"] == "TRADE"} == {one["id"] for one in trades}
        with pytest.raises(BinanceAPIException) as refusal:
            await client.create_order(**LIMIT, quantity="0.001001", price="50000")
        assert (refusal.value.code, refusal.value.message) == (-1013, "Filter failure: LOT_SIZE")
        assert await running.end() == 0


async def _reports(user: Any, *, last: tuple[str, str]) -> Any:
    while True:
        event = await asyncio.wait_for(user.recv(), 10)
        assert event["e"] in {"executionReport", "outboundAccountPosition"}, event
        if event["e"] == "executionReport":
            yield event
            if (event["c"], event["X"]) == last:
                return


async def test_book_built_from_the_diff_stream_equals_the_snapshot() -> None:
    async with (
        exchange("--maker") as running,
        binance(running) as (client, sockets),
        sockets.depth_socket("BTCUSDC", interval=100) as stream,
    ):
        book = await client.get_order_book(symbol="BTCUSDC", limit=5000)
        sides = {"b": dict(book["bids"]), "a": dict(book["asks"])}
        last = book["lastUpdateId"]
        for number in range(20):
            await client.create_order(**LIMIT, quantity="0.01", price=str(60_000 + number % 7), newOrderRespType="ACK")
            await client.create_order(
                symbol="BTCUSDC", side="BUY", type="MARKET", quantity="0.005", newOrderRespType="ACK"
            )
        final = await client.get_order_book(symbol="BTCUSDC", limit=5000)
        while last != final["lastUpdateId"]:
            if last > final["lastUpdateId"]:  # the makers moved between snapshot and event
                final = await client.get_order_book(symbol="BTCUSDC", limit=5000)
                continue
            event = await asyncio.wait_for(stream.recv(), 10)
            if event["u"] <= last:
                continue
            assert event["U"] <= last + 1, "a gap"
            for name, levels in sides.items():
                for price, quantity in event[name]:
                    levels[price] = quantity
                    if quantity == "0.00000000":
                        del levels[price]
            last = event["u"]
        assert sides == {"b": dict(final["bids"]), "a": dict(final["asks"])}


async def test_deposits_arrive_and_survive_a_restart(tmp_path: Path) -> None:
    chain = Chain()
    address = f"unix:{tmp_path}/chain.sock"
    arguments = ("--data", f"{tmp_path}/data", "--chain-plugin", address, "--chain", f"8453:{TOKEN}:5")
    async with serve_chain(chain, address):
        async with exchange(*arguments) as running, binance(running) as (client, sockets):
            place = await client.get_deposit_address(coin="USDC", network="BASE")
            request = await asyncio.wait_for(chain.requests.get(), 10)
            assert list(request.watches[0].transfers.recipients) == [place["address"]]
            async with sockets.user_socket() as user:
                chain.say(transfer(APPLY, SEEN, recipient=place["address"]), head=12)
                chain.say(transfer(PROMOTE, CONFIRMED, recipient=place["address"]), head=15)
                assert (await asyncio.wait_for(user.recv(), 10))["e"] == "outboundAccountPosition"
                update = await asyncio.wait_for(user.recv(), 10)
                assert (update["e"], update["a"], update["d"]) == ("balanceUpdate", "USDC", "250.50000000")
            (deposit,) = await client.get_deposit_history(coin="USDC")
            assert (deposit["status"], deposit["txId"], deposit["confirmTimes"]) == (1, "0xaa", "5/5")
            await running.kill()
        async with exchange(*arguments) as running, binance(running) as (client, _):
            chain.responses.put_nowait(None)
            request = await asyncio.wait_for(chain.requests.get(), 10)
            assert request.cursors[0].block_number in (9, 15)
            chain.say(transfer(APPLY, chain_pb2.FINALITY_SAFE, recipient=place["address"]), head=20)
            assert (await client.get_deposit_address(coin="USDC", network="BASE")) == place
            assert (await client.get_asset_balance("USDC"))["free"] == "100250.50000000"
            assert await running.end() == 0


async def test_killed_process_loses_no_acknowledged_order(tmp_path: Path) -> None:
    arguments = ("--data", str(tmp_path))
    acknowledged: dict[str, int] = {}
    async with exchange(*arguments) as running, binance(running) as (client, _):
        await client.create_order(**(LIMIT | {"side": "SELL"}), quantity="0.5", price="100000")
        await client.create_order(
            **LIMIT, quantity="0.2", price="100000", selfTradePreventionMode="NONE", newClientOrderId="fill"
        )
        account, trades = await client.get_account(), await client.get_my_trades(symbol="BTCUSDC")

        async def place(number: int) -> None:
            name = f"n{number}"
            placed = await client.create_order(**LIMIT, quantity="0.001", price="50000", newClientOrderId=name)
            acknowledged[name] = placed["orderId"]
            if len(acknowledged) == 20:
                running.process.kill()

        await asyncio.gather(*(place(number) for number in range(60)), return_exceptions=True)
        await running.process.wait()
    assert len(acknowledged) >= 20
    assert len(trades) == 2
    async with exchange(*arguments) as running, binance(running) as (client, _):
        opened = {one["clientOrderId"]: one["orderId"] for one in await client.get_open_orders()}
        assert acknowledged.items() <= opened.items()
        assert await client.get_my_trades(symbol="BTCUSDC") == trades
        assert (await client.get_order(symbol="BTCUSDC", origClientOrderId="fill"))["status"] == "FILLED"
        for one in await client.get_open_orders():
            if one["clientOrderId"].startswith("n"):
                await client.cancel_order(symbol="BTCUSDC", orderId=one["orderId"])
        assert (await client.get_account())["balances"] == account["balances"]
        assert await running.end() == 0


async def test_taken_address_is_told_with_its_own_exit_code() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await launch("--listen", f"127.0.0.1:{port}")
        out, logs = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out) == (3, b"")
    assert f"cannot listen on 127.0.0.1:{port}" in logs.decode()


async def test_unreadable_argument_is_told() -> None:
    process = await launch("--account", "only-a-key")
    _, logs = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert "--account is not KEY:SECRET" in logs.decode()
