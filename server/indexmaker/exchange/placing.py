"""Entering an order: the checks at the door in their fixed order, then the match."""

from __future__ import annotations

from indexmaker.exchange import endings
from indexmaker.exchange.accounts import Account
from indexmaker.exchange.activating import new_wait, place_together, would_trigger
from indexmaker.exchange.core import Core
from indexmaker.exchange.events import Accepted
from indexmaker.exchange.filters import Failure, broken_filter, waits
from indexmaker.exchange.frequent_words import ACTIVE, AUCTION, BUY, GTC, GTD, HALTED, LIMIT, LIMIT_MAKER, NO_PEG, OPEN
from indexmaker.exchange.markets import Market
from indexmaker.exchange.matching import carry_out, finish, is_killed, plan_order, required_hold, rest
from indexmaker.exchange.order_commands import PlaceOrder
from indexmaker.exchange.order_counts import broken_count
from indexmaker.exchange.order_form import malformed
from indexmaker.exchange.orders import Order
from indexmaker.exchange.pegs import pegged_price
from indexmaker.exchange.plan import Plan
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import (
    ExpiryReason,
    MarketStatus,
)

__all__ = [
    "accept",
    "closed_door",
    "duplicate",
    "limits_failure",
    "place_order",
    "refuse_place",
    "submit",
    "trigger_failure",
    "unaffordable",
    "unknown",
]


def place_order(core: Core, command: PlaceOrder) -> None:
    """Check, match and rest an order. The checks come in a fixed order, so a refusal names the first that fails."""
    account = core.accounts.get(command.account)
    market = core.markets.get(command.market)
    if account is None or market is None:
        refuse_place(core, command, unknown(command, account=account))
        return
    failure = (
        malformed(command, at=core.at)
        or duplicate(command, account)
        or closed_door(account, market, command)
        or limits_failure(core, command, account, market)
        or submit(core, command, account, market)
    )
    if failure is not None:
        refuse_place(core, command, failure, account)


def submit(core: Core, command: PlaceOrder, account: Account, market: Market) -> Failure | None:
    """Enter an order that may be entered; the last checks are whether it can do what it wants, and its money."""
    price = command.price
    if waits(command.type):
        return _submit_waiting(core, command, account, market)
    if command.peg is not NO_PEG:
        price = pegged_price(market.book, command)
        failure = _pegged_failure(core, command, market, price)
        if failure is not None:
            return failure
    if command.type is LIMIT_MAKER and market.book.crosses(price, buy=command.side is BUY):
        return RejectCode.WOULD_TAKE, f"order would trade at once on {market.symbol}; a LIMIT_MAKER must rest"
    order = Order(
        core.last_order_id + 1,
        command,
        account=account,
        market=market,
        price=price,
        quantity=command.quantity,
        at=core.at,
    )
    if market.status is AUCTION:
        plan, bounded, killed = Plan(), False, False
    else:
        plan, bounded = plan_order(order, at=core.at)
        killed = is_killed(order, plan)
    hold = 0 if killed else required_hold(order, plan)
    if hold > account.available[order.gives.index]:
        return unaffordable(order, hold)
    if not command.quantity:
        order.quantity = order.remaining = plan.filled - sum(lots for lots in plan.quantities if lots < 0)
    accept(core, order)
    if killed:
        endings.expire(core, order, ExpiryReason.FILL_OR_KILL)
        return None
    core.dirty_markets.append(market)
    core.ledger.hold(order, hold)
    if market.status is AUCTION:
        rest(core, order, known=False)
        return None
    if plan.makers:
        carry_out(core, order, plan)
    finish(core, order, plan, bounded=bounded, known=False)
    return None


def accept(core: Core, order: Order) -> None:
    """Give an order its place among the orders and tell it."""
    core.last_order_id = order.order_id
    core.orders[order.order_id] = order
    account, request = order.account, order.request
    account.by_client_id[order.client_order_id] = order
    core.outputs.append(
        Accepted(
            order.order_id,
            account.account,
            order.market.symbol,
            order.client_order_id,
            request.side,
            request.type,
            request.time_in_force,
            order.price,
            order.quantity,
            request.quote_amount,
            request.self_trade,
            core.at,
            order.status,
            order.working_at != 0,
            request.stop_price,
            request.trailing_delta,
            request.iceberg,
            request.expires_at,
            order.list_id,
        )
    )


