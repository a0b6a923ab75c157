"""Quotes over FIX: asked for, binding when signed, and used by an order."""

from __future__ import annotations

import pytest

from fix.conftest import ALICE, BOB
from fix.raw import raw_client
from fix.test_orders import take
from indexmaker_client.fix_messages import ExecutionReport, QuoteReject, QuoteReport


async def test_a_quote_says_what_an_order_would_get_and_holds_nothing(house):
    async with house.gateway(), house.client() as fix:
        request_id = await fix.ask_quote(index="TOP2", cash="250")
        (quote,) = await take(fix, 1)
    assert isinstance(quote, QuoteReport)
    assert (quote.request_id, quote.side, quote.amount, quote.units) == (request_id, "BUY", "250", "2.5")
    assert (quote.price, quote.limit_price, quote.mid_price) == ("99.9", "101", "99.8")
    assert {fee.kind: fee.amount for fee in quote.fees} == {"VENUE": "0.2", "ROUTING": "0.3"}
    assert (quote.quote_id, quote.state) == ("", "")
    assert house.core.quotes == {}


async def test_a_sale_is_quoted_by_units_with_its_payout(house):
    async with house.gateway(), house.client() as fix:
        await fix.ask_quote(index="TOP2", units="2")
        (quote,) = await take(fix, 1)
    assert (quote.side, quote.amount, quote.units, quote.payout) == ("SELL", "2", "2", "199")


async def test_a_binding_quote_is_used_by_an_order_that_names_it(house):
    async with house.gateway(), house.client() as fix:
        await fix.ask_quote(index="TOP2", cash="250", binding=True, request_id="q-1")
        (quote,) = await take(fix, 1)
        assert (quote.request_id, quote.state) == ("q-1", "OPEN")
        await fix.submit(index="TOP2", cash="250", client_order_id="o-1", quote_id=quote.quote_id)
        (report,) = await take(fix, 1)
        assert isinstance(report, ExecutionReport)
        assert report.exec_type == "0"
        await fix.ask_quote(index="TOP2", cash="250", binding=True, request_id="q-1")
        (again,) = await take(fix, 1)
    assert (again.quote_id, again.state) == (quote.quote_id, "USED")
    assert len(house.core.quotes) == 1


@pytest.mark.parametrize("binding", [False, True])
async def test_what_cannot_be_quoted_is_refused_with_the_rule(house, binding):
    async with house.gateway(), house.client() as fix:
        await fix.ask_quote(index="TOP2", cash="1000000", binding=binding, request_id="q-1")
        (refusal,) = await take(fix, 1)
    assert isinstance(refusal, QuoteReject)
    assert (refusal.request_id, refusal.reason, refusal.code) == ("q-1", "9", "NO_CAPACITY")
    assert refusal.text == "BTC"


async def test_an_unknown_index_is_not_quoted(house):
    async with house.gateway(), house.client() as fix:
        await fix.ask_quote(index="NONE", cash="250")
        (refusal,) = await take(fix, 1)
    assert (refusal.index, refusal.reason) == ("NONE", "1")


def request(client, **change):
    body = {
        "QuoteReqID": "q-1",
        "Account": str(client.signer.account),
        "Symbol": "TOP2",
        "Side": "1",
        "CashOrderQty": "250",
        "BindingQuote": "Y",
    }
    return {name: value for name, value in (body | change).items() if value is not None}


async def test_a_binding_quote_needs_a_signature_over_its_very_terms(house):
    signature = ALICE.sign_quote(client_quote_id="q-1", side="BUY", index="TOP2", amount="250")
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        await client.say("R", request(client))
        unsigned = await client.hear()
        await client.say("R", request(client, CashOrderQty="251"), trailer={"Signature": signature})
        altered = await client.hear()
    assert (unsigned["Header"]["MsgType"], unsigned["Body"]["RefTagID"]) == ("3", "89")
    assert altered["Header"]["MsgType"] == "AG"
    assert "sign the terms as they are sent" in altered["Body"]["Text"]
    assert house.core.quotes == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Account": str(BOB.account)}, "6"),
        ({"CashOrderQty": None}, "5"),
        ({"OrderQty": "2"}, "5"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_under_its_own_id(house, change, reason):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        await client.say("R", request(client, BindingQuote="N", **change))
        answer = await client.hear()
    assert (answer["Header"]["MsgType"], answer["Body"]["BusinessRejectReason"]) == ("j", reason)
    assert answer["Body"]["BusinessRejectRefID"] == "q-1"


async def test_the_quote_of_an_order_cannot_be_put_in_by_another(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        body, trailer = client.order("o-1", QuoteID="q-stolen")
        await client.say("D", body, trailer=trailer)
        answer = await client.hear()
    assert answer["Body"]["ExecType"] == "8"
    assert house.core.orders == {}
