"""Carrying out a plan: trades, prevented matches, and what becomes of the incoming order."""

from __future__ import annotations

from indexmaker.exchange import endings
from indexmaker.exchange.book import BookSide
from indexmaker.exchange.core import Core
from indexmaker.exchange.events import Prevented, Trade
from indexmaker.exchange.frequent_words import FILLED, FOK, GTC, GTD, LIMIT_MAKER, PARTIALLY_FILLED
from indexmaker.exchange.markets import Market
from indexmaker.exchange.orders import Order
from indexmaker.exchange.plan import Plan, plan_match, transfers
from indexmaker.exchange.price_range import range_limit
from indexmaker.exchange.vocabulary import ExpiryReason, SelfTradePrevention

__all__ = ["carry_out", "fill", "finish", "is_killed", "plan_order", "required_hold", "rest", "trade"]


def plan_order(order: Order, *, at: int) -> tuple[Plan, bool]:
    """What an order at work would do now, and whether the market's price range rather than its limit bounds it."""
    request, account, market = order.request, order.account, order.market
    price, bounded = order.price, False
    filters = market.filters
    if filters.range_up_ppm or filters.range_down_ppm:
        price, bounded = range_limit(market, price, buy=order.buy, at=at)
    plan = plan_match(
        market.book,
        buy=order.buy,
        price=price,
        quantity=order.remaining,
        budget=request.quote_amount // market.quote_per_unit,
        account=account.account,
        trader=account.trader,
        mode=request.self_trade,
    )
    return plan, bounded


def required_hold(order: Order, plan: Plan) -> int:
    """Atoms to reserve: what the order can give at worst, which for a market buy is exactly its planned cost."""
    market = order.market
    budget = order.request.quote_amount
    if budget:
        return budget if order.buy else (plan.filled + plan.moved) * market.base_per_lot
    if order.buy and not order.price:
        return plan.cost * market.quote_per_unit
    return order.cost


def is_killed(order: Order, plan: Plan) -> bool:
    """Whether an order is fill-or-kill and would not fill whole."""
    request = order.request
    if request.time_in_force is not FOK or request.type is LIMIT_MAKER:
        return False
    return order.price != 0 and plan.filled < order.remaining


def carry_out(core: Core, taker: Order, plan: Plan) -> None:
    """Do to the book what the plan says."""
    side = taker.market.book.asks if taker.buy else taker.market.book.bids
    for maker, quantity in zip(plan.makers, plan.quantities, strict=True):
        if quantity and maker.group is not None:
            endings.taken(core, maker)
        if quantity > 0:
            side.fill(maker, quantity)
            taker.remaining -= quantity
            trade(core, maker, taker, price=maker.price, quantity=quantity)
        else:
            _prevent(core, maker, taker, -quantity, side)


def trade(core: Core, maker: Order, taker: Order, *, price: int, quantity: int, auction: bool = False) -> None:
    """Settle and tell a trade whose lots are off both orders already."""
    market = taker.market
    at = core.at
    market.last_trade_id += 1
    if price != market.last_price:
        market.last_price = price
        if market.stops:
            core.moves.append((market, price))
    market.rolling.add(price=price, quantity=quantity, at=at)
    outputs = core.outputs
    position = len(outputs)
    reference = f"{market.symbol}/{market.last_trade_id}"
    maker_fee, taker_fee = core.ledger.settle(
        maker, taker, price=price, quantity=quantity, reference=reference, auction=auction
    )
    done = Trade(
        market.symbol,
        market.last_trade_id,
        price,
        quantity,
        taker.request.side,
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
        maker.quantity - maker.remaining - maker.prevented,
        taker.quantity - taker.remaining - taker.prevented,
        auction,
    )
    outputs.insert(position, done)
    market.trades.append(done)
    maker.account.trades.append(done)
    if taker.account is not maker.account:
        taker.account.trades.append(done)
    maker.updated_at = taker.updated_at = at
    taker.status = PARTIALLY_FILLED
    if maker.remaining:
        maker.status = PARTIALLY_FILLED
    else:
        fill(core, maker)


def fill(core: Core, order: Order) -> None:
    """An order has nothing left to do; it is out of the book."""
    order.status = FILLED
    core.ledger.release(order)
    core.remember_closed(order)
    if order.group is not None:
        endings.filled(core, order)


def finish(core: Core, order: Order, plan: Plan, *, bounded: bool, known: bool) -> None:
    """End or rest an order whose plan is carried out; `known` says that it was open before."""
    request = order.request
    if plan.stopped:
        endings.expire(core, order, ExpiryReason.SELF_TRADE)
    elif (plan.spent and plan.filled) if request.quote_amount else not order.remaining:
        fill(core, order)
    elif bounded and _range_stopped(order):
        endings.expire(core, order, ExpiryReason.PRICE_RANGE)
    elif not order.price:
        endings.expire(core, order, ExpiryReason.INSUFFICIENT_LIQUIDITY)
    elif request.type is LIMIT_MAKER or (request.time_in_force is GTC or request.time_in_force is GTD):
        rest(core, order, known=known)
    else:
        endings.expire(core, order, ExpiryReason.IMMEDIATE_REMAINDER)


def rest(core: Core, order: Order, *, known: bool) -> None:
    """Put an order into the book."""
    (order.market.book.bids if order.buy else order.market.book.asks).append(order)
    if not known:
        core.remember_open(order)


def _range_stopped(order: Order) -> bool:
    """Whether only the price range kept the order from trading on."""
    best = order.market.book.asks.best if order.buy else order.market.book.bids.best
    if not best:
        return False
    return not order.price or (best <= order.price if order.buy else best >= order.price)


def _prevent(core: Core, maker: Order, taker: Order, quantity: int, side: BookSide) -> None:
    mode = taker.request.self_trade
    market = taker.market
    if quantity:
        maker_prevented = taker_prevented = quantity
    else:
        maker_prevented = maker.remaining if mode is not SelfTradePrevention.EXPIRE_TAKER else 0
        taker_prevented = taker.remaining if mode is not SelfTradePrevention.EXPIRE_MAKER else 0
    moved = quantity if transfers(maker, mode=mode, account=taker.account.account) else 0
    market.last_prevented_id += 1
    core.outputs.append(
        Prevented(
            market.symbol,
            market.last_prevented_id,
            mode,
            maker.price,
            maker.order_id,
            taker.order_id,
            maker.account.account,
            taker.account.account,
            maker_prevented,
            taker_prevented,
            moved,
            core.at,
        )
    )
    if not quantity:
        if maker_prevented:
            endings.expire(core, maker, ExpiryReason.SELF_TRADE)
        return
    if moved:
        _transfer(core, maker, taker, quantity, market)
    whole = quantity == maker.remaining
    if whole:
        side.remove(maker)
        maker.remaining -= quantity
    else:
        side.shrink(maker, quantity)
    taker.remaining -= quantity
    for order in (maker, taker):
        order.prevented += quantity
        order.updated_at = core.at
        if not moved and (order.price or not order.buy) and not order.request.quote_amount:
            core.ledger.lower_hold(order, order.held - order.cost)
    if whole:
        endings.expire(core, maker, ExpiryReason.SELF_TRADE)


def _transfer(core: Core, maker: Order, taker: Order, quantity: int, market: Market) -> None:
    buy, sell = (taker, maker) if taker.buy else (maker, taker)
    reference = f"{market.symbol}/prevented/{market.last_prevented_id}"
    core.ledger.transfer(buy, sell, price=maker.price, quantity=quantity, reference=reference)
