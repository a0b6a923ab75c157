"""Orders: the checks at the door, the match, and the ways an order ends."""

from __future__ import annotations

from indexmaker.exchange.accounts import Account
from indexmaker.exchange.book import Plan
from indexmaker.exchange.commands import CancelAll, CancelOrder, PlaceOrder
from indexmaker.exchange.core import Core
from indexmaker.exchange.events import Accepted, Cancelled, CancelledAll, Expired, Trade
from indexmaker.exchange.filters import Failure, broken_filter
from indexmaker.exchange.markets import Market
from indexmaker.exchange.orders import Order
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import (
    AccountStatus,
    CancelReason,
    CancelRestriction,
    ExpiryReason,
    MarketStatus,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)

__all__ = ["cancel_all", "cancel_order", "place_order"]

MAX_I64 = 2**63 - 1
MAX_I128 = 2**127 - 1


def place_order(core: Core, command: PlaceOrder) -> None:
    """Check, match and rest an order. The checks come in a fixed order, so a refusal names the first that fails."""
    account = core.accounts.get(command.account)
    market = core.markets.get(command.market)
    if account is None or market is None:
        _refuse_place(core, command, _unknown(command, account=account))
        return
    failure = _malformed(command) or _duplicate(command, account) or _closed_door(account, market)
    failure = failure or broken_filter(command, account=account, market=market, at=core.at)
    if failure is not None:
        _refuse_place(core, command, failure, account)
        return
    buy = command.side is Side.BUY
    book = market.book
    if command.type is OrderType.LIMIT_MAKER and book.crosses(command.price, buy=buy):
        message = f"order would trade at once on {market.symbol}; a LIMIT_MAKER must rest"
        _refuse_place(core, command, (RejectCode.WOULD_TAKE, message))
        return
    plan = book.plan(
        buy=buy,
        price=command.price,
        quantity=command.quantity,
        budget=command.quote_amount // market.quote_per_unit,
        owner=account,
        mode=command.self_trade,
    )
    killed = _is_fill_or_kill(command) and plan.filled < command.quantity
    hold = 0 if killed else _required_hold(command, plan, market)
    gives = market.quote if buy else market.base
    available = account.available[gives.index]
    if hold > available:
        message = (
            f"{account.name} has {gives.to_decimal(available)} {gives.symbol} available, "
            f"the order needs {gives.to_decimal(hold)}"
        )
        _refuse_place(core, command, (RejectCode.INSUFFICIENT_BALANCE, message))
        return
    order = _accept(core, command, account, market, quantity=command.quantity or plan.filled)
    if killed:
        expire(core, order, ExpiryReason.FILL_OR_KILL)
        return
    core.dirty_markets.append(market)
    core.ledger.hold(order, hold)
    if plan.makers:
        _execute(core, order, plan)
    _finish_taker(core, order, plan)


def cancel_order(core: Core, command: CancelOrder) -> None:
    """Take back one open order."""
    account = core.accounts.get(command.account)
    if account is None:
        _refuse_cancel(core, command, RejectCode.UNKNOWN_ACCOUNT, f"there is no account {command.account}")
        return
    market = core.markets.get(command.market)
    if market is None:
        _refuse_cancel(core, command, RejectCode.UNKNOWN_MARKET, f"there is no market {command.market!r}")
        return
    if command.order_id:
        order = account.open_orders.get(command.order_id)
    else:
        order = account.by_client_id.get(command.client_order_id)
    if order is None or not order.is_open or order.market is not market:
        message = f"{account.name} has no such open order on {market.symbol}"
        _refuse_cancel(core, command, RejectCode.UNKNOWN_ORDER, message)
        return
    if command.client_order_id and order.client_order_id != command.client_order_id:
        message = f"order {order.order_id} has another client id; send one of the ids only"
        _refuse_cancel(core, command, RejectCode.ORDER_IDS_DISAGREE, message, order)
    elif market.status is MarketStatus.HALTED:
        message = f"{market.symbol} is halted; orders stay until it reopens"
        _refuse_cancel(core, command, RejectCode.MARKET_HALTED, message, order)
    elif not _may_cancel(order, command.restriction):
        message = f"order {order.order_id} is {order.status}, the cancel asks for {command.restriction}"
        _refuse_cancel(core, command, RejectCode.CANCEL_RESTRICTED, message, order)
    else:
        _cancel(core, order, CancelReason.CLIENT, cancel_id=command.cancel_id)


