"""Orders and trades of the account: as the venue tells them, and as the core is told. Amounts in atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.money import format_atoms, parse_atoms
from indexmaker_binance.assets import AssetNames

__all__ = ["Fill", "OrderState", "Status", "order_report", "read_event", "read_order", "read_reply_fills", "read_trade"]

Status = pb.OrderStatus

_MILLISECOND = 10**6
_STATUS = {
    "NEW": Status.ORDER_STATUS_NEW,
    "PENDING_NEW": Status.ORDER_STATUS_NEW,
    "PARTIALLY_FILLED": Status.ORDER_STATUS_PARTIALLY_FILLED,
    "PENDING_CANCEL": Status.ORDER_STATUS_PARTIALLY_FILLED,
    "FILLED": Status.ORDER_STATUS_FILLED,
    "CANCELED": Status.ORDER_STATUS_CANCELED,
    "REJECTED": Status.ORDER_STATUS_REJECTED,
    "EXPIRED": Status.ORDER_STATUS_EXPIRED,
    "EXPIRED_IN_MATCH": Status.ORDER_STATUS_EXPIRED,
}
_OPEN = (Status.ORDER_STATUS_NEW, Status.ORDER_STATUS_PARTIALLY_FILLED)


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one order."""

    trade_id: int
    order_id: int
    price: int
    quantity: int
    commission: int
    commission_asset: str
    maker: bool
    at: int


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the venue tells it."""

    symbol: str
    client_order_id: str
    order_id: int
    buy: bool
    status: pb.OrderStatus.ValueType
    price: int
    quantity: int
    executed: int
    value: int
    at: int

    @property
    def open(self) -> bool:
        """Whether it may still trade."""
        return self.status in _OPEN


def read_order(data: Mapping[str, Any], *, client_order_id: str = "") -> OrderState:
    """Read an order of a REST reply; a cancelled one may carry the cancel's id, so the asked one wins.

    Raises `KeyError` or `MoneyError` when it is malformed.
    """
    return OrderState(
        symbol=data["symbol"],
        client_order_id=client_order_id or data.get("origClientOrderId") or data["clientOrderId"],
        order_id=int(data["orderId"]),
        buy=data["side"] == "BUY",
        status=_STATUS[data["status"]],
        price=parse_atoms(data["price"]),
        quantity=parse_atoms(data["origQty"]),
        executed=parse_atoms(data["executedQty"]),
        value=max(0, parse_atoms(data["cummulativeQuoteQty"])),
        at=int(data.get("updateTime") or data.get("transactTime") or data.get("time") or 0) * _MILLISECOND,
    )


def read_trade(data: Mapping[str, Any], *, names: AssetNames) -> Fill:
    """Read one element of `myTrades`."""
    return Fill(
        trade_id=int(data["id"]),
        order_id=int(data["orderId"]),
        price=parse_atoms(data["price"]),
        quantity=parse_atoms(data["qty"]),
        commission=parse_atoms(data["commission"]),
        commission_asset=names.common(data["commissionAsset"]),
        maker=bool(data["isMaker"]),
        at=int(data["time"]) * _MILLISECOND,
    )


def read_reply_fills(data: Mapping[str, Any], *, names: AssetNames) -> list[Fill]:
    """Read the fills of the reply to a new order, which took and so were not resting."""
    return [
        Fill(
            trade_id=int(fill["tradeId"]),
            order_id=int(data["orderId"]),
            price=parse_atoms(fill["price"]),
            quantity=parse_atoms(fill["qty"]),
            commission=parse_atoms(fill["commission"]),
            commission_asset=names.common(fill["commissionAsset"]),
            maker=False,
            at=int(data["transactTime"]) * _MILLISECOND,
        )
        for fill in data.get("fills", ())
    ]


def read_event(event: Mapping[str, Any], *, names: AssetNames) -> tuple[OrderState, Fill | None]:
    """Read an `executionReport`. The id of a cancelled order is in `C`; `c` is then the cancel's."""
    order = OrderState(
        symbol=event["s"],
        client_order_id=event.get("C") or event["c"],
        order_id=int(event["i"]),
        buy=event["S"] == "BUY",
        status=_STATUS[event["X"]],
        price=parse_atoms(event["p"]),
        quantity=parse_atoms(event["q"]),
        executed=parse_atoms(event["z"]),
        value=max(0, parse_atoms(event["Z"])),
        at=int(event["T"]) * _MILLISECOND,
    )
    if event["x"] != "TRADE":
        return order, None
    fill = Fill(
        trade_id=int(event["t"]),
        order_id=order.order_id,
        price=parse_atoms(event["L"]),
        quantity=parse_atoms(event["l"]),
        commission=parse_atoms(event["n"] or "0"),
        commission_asset=names.common(event["N"] or ""),
        maker=bool(event["m"]),
        at=order.at,
    )
    return order, fill


def order_report(order: OrderState, fills: Sequence[Fill] = ()) -> pb.OrderReport:
    """What the core is told of an order."""
    side = pb.SIDE_BUY if order.buy else pb.SIDE_SELL
    return pb.OrderReport(
        client_order_id=order.client_order_id,
        venue_order_id=str(order.order_id),
        symbol=order.symbol,
        side=side,
        status=order.status,
        price=format_atoms(order.price),
        quantity=format_atoms(order.quantity),
        executed_quantity=format_atoms(order.executed),
        executed_value=format_atoms(order.value),
        trades=[_trade(order, fill, side) for fill in fills],
        venue_at=order.at,
    )


def _trade(order: OrderState, fill: Fill, side: pb.Side.ValueType) -> pb.Trade:
    return pb.Trade(
        trade_id=str(fill.trade_id),
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=side,
        price=format_atoms(fill.price),
        quantity=format_atoms(fill.quantity),
        commission=format_atoms(fill.commission),
        commission_asset=fill.commission_asset,
        maker=fill.maker,
        venue_at=fill.at,
    )
