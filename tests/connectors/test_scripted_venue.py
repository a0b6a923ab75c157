"""Sell orders and withdrawals at the scripted venue."""

from __future__ import annotations

import pytest

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.testing import Fill, MockVenue, MockVenueConfig, serve_connector
from indexmaker.connectors.testing.serve import configured
from indexmaker.connectors.testing.venue_config import (
    LoseWithdrawal,
    PayOut,
    RefuseWithdrawal,
    WithdrawalTerms,
)
from indexmaker.money import parse_atoms

RICH = {"USDC": "1000", "BTC": "5"}
ADDRESS = "0x" + "aB" * 20
Status = pb.VenueWithdrawal


async def order(channel, name, *, side=pb.SIDE_SELL, price="99", quantity="2"):
    placed = pb.PlaceOrder(
        client_order_id=name,
        symbol="BTCUSDC",
        side=side,
        price=price,
        quantity=quantity,
        time_in_force=pb.TIME_IN_FORCE_IOC,
    )
    call = rpc.OrderEntryServiceStub(channel).Execute()
    await call.write(pb.ExecuteRequest(correlation_id=1, place=placed))
    await call.done_writing()
    result = (await call.read()).results[0]
    return getattr(result, result.WhichOneof("result"))


async def withdraw(channel, name="w-1", *, amount="100", address=ADDRESS):
    request = pb.WithdrawRequest(withdrawal_id=name, asset="USDC", network="BASE", address=address, amount=amount)
    answer = await rpc.FundingServiceStub(channel).Withdraw(request)
    return getattr(answer, answer.WhichOneof("result"))


async def query(channel, name="w-1"):
    answer = await rpc.FundingServiceStub(channel).QueryWithdrawal(pb.QueryWithdrawalRequest(withdrawal_id=name))
    return answer.withdrawal


async def test_a_sell_gives_base_and_pays_its_commission_in_the_quote_asset():
    venue = MockVenue()
    async with serve_connector(venue, MockVenueConfig(balances=RICH)) as channel:
        report = await order(channel, "s-1", price="98")
    (trade,) = report.trades
    assert (report.status, report.executed_value) == (pb.ORDER_STATUS_FILLED, "196")
    assert (trade.side, trade.commission, trade.commission_asset) == (pb.SIDE_SELL, "0.196", "USDC")
    assert venue.book.balances == {"USDC": parse_atoms("1195.804"), "BTC": parse_atoms("3")}


async def test_more_than_is_owned_cannot_be_sold():
    async with serve_connector(MockVenue(), MockVenueConfig(balances=RICH)) as channel:
        assert (await order(channel, "s-1", quantity="5.1")).reject_class == pb.REJECT_CLASS_BALANCE


@pytest.mark.parametrize(
    ("side", "price", "traded_at"),
    [
        (pb.SIDE_SELL, "98", "99"),
        (pb.SIDE_SELL, "99", "99"),
        (pb.SIDE_SELL, "99.01", None),
        (pb.SIDE_BUY, "101", "100"),
        (pb.SIDE_BUY, "99.99", None),
    ],
)
async def test_orders_at_the_book_trade_at_the_other_sides_price_or_not_at_all(side, price, traded_at):
    async with serve_connector(MockVenue(), MockVenueConfig(balances=RICH, at_book=True)) as channel:
        report = await order(channel, "o-1", side=side, price=price)
    assert [trade.price for trade in report.trades] == ([traded_at] if traded_at else [])
    assert report.status == (pb.ORDER_STATUS_FILLED if traded_at else pb.ORDER_STATUS_EXPIRED)


async def test_a_script_says_how_much_of_a_sell_trades():
    script = (Fill(share="0.5", at_book=True),)
    async with serve_connector(MockVenue(), MockVenueConfig(balances=RICH, script=script)) as channel:
        report = await order(channel, "s-1", price="90")
    assert (report.executed_quantity, report.executed_value, report.status) == ("1", "99", pb.ORDER_STATUS_EXPIRED)


