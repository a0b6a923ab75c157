"""Orders whose turn has come: triggered by a price, or entered because the order before them has filled."""

from __future__ import annotations

from collections.abc import Sequence

from indexmaker.exchange import endings
from indexmaker.exchange.core import Core
from indexmaker.exchange.events import Activated
from indexmaker.exchange.filters import broken_filter, trails_above, waits
from indexmaker.exchange.markets import Market
from indexmaker.exchange.matching import carry_out, finish, is_killed, plan_order, required_hold, rest
from indexmaker.exchange.order_commands import PlaceOrder
from indexmaker.exchange.order_lists import OrderList
from indexmaker.exchange.orders import Order, Wait
from indexmaker.exchange.pegs import pegged_price
from indexmaker.exchange.stops import BIPS, price_reached
from indexmaker.exchange.vocabulary import Activation, ExpiryReason, ListStatus, OrderStatus, OrderType, PegPrice

__all__ = ["cascade", "new_wait", "place_together", "would_trigger"]


def cascade(core: Core) -> None:
    """Let everything happen that the trades of a command set off, first come first served.

    Each trade price in turn wakes orders, the oldest first; they trade one by one, and the prices they trade at come
    after. It ends, since an order is triggered once.
    """
    moves, turns = core.moves, core.turns
    while moves or turns:
        if moves:
            market, price = moves.popleft()
            turns.extend(market.stops.touched(price, at=core.at))
            continue
        order = turns.popleft()
        group = order.group
        if group is not None and order is group.working:
            _enter_pending(core, group)
        elif order.is_open:
            _trigger(core, order)


def new_wait(request: PlaceOrder, market: Market) -> Wait:
    """What an order of the stop kinds waits for from now on."""
    above = trails_above(request)
    cover = request.stop_price
    if not cover:
        change = request.trailing_delta if above else -request.trailing_delta
        cover = -(-market.last_price * (BIPS + change) // BIPS)
    return Wait(above=above, stop=request.stop_price, delta=request.trailing_delta, cover=cover)


def would_trigger(wait: Wait, market: Market) -> bool:
    """Whether an order must not be entered because its price is reached already; a trailing one starts to follow."""
    price = market.last_price
    return price != 0 and not wait.delta and price_reached(wait, price)


def watch(core: Core, order: Order) -> None:
    """Let the market watch prices for an order that waits."""
    wait, market = order.wait, order.market
    assert wait is not None, f"order {order.order_id} waits for nothing"
    price = market.last_price
    if wait.delta and (not wait.stop or (price and price_reached(wait, price))):
        market.stops.follow(order, price, at=core.at)
    else:
        market.stops.add(order)


def place_together(core: Core, orders: Sequence[Order]) -> None:
    """Hold money for the dearest of alternatives, on the first, and let each rest or wait."""
    core.ledger.hold(orders[0], max(order.cost for order in orders))
    for order in orders:
        if order.wait is not None:
            order.working_at = 0
            watch(core, order)
        else:
            order.working_at = core.at
            core.dirty_markets.append(order.market)
            rest(core, order, known=True)


def _enter_pending(core: Core, group: OrderList) -> None:
    legs = [order for order in group.legs if order.is_open]
    if not legs:
        endings.end_list(core, group)
        return
    group.status = ListStatus.UPDATED
    endings.list_changed(core, group)
    alone = legs[0]
    if len(legs) == 1 and not waits(alone.type):
        alone.status = OrderStatus.NEW
        _work(core, alone, Activation.WORKING_FILLED)
        return
    for order in legs:
        order.status = OrderStatus.NEW
        if waits(order.type):
            order.wait = new_wait(order.request, order.market)
    for order in legs:
        reason = _unfit(core, order)
        if reason is not None:
            endings.expire(core, order, reason)
            return
    if max(order.cost for order in legs) > alone.account.available[alone.gives.index]:
        endings.expire(core, alone, ExpiryReason.INSUFFICIENT_BALANCE)
        return
    place_together(core, legs)
    for order in legs:
        _activated(core, order, Activation.WORKING_FILLED)


def _unfit(core: Core, order: Order, *, triggered: bool = False) -> ExpiryReason | None:
    """Why an order that was accepted before cannot be entered now."""
    market = order.market
    if broken_filter(order.request, market=market, price=order.price, quantity=order.remaining, at=core.at):
        return ExpiryReason.FILTER
    if order.wait is not None and not triggered:
        return ExpiryReason.WOULD_TRIGGER if would_trigger(order.wait, market) else None
    crosses = order.type is OrderType.LIMIT_MAKER and market.book.crosses(order.price, buy=order.buy)
    return ExpiryReason.WOULD_TAKE if crosses else None


def _trigger(core: Core, order: Order) -> None:
    if order.group is not None:
        endings.taken(core, order)
    assert order.wait is not None, f"order {order.order_id} waits for nothing"
    order.wait.cover = 0
    _work(core, order, Activation.TRIGGERED)


def _work(core: Core, order: Order, cause: Activation) -> None:
    """Enter an order that was accepted before; what would be refused at the door expires here."""
    market, request = order.market, order.request
    if request.peg is not PegPrice.NONE:
        order.price = pegged_price(market.book, request)
        if not order.price:
            endings.expire(core, order, ExpiryReason.INSUFFICIENT_LIQUIDITY)
            return
    reason = _unfit(core, order, triggered=True)
    if reason is not None:
        endings.expire(core, order, reason)
        return
    plan, bounded = plan_order(order, at=core.at)
    if is_killed(order, plan):
        endings.expire(core, order, ExpiryReason.FILL_OR_KILL)
        return
    missing = required_hold(order, plan) - order.held
    if missing > order.account.available[order.gives.index]:
        endings.expire(core, order, ExpiryReason.INSUFFICIENT_BALANCE)
        return
    order.working_at = order.updated_at = core.at
    _activated(core, order, cause)
    if missing >= 0:
        core.ledger.hold(order, missing)
    else:
        core.ledger.lower_hold(order, -missing)
    core.dirty_markets.append(market)
    carry_out(core, order, plan)
    finish(core, order, plan, bounded=bounded, known=True)


def _activated(core: Core, order: Order, cause: Activation) -> None:
    core.outputs.append(
        Activated(
            order.order_id,
            order.account.account,
            order.market.symbol,
            order.client_order_id,
            cause,
            order.working_at != 0,
            order.price,
            order.remaining,
            core.at,
        )
    )
