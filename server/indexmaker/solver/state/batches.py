"""Batches, their legs and venue orders, and the lots of the house."""

from __future__ import annotations

import enum

import msgspec

from indexmaker.solver.state.base import Record

__all__ = ["AssetOrder", "AssetOrderState", "Batch", "Fill", "InventoryLot", "Leg"]


class InventoryLot(Record, kw_only=True):
    """Surplus of a venue trade, now the house's. `cost` is what the house paid for it, fees included."""

    sequence: int
    venue: str
    asset: str
    symbol: str
    trade_id: str
    quantity: int
    cost: int


class Fill(Record, kw_only=True):
    """One venue trade of a leg. `net` is what is left after commission in the asset; `fee` is None until
    valued.

    `cost` is the part of the payment that belongs to `net`.
    """

    symbol: str
    trade_id: str
    client_order_id: str
    at: int
    price: int
    quantity: int
    net: int
    cost: int
    commission: int
    commission_asset: str
    fee: int | None


class Leg(Record, kw_only=True):
    """One asset of a batch."""

    asset: str
    symbol: str
    needed: int
    quantity: int
    limit_price: int
    mid: int
    house_value: int
    held: list[InventoryLot] = msgspec.field(default_factory=list)
    fills: list[Fill] = msgspec.field(default_factory=list)
    late: list[Fill] = msgspec.field(default_factory=list)
    """Trades told after the leg was closed; they are the house's."""
    attempts: int = 0
    closed: bool = False

    @property
    def held_quantity(self) -> int:
        """Inventory set aside for this leg."""
        return sum(lot.quantity for lot in self.held)


class Batch(Record, kw_only=True):
    """Index orders engaged together: (order, units planned, price at the limits), and the legs by asset."""

    batch_id: str
    sequence: int
    venue: str
    collateral: str
    opened_at: int
    orders: tuple[tuple[str, int, int], ...]
    value: int
    legs: list[Leg]
    closed: bool = False
    fee_told: bool = False


class AssetOrderState(enum.StrEnum):
    """An order on the venue as far as the solver knows. RETRY waits for its time to be replaced by a new one."""

    SENT = "SENT"
    LIVE = "LIVE"
    UNKNOWN = "UNKNOWN"
    RETRY = "RETRY"
    DONE = "DONE"


class AssetOrder(Record, kw_only=True):
    """One order to a venue. `done_quantity` is -1 until the venue has said how much was executed."""

    client_order_id: str
    batch_id: str
    asset: str
    venue: str
    symbol: str
    price: int
    quantity: int
    state: AssetOrderState
    asked_at: int
    retry_at: int = 0
    executed: int = 0
    done_quantity: int = -1
    queries: int = 0
    query_command: str = ""
