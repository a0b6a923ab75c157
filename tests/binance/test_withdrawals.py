"""Withdrawals through the connector: no request ever moves money twice."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.testing.serve import serve_connector
from indexmaker_binance.orders import BinanceOrders

from .fake_venue import FakeVenue

APPLY, HISTORY = ("POST", "capital/withdraw/apply"), ("GET", "capital/withdraw/history")
ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
Status = pb.VenueWithdrawal


@pytest.fixture
async def venue():
    async with FakeVenue() as running:
        yield running


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("FAKE_KEY", "the-key")
    monkeypatch.setenv("FAKE_SECRET", "the-secret")


@asynccontextmanager
async def wallet(venue: FakeVenue, data_dir=None, **config):
    settings = {
        "environment": {"base": venue.url},
        "api_key": "env:FAKE_KEY",
        "api_secret": "env:FAKE_SECRET",
        "withdrawals": True,
        "withdrawals_every_ms": 20,
        "recv_window_ms": 100,
        "request_timeout_ms": 200,
        "retry_ms": 20,
        "withdrawal_doubt_ms": 10_000,
    }
    async with serve_connector(BinanceOrders(), settings | config, data_dir=data_dir) as channel:
        yield rpc.FundingServiceStub(channel)


async def withdraw(stub, **changes):
    """The withdrawal, or the refusal."""
    terms = {"withdrawal_id": "w-1", "asset": "USDC", "chain_id": 8453, "address": ADDRESS, "amount": "100"}
    answer = await stub.Withdraw(pb.WithdrawRequest(**terms | changes))
    return getattr(answer, answer.WhichOneof("result"))


async def query(stub, withdrawal_id="w-1") -> pb.VenueWithdrawal:
    return (await stub.QueryWithdrawal(pb.QueryWithdrawalRequest(withdrawal_id=withdrawal_id))).withdrawal


async def test_quote_tells_network_fee_and_limits(venue):
    async with wallet(venue) as stub:
        quote = await stub.QuoteWithdrawal(pb.QuoteWithdrawalRequest(asset="USDC", chain_id=8453))
        venue.withdraw_terms |= {"withdrawEnable": False, "withdrawDesc": "maintenance"}
        closed = await stub.QuoteWithdrawal(pb.QuoteWithdrawalRequest(asset="USDC", chain_id=8453))
        with pytest.raises(grpc.aio.AioRpcError) as unlisted:
            await stub.QuoteWithdrawal(pb.QuoteWithdrawalRequest(asset="USDC", chain_id=1))
    terms = (quote.network, quote.fee, quote.min_amount, quote.max_amount, quote.amount_step, quote.enabled)
    assert terms == ("BASE", "0.5", "5", "1000", "0.000001", True)
    assert (closed.enabled, closed.reason) == (False, "maintenance")
    assert unlisted.value.code() == grpc.StatusCode.FAILED_PRECONDITION


async def test_request_is_sent_once_and_a_repeated_one_tells_how_it_stands(venue):
    async with wallet(venue) as stub:
        first = await withdraw(stub)
        venue.withdrawals[0] |= {"status": 4, "txId": "0xAB"}
        again = await withdraw(stub, chain_id=0, network="BASE", address=ADDRESS.lower(), amount="100.0")
        asked = await query(stub)
    assert (first.status, first.venue_withdrawal_id, first.amount.amount) == (Status.STATUS_PROCESSING, "v-1", "100")
    assert (first.fee, first.address) == ("0.5", ADDRESS.lower())
    assert (again.status, again.tx_hash, again.amount.amount, again.fee) == (Status.STATUS_SENT, "0xab", "100", "0.5")
    assert asked == again
    assert venue.calls[APPLY] == 1


async def test_an_id_is_never_used_for_two_withdrawals(venue, tmp_path):
    async with wallet(venue, tmp_path / "one") as stub:
        await withdraw(stub)
        other = await withdraw(stub, amount="101")
    async with wallet(venue, tmp_path / "lost") as stub:
        unseen = await withdraw(stub, address="0x" + "12" * 20)
    assert [one.reject_class for one in (other, unseen)] == [pb.REJECT_CLASS_OTHER] * 2
    assert venue.calls[APPLY] == 1


async def test_connector_that_lost_its_journal_finds_the_first_request_in_the_history(venue, tmp_path):
    async with wallet(venue, tmp_path / "one") as stub:
        await withdraw(stub)
    async with wallet(venue, tmp_path / "lost") as stub:
        again = await withdraw(stub)
    assert (again.venue_withdrawal_id, venue.calls[APPLY]) == ("v-1", 1)


@pytest.mark.parametrize("fault", [("after", "cut"), ("after", 503, {}), ("after", 400, {"code": -1007, "msg": "?"})])
async def test_request_without_an_answer_is_looked_up(venue, fault):
    venue.script(*APPLY, fault)
    async with wallet(venue) as stub:
        found = await withdraw(stub)
    assert (found.status, found.venue_withdrawal_id) == (Status.STATUS_PROCESSING, "v-1")


async def test_request_that_may_still_show_up_is_not_sent_again(venue, tmp_path):
    venue.script(*APPLY, ("after", "cut"))
    venue.history_lag = 5
    async with wallet(venue, tmp_path) as stub:
        first = await withdraw(stub)
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await query(stub)
    async with wallet(venue, tmp_path) as stub:
        second = await withdraw(stub)
        venue.history_lag = 0
        third = await withdraw(stub)
    assert [one.reject_class for one in (first, second)] == [pb.REJECT_CLASS_AMBIGUOUS] * 2
    assert unknown.value.code() == grpc.StatusCode.UNAVAILABLE
    assert (third.venue_withdrawal_id, venue.calls[APPLY]) == ("v-1", 1)


async def test_request_that_never_arrived_is_sent_again_once_that_is_certain(venue):
    venue.script(*APPLY, ("before", "cut"))
    async with wallet(venue, withdrawal_doubt_ms=10, request_timeout_ms=100) as stub:
        assert (await withdraw(stub)).reject_class == pb.REJECT_CLASS_AMBIGUOUS
        async with asyncio.timeout(10):
            while isinstance(answer := await withdraw(stub), pb.WithdrawalReject):
                assert answer.reject_class == pb.REJECT_CLASS_AMBIGUOUS
    assert answer.venue_withdrawal_id == "v-1"
    assert len(venue.withdrawals) == 1


async def test_accepted_request_is_known_before_the_history_shows_it(venue):
    async with wallet(venue) as stub:
        await withdraw(stub)
        venue.history_lag = 2
        asked, again = await query(stub), await withdraw(stub)
    assert asked == again
    assert (asked.status, asked.venue_withdrawal_id, asked.fee) == (Status.STATUS_PROCESSING, "v-1", "0.5")


async def test_unknown_withdrawal_is_not_found(venue):
    async with wallet(venue) as stub:
        assert (await query(stub, "w-9")).status == Status.STATUS_NOT_FOUND


@pytest.mark.parametrize(
    ("changes", "reject_class", "word"),
    [
        ({"amount": "4.9"}, pb.REJECT_CLASS_FILTER, "withdrawMin"),
        ({"amount": "1000.1"}, pb.REJECT_CLASS_FILTER, "withdrawMax"),
        ({"amount": "5.0000001"}, pb.REJECT_CLASS_FILTER, "withdrawIntegerMultiple"),
        ({"amount": "-5"}, pb.REJECT_CLASS_FILTER, "amount"),
        ({"amount": "5e1"}, pb.REJECT_CLASS_FILTER, "amount"),
        ({"address": " "}, pb.REJECT_CLASS_FILTER, "address"),
        ({"withdrawal_id": "a b"}, pb.REJECT_CLASS_FILTER, "client order id"),
        ({"chain_id": 999}, pb.REJECT_CLASS_FILTER, "chain 999"),
    ],
)
async def test_request_that_the_venue_would_refuse_is_not_sent(venue, changes, reject_class, word):
    async with wallet(venue) as stub:
        answer = await withdraw(stub, **changes)
    assert (answer.reject_class, answer.venue_code) == (reject_class, 0)
    assert word in answer.detail
    assert venue.calls[APPLY] == 0


async def test_closed_network_is_told_as_halted(venue):
    venue.withdraw_terms |= {"withdrawEnable": False}
    async with wallet(venue) as stub:
        assert (await withdraw(stub)).reject_class == pb.REJECT_CLASS_HALTED
    assert venue.calls[APPLY] == 0


async def test_venues_refusals_are_classed_and_leave_the_id_free(venue):
    venue.script(
        *APPLY,
        ("before", 400, {"code": -4026, "msg": "You have insufficient balance."}),
        ("before", 400, {"code": -4033, "msg": "The address is illegal."}),
        ("before", 400, {"code": -4999, "msg": "Something new."}),
    )
    async with wallet(venue) as stub:
        answers = [await withdraw(stub) for _ in range(3)]
        assert (await withdraw(stub)).venue_withdrawal_id == "v-1"
    assert [(one.reject_class, one.venue_code) for one in answers] == [
        (pb.REJECT_CLASS_BALANCE, -4026),
        (pb.REJECT_CLASS_FILTER, -4033),
        (pb.REJECT_CLASS_OTHER, -4999),
    ]


async def test_rate_limit_is_told_with_its_pause(venue):
    venue.script(*APPLY, ("before", 429, {"code": -1003, "msg": "Too many."}, {"Retry-After": "7"}))
    async with wallet(venue) as stub:
        answer = await withdraw(stub)
    assert (answer.reject_class, answer.retry_after_ms) == (pb.REJECT_CLASS_RATE, 7_000)


async def test_key_without_the_permission_is_told_apart(venue):
    venue.script(*APPLY, ("before", 401, {"code": -1002, "msg": "You are not authorized to execute this request."}))
    async with wallet(venue) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await withdraw(stub)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


async def test_withdrawals_have_a_switch_of_their_own(venue):
    async with wallet(venue, withdrawals=False) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await withdraw(stub)
        assert (await query(stub)).status == Status.STATUS_NOT_FOUND
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert venue.calls[APPLY] == 0


async def test_withdrawals_are_told_when_new_and_when_changed(venue):
    async with wallet(venue) as stub:
        stream = stub.StreamWithdrawals(pb.StreamWithdrawalsRequest(since_at=0))
        await withdraw(stub)
        told = [(await stream.read()).withdrawals[0]]
        for change in (
            {"status": 4, "txId": "0xAA"},
            {"status": 6, "completeTime": "2026-01-02 03:04:05"},
        ):
            venue.withdrawals[0] |= change
            told += (await stream.read()).withdrawals
        venue.withdrawals.append({**venue.withdrawals[0], "id": "v-2", "status": 5, "info": "bad address", "txId": ""})
        told += (await stream.read()).withdrawals
    assert [(one.status, one.tx_hash) for one in told[:3]] == [
        (Status.STATUS_PROCESSING, ""),
        (Status.STATUS_SENT, "0xaa"),
        (Status.STATUS_COMPLETED, "0xaa"),
    ]
    assert told[2].completed_at == 1_767_323_045 * 10**9
    assert (told[3].status, told[3].reason) == (Status.STATUS_FAILED, "bad address")
    assert {(one.amount.amount, one.fee) for one in told} == {("100", "0.5")}


async def test_stream_begins_where_the_client_left_off(venue):
    async with wallet(venue) as stub:
        await withdraw(stub)
        at = (await query(stub)).requested_at
        venue.withdrawals.append({**venue.withdrawals[0], "id": "v-0", "applyTime": "2020-01-01 00:00:00"})
        first = await stub.StreamWithdrawals(pb.StreamWithdrawalsRequest(since_at=at)).read()
    assert [one.venue_withdrawal_id for one in first.withdrawals] == ["v-1"]