def unknown(command: PlaceOrder, *, account: Account | None) -> Failure:
    """Which of account and market is not there."""
    if account is None:
        return RejectCode.UNKNOWN_ACCOUNT, f"there is no account {command.account}"
    return RejectCode.UNKNOWN_MARKET, f"there is no market {command.market!r}"


def duplicate(command: PlaceOrder, account: Account) -> Failure | None:
    """Whether the client id is that of an open order."""
    order = account.by_client_id.get(command.client_order_id)
    if order is None or not order.is_open:
        return None
    return RejectCode.DUPLICATE_CLIENT_ORDER_ID, (
        f"order {order.order_id} with client id {command.client_order_id!r} is still open"
    )


def closed_door(account: Account, market: Market, command: PlaceOrder | None) -> Failure | None:
    """Whether the state of the account or the market keeps an order (None: a list) out."""
    if account.status is not ACTIVE:
        return RejectCode.ACCOUNT_SUSPENDED, f"{account.name} is suspended and may only cancel"
    status = market.status
    if status is OPEN:
        return None
    if status is HALTED:
        return RejectCode.MARKET_HALTED, f"{market.symbol} is halted"
    if status is MarketStatus.CANCEL_ONLY:
        return RejectCode.MARKET_CANCEL_ONLY, f"{market.symbol} takes cancels only"
    if status is MarketStatus.CLOSED:
        return RejectCode.MARKET_CLOSED, f"{market.symbol} is closed"
    if command is not None and _fits_auction(command):
        return None
    return RejectCode.MARKET_IN_AUCTION, (
        f"{market.symbol} is in an auction, which takes only limits that rest and orders that wait for a price"
    )


def limits_failure(core: Core, command: PlaceOrder, account: Account, market: Market) -> Failure | None:
    """The first filter of the market, or limit on numbers, that an order breaks."""
    failure = broken_filter(command, market=market, price=command.price, quantity=command.quantity, at=core.at)
    if failure is None:
        failure = broken_count((command,), account=account, market=market, limits=core.limits)
    return failure


def unaffordable(order: Order, hold: int) -> Failure:
    """The refusal of an order that its account cannot pay for."""
    account, gives = order.account, order.gives
    return RejectCode.INSUFFICIENT_BALANCE, (
        f"{account.name} has {gives.to_decimal(account.available[gives.index])} {gives.symbol} available, "
        f"the order needs {gives.to_decimal(hold)}"
    )


def refuse_place(core: Core, command: PlaceOrder, failure: Failure, account: Account | None = None) -> None:
    """Answer an order with a refusal."""
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


def trigger_failure(market: Market) -> Failure:
    """The refusal of an order whose price is reached already."""
    return RejectCode.WOULD_TRIGGER, (
        f"the last price on {market.symbol}, {market.last_price} ticks, would trigger the order at once"
    )


def _submit_waiting(core: Core, command: PlaceOrder, account: Account, market: Market) -> Failure | None:
    wait = new_wait(command, market)
    if would_trigger(wait, market):
        return trigger_failure(market)
    order = Order(
        core.last_order_id + 1,
        command,
        account=account,
        market=market,
        price=command.price,
        quantity=command.quantity,
        at=core.at,
    )
    order.wait = wait
    order.working_at = 0
    if order.cost > account.available[order.gives.index]:
        return unaffordable(order, order.cost)
    accept(core, order)
    core.remember_open(order)
    place_together(core, (order,))
    return None


def _pegged_failure(core: Core, command: PlaceOrder, market: Market, price: int) -> Failure | None:
    if not price:
        return RejectCode.NO_PEG_PRICE, f"the book of {market.symbol} has no price level for the peg"
    return broken_filter(command, market=market, price=price, quantity=command.quantity, at=core.at)


def _fits_auction(command: PlaceOrder) -> bool:
    if waits(command.type):
        return True
    if command.type is not LIMIT or command.peg is not NO_PEG:
        return False
    return command.time_in_force is GTC or command.time_in_force is GTD
