"""Orders and lists of the slow model."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexmaker.exchange.commands import (
    PlaceOrder,
)
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import (
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)

OPEN = (OrderStatus.PENDING_NEW, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)
STOPS = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
LOSSES = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT)
LASTING = (TimeInForce.GTC, TimeInForce.GTD)
LIST_ENDS = "ALL_DONE"


@dataclass(eq=False)
class ModelOrder:
    id: int
    request: PlaceOrder
    client_id: str
    quantity: int
    remaining: int
    status: OrderStatus = OrderStatus.NEW
    rank: int = 0
    """Place in the queue of its price; 0 when it is not in the book."""
    shown: int = 0
    waiting: bool = False
    """For a price."""
    trailing: bool = False
    extreme: int = 0
    cover: int = 0
    prevented: int = 0
    group: ModelList | None = None
    fills: list[tuple[int, int, str]] = field(default_factory=list)
    """(price, lots, role) of every trade; the role "moved" is a prevented match that moved money."""

    @property
    def buy(self) -> bool:
        return self.request.side is Side.BUY

    @property
    def price(self) -> int:
        return self.request.price

    @property
    def account(self) -> int:
        return self.request.account

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def above(self) -> bool:
        return (self.request.type in LOSSES) is self.buy


@dataclass(eq=False)
class ModelList:
    id: int
    client_id: str
    account: int
    working: ModelOrder | None
    legs: list[ModelOrder]
    done: bool = False

    @property
    def orders(self) -> list[ModelOrder]:
        return ([self.working] if self.working else []) + self.legs


class Refused(Exception):
    def __init__(self, code: RejectCode) -> None:
        self.code = code
