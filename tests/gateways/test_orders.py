"""Orders over REST: forms, refusals with their exact texts, fills, cancels, queries."""

from __future__ import annotations

import pytest

from gateways.trader import Trader
from indexmaker.gateways.binance.signing import sign

pytestmark = pytest.mark.usefixtures("gateway")

DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"


def mandatory(name: str) -> str:
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"symbol": None}, -1102, mandatory("symbol")),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"symbol": "btcusdc"}, -1100, "Illegal characters found in parameter 'symbol'"),
        ({"side": None}, -1102, mandatory("side")),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": "LIMITED"}, -1116, "Invalid orderType."),
        ({"type": "STOP_LOSS"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"type": "STOP_LOSS_LIMIT"}, -1102, "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty"),
        ({"timeInForce": "GTD"}, -1115, "Invalid timeInForce."),
        ({"timeInForce": None}, -1102, mandatory("timeInForce")),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"price": None}, -1102, mandatory("price")),
        ({"quantity": None}, -1102, mandatory("quantity")),
        ({"quantity": ""}, -1105, "Parameter 'quantity' was empty."),
        (
            {"quantity": "1e-05"},
            -1100,
            f"Illegal characters found in parameter 'quantity'; legal range is '{DECIMAL}'.",
        ),
        ({"quantity": "-1"}, -1100, f"Illegal characters found in parameter 'quantity'; legal range is '{DECIMAL}'."),
        ({"quantity": "0.123456789"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "0"}, -1013, "Invalid quantity."),
        ({"price": "0.0"}, -1013, "Invalid price."),
        ({"quantity": "0.000011"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "9000.1"}, -1013, "Filter failure: LOT_SIZE"),
        ({"price": "100000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "1000000.01"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "19999.99"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.00004"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "11"}, -2010, "Account has insufficient balance for requested action."),
        ({"quoteOrderQty": "5"}, -1106, "Parameter 'quoteOrderQty' sent when not required."),
        ({"icebergQty": "900"}, -2010, "IcebergQty exceeds QTY."),
        ({"selfTradePreventionMode": "SOMETHING"}, -2010, "This symbol does not allow the specified self-trade"),
        (
            {"newClientOrderId": "a:b"},
            -1100,
            "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
        ),
        (
            {"type": "MARKET", "price": None, "timeInForce": None, "quantity": None},
            -1102,
            "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
        ),
        ({"type": "MARKET", "timeInForce": None}, -1106, "Parameter 'price' sent when not required."),
        ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
    ],
)
async def test_refusals_have_the_codes_and_texts_of_binance(
    alice: Trader, changes: dict[str, object], code: int, text: str
) -> None:
    status, answer = await alice.order(**changes)
    assert (status, answer["code"]) == (400, code)
    assert answer["msg"].startswith(text)
    assert (await alice.get("/api/v3/openOrders"))[1] == []


async def test_limit_maker_that_would_trade_is_refused(alice: Trader, bob: Trader) -> None:
    await bob.order(side="SELL")
    status, answer = await alice.order(type="LIMIT_MAKER", timeInForce=None)
    assert (status, answer) == (400, {"code": -2010, "msg": "Order would immediately match and take."})


async def test_open_client_order_id_cannot_be_used_twice(alice: Trader) -> None:
    assert (await alice.order(newClientOrderId="one"))[0] == 200
    status, answer = await alice.order(newClientOrderId="one")
    assert (status, answer) == (400, {"code": -2010, "msg": "Duplicate order sent."})


async def test_fill_is_reported_with_commission_in_the_received_asset(alice: Trader, bob: Trader) -> None:
    await bob.order(side="SELL", quantity="0.04", price="99000")
    await bob.order(side="SELL", quantity="0.04", price="100000")
    status, answer = await alice.order(newClientOrderId="mine")
    assert status == 200
    assert answer["fills"] == [
        {"price": price, "qty": "0.04000000", "commission": "0.00004000", "commissionAsset": "BTC", "tradeId": number}
        for number, price in ((1, "99000.00000000"), (2, "100000.00000000"))
    ]
    shown = {
        name: answer[name] for name in ("status", "executedQty", "cummulativeQuoteQty", "origQty", "clientOrderId")
    }
    assert shown == {
        "status": "PARTIALLY_FILLED",
        "executedQty": "0.08000000",
        "cummulativeQuoteQty": "7960.00000000",
        "origQty": "0.10000000",
        "clientOrderId": "mine",
    }
    _, queried = await alice.get("/api/v3/order", symbol="BTCUSDC", origClientOrderId="mine")
    assert (queried["status"], queried["orderId"]) == ("PARTIALLY_FILLED", answer["orderId"])
    _, trades = await alice.get("/api/v3/myTrades", symbol="BTCUSDC", fromId=2)
    assert [(trade["id"], trade["isMaker"], trade["commission"]) for trade in trades] == [(2, False, "0.00004000")]
    _, sold = await bob.get("/api/v3/myTrades", symbol="BTCUSDC")
    assert [(trade["commission"], trade["commissionAsset"], trade["isMaker"]) for trade in sold] == [
        ("3.96000000", "USDC", True),
        ("4.00000000", "USDC", True),
    ]


