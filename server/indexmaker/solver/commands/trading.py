"""Commands to the order connector of a venue."""

from __future__ import annotations

from indexmaker.solver.commands.base import Command
from indexmaker.solver.vocabulary import Side

__all__ = ["PlaceAssetOrder", "QueryAssetOrder"]


class PlaceAssetOrder(Command, frozen=True, kw_only=True):
    """A LIMIT IOC order. `client_order_id` is the command id; a repeat must look the id up before it sends.

    Answered by `AssetOrderAccepted`, `AssetOrderDone`, `AssetOrderRejected` or `AssetOrderUnknown`.
    """

    batch_id: str
    venue: str
    symbol: str
    side: Side
    price: int
    quantity: int
    client_order_id: str
    order_type: str = "LIMIT"
    time_in_force: str = "IOC"


class QueryAssetOrder(Command, frozen=True, kw_only=True):
    """Ask the venue what became of an order, with its trades.

    Answered by `AssetOrderDone` (after its `ExecutionReported`), or `AssetOrderRejected` NOT_FOUND.
    """

    venue: str
    symbol: str
    client_order_id: str