def cancel_all(core: Core, command: CancelAll) -> None:
    """Take back all open orders of an account, oldest first."""
    account = core.accounts.get(command.account)
    if account is None:
        message = f"there is no account {command.account}"
        core.refuse(command, RejectCode.UNKNOWN_ACCOUNT, message, account=command.account)
        return
    if command.market and command.market not in core.markets:
        message = f"there is no market {command.market!r}"
        core.refuse(command, RejectCode.UNKNOWN_MARKET, message, account=command.account, market=command.market)
        return
    orders = [
        order
        for order in account.open_orders.values()
        if command.market in ("", order.market.symbol) and order.market.status is not MarketStatus.HALTED
    ]
    core.outputs.append(CancelledAll(account.account, command.market, len(orders), core.at))
    for order in orders:
        _cancel(core, order, CancelReason.CANCEL_ALL, cancel_id=command.cancel_id)


def expire(core: Core, order: Order, reason: ExpiryReason) -> None:
    """End an order on the exchange's own account; it is not in the book any more."""
    in_match = reason is ExpiryReason.SELF_TRADE
    order.status = OrderStatus.EXPIRED_IN_MATCH if in_match else OrderStatus.EXPIRED
    order.updated_at = core.at
    core.outputs.append(
        Expired(
            order.order_id,
            order.account.account,
            order.market.symbol,
            order.client_order_id,
            order.status,
            reason,
            order.remaining,
            order.quote,
            core.at,
        )
    )
    core.ledger.release(order)
    core.remember_closed(order)


def _unknown(command: PlaceOrder, *, account: Account | None) -> Failure:
    if account is None:
        return RejectCode.UNKNOWN_ACCOUNT, f"there is no account {command.account}"
    return RejectCode.UNKNOWN_MARKET, f"there is no market {command.market!r}"


def _malformed(command: PlaceOrder) -> Failure | None:
    if not 1 <= len(command.client_order_id) <= 36:
        return RejectCode.MALFORMED, "client_order_id must have 1 to 36 characters"
    if not (0 <= command.price <= MAX_I64 and 0 <= command.quantity <= MAX_I64):
        return RejectCode.OUT_OF_RANGE, "price and quantity must be within 0 to 2**63 - 1"
    if not 0 <= command.quote_amount <= MAX_I128:
        return RejectCode.OUT_OF_RANGE, "quote_amount must be within 0 to 2**127 - 1"
    if command.type is OrderType.MARKET:
        if command.price:
            return RejectCode.MALFORMED, "a market order has no price"
        if bool(command.quantity) == bool(command.quote_amount):
            return RejectCode.MALFORMED, "a market order needs either a quantity or a quote_amount"
    elif command.quote_amount:
        return RejectCode.MALFORMED, "only a market order may have a quote_amount"
    return None


def _duplicate(command: PlaceOrder, account: Account) -> Failure | None:
    order = account.by_client_id.get(command.client_order_id)
    if order is None or not order.is_open:
        return None
    return RejectCode.DUPLICATE_CLIENT_ORDER_ID, (
        f"order {order.order_id} with client id {command.client_order_id!r} is still open"
    )


def _closed_door(account: Account, market: Market) -> Failure | None:
    if account.status is not AccountStatus.ACTIVE:
        return RejectCode.ACCOUNT_SUSPENDED, f"{account.name} is suspended and may only cancel"
    if market.status is MarketStatus.HALTED:
        return RejectCode.MARKET_HALTED, f"{market.symbol} is halted"
    if market.status is MarketStatus.CANCEL_ONLY:
        return RejectCode.MARKET_CANCEL_ONLY, f"{market.symbol} takes cancels only"
    return None


def _is_fill_or_kill(command: PlaceOrder) -> bool:
    return command.type is OrderType.LIMIT and command.time_in_force is TimeInForce.FOK


def _required_hold(command: PlaceOrder, plan: Plan, market: Market) -> int:
    """Atoms to reserve: what the order can give at worst, which for a market buy is exactly its planned cost."""
    if command.side is Side.SELL:
        return (command.quantity or plan.filled) * market.base_per_lot
    if command.type is OrderType.MARKET:
        return command.quote_amount or plan.cost * market.quote_per_unit
    return command.price * command.quantity * market.quote_per_unit


def _accept(core: Core, command: PlaceOrder, account: Account, market: Market, *, quantity: int) -> Order:
    core.last_order_id += 1
    order = Order(core.last_order_id, command, account=account, market=market, quantity=quantity, at=core.at)
    core.orders[order.order_id] = order
    account.by_client_id[order.client_order_id] = order
    core.outputs.append(
        Accepted(
            order.order_id,
            account.account,
            market.symbol,
            order.client_order_id,
            order.side,
            order.type,
            order.time_in_force,
            order.price,
            quantity,
            order.quote_amount,
            order.self_trade,
            core.at,
        )
    )
    return order


