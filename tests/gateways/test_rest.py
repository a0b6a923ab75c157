"""The REST face besides orders: keys, limits, market information, account, wallet."""

from __future__ import annotations

import pytest

from gateways.conftest import DEPOSITS
from gateways.trader import Trader
from indexmaker.exchange.commands import CreditDeposit, DropDeposit
from indexmaker.gateways.binance import Limits, Venue
from indexmaker.gateways.binance.rate_limits import Window
from indexmaker.runtime import ManualClock

pytestmark = pytest.mark.usefixtures("gateway")

SECOND = 1_000_000_000


async def test_keys_are_checked_before_time_and_time_before_signature(alice: Trader) -> None:
    path = "/api/v3/account"
    assert await alice.raw("GET", path) == (401, {"code": -2014, "msg": "API-key format invalid."})
    refused = (401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."})
    assert await alice.raw("GET", path, key="mallory") == refused
    assert (await alice.raw("GET", path, key="alice", query="timestamp=1"))[1]["code"] == -1021
    status, answer = await alice.raw("GET", path, key="alice", query=f"timestamp={alice.now()}")
    assert (status, answer["code"]) == (400, -1102)
    alice.secret = "another"
    assert await alice.get(path) == (400, {"code": -1022, "msg": "Signature for this request is not valid."})


async def test_exchange_info_shows_rules_as_eight_decimals(alice: Trader) -> None:
    _, info = await alice.public("/api/v3/exchangeInfo", symbol="BTCUSDC")
    (symbol,) = info["symbols"]
    filters = {one["filterType"]: one for one in symbol["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"] == {
        "filterType": "LOT_SIZE",
        "minQty": "0.00001000",
        "maxQty": "9000.00000000",
        "stepSize": "0.00001000",
    }
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    assert filters["PERCENT_PRICE_BY_SIDE"]["bidMultiplierDown"] == "0.2"
    assert filters["MAX_NUM_ORDERS"]["maxNumOrders"] == 20
    assert (symbol["status"], symbol["permissionSets"]) == ("TRADING", [["SPOT"]])
    _, both = await alice.public("/api/v3/exchangeInfo", symbols='["BTCUSDC","ETHUSDC"]')
    assert [one["symbol"] for one in both["symbols"]] == ["BTCUSDC", "ETHUSDC"]
    assert (await alice.public("/api/v3/exchangeInfo"))[1]["symbols"] == both["symbols"]


async def test_depth_sums_orders_of_a_level_and_cuts_at_the_limit(alice: Trader) -> None:
    for price in ("99000", "98000", "99000"):
        await alice.order(price=price)
    _, book = await alice.public("/api/v3/depth", symbol="BTCUSDC", limit="1")
    assert book == {"lastUpdateId": 3, "bids": [["99000.00000000", "0.20000000"]], "asks": []}


async def test_tickers_follow_trades_for_24_hours(alice: Trader, bob: Trader, clock: ManualClock) -> None:
    for price in ("100000", "110000", "90000"):
        await bob.order(side="SELL", price=price, quantity="0.1")
        await alice.order(price=price, quantity="0.1")
    _, day = await alice.public("/api/v3/ticker/24hr", symbol="BTCUSDC")
    shown = ("openPrice", "highPrice", "lowPrice", "lastPrice", "priceChangePercent", "volume", "quoteVolume")
    assert [day[name] for name in shown] == [
        "100000.00000000",
        "110000.00000000",
        "90000.00000000",
        "90000.00000000",
        "-10.000",
        "0.30000000",
        "30000.00000000",
    ]
    assert day["count"] == 3
    _, average = await alice.public("/api/v3/avgPrice", symbol="BTCUSDC")
    assert average["price"] == "100000.00000000"
    assert (await alice.public("/api/v3/ticker/price", symbol="BTCUSDC"))[1] == {
        "symbol": "BTCUSDC",
        "price": "90000.00000000",
    }
    _, trades = await alice.public("/api/v3/trades", symbol="BTCUSDC", limit="2")
    assert [(trade["id"], trade["price"], trade["isBuyerMaker"]) for trade in trades] == [
        (2, "110000.00000000", False),
        (3, "90000.00000000", False),
    ]
    clock.advance(25 * 3600 * SECOND)
    _, later = await alice.public("/api/v3/ticker/24hr", symbol="BTCUSDC")
    assert (later["count"], later["volume"], later["lastPrice"]) == (0, "0.00000000", "90000.00000000")


async def test_account_shows_what_orders_hold_and_its_rates(alice: Trader) -> None:
    await alice.order(price="99000", quantity="1")
    _, account = await alice.get("/api/v3/account")
    assert account["balances"][0] == {"asset": "USDC", "free": "901000.00000000", "locked": "99000.00000000"}
    assert len(account["balances"]) == 3
    assert account["commissionRates"]["taker"] == "0.00100000"
    _, commission = await alice.get("/api/v3/account/commission", symbol="BTCUSDC")
    assert commission["standardCommission"]["maker"] == "0.00100000"
    _, fees = await alice.get("/sapi/v1/asset/tradeFee", symbol="BTCUSDC")
    assert fees == [{"symbol": "BTCUSDC", "makerCommission": "0.00100000", "takerCommission": "0.00100000"}]


async def test_deposit_is_shown_pending_then_credited_and_not_after_it_was_dropped(
    alice: Trader, bob: Trader, venue: Venue
) -> None:
    _, address = await alice.get("/sapi/v1/capital/deposit/address", coin="USDC", network="BASE")
    assert address["address"] == DEPOSITS["alice"]

    def report(tx_hash: str, confirmations: int) -> CreditDeposit:
        return CreditDeposit(
            network="BASE",
            asset="USDC",
            chain_id=8453,
            tx_hash=tx_hash,
            log_index=4,
            address=DEPOSITS["alice"].upper().replace("0X", "0x"),
            units=12_345_678,
            confirmations=confirmations,
        )

    for tx_hash, confirmations in (("0xaa", 1), ("0xbb", 1), ("0xbb", 3), ("0xcc", 1)):
        await venue.submit(report(tx_hash, confirmations))
    await venue.submit(DropDeposit(chain_id=8453, tx_hash="0xcc", log_index=4))
    _, found = await alice.get("/sapi/v1/capital/deposit/hisrec", coin="USDC")
    shown = [(one["txId"], one["status"], one["confirmTimes"], one["amount"]) for one in found]
    assert shown == [("0xbb", 1, "3/3", "12.345678"), ("0xaa", 0, "1/3", "12.345678")]
    assert found[0]["insertTime"] == alice.now()
    assert [one["txId"] for one in (await alice.get("/sapi/v1/capital/deposit/hisrec", status=0))[1]] == ["0xaa"]
    assert (await alice.get("/sapi/v1/capital/deposit/hisrec", startTime=alice.now() + 1))[1] == []
    assert (await bob.get("/sapi/v1/capital/deposit/hisrec"))[1] == []
    _, coins = await alice.get("/sapi/v1/capital/config/getall")
    assert (coins[0]["coin"], coins[0]["free"]) == ("USDC", "1000012.345678")
    assert coins[0]["networkList"][0]["contractAddress"] == "0xusdc"


@pytest.mark.parametrize(
    "limits",
    [
        Limits(
            weight=Window(interval="MINUTE", number=1, limit=30),
            orders=(Window(interval="SECOND", number=10, limit=2),),
        )
    ],
)
class TestLimits:
    async def test_weight_is_counted_per_minute_of_the_clock(self, alice: Trader, clock: ManualClock) -> None:
        clock.advance(20 * SECOND)
        assert (await alice.public("/api/v3/exchangeInfo"))[0] == 200
        assert alice.headers["X-MBX-USED-WEIGHT-1M"] == "20"
        status, answer = await alice.public("/api/v3/exchangeInfo")
        assert (status, answer["code"]) == (429, -1003)
        assert answer["msg"].startswith(
            "Too much request weight used; current limit is 30 request weight per 1 MINUTE."
        )
        until_next_minute = 60 - clock.now() // SECOND % 60
        assert alice.headers["Retry-After"] == str(until_next_minute)
        clock.advance(until_next_minute * SECOND)
        assert (await alice.public("/api/v3/ping"))[0] == 200
        assert alice.headers["X-MBX-USED-WEIGHT"] == "1"

    async def test_orders_are_counted_and_cost_no_weight_when_they_succeed(
        self, alice: Trader, clock: ManualClock
    ) -> None:
        await alice.order(price="90000")
        assert (alice.headers["X-MBX-ORDER-COUNT-10S"], alice.headers["X-MBX-USED-WEIGHT"]) == ("1", "0")
        assert (await alice.order(price="0"))[0] == 400
        await alice.order(price="90000")
        status, answer = await alice.order(price="90000")
        assert (status, answer) == (
            429,
            {"code": -1015, "msg": "Too many new orders; current limit is 2 orders per 10 SECOND."},
        )
        clock.advance(10 * SECOND)
        assert (await alice.order(price="90000"))[0] == 200

    async def test_first_fill_lowers_the_count(self, alice: Trader, bob: Trader, venue: Venue) -> None:
        await bob.order(side="SELL")
        await alice.order()
        counts = [venue.limits.order_report(account)[0]["count"] for account in (1001, 1002)]
        assert counts == [0, 0]
