"""The table of operations, by their REST address and their WebSocket API method."""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.gateways.binance import account, funding, market, order_lists, orders, replacing, symbols, withdrawals
from indexmaker.gateways.binance.operations import Operation, Security
from indexmaker.gateways.binance.parameters import Parameters
from indexmaker.gateways.binance.rate_limits import Pool
from indexmaker.gateways.binance.tickers import Tickers

__all__ = ["Routes", "routes"]

Routes = tuple[Mapping[tuple[str, str], Operation], Mapping[str, Operation]]

_SIGNED = Security.SIGNED


def _open_orders_weight(parameters: Parameters) -> int:
    return 6 if "symbol" in parameters else 80


def _my_trades_weight(parameters: Parameters) -> int:
    return 5 if "orderId" in parameters else 20


def _test_weight(parameters: Parameters) -> int:
    return 20 if parameters.boolean("computeCommissionRates", default=False) else 1


def routes(tickers: Tickers) -> Routes:
    """(method, path) -> operation for REST, and method -> operation for the WebSocket API."""
    place = Operation(handle=orders.place, security=_SIGNED, free=True, counts_order=1)
    cancel = Operation(handle=orders.cancel, security=_SIGNED, free=True)
    cancel_open = Operation(handle=orders.cancel_open, security=_SIGNED, free=True)
    test = Operation(handle=orders.test, security=_SIGNED, weight=_test_weight)
    query = Operation(handle=orders.query, security=_SIGNED, weight=4)
    open_orders = Operation(handle=orders.open_orders, security=_SIGNED, weight=_open_orders_weight)
    all_orders = Operation(handle=orders.all_orders, security=_SIGNED, weight=20)
    replace = Operation(handle=replacing.cancel_replace, security=_SIGNED, free=True, counts_order=1)
    amend = Operation(handle=replacing.amend, security=_SIGNED, weight=4)
    oco = Operation(handle=order_lists.oco, security=_SIGNED, free=True, counts_order=2)
    oto = Operation(handle=order_lists.oto, security=_SIGNED, free=True, counts_order=2)
    otoco = Operation(handle=order_lists.otoco, security=_SIGNED, free=True, counts_order=3)
    cancel_list = Operation(handle=order_lists.cancel, security=_SIGNED, free=True)
    query_list = Operation(handle=order_lists.query, security=_SIGNED, weight=4)
    open_lists = Operation(handle=order_lists.open_lists, security=_SIGNED, weight=6)
    all_lists = Operation(handle=order_lists.all_lists, security=_SIGNED, weight=20)
    my_trades = Operation(handle=account.my_trades, security=_SIGNED, weight=_my_trades_weight)
    status = Operation(handle=account.account, security=_SIGNED, weight=20)
    commission = Operation(handle=account.commission, security=_SIGNED, weight=20)
    counts = Operation(handle=account.order_counts, security=_SIGNED, weight=40)
    ping = Operation(handle=market.ping)
    time = Operation(handle=market.server_time)
    info = Operation(handle=symbols.exchange_info, weight=20)
    depth = Operation(handle=market.depth, weight=market.depth_weight)
    trades = Operation(handle=market.trades, weight=25)
    average = Operation(handle=market.average_price, weight=2)
    price = Operation(handle=market.latest_price, weight=market.ticker_weight(2, 4))
    best = Operation(handle=market.book_ticker, weight=market.ticker_weight(2, 4))
    day = Operation(handle=market.day_ticker(tickers), weight=market.ticker_weight(2, 80))
    rest = {
        ("GET", "/api/v3/ping"): ping,
        ("GET", "/api/v3/time"): time,
        ("GET", "/api/v3/exchangeInfo"): info,
        ("GET", "/api/v3/depth"): depth,
        ("GET", "/api/v3/trades"): trades,
        ("GET", "/api/v3/historicalTrades"): trades,
        ("GET", "/api/v3/avgPrice"): average,
        ("GET", "/api/v3/ticker/price"): price,
        ("GET", "/api/v3/ticker/bookTicker"): best,
        ("GET", "/api/v3/ticker/24hr"): day,
        ("GET", "/api/v3/account"): status,
        ("GET", "/api/v3/account/commission"): commission,
        ("GET", "/api/v3/rateLimit/order"): counts,
        ("POST", "/api/v3/order"): place,
        ("GET", "/api/v3/order"): query,
        ("DELETE", "/api/v3/order"): cancel,
        ("POST", "/api/v3/order/test"): test,
        ("POST", "/api/v3/order/cancelReplace"): replace,
        ("PUT", "/api/v3/order/amend/keepPriority"): amend,
        ("POST", "/api/v3/orderList/oco"): oco,
        ("POST", "/api/v3/orderList/oto"): oto,
        ("POST", "/api/v3/orderList/otoco"): otoco,
        ("GET", "/api/v3/orderList"): query_list,
        ("DELETE", "/api/v3/orderList"): cancel_list,
        ("GET", "/api/v3/allOrderList"): all_lists,
        ("GET", "/api/v3/openOrderList"): open_lists,
        ("GET", "/api/v3/openOrders"): open_orders,
        ("DELETE", "/api/v3/openOrders"): cancel_open,
        ("GET", "/api/v3/allOrders"): all_orders,
        ("GET", "/api/v3/myTrades"): my_trades,
        ("GET", "/sapi/v1/capital/deposit/address"): Operation(
            handle=funding.deposit_address, security=_SIGNED, weight=10
        ),
        ("GET", "/sapi/v1/capital/deposit/hisrec"): Operation(handle=funding.deposit_history, security=_SIGNED),
        ("GET", "/sapi/v1/capital/config/getall"): Operation(handle=funding.coins, security=_SIGNED, weight=10),
        ("POST", "/sapi/v1/capital/withdraw/apply"): Operation(
            handle=withdrawals.apply, security=_SIGNED, weight=600, pool=Pool.WALLET_USER
        ),
        ("GET", "/sapi/v1/capital/withdraw/history"): Operation(
            handle=withdrawals.history, security=_SIGNED, weight=18_000, pool=Pool.WALLET_ADDRESS
        ),
        ("GET", "/sapi/v1/account/apiRestrictions"): Operation(handle=account.key_permissions, security=_SIGNED),
        ("GET", "/sapi/v1/asset/tradeFee"): Operation(handle=account.trade_fee, security=_SIGNED),
        ("GET", "/sapi/v1/system/status"): Operation(handle=funding.system_status),
        # Clients that list everything ask for margin pairs too; there are none.
        ("GET", "/sapi/v1/margin/allPairs"): Operation(handle=funding.no_pairs),
        ("GET", "/sapi/v1/margin/isolated/allPairs"): Operation(handle=funding.no_pairs),
    }
    websocket = {
        "ping": ping,
        "time": time,
        "exchangeInfo": info,
        "depth": depth,
        "trades.recent": trades,
        "avgPrice": average,
        "ticker.price": price,
        "ticker.book": best,
        "ticker.24hr": day,
        "account.status": status,
        "account.commission": commission,
        "account.rateLimits.orders": counts,
        "order.place": place,
        "order.status": query,
        "order.cancel": cancel,
        "order.test": test,
        "order.cancelReplace": replace,
        "order.amend.keepPriority": amend,
        "orderList.place.oco": oco,
        "orderList.place.oto": oto,
        "orderList.place.otoco": otoco,
        "orderList.status": query_list,
        "orderList.cancel": cancel_list,
        "allOrderLists": all_lists,
        "openOrderLists.status": open_lists,
        "openOrders.status": open_orders,
        "openOrders.cancelAll": cancel_open,
        "allOrders": all_orders,
        "myTrades": my_trades,
    }
    return rest, websocket