async def test_a_withdrawal_is_completed_at_once_and_only_once():
    venue = MockVenue()
    async with serve_connector(venue, MockVenueConfig(balances=RICH)) as channel:
        first, again = await withdraw(channel), await withdraw(channel)
        quote = await rpc.FundingServiceStub(channel).QuoteWithdrawal(pb.QuoteWithdrawalRequest(asset="USDC"))
        stream = rpc.FundingServiceStub(channel).StreamWithdrawals(pb.StreamWithdrawalsRequest())
        told = (await stream.read()).withdrawals
    assert first == again == told[0]
    assert (first.status, first.amount.amount, first.fee) == (Status.STATUS_COMPLETED, "100", quote.fee)
    assert len(first.tx_hash) == 66
    assert first.address == ADDRESS.lower()
    assert venue.book.balances["USDC"] == parse_atoms("900")


async def test_withdrawals_follow_their_script():
    script = (
        PayOut(status="PROCESSING"),
        PayOut(status="FAILED", reason="no gas"),
        RefuseWithdrawal(reject_class="RATE", retry_after_ms=50),
        LoseWithdrawal(executed=True),
        LoseWithdrawal(),
    )
    venue = MockVenue()
    async with serve_connector(venue, MockVenueConfig(balances=RICH, withdrawal_script=script)) as channel:
        seen = [await withdraw(channel, name) for name in "abcde"]
        asked = [(await query(channel, name)).status for name in "abcde"]
        venue.pay("a", status="SENT", tx_hash="0xaa")
        sent = await query(channel, "a")
        venue.pay("a", status="REJECTED")
    assert (seen[1].status, seen[1].reason) == (Status.STATUS_FAILED, "no gas")
    assert (seen[2].reject_class, seen[2].retry_after_ms) == (pb.REJECT_CLASS_RATE, 50)
    assert [one.reject_class for one in seen[3:]] == [pb.REJECT_CLASS_AMBIGUOUS] * 2
    assert asked == [
        Status.STATUS_PROCESSING,
        Status.STATUS_FAILED,
        Status.STATUS_NOT_FOUND,
        Status.STATUS_COMPLETED,
        Status.STATUS_NOT_FOUND,
    ]
    assert (sent.status, sent.tx_hash) == (Status.STATUS_SENT, "0xaa")
    assert venue.book.balances["USDC"] == parse_atoms("900")


async def test_a_new_revision_moves_pending_withdrawals_on_once():
    waiting = MockVenueConfig(balances=RICH, withdrawal_script=(PayOut(status="PROCESSING"),) * 2)
    venue = MockVenue()
    async with serve_connector(venue, waiting) as channel:
        await withdraw(channel)
        steps = [{"step_id": "1", "tx_hash": "0xaa"}]
        for revision in (2, 3):
            await configured(channel, {"balances": RICH, "withdrawal_steps": steps}, revision=revision)
            late = await withdraw(channel, f"w-{revision}")
        done = await query(channel)
    assert (done.status, done.tx_hash) == (Status.STATUS_COMPLETED, "0xaa")
    assert late.status == Status.STATUS_COMPLETED
    assert venue.book.withdrawals.known["w-2"].status == Status.STATUS_PROCESSING


@pytest.mark.parametrize(
    ("terms", "amount", "reject_class"),
    [
        ({}, "4.99", pb.REJECT_CLASS_FILTER),
        ({"max_amount": "50"}, "51", pb.REJECT_CLASS_FILTER),
        ({}, "10.0000001", pb.REJECT_CLASS_FILTER),
        ({}, "1001", pb.REJECT_CLASS_BALANCE),
        ({"enabled": False}, "100", pb.REJECT_CLASS_HALTED),
    ],
)
async def test_withdrawals_outside_the_terms_are_refused(terms, amount, reject_class):
    config = MockVenueConfig(balances=RICH, withdrawal_terms=WithdrawalTerms(**terms))
    async with serve_connector(MockVenue(), config) as channel:
        assert (await withdraw(channel, amount=amount)).reject_class == reject_class