def _execute(core: Core, taker: Order, plan: Plan) -> None:
    side = taker.market.book.asks if taker.buy else taker.market.book.bids
    for maker, quantity in zip(plan.makers, plan.quantities, strict=True):
        if quantity:
            side.fill(maker, quantity)
            _trade(core, maker, taker, quantity)
        else:
            side.remove(maker)
            expire(core, maker, ExpiryReason.SELF_TRADE)


def _trade(core: Core, maker: Order, taker: Order, quantity: int) -> None:
    market = taker.market
    price, at = maker.price, core.at
    taker.remaining -= quantity
    market.last_trade_id += 1
    market.last_price = price
    market.rolling.add(price=price, quantity=quantity, at=at)
    position = len(core.outputs)
    reference = f"{market.symbol}/{market.last_trade_id}"
    maker_fee, taker_fee = core.ledger.settle(maker, taker, price=price, quantity=quantity, reference=reference)
    trade = Trade(
        market.symbol,
        market.last_trade_id,
        price,
        quantity,
        taker.side,
        maker.order_id,
        taker.order_id,
        maker.account.account,
        taker.account.account,
        maker_fee,
        taker_fee,
        maker.remaining,
        taker.remaining,
        maker.quote,
        taker.quote,
        at,
    )
    core.outputs.insert(position, trade)
    market.trades.append(trade)
    maker.account.trades.append(trade)
    if taker.account is not maker.account:
        taker.account.trades.append(trade)
    maker.updated_at = taker.updated_at = at
    if maker.remaining:
        maker.status = OrderStatus.PARTIALLY_FILLED
    else:
        maker.status = OrderStatus.FILLED
        core.remember_closed(maker)
    taker.status = OrderStatus.PARTIALLY_FILLED


def _finish_taker(core: Core, order: Order, plan: Plan) -> None:
    by_quote = order.quote_amount != 0
    if plan.stopped:
        expire(core, order, ExpiryReason.SELF_TRADE)
    elif (plan.spent and plan.filled) if by_quote else not order.remaining:
        order.status = OrderStatus.FILLED
        core.ledger.release(order)
        core.remember_closed(order)
    elif order.type is OrderType.MARKET:
        expire(core, order, ExpiryReason.INSUFFICIENT_LIQUIDITY)
    elif order.rests:
        (order.market.book.bids if order.buy else order.market.book.asks).append(order)
        core.remember_open(order)
    else:
        expire(core, order, ExpiryReason.IMMEDIATE_REMAINDER)


def _may_cancel(order: Order, restriction: CancelRestriction) -> bool:
    if restriction is CancelRestriction.ONLY_NEW:
        return order.status is OrderStatus.NEW
    if restriction is CancelRestriction.ONLY_PARTIALLY_FILLED:
        return order.status is OrderStatus.PARTIALLY_FILLED
    return True


def _cancel(core: Core, order: Order, reason: CancelReason, *, cancel_id: str) -> None:
    market = order.market
    (market.book.bids if order.buy else market.book.asks).remove(order)
    core.dirty_markets.append(market)
    order.status = OrderStatus.CANCELED
    order.updated_at = core.at
    core.outputs.append(
        Cancelled(
            order.order_id,
            order.account.account,
            market.symbol,
            order.client_order_id,
            cancel_id,
            reason,
            order.remaining,
            order.quote,
            core.at,
        )
    )
    core.ledger.release(order)
    core.remember_closed(order)


def _refuse_place(core: Core, command: PlaceOrder, failure: Failure, account: Account | None = None) -> None:
    code, message = failure
    in_the_way = 0
    if account is not None and code is RejectCode.DUPLICATE_CLIENT_ORDER_ID:
        in_the_way = account.by_client_id[command.client_order_id].order_id
    core.refuse(
        command,
        code,
        message,
        account=command.account,
        market=command.market,
        client_order_id=command.client_order_id,
        order_id=in_the_way,
    )


def _refuse_cancel(
    core: Core, command: CancelOrder, code: RejectCode, message: str, order: Order | None = None
) -> None:
    core.refuse(
        command,
        code,
        message,
        account=command.account,
        market=command.market,
        client_order_id=command.client_order_id,
        order_id=command.order_id if order is None else order.order_id,
    )
