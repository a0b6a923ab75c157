"""Stops, lists, replacements and amendments over REST, with the codes and texts that trading programs read."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from gateways.trader import Answer, Trader

SYMBOL = {"symbol": "BTCUSDC"}


async def traded_at(alice: Trader, bob: Trader, price: str) -> None:
    await bob.order(side="SELL", price=price, quantity="0.01")
    await alice.order(price=price, quantity="0.01", timeInForce="IOC")


async def oco(bob: Trader, **changes: object) -> Answer:
    order = {
        "side": "SELL",
        "quantity": "0.1",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "110000",
        "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": "90000",
        "belowPrice": "89000",
        "belowTimeInForce": "GTC",
    }
    return await bob.post("/api/v3/orderList/oco", **SYMBOL, **(order | changes))


async def test_a_stop_waits_and_is_shown_as_not_working(alice: Trader, bob: Trader) -> None:
    await traded_at(alice, bob, "100000")
    status, answer = await bob.order(side="SELL", type="STOP_LOSS_LIMIT", stopPrice="90000", price="89000")
    assert (status, "status" in answer) == (200, False)
    _, shown = await bob.get("/api/v3/order", **SYMBOL, orderId=answer["orderId"])
    assert (shown["isWorking"], shown["stopPrice"], shown["workingTime"]) == (False, "90000.00000000", -1)
    await bob.order(side="SELL", price="90000", quantity="0.01")
    await alice.order(price="90000", quantity="0.01")
    _, shown = await bob.get("/api/v3/order", **SYMBOL, orderId=answer["orderId"])
    assert shown["isWorking"]


async def test_a_stop_that_would_trigger_is_refused(alice: Trader, bob: Trader) -> None:
    await traded_at(alice, bob, "100000")
    status, answer = await bob.order(side="SELL", type="STOP_LOSS_LIMIT", stopPrice="100000", price="89000")
    assert (status, answer) == (400, {"code": -2010, "msg": "Order would trigger immediately."})


async def test_an_oco_is_placed_queried_and_cancelled(bob: Trader) -> None:
    status, answer = await oco(bob)
    assert status == 200
    assert (answer["contingencyType"], answer["listStatusType"], answer["listOrderStatus"]) == (
        "OCO",
        "EXEC_STARTED",
        "EXECUTING",
    )
    assert [report["type"] for report in answer["orderReports"]] == ["LIMIT_MAKER", "STOP_LOSS_LIMIT"]
    list_id = answer["orderListId"]
    assert {report["orderListId"] for report in answer["orderReports"]} == {list_id}
    _, found = await bob.get("/api/v3/orderList", orderListId=list_id)
    assert found["orders"] == answer["orders"]
    assert len((await bob.get("/api/v3/openOrderList"))[1]) == 1
    status, gone = await bob.delete("/api/v3/orderList", **SYMBOL, orderListId=list_id)
    assert (status, gone["listStatusType"], len(gone["orderReports"])) == (200, "ALL_DONE", 2)
    assert (await bob.get("/api/v3/openOrderList"))[1] == []
    assert len((await bob.get("/api/v3/allOrderList"))[1]) == 1
    assert (await bob.delete("/api/v3/orderList", **SYMBOL, orderListId=list_id))[1]["code"] == -2011


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"abovePrice": "80000"}, -2010, "The relationship of the prices for the orders is not correct."),
        ({"aboveType": "STOP_LOSS", "aboveStopPrice": "120000"}, -1106, "Parameter 'abovePrice' sent when not"),
        ({"belowType": "LIMIT"}, -1106, "Parameter 'belowStopPrice' sent when not required."),
        ({"belowPrice": "89000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": "8000"}, -2010, "Account has insufficient balance for requested action."),
    ],
)
async def test_wrong_lists_are_refused_whole(bob: Trader, changes: dict[str, object], code: int, text: str) -> None:
    status, answer = await oco(bob, **changes)
    assert (status, answer["code"]) == (400, code)
    assert answer["msg"].startswith(text)
    assert (await bob.get("/api/v3/openOrders"))[1] == []


async def test_an_oto_follows_its_working_order(alice: Trader, bob: Trader) -> None:
    status, answer = await alice.post(
        "/api/v3/orderList/oto",
        **SYMBOL,
        workingType="LIMIT",
        workingSide="BUY",
        workingPrice="100000",
        workingQuantity="0.1",
        workingTimeInForce="GTC",
        pendingType="LIMIT",
        pendingSide="SELL",
        pendingPrice="110000",
        pendingQuantity="0.05",
        pendingTimeInForce="GTC",
    )
    assert (status, answer["contingencyType"]) == (200, "OTO")
    assert [report["status"] for report in answer["orderReports"]] == ["NEW", "PENDING_NEW"]
    await bob.order(side="SELL")
    _, left = await alice.get("/api/v3/openOrders")
    assert [(order["side"], order["status"]) for order in left] == [("SELL", "NEW")]


async def replace(alice: Trader, **changes: object) -> Answer:
    order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "99000"}
    order |= {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": 1}
    return await alice.post("/api/v3/order/cancelReplace", **SYMBOL, **(order | changes))


async def test_a_replacement_tells_of_both_halves(alice: Trader) -> None:
    await alice.order()
    status, answer = await replace(alice)
    assert (status, answer["cancelResult"], answer["newOrderResult"]) == (200, "SUCCESS", "SUCCESS")
    assert (answer["cancelResponse"]["status"], answer["newOrderResponse"]["status"]) == ("CANCELED", "NEW")


@pytest.mark.parametrize(
    ("changes", "status", "code", "results"),
    [
        ({"cancelOrderId": 9}, 400, -2022, ("FAILURE", "NOT_ATTEMPTED")),
        ({"cancelOrderId": 9, "cancelReplaceMode": "ALLOW_FAILURE"}, 409, -2021, ("FAILURE", "SUCCESS")),
        ({"quantity": "8000"}, 409, -2021, ("SUCCESS", "FAILURE")),
    ],
)
async def test_a_replacement_that_fails_in_part_says_where(
    alice: Trader, changes: dict[str, object], status: int, code: int, results: tuple[str, str]
) -> None:
    await alice.order()
    got, answer = await replace(alice, **changes)
    assert (got, answer["code"]) == (status, code)
    data = answer["data"]
    assert (data["cancelResult"], data["newOrderResult"]) == results
    if results[0] == "FAILURE":
        assert data["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}


async def test_an_amendment_lowers_the_quantity_and_renames_the_order(alice: Trader) -> None:
    await alice.order(newClientOrderId="old")
    parameters = urlencode_signed(alice, **SYMBOL, origClientOrderId="old", newQty="0.04", newClientOrderId="new")
    status, answer = await alice.raw("PUT", "/api/v3/order/amend/keepPriority", body=parameters, key=alice.key)
    amended = answer["amendedOrder"]
    assert (status, amended["qty"], amended["clientOrderId"]) == (200, "0.04000000", "new")
    assert amended["origClientOrderId"] == "old"
    parameters = urlencode_signed(alice, **SYMBOL, origClientOrderId="new", newQty="0.2")
    status, answer = await alice.raw("PUT", "/api/v3/order/amend/keepPriority", body=parameters, key=alice.key)
    assert (status, answer["code"]) == (400, -2038)


async def test_an_iceberg_shows_only_its_slice(alice: Trader) -> None:
    await alice.order(icebergQty="0.02")
    _, depth = await alice.public("/api/v3/depth", **SYMBOL)
    assert depth["bids"] == [["100000.00000000", "0.02000000"]]


def urlencode_signed(trader: Trader, **parameters: object) -> str:
    return urlencode(trader.signed(**parameters))
