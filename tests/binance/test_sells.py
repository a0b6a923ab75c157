"""Sell orders through the connector: commissions in the quote asset, filters, fills told once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb

from .fake_venue import FakeVenue
from .test_orders import ORDER, orders


@pytest.fixture
async def venue():
    async with FakeVenue() as running:
        yield running


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("FAKE_KEY", "the-key")
    monkeypatch.setenv("FAKE_SECRET", "the-secret")


async def sell(account, name="s-1", **terms):
    given = {"symbol": "BTCUSDC", "side": pb.SIDE_SELL, "price": "100", "quantity": "1"}
    given |= {"time_in_force": pb.TIME_IN_FORCE_IOC} | terms
    return await account.execute(place=pb.PlaceOrder(client_order_id=name, **given))


async def test_rest_of_an_immediate_sell_expires_and_its_commission_is_in_the_quote_asset(venue):
    venue.fill = Decimal("0.4")
    async with orders(venue) as account:
        report = await sell(account)
    assert (report.side, report.status) == (pb.SIDE_SELL, pb.ORDER_STATUS_EXPIRED)
    assert (report.executed_quantity, report.executed_value) == ("0.4", "40")
    (trade,) = report.trades
    assert (trade.side, trade.commission, trade.commission_asset) == (pb.SIDE_SELL, "0.04", "USDC")


async def test_sells_are_told_once_live_and_after_a_restart_alike(venue, tmp_path):
    venue.fill = Decimal(1)
    async with orders(venue, tmp_path) as account:
        live = account.executions()
        await live.until(lambda: live.caught_up)
        answer = await sell(account)
        await live.until(lambda: live.ended("s-1"))
    async with orders(venue, tmp_path) as account:
        again = await sell(account)
        late = account.executions(cursors=[pb.TradeCursor(symbol="BTCUSDC", last_trade_id="0")])
        await late.until(lambda: late.caught_up)
    trades = [[one for report in stream.reports for one in report.trades] for stream in (live, late)]
    assert trades[0] == trades[1] == list(answer.trades) == list(again.trades)
    assert len(venue.orders) == 1


async def test_sell_that_arrived_without_an_answer_is_found(venue):
    venue.script(*ORDER, ("after", "cut"))
    venue.fill = Decimal(1)
    async with orders(venue) as account:
        report = await sell(account)
    assert (report.status, report.side, len(venue.orders)) == (pb.ORDER_STATUS_FILLED, pb.SIDE_SELL, 1)


async def test_an_id_of_a_buy_is_refused_for_a_sell(venue):
    async with orders(venue) as account:
        await account.place("o-1", tif=pb.TIME_IN_FORCE_IOC)
        answer = await sell(account, "o-1")
    assert answer.reject_class == pb.REJECT_CLASS_OTHER
    assert len(venue.orders) == 1


@pytest.mark.parametrize(
    ("terms", "filter_name"),
    [
        ({"price": "100.005"}, "PRICE_FILTER"),
        ({"quantity": "0.00015"}, "LOT_SIZE"),
        ({"quantity": "0.04"}, "NOTIONAL"),
    ],
)
async def test_sell_that_breaks_a_filter_is_not_sent(venue, terms, filter_name):
    async with orders(venue) as account:
        answer = await sell(account, **terms)
    assert answer.reject_class == pb.REJECT_CLASS_FILTER
    assert answer.detail.startswith(filter_name)
    assert venue.calls[ORDER] == 0


async def test_position_limit_of_buys_does_not_hold_sells_up(venue):
    venue.symbols[0]["filters"].append({"filterType": "MAX_POSITION", "maxPosition": "0.5"})
    venue.fill = Decimal(1)
    async with orders(venue) as account:
        assert (await sell(account)).status == pb.ORDER_STATUS_FILLED


async def test_sell_of_what_is_not_owned_is_refused_by_balance(venue):
    refusal = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    venue.script(*ORDER, ("before", 400, refusal))
    async with orders(venue) as account:
        assert (await sell(account)).reject_class == pb.REJECT_CLASS_BALANCE
