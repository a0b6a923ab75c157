"""Books to solve a batch on, and what a venue says about our orders."""

from __future__ import annotations

from indexmaker.solver.events.base import Event
from indexmaker.solver.vocabulary import AssetOrderStatus, BookFlag, RejectClass, Value

__all__ = [
    "AssetOrderAccepted",
    "AssetOrderDone",
    "AssetOrderRejected",
    "AssetOrderUnknown",
    "BatchSolve",
    "Book",
    "ExecutionReported",
]


class Book(Value, frozen=True, kw_only=True):
    """One instrument's levels (price, quantity), best first, with the age and the known trouble."""

    venue: str
    symbol: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    age_ns: int = 0
    flags: tuple[BookFlag, ...] = ()


class BatchSolve(Event, frozen=True, kw_only=True):
    """Solve a batch now, on exactly these books. Without `batch_id` the id is made from the sequence."""

    books: tuple[Book, ...]
    batch_id: str = ""


class AssetOrderAccepted(Event, frozen=True, kw_only=True):
    """The venue took the order; its end will follow."""

    client_order_id: str
    venue_order_id: str = ""


class ExecutionReported(Event, frozen=True, kw_only=True):
    """A trade of ours. `quantity` is before commission; (venue, symbol, trade id) makes it unique."""

    venue: str
    symbol: str
    trade_id: str
    client_order_id: str
    price: int
    quantity: int
    commission: int
    commission_asset: str
    at: int


class AssetOrderDone(Event, frozen=True, kw_only=True):
    """The order rests no more; `executed_quantity` says how much its trades must add up to."""

    client_order_id: str
    status: AssetOrderStatus
    executed_quantity: int


class AssetOrderRejected(Event, frozen=True, kw_only=True):
    """The venue refused the order (or, as NOT_FOUND, does not know it)."""

    client_order_id: str
    reject_class: RejectClass
    reason: str = ""


class AssetOrderUnknown(Event, frozen=True, kw_only=True):
    """Nobody knows whether the order reached the venue (time-out, lost connection)."""

    client_order_id: str
    reason: str = ""
