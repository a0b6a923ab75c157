"""The orders connector against a venue that misbehaves."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal

import grpc
import pytest

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.testing.serve import configured, serve_connector
from indexmaker_binance.orders import BinanceOrders

from .fake_venue import FakeVenue, until

ORDER = ("POST", "order")


@pytest.fixture
async def venue():
    async with FakeVenue() as running:
        yield running


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("FAKE_KEY", "the-key")
    monkeypatch.setenv("FAKE_SECRET", "the-secret")


class Account:
    def __init__(self, channel) -> None:
        self.stub = rpc.OrderEntryServiceStub(channel)
        self.funding = rpc.FundingServiceStub(channel)
        self.call = self.stub.Execute(wait_for_ready=True)
        self.count = 0

    async def execute(self, **instruction):
        """One instruction and its answer."""
        self.count += 1
        await self.call.write(pb.ExecuteRequest(correlation_id=self.count, **instruction))
        async with asyncio.timeout(20):
            (result,) = (await self.call.read()).results
        assert result.correlation_id == self.count
        return getattr(result, result.WhichOneof("result"))

    async def place(self, name="o-1", *, price="100", quantity="1", tif=pb.TIME_IN_FORCE_GTC, symbol="BTCUSDC"):
        return await self.execute(
            place=pb.PlaceOrder(
                client_order_id=name,
                symbol=symbol,
                side=pb.SIDE_BUY,
                price=price,
                quantity=quantity,
                time_in_force=tif,
            )
        )

    def executions(self, **request) -> Executions:
        return Executions(self.stub.StreamExecutions(pb.StreamExecutionsRequest(**request)))


class Executions:
    def __init__(self, call) -> None:
        self.call, self.reports, self.caught_up, self.sequence = call, [], False, 0

    async def until(self, condition) -> None:
        async with asyncio.timeout(20):
            while not condition():
                response = await self.call.read()
                assert response.first_sequence == self.sequence + 1
                self.sequence += len(response.reports)
                self.reports += response.reports
                self.caught_up |= response.caught_up

    @property
    def trade_ids(self) -> list[int]:
        return [int(trade.trade_id) for report in self.reports for trade in report.trades]

    def ended(self, name: str) -> bool:
        return any(
            one.client_order_id == name and one.status > pb.ORDER_STATUS_PARTIALLY_FILLED for one in self.reports
        )


@asynccontextmanager
async def orders(venue: FakeVenue, data_dir=None, **config):
    settings = {
        "environment": {"base": venue.url},
        "api_key": "env:FAKE_KEY",
        "api_secret": "env:FAKE_SECRET",
        "recv_window_ms": 100,
        "request_timeout_ms": 1_000,
        "retry_ms": 20,
    }
    async with serve_connector(BinanceOrders(), settings | config, data_dir=data_dir) as channel:
        yield Account(channel)


async def test_accepted_order_is_reported_with_its_fills(venue):
    venue.fill = Decimal("0.25")
    async with orders(venue) as account:
        report = await account.place()
    assert (report.status, report.executed_quantity, report.executed_value) == (
        pb.ORDER_STATUS_PARTIALLY_FILLED,
        "0.25",
        "25",
    )
    (trade,) = report.trades
    assert (trade.trade_id, trade.commission, trade.commission_asset) == ("1001", "0.00025", "BTC")


async def test_rest_of_an_immediate_order_expires(venue):
    venue.fill = Decimal("0.5")
    async with orders(venue) as account:
        report = await account.place(tif=pb.TIME_IN_FORCE_IOC)
    assert (report.status, report.executed_quantity) == (pb.ORDER_STATUS_EXPIRED, "0.5")


@pytest.mark.parametrize(
    ("terms", "filter_name"),
    [
        ({"price": "100.005"}, "PRICE_FILTER"),
        ({"quantity": "0.00001"}, "LOT_SIZE"),
        ({"quantity": "0.01"}, "NOTIONAL"),
    ],
)
async def test_order_that_breaks_a_filter_is_refused_with_its_name_and_not_sent(venue, terms, filter_name):
    async with orders(venue) as account:
        answer = await account.place(**terms)
    assert answer.reject_class == pb.REJECT_CLASS_FILTER
    assert answer.detail.startswith(filter_name)
    assert venue.calls[ORDER] == 0


async def test_venues_refusals_are_classed(venue):
    venue.script(
        *ORDER,
        ("before", 400, {"code": -1013, "msg": "Filter failure: PERCENT_PRICE_BY_SIDE"}),
        ("before", 400, {"code": -2010, "msg": "Account has insufficient balance for requested action."}),
        ("before", 400, {"code": -2010, "msg": "Market is closed."}),
    )
    async with orders(venue) as account:
        answers = [await account.place() for _ in range(3)]
        assert (await account.place()).status == pb.ORDER_STATUS_NEW
    assert [answer.reject_class for answer in answers] == [
        pb.REJECT_CLASS_FILTER,
        pb.REJECT_CLASS_BALANCE,
        pb.REJECT_CLASS_HALTED,
    ]
    assert (answers[0].detail, answers[0].venue_code) == ("PERCENT_PRICE_BY_SIDE", -1013)


async def test_retry_after_is_obeyed_without_asking_the_venue_again(venue):
    venue.script(*ORDER, ("before", 429, {"code": -1015, "msg": "Too many new orders."}, {"Retry-After": "3"}))
    async with orders(venue) as account:
        first, second = await account.place(), await account.place("o-2")
    assert (first.reject_class, first.retry_after_ms) == (pb.REJECT_CLASS_RATE, 3000)
    assert second.reject_class == pb.REJECT_CLASS_RATE
    assert 0 < second.retry_after_ms <= 3000
    assert venue.calls[ORDER] == 1


async def test_clock_that_runs_ahead_is_followed_and_a_refused_timestamp_retried_once(venue):
    venue.clock_ahead_ms = 7_000
    venue.script(*ORDER, ("before", 400, {"code": -1021, "msg": "Timestamp for this request is outside."}))
    async with orders(venue) as account:
        await account.stub.ListBalances(pb.ListBalancesRequest())
        measured = venue.calls["GET", "time"]
        assert (await account.place()).status == pb.ORDER_STATUS_NEW
        assert venue.calls["GET", "time"] == measured + 1
    assert venue.calls[ORDER] == 2


@pytest.mark.parametrize(
    "fault",
    [("after", "cut"), ("after", 503, {}), ("after", 400, {"code": -1007, "msg": "Timeout waiting for response."})],
)
async def test_order_that_arrived_without_an_answer_is_found_by_its_id(venue, fault):
    venue.script(*ORDER, fault)
    venue.fill = Decimal(1)
    async with orders(venue) as account:
        report = await account.place()
    assert (report.status, [trade.trade_id for trade in report.trades]) == (pb.ORDER_STATUS_FILLED, ["1001"])
    assert len(venue.orders) == 1


async def test_order_that_did_not_arrive_is_told_only_when_it_cannot_arrive_any_more(venue):
    venue.script(*ORDER, ("before", "cut"))
    async with orders(venue) as account:
        report = await account.place()
        assert report.status == pb.ORDER_STATUS_NOT_FOUND
        assert venue.calls["GET", "order"] > 3
        assert (await account.place()).status == pb.ORDER_STATUS_NEW
    assert len(venue.orders) == 1


async def test_result_stays_ambiguous_while_the_venue_cannot_be_asked(venue):
    venue.script(*ORDER, ("after", "cut"))
    venue.script("GET", "order", *[("before", 503, {})] * 500)
    async with orders(venue, request_timeout_ms=300) as account:
        assert (await account.place()).reject_class == pb.REJECT_CLASS_AMBIGUOUS
        venue.next_replies.clear()
        assert (await account.place()).status == pb.ORDER_STATUS_NEW
    assert len(venue.orders) == 1


async def test_repeated_instruction_is_answered_with_what_became_of_the_order(venue):
    venue.fill = Decimal(1)
    async with orders(venue) as account:
        await account.place()
        again = await account.place()
        other = await account.place(quantity="2")
    assert (again.status, len(again.trades)) == (pb.ORDER_STATUS_FILLED, 1)
    assert other.reject_class == pb.REJECT_CLASS_OTHER
    assert len(venue.orders) == 1


async def test_instruction_repeated_after_a_crash_never_makes_a_second_order_even_when_the_first_is_filled(
    venue, tmp_path
):
    venue.fill = Decimal(1)
    venue.script(*ORDER, ("after", "cut"))
    venue.script("GET", "order", *[("before", 503, {})] * 500)
    async with orders(venue, tmp_path, request_timeout_ms=300) as account:
        await account.place()
    venue.next_replies.clear()
    async with orders(venue, tmp_path) as account:
        again = await account.place()
    assert (again.status, again.executed_quantity) == (pb.ORDER_STATUS_FILLED, "1")
    assert len(venue.orders) == 1


async def test_order_that_the_venue_calls_duplicate_is_answered_with_the_existing_one(venue, tmp_path):
    async with orders(venue, tmp_path / "first") as account:
        first = await account.place()
    async with orders(venue, tmp_path / "second") as account:
        again = await account.place()
        other = await account.place("o-1", quantity="2")
    assert again.venue_order_id == first.venue_order_id
    assert other.reject_class == pb.REJECT_CLASS_OTHER


async def test_unseen_ids_are_asked_for_first_when_told_so(venue, tmp_path):
    venue.fill = Decimal(1)
    async with orders(venue, tmp_path / "first") as account:
        await account.place()
    async with orders(venue, tmp_path / "lost", query_unseen=True) as account:
        assert (await account.place()).status == pb.ORDER_STATUS_FILLED
    assert len(venue.orders) == 1


async def test_cancel_tells_how_the_order_ended(venue):
    venue.fill = Decimal("0.5")
    async with orders(venue) as account:
        await account.place()
        cancel = pb.CancelOrder(client_order_id="o-1", symbol="BTCUSDC")
        first, second = await account.execute(cancel=cancel), await account.execute(cancel=cancel)
        unknown = await account.execute(cancel=pb.CancelOrder(client_order_id="o-9", symbol="BTCUSDC"))
    assert first == second
    assert (first.status, first.client_order_id, first.executed_quantity) == (pb.ORDER_STATUS_CANCELED, "o-1", "0.5")
    assert len(first.trades) == 1
    assert unknown.status == pb.ORDER_STATUS_NOT_FOUND


async def test_answers_to_everything_asked_come_before_the_call_ends(venue):
    async with orders(venue) as account:
        for number in range(5):
            query = pb.QueryOrder(client_order_id=f"o-{number}", symbol="BTCUSDC")
            await account.call.write(pb.ExecuteRequest(correlation_id=number, query=query))
        await account.call.done_writing()
        answered = [result.correlation_id async for response in account.call for result in response.results]
    assert sorted(answered) == list(range(5))


async def test_live_trades_arrive_before_the_end_of_their_order(venue):
    async with orders(venue) as account:
        stream = account.executions()
        await stream.until(lambda: stream.caught_up)
        report = await account.place()
        await venue.trade(int(report.venue_order_id), Decimal("0.4"))
        await venue.trade(int(report.venue_order_id), Decimal("0.6"))
        await stream.until(lambda: stream.ended("o-1"))
    assert stream.trade_ids == [1001, 1002]
    assert [one.status for one in stream.reports] == [
        pb.ORDER_STATUS_NEW,
        pb.ORDER_STATUS_PARTIALLY_FILLED,
        pb.ORDER_STATUS_FILLED,
    ]


async def test_what_happened_since_the_cursor_is_delivered_first(venue):
    async with orders(venue) as account:
        for name in ("o-1", "o-2", "o-3"):
            report = await account.place(name)
            await venue.trade(int(report.venue_order_id), Decimal("0.5"))
        await venue.trade(7, Decimal("0.5"))
        cursor = pb.TradeCursor(symbol="BTCUSDC", last_trade_id="1001")
        wanted = [pb.QueryOrder(client_order_id=name, symbol="BTCUSDC") for name in ("o-2", "o-8")]
        stream = account.executions(cursors=[cursor], open_orders=wanted)
        await stream.until(lambda: stream.caught_up)
    assert stream.trade_ids == [1002, 1003, 1004]
    assert stream.ended("o-1")
    ends = {one.client_order_id: one.status for one in stream.reports}
    assert ends["o-2"] == pb.ORDER_STATUS_PARTIALLY_FILLED
    assert ends["o-8"] == pb.ORDER_STATUS_NOT_FOUND


async def test_what_happens_while_the_connection_is_lost_is_delivered_once(venue):
    async with orders(venue) as account:
        stream = account.executions(cursors=[pb.TradeCursor(symbol="BTCUSDC", last_trade_id="0")])
        await stream.until(lambda: stream.caught_up)
        report = await account.place()
        number = int(report.venue_order_id)
        await venue.trade(number, Decimal("0.1"))
        await stream.until(lambda: stream.trade_ids)
        await venue.drop_users()
        await venue.trade(number, Decimal("0.2"))
        venue.fill = Decimal(1)
        await account.place("o-2")
        await until(lambda: venue.user_sockets)
        await venue.trade(number, Decimal("0.7"))
        await stream.until(lambda: stream.ended("o-1") and stream.ended("o-2"))
    assert sorted(stream.trade_ids) == [1001, 1002, 1003, 1004]


async def test_event_that_never_comes_is_noticed_by_the_next_one(venue):
    async with orders(venue) as account:
        stream = account.executions()
        await stream.until(lambda: stream.caught_up)
        number = int((await account.place()).venue_order_id)
        venue.send_events = False
        await venue.trade(number, Decimal("0.2"))
        venue.send_events = True
        await venue.trade(number, Decimal("0.3"))
        await stream.until(lambda: len(stream.trade_ids) == 2)
    assert stream.trade_ids == [1001, 1002]


async def test_end_that_was_never_told_is_found_by_comparing_open_orders(venue):
    async with orders(venue, reconcile_every_ms=100) as account:
        stream = account.executions()
        await stream.until(lambda: stream.caught_up)
        number = int((await account.place()).venue_order_id)
        venue.send_events = False
        await venue.trade(number, Decimal(1))
        await stream.until(lambda: stream.ended("o-1"))
    assert stream.trade_ids == [1001]


async def test_replaced_configuration_ends_the_streams_and_keeps_the_ids(venue, tmp_path):
    settings = {"environment": {"base": venue.url}, "api_key": "env:FAKE_KEY", "api_secret": "env:FAKE_SECRET"}
    venue.fill = Decimal(1)
    async with serve_connector(BinanceOrders(), settings, data_dir=tmp_path) as channel:
        account = Account(channel)
        stream = account.executions()
        await stream.until(lambda: stream.caught_up)
        await account.place()
        await configured(channel, settings | {"retry_ms": 20}, revision=2)
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await stream.until(lambda: False)
        assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
        assert (await Account(channel).place()).status == pb.ORDER_STATUS_FILLED
    assert len(venue.orders) == 1


async def test_order_that_the_venue_denies_holds_nothing_else_up(venue):
    async with orders(venue) as account:
        await account.place()
        venue.orders.clear()
        answer = await account.execute(query=pb.QueryOrder(client_order_id="o-1", symbol="BTCUSDC"))
        stream = account.executions(open_orders=[pb.QueryOrder(client_order_id="o-1", symbol="BTCUSDC")])
        await stream.until(lambda: stream.caught_up)
    assert answer.reject_class == pb.REJECT_CLASS_AMBIGUOUS
    assert not stream.reports


async def test_balances_orders_and_rates_of_the_account(venue):
    async with orders(venue) as account:
        await account.place()
        balances = (await account.stub.ListBalances(pb.ListBalancesRequest())).balances
        (order,) = (await account.stub.ListOrders(pb.ListOrdersRequest())).orders
        listed = await account.stub.ListInstruments(pb.ListInstrumentsRequest(symbols=["BTCUSDC"]))
    assert [(one.asset, one.free) for one in balances] == [("USDC", "10000")]
    assert (order.client_order_id, order.quantity) == ("o-1", "1")
    assert (listed.instruments[0].taker_fee, listed.instruments[0].maker_fee) == ("0.0021", "0.001")


async def test_deposits_are_told_when_new_and_when_changed(venue):
    deposit = {"id": "d1", "amount": "5.5", "coin": "USDC", "network": "BASE", "status": 0, "txId": "0xAA"}
    deposit |= {"address": "0xAbC1", "insertTime": venue.now()}
    async with orders(venue, deposits_every_ms=20) as account:
        address = await account.funding.GetDepositAddress(pb.GetDepositAddressRequest(asset="USDC", chain_id=8453))
        stream = account.funding.StreamDeposits(pb.StreamDepositsRequest(since_at=deposit["insertTime"] * 10**6))
        venue.deposits += [deposit, {**deposit, "id": "old", "insertTime": deposit["insertTime"] - 1}]
        first = await stream.read()
        deposit["status"] = 1
        second = await stream.read()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await account.funding.GetDepositAddress(pb.GetDepositAddressRequest(asset="USDC", chain_id=999))
    assert (address.address, address.network, address.min_amount) == ("0xabc1", "BASE", "0.01")
    assert [(one.deposit_id, one.amount.amount, one.tx_hash) for one in first.deposits] == [("d1", "5.5", "0xaa")]
    assert [one.status for one in second.deposits] == [pb.VenueDeposit.STATUS_CREDITED]
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
