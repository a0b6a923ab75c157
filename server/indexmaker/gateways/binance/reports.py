"""Orders and trades as replies show them; the events of the user stream are in `user_data`.

Replies to commands are built from the command's own outputs: by the time of the reply later commands of the same
group may have changed the order further.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from indexmaker.exchange.events import Accepted, Cancelled, ExchangeEvent, Expired, Trade
from indexmaker.exchange.markets import Market
from indexmaker.exchange.orders import Order
from indexmaker.exchange.vocabulary import OrderStatus, OrderType, Side, TimeInForce
from indexmaker.gateways.binance import formats

__all__ = ["acknowledged", "cancelled", "commission", "open_order", "own_trade", "placed", "time_in_force"]


class _Progress(NamedTuple):
    executed: int
    """Lots."""
    quote: int
    """Quote atoms."""
    status: OrderStatus


def time_in_force(order: Order | Accepted) -> str:
    """Market orders and limit makers have none of their own; they are shown as GTC."""
    return str(order.time_in_force if order.type is OrderType.LIMIT else TimeInForce.GTC)


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
    }


def open_order(order: Order) -> dict[str, object]:
    """An order as queries show it, open or not."""
    progress = _Progress(order.executed, order.quote, order.status)
    return {
        "symbol": order.market.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_order_id,
        **_common(order.market, order, progress),
        "stopPrice": formats.ZERO,
        "icebergQty": formats.ZERO,
        "time": formats.milliseconds(order.accepted_at),
        "updateTime": formats.milliseconds(order.updated_at),
        "isWorking": True,
        "workingTime": formats.milliseconds(order.accepted_at),
        "selfTradePreventionMode": str(order.self_trade),
    }


def acknowledged(accepted: Accepted) -> dict[str, object]:
    """The reply of type ACK to a new order."""
    return {
        "symbol": accepted.market,
        "orderId": accepted.order_id,
        "orderListId": -1,
        "clientOrderId": accepted.client_order_id,
        "transactTime": formats.milliseconds(accepted.at),
    }


def placed(market: Market, outputs: Sequence[ExchangeEvent], *, full: bool) -> dict[str, object]:
    """The reply of type RESULT or, with the trades, FULL to a new order with these outputs."""
    accepted = outputs[0]
    assert isinstance(accepted, Accepted), "a refused order has no report"
    reply = acknowledged(accepted) | _common(market, accepted, _taker_progress(accepted, outputs))
    reply["workingTime"] = formats.milliseconds(accepted.at)
    if full:
        reply["fills"] = [_fill(market, accepted.side, event) for event in outputs if isinstance(event, Trade)]
    reply["selfTradePreventionMode"] = str(accepted.self_trade)
    return reply


def cancelled(order: Order, event: Cancelled) -> dict[str, object]:
    """The reply to a cancel."""
    progress = _Progress(order.quantity - event.remaining, event.quote, OrderStatus.CANCELED)
    return {
        "symbol": event.market,
        "origClientOrderId": event.client_order_id,
        "orderId": event.order_id,
        "orderListId": -1,
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
    progress = _Progress(0, 0, OrderStatus.NEW)
    for event in outputs:
        if isinstance(event, Trade):
            status = OrderStatus.PARTIALLY_FILLED if event.taker_remaining else OrderStatus.FILLED
            progress = _Progress(accepted.quantity - event.taker_remaining, event.taker_quote, status)
        elif isinstance(event, Expired) and event.order_id == accepted.order_id:
            progress = progress._replace(status=event.status)
    return progress
