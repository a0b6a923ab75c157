"""Orders and trades as replies show them; the events of the user stream are in `user_data`.

Replies to commands are built from the command's own outputs: by the time of the reply later commands of the same
group may have changed the order further.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from indexmaker.exchange.commands import PlaceOrder
from indexmaker.exchange.events import Accepted, Activated, Cancelled, ExchangeEvent, Expired, Trade
from indexmaker.exchange.markets import Market
from indexmaker.exchange.orders import Order
from indexmaker.exchange.vocabulary import OrderStatus, OrderType, Side, TimeInForce
from indexmaker.gateways.binance import formats

__all__ = [
    "acknowledged",
    "cancelled",
    "commission",
    "open_order",
    "own_trade",
    "placed",
    "placed_order",
    "time_in_force",
]


class _Progress(NamedTuple):
    executed: int
    """Lots."""
    quote: int
    """Quote atoms."""
    status: OrderStatus


def time_in_force(order: Order | Accepted) -> str:
    """Orders without a limit and limit makers have none of their own; they are shown as GTC."""
    has_one = order.type in {OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
    return str(order.time_in_force if has_one else TimeInForce.GTC)


def commission(market: Market, side: Side, fee: int) -> tuple[str, str]:
    """A fee in atoms of what that side received, and its asset."""
    asset = market.base if side is Side.BUY else market.quote
    return formats.amount(asset, fee), asset.symbol


def _common(market: Market, order: Order | Accepted, progress: _Progress) -> dict[str, object]:
    return {
        "price": formats.price(market, order.price),
        "origQty": formats.quantity(market, order.quantity),
        "executedQty": formats.quantity(market, progress.executed),
        "origQuoteOrderQty": formats.quote(market, order.quote_amount),
        "cummulativeQuoteQty": formats.quote(market, progress.quote),
        "status": str(progress.status),
        "timeInForce": time_in_force(order),
        "type": str(order.type),
        "side": str(order.side),
        **_conditions(market, order.request if isinstance(order, Order) else order),
    }


def _conditions(market: Market, terms: PlaceOrder | Accepted) -> dict[str, object]:
    """What only some orders have."""
    shown: dict[str, object] = {}
    if terms.stop_price:
        shown["stopPrice"] = formats.price(market, terms.stop_price)
    if terms.trailing_delta:
        shown["trailingDelta"] = terms.trailing_delta
    if terms.iceberg:
        shown["icebergQty"] = formats.quantity(market, terms.iceberg)
    return shown


def open_order(order: Order) -> dict[str, object]:
    """An order as queries show it, open or not."""
    progress = _Progress(order.executed, order.quote, order.status)
    shown: dict[str, object] = {
        "symbol": order.market.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id or -1,
        "clientOrderId": order.client_order_id,
        "stopPrice": formats.ZERO,
        "icebergQty": formats.ZERO,
        **_common(order.market, order, progress),
        "time": formats.milliseconds(order.accepted_at),
        "updateTime": formats.milliseconds(order.updated_at),
        "isWorking": order.working_at != 0,
        "workingTime": formats.milliseconds(order.working_at) if order.working_at else -1,
        "selfTradePreventionMode": str(order.self_trade),
    }
    if order.prevented:
        shown["preventedQuantity"] = formats.quantity(order.market, order.prevented)
    if order.wait is not None and order.wait.since:
        shown["trailingTime"] = formats.milliseconds(order.wait.since)
    return shown


def acknowledged(accepted: Accepted) -> dict[str, object]:
    """The reply of type ACK to a new order."""
    return {
        "symbol": accepted.market,
        "orderId": accepted.order_id,
        "orderListId": accepted.list_id or -1,
        "clientOrderId": accepted.client_order_id,
        "transactTime": formats.milliseconds(accepted.at),
    }


def placed(market: Market, outputs: Sequence[ExchangeEvent], *, full: bool) -> dict[str, object]:
    """The reply of type RESULT or, with the trades, FULL to the first order accepted in these outputs."""
    accepted = next(event for event in outputs if isinstance(event, Accepted))
    return placed_order(market, accepted, outputs, full=full)


def placed_order(
    market: Market, accepted: Accepted, outputs: Sequence[ExchangeEvent], *, full: bool
) -> dict[str, object]:
    """The same for any order accepted in these outputs."""
    reply = acknowledged(accepted) | _common(market, accepted, _taker_progress(accepted, outputs))
    reply["workingTime"] = formats.milliseconds(accepted.at) if accepted.working else -1
    if full:
        reply["fills"] = [
            _fill(market, accepted.side, event)
            for event in outputs
            if isinstance(event, Trade) and event.taker_order_id == accepted.order_id
        ]
    reply["selfTradePreventionMode"] = str(accepted.self_trade)
    return reply


def cancelled(order: Order, event: Cancelled) -> dict[str, object]:
    """The reply to a cancel."""
    progress = _Progress(event.executed, event.quote, OrderStatus.CANCELED)
    return {
        "symbol": event.market,
        "origClientOrderId": event.client_order_id,
        "orderId": event.order_id,
        "orderListId": order.list_id or -1,
        "clientOrderId": event.cancel_id,
        "transactTime": formats.milliseconds(event.at),
        **_common(order.market, order, progress),
        "selfTradePreventionMode": str(order.self_trade),
    }


def own_trade(market: Market, trade: Trade, *, maker: bool) -> dict[str, object]:
    """A trade as the owner of one of its orders sees it."""
    maker_side = Side.SELL if trade.taker_side is Side.BUY else Side.BUY
    side = maker_side if maker else trade.taker_side
    fee, asset = commission(market, side, trade.maker_fee if maker else trade.taker_fee)
    return {
        "symbol": trade.market,
        "id": trade.trade_id,
        "orderId": trade.maker_order_id if maker else trade.taker_order_id,
        "orderListId": -1,
        "price": formats.price(market, trade.price),
        "qty": formats.quantity(market, trade.quantity),
        "quoteQty": formats.quote(market, market.notional(price=trade.price, quantity=trade.quantity)),
        "commission": fee,
        "commissionAsset": asset,
        "time": formats.milliseconds(trade.at),
        "isBuyer": side is Side.BUY,
        "isMaker": maker,
        "isBestMatch": True,
    }


def _fill(market: Market, side: Side, trade: Trade) -> dict[str, object]:
    fee, asset = commission(market, side, trade.taker_fee)
    return {
        "price": formats.price(market, trade.price),
        "qty": formats.quantity(market, trade.quantity),
        "commission": fee,
        "commissionAsset": asset,
        "tradeId": trade.trade_id,
    }


def _taker_progress(accepted: Accepted, outputs: Sequence[ExchangeEvent]) -> _Progress:
    progress = _Progress(0, 0, accepted.status)
    for event in outputs:
        if isinstance(event, Trade) and accepted.order_id in {event.taker_order_id, event.maker_order_id}:
            taker = event.taker_order_id == accepted.order_id
            remaining = event.taker_remaining if taker else event.maker_remaining
            status = OrderStatus.PARTIALLY_FILLED if remaining else OrderStatus.FILLED
            executed = event.taker_executed if taker else event.maker_executed
            progress = _Progress(executed, event.taker_quote if taker else event.maker_quote, status)
        elif isinstance(event, Activated) and event.order_id == accepted.order_id:
            progress = progress._replace(status=OrderStatus.NEW)
        elif isinstance(event, Expired | Cancelled) and event.order_id == accepted.order_id:
            status = event.status if isinstance(event, Expired) else OrderStatus.CANCELED
            progress = progress._replace(status=status)
    return progress
