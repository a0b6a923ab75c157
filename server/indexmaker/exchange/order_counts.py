"""How many orders an account may have open, on a market and on all, and how large a position; Binance's rules."""

from __future__ import annotations

from collections.abc import Sequence

from indexmaker.exchange.accounts import Account
from indexmaker.exchange.filters import Failure, waits
from indexmaker.exchange.frequent_words import BUY, GTC, GTD, LIMIT_MAKER, MARKET
from indexmaker.exchange.limits import ExchangeLimits
from indexmaker.exchange.markets import Market
from indexmaker.exchange.order_commands import PlaceOrder
from indexmaker.exchange.orders import Order
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import TimeInForce

__all__ = ["broken_count", "broken_list_count"]


def broken_count(
    requests: Sequence[PlaceOrder], *, account: Account, market: Market, limits: ExchangeLimits
) -> Failure | None:
    """The first limit on numbers that new orders would break together, or None."""
    filters = market.filters
    if filters.max_position:
        failure = _position(requests, account, market)
        if failure is not None:
            return failure
    adds = algos = icebergs = 0
    for request in requests:
        kind = request.type
        if kind is MARKET:
            continue
        algo = waits(kind)
        if algo or kind is LIMIT_MAKER or _lasts(request.time_in_force):
            adds += 1
            algos += algo
            icebergs += request.iceberg > 0
    if filters.max_orders and adds and account.open_counts.get(market.symbol, 0) + adds > filters.max_orders:
        return _failure(RejectCode.MAX_NUM_ORDERS, account, market.symbol, filters.max_orders)
    if limits.max_orders and adds and len(account.open_orders) + adds > limits.max_orders:
        return _failure(RejectCode.EXCHANGE_MAX_NUM_ORDERS, account, "all markets", limits.max_orders)
    if not (algos or icebergs):
        return None
    return _broken_kind(algos, icebergs, account=account, market=market, limits=limits)


def _broken_kind(
    algos: int, icebergs: int, *, account: Account, market: Market, limits: ExchangeLimits
) -> Failure | None:
    filters = market.filters
    if algos and (filters.max_algo_orders or limits.max_algo_orders):
        here, everywhere = _open(account, market, algo=True)
        if filters.max_algo_orders and here + algos > filters.max_algo_orders:
            return _failure(RejectCode.MAX_NUM_ALGO_ORDERS, account, market.symbol, filters.max_algo_orders)
        if limits.max_algo_orders and everywhere + algos > limits.max_algo_orders:
            return _failure(RejectCode.EXCHANGE_MAX_NUM_ALGO_ORDERS, account, "all markets", limits.max_algo_orders)
    if icebergs and (filters.max_iceberg_orders or limits.max_iceberg_orders):
        here, everywhere = _open(account, market, algo=False)
        if filters.max_iceberg_orders and here + icebergs > filters.max_iceberg_orders:
            return _failure(RejectCode.MAX_NUM_ICEBERG_ORDERS, account, market.symbol, filters.max_iceberg_orders)
        if limits.max_iceberg_orders and everywhere + icebergs > limits.max_iceberg_orders:
            code = RejectCode.EXCHANGE_MAX_NUM_ICEBERG_ORDERS
            return _failure(code, account, "all markets", limits.max_iceberg_orders)
    return None


def broken_list_count(*, account: Account, market: Market, limits: ExchangeLimits) -> Failure | None:
    """The first limit on the number of lists that one more would break, or None."""
    most = market.filters.max_order_lists
    if most and sum(1 for group in account.lists.values() if group.market is market) >= most:
        return _failure(RejectCode.MAX_NUM_ORDER_LISTS, account, market.symbol, most)
    if limits.max_order_lists and len(account.lists) >= limits.max_order_lists:
        code = RejectCode.EXCHANGE_MAX_NUM_ORDER_LISTS
        return _failure(code, account, "all markets", limits.max_order_lists)
    return None


def _open(account: Account, market: Market, *, algo: bool) -> tuple[int, int]:
    """Open orders of the stop kinds, or icebergs: on the market and on all."""

    def counts(order: Order) -> bool:
        return waits(order.type) if algo else order.display > 0

    orders = [order for order in account.open_orders.values() if counts(order)]
    return sum(1 for order in orders if order.market is market), len(orders)


def _position(requests: Sequence[PlaceOrder], account: Account, market: Market) -> Failure | None:
    lots = sum(request.quantity for request in requests if request.side is BUY)
    if not lots:
        return None
    base = market.base
    owned = account.available[base.index] + account.held[base.index]
    for order in account.open_orders.values():
        if order.buy and order.market.base is base:
            owned += order.remaining * order.market.base_per_lot
    most = market.filters.max_position * market.base_per_lot
    if owned + lots * market.base_per_lot > most:
        return RejectCode.MAX_POSITION, (
            f"{account.name} owns or is buying {base.to_decimal(owned)} {base.symbol}; "
            f"with this order it would be more than {base.to_decimal(most)}"
        )
    return None


def _lasts(time_in_force: TimeInForce) -> bool:
    return time_in_force is GTC or time_in_force is GTD


def _failure(code: RejectCode, account: Account, where: str, most: int) -> Failure:
    return code, f"{account.name} may have at most {most} of these open on {where}; cancel one first"
