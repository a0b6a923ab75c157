"""The terms of an order, and refusals classed so that the core knows what to do."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.identifiers import IdentifierError, check_client_order_id
from indexmaker.money import MoneyError, format_atoms, parse_atoms
from indexmaker_binance.errors import FilterRefusedError, VenueBusyError, VenueRefusedError
from indexmaker_binance.order_messages import OrderState

__all__ = ["Terms", "read_terms", "reject", "reject_of_venue"]

_TIME_IN_FORCE = {
    pb.TIME_IN_FORCE_GTC: "GTC",
    pb.TIME_IN_FORCE_IOC: "IOC",
    pb.TIME_IN_FORCE_FOK: "FOK",
}
_FILTER = re.compile(r"Filter failure: (\w+)")
_CLASSES = (
    ("insufficient balance", pb.REJECT_CLASS_BALANCE),
    ("Market is closed", pb.REJECT_CLASS_HALTED),
)
_FILTER_CODES = frozenset({-1013, -1111})

Instruction = pb.PlaceOrder | pb.CancelOrder | pb.QueryOrder


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What an order says, in atoms."""

    buy: bool
    price: int
    quantity: int
    time_in_force: str

    @property
    def text(self) -> str:
        """One line that differs whenever the terms differ."""
        side = "BUY" if self.buy else "SELL"
        return f"{side} {format_atoms(self.quantity)} @ {format_atoms(self.price)} {self.time_in_force}"

    def match(self, order: OrderState) -> bool:
        """Whether an order at the venue has these terms."""
        return (self.buy, self.price, self.quantity) == (order.buy, order.price, order.quantity)

    def parameters(self, order: pb.PlaceOrder) -> dict[str, Any]:
        """The venue's parameters; numbers are plain decimals, never in exponent notation."""
        return {
            "symbol": order.symbol,
            "side": "BUY" if self.buy else "SELL",
            "type": "LIMIT",
            "timeInForce": self.time_in_force,
            "price": format_atoms(self.price),
            "quantity": format_atoms(self.quantity),
            "newClientOrderId": order.client_order_id,
            "newOrderRespType": "FULL",
        }


def read_terms(order: pb.PlaceOrder) -> Terms:
    """Read an instruction; raises `FilterRefusedError` naming the field that cannot be read."""
    force = _TIME_IN_FORCE.get(order.time_in_force)
    if order.side not in (pb.SIDE_BUY, pb.SIDE_SELL) or force is None:
        raise FilterRefusedError("side or time_in_force", "not given")
    try:
        check_client_order_id(order.client_order_id)
        return Terms(
            buy=order.side == pb.SIDE_BUY,
            price=parse_atoms(order.price, field="price"),
            quantity=parse_atoms(order.quantity, field="quantity"),
            time_in_force=force,
        )
    except (IdentifierError, MoneyError) as error:
        raise FilterRefusedError("field", str(error)) from error


def reject(order: Instruction, reject_class: pb.RejectClass.ValueType, detail: str) -> pb.OrderReject:
    """A refusal that did not come from the venue."""
    return pb.OrderReject(
        client_order_id=order.client_order_id, symbol=order.symbol, reject_class=reject_class, detail=detail
    )


def reject_of_venue(order: Instruction, error: VenueRefusedError) -> pb.OrderReject:
    """A refusal by the venue; a filter's name comes first in the detail."""
    if isinstance(error, VenueBusyError):
        refusal = reject(order, pb.REJECT_CLASS_RATE, error.message)
        refusal.retry_after_ms = error.retry_after_ms
    elif error.code in _FILTER_CODES:
        named = _FILTER.search(error.message)
        refusal = reject(order, pb.REJECT_CLASS_FILTER, named[1] if named else error.message)
    else:
        kind = next((kind for text, kind in _CLASSES if text in error.message), pb.REJECT_CLASS_OTHER)
        refusal = reject(order, kind, error.message)
    refusal.venue_code = error.code
    return refusal