async def test_market_order_by_quote_amount_spends_no_more(alice: Trader, bob: Trader) -> None:
    await bob.order(side="SELL", quantity="1")
    _, answer = await alice.order(type="MARKET", quoteOrderQty="1000.5", quantity=None, price=None, timeInForce=None)
    assert (answer["status"], answer["executedQty"]) == ("FILLED", "0.01000000")
    assert (answer["cummulativeQuoteQty"], answer["origQuoteOrderQty"]) == ("1000.00000000", "1000.50000000")


async def test_rest_of_an_ioc_order_expires(alice: Trader, bob: Trader) -> None:
    await bob.order(side="SELL", quantity="0.04")
    _, answer = await alice.order(timeInForce="IOC")
    assert (answer["status"], answer["executedQty"]) == ("EXPIRED", "0.04000000")


async def test_reply_types(alice: Trader) -> None:
    _, ack = await alice.order(newOrderRespType="ACK")
    _, result = await alice.order(newOrderRespType="RESULT")
    _, by_default = await alice.order(type="LIMIT_MAKER", timeInForce=None)
    assert set(ack) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"} == set(by_default)
    assert "fills" not in result
    assert result["status"] == "NEW"


async def test_cancel_frees_the_hold_and_names_both_ids(alice: Trader) -> None:
    _, placed = await alice.order(newClientOrderId="rest")
    status, answer = await alice.delete(
        "/api/v3/order", symbol="BTCUSDC", orderId=placed["orderId"], newClientOrderId="gone"
    )
    assert status == 200
    assert (answer["origClientOrderId"], answer["clientOrderId"], answer["status"]) == ("rest", "gone", "CANCELED")
    _, account = await alice.get("/api/v3/account", omitZeroBalances="true")
    assert account["balances"] == [{"asset": "USDC", "free": "1000000.00000000", "locked": "0.00000000"}]


@pytest.mark.parametrize(
    ("parameters", "code", "text"),
    [
        ({"orderId": 99}, -2011, "Unknown order sent."),
        ({}, -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"),
        ({"origClientOrderId": "x", "cancelRestrictions": "NOW"}, -1145, "Invalid cancelRestrictions"),
    ],
)
async def test_refused_cancels(alice: Trader, parameters: dict[str, object], code: int, text: str) -> None:
    assert await alice.delete("/api/v3/order", symbol="BTCUSDC", **parameters) == (400, {"code": code, "msg": text})


async def test_cancel_restriction_is_kept(alice: Trader) -> None:
    await alice.order(newClientOrderId="fresh")
    answer = await alice.delete(
        "/api/v3/order", symbol="BTCUSDC", origClientOrderId="fresh", cancelRestrictions="ONLY_PARTIALLY_FILLED"
    )
    assert answer == (400, {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."})


async def test_orders_of_others_do_not_exist(alice: Trader, bob: Trader) -> None:
    _, placed = await alice.order()
    assert await bob.get("/api/v3/order", symbol="BTCUSDC", orderId=placed["orderId"]) == (
        400,
        {"code": -2013, "msg": "Order does not exist."},
    )
    assert (await bob.delete("/api/v3/order", symbol="BTCUSDC", orderId=placed["orderId"]))[1]["code"] == -2011


async def test_cancelling_all_takes_the_symbol_only(alice: Trader) -> None:
    await alice.order(newClientOrderId="b1")
    await alice.order(newClientOrderId="b2")
    await alice.order(newClientOrderId="e1", symbol="ETHUSDC", price="3000")
    status, answer = await alice.delete("/api/v3/openOrders", symbol="BTCUSDC")
    assert status == 200
    assert [one["origClientOrderId"] for one in answer] == ["b1", "b2"]
    _, left = await alice.get("/api/v3/openOrders")
    assert [one["clientOrderId"] for one in left] == ["e1"]
    assert (await alice.delete("/api/v3/openOrders", symbol="BTCUSDC"))[1]["msg"] == "Unknown order sent."
    _, remembered = await alice.get("/api/v3/allOrders", symbol="BTCUSDC")
    assert [(one["clientOrderId"], one["status"]) for one in remembered] == [("b1", "CANCELED"), ("b2", "CANCELED")]


async def test_test_order_changes_nothing(alice: Trader) -> None:
    order = {"symbol": "BTCUSDC", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    assert await alice.post("/api/v3/order/test", **order, quantity="1", price="100000") == (200, {})
    assert (await alice.post("/api/v3/order/test", **order, quantity="1"))[1]["code"] == -1102
    assert (await alice.get("/api/v3/openOrders"))[1] == []


async def test_query_and_body_are_signed_together_and_the_query_wins(alice: Trader) -> None:
    query = "symbol=BTCUSDC&side=BUY&type=LIMIT&timeInForce=GTC"
    body = f"quantity=0.5&price=90000&side=SELL&timestamp={alice.now()}"
    signature = sign(query + body, secret=alice.secret)
    status, answer = await alice.raw(
        "POST", "/api/v3/order", query=query, body=f"{body}&signature={signature}", key="alice"
    )
    assert (status, answer["side"]) == (200, "BUY")
    other = sign(f"{query}&{body}", secret=alice.secret)
    status, answer = await alice.raw(
        "POST", "/api/v3/order", query=query, body=f"{body}&signature={other}", key="alice"
    )
    assert (status, answer["code"]) == (400, -1022)
