"""Both connectors against the real exchange, as a process of its own with market makers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from indexmaker.api.marketdata.v1 import market_data_pb2 as md
from indexmaker.api.marketdata.v1 import market_data_pb2_grpc as md_rpc
from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.testing.serve import serve_connector
from indexmaker.money import format_atoms, parse_atoms
from indexmaker_binance.market_data import BinanceMarketData
from indexmaker_binance.orders import BinanceOrders

pytestmark = pytest.mark.integration


@asynccontextmanager
async def exchange():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "indexmaker.cli.app", "exchange", "serve", "--listen", "127.0.0.1:0", "--maker"),
        *("--account", "key-1:secret-1:USDC=1000000"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        async with asyncio.timeout(30):
            yield json.loads(await process.stdout.readline())["rest"]
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("VENUE_KEY", "key-1")
    monkeypatch.setenv("VENUE_SECRET", "secret-1")


async def best_asks(channel, symbols) -> dict[str, int]:
    """Waits until each book is live and returns its best ask."""
    call = md_rpc.MarketDataServiceStub(channel).Subscribe(wait_for_ready=True)
    await call.write(md.SubscribeRequest(add=symbols))
    asks: dict[str, int] = {}
    while len(asks) < len(symbols):
        for event in (await call.read()).events:
            if event.HasField("best_quote") and event.best_quote.ask.price:
                asks[event.symbol] = parse_atoms(event.best_quote.ask.price)
    call.cancel()
    return asks


async def test_basket_is_bought_and_every_fill_is_told_once():
    async with exchange() as base, serve_connector(BinanceMarketData(), {"environment": {"base": base}}) as data:
        instruments = (
            await md_rpc.MarketDataServiceStub(data).ListInstruments(md.ListInstrumentsRequest())
        ).instruments
        symbols = [one.symbol for one in instruments if one.quote_asset == "USDC"][:10]
        asks = await best_asks(data, symbols)
        config = {"environment": {"base": base}, "api_key": "env:VENUE_KEY", "api_secret": "env:VENUE_SECRET"}
        async with serve_connector(BinanceOrders(), config) as channel:
            stub = rpc.OrderEntryServiceStub(channel)
            stream = stub.StreamExecutions(pb.StreamExecutionsRequest(), wait_for_ready=True)
            assert (await stream.read()).caught_up
            call = stub.Execute()
            for number, one in enumerate(item for item in instruments if item.symbol in asks):
                tick, step = parse_atoms(one.tick_size), parse_atoms(one.lot_step)
                price = asks[one.symbol] * 101 // 100 // tick * tick
                quantity = (100 * 10**36 // price) // step * step
                place = pb.PlaceOrder(
                    client_order_id=f"basket-{number}",
                    symbol=one.symbol,
                    side=pb.SIDE_BUY,
                    price=format_atoms(price),
                    quantity=format_atoms(quantity),
                    time_in_force=pb.TIME_IN_FORCE_IOC,
                )
                await call.write(pb.ExecuteRequest(correlation_id=number, place=place))
            await call.done_writing()
            answers = [result.report async for response in call for result in response.results]
            ended, told = set(), []
            while len(ended) < len(symbols):
                for report in (await stream.read()).reports:
                    assert report.client_order_id not in ended
                    told += [(report.symbol, trade.trade_id) for trade in report.trades]
                    if report.status > pb.ORDER_STATUS_PARTIALLY_FILLED:
                        ended.add(report.client_order_id)
            balances = {one.asset: one.free for one in (await stub.ListBalances(pb.ListBalancesRequest())).balances}
            rates = (await stub.ListInstruments(pb.ListInstrumentsRequest(symbols=symbols[:1]))).instruments
    assert all(answer.status == pb.ORDER_STATUS_FILLED for answer in answers)
    in_answers = [(answer.symbol, trade.trade_id) for answer in answers for trade in answer.trades]
    assert sorted(told) == sorted(in_answers)
    assert len(set(told)) == len(told)
    spent = sum(parse_atoms(answer.executed_value) for answer in answers)
    assert balances["USDC"] == format_atoms(1_000_000 * 10**18 - spent)
    assert parse_atoms(rates[0].taker_fee) >= 0


async def test_what_was_bought_is_sold_again_with_commissions_in_the_quote_asset():
    async with exchange() as base, serve_connector(BinanceMarketData(), {"environment": {"base": base}}) as data:
        asks = await best_asks(data, ["BTCUSDC", "ETHUSDC"])
        config = {"environment": {"base": base}, "api_key": "env:VENUE_KEY", "api_secret": "env:VENUE_SECRET"}
        async with serve_connector(BinanceOrders(), config) as channel:
            stub = rpc.OrderEntryServiceStub(channel)
            listed = (await stub.ListInstruments(pb.ListInstrumentsRequest(symbols=list(asks)))).instruments
            rules = {one.symbol: one for one in listed}
            stream = stub.StreamExecutions(pb.StreamExecutionsRequest(), wait_for_ready=True)
            assert (await stream.read()).caught_up
            call = stub.Execute()

            async def order(symbol: str, side: int, price: int, quantity: int) -> pb.OrderReport:
                tick, step = parse_atoms(rules[symbol].tick_size), parse_atoms(rules[symbol].lot_step)
                place = pb.PlaceOrder(
                    client_order_id=f"{symbol}-{side}",
                    symbol=symbol,
                    side=side,
                    price=format_atoms(price // tick * tick),
                    quantity=format_atoms(quantity // step * step),
                    time_in_force=pb.TIME_IN_FORCE_IOC,
                )
                await call.write(pb.ExecuteRequest(correlation_id=1, place=place))
                return (await call.read()).results[0].report

            sold = []
            for symbol, ask in asks.items():
                bought = await order(symbol, pb.SIDE_BUY, ask * 101 // 100, 200 * 10**36 // ask)
                got = sum(parse_atoms(one.quantity) - parse_atoms(one.commission) for one in bought.trades)
                sold.append(await order(symbol, pb.SIDE_SELL, ask * 95 // 100, got))
            told: dict[str, list[str]] = {}
            while sum(map(len, told.values())) < sum(len(report.trades) for report in sold):
                for report in (await stream.read()).reports:
                    if report.side == pb.SIDE_SELL and report.trades:
                        told.setdefault(report.symbol, []).extend(one.trade_id for one in report.trades)
            balances = {one.asset: one for one in (await stub.ListBalances(pb.ListBalancesRequest())).balances}
    for report in sold:
        assert (report.side, report.status) == (pb.SIDE_SELL, pb.ORDER_STATUS_FILLED)
        assert {one.commission_asset for one in report.trades} == {"USDC"}
        assert all(parse_atoms(one.price) >= parse_atoms(report.price) for one in report.trades)
        fees = sum(parse_atoms(one.commission) for one in report.trades)
        rate = parse_atoms(rules[report.symbol].taker_fee)
        assert fees >= parse_atoms(report.executed_value) * rate // 10**18
        assert told[report.symbol] == [one.trade_id for one in report.trades]
    assert balances["USDC"].locked == "0"
