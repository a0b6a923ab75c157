"""Batches, their legs and venue orders, and the lots of the house."""

from __future__ import annotations

import enum

import msgspec

from indexmaker.solver.state.base import Record
from indexmaker.solver.vocabulary import Side

__all__ = ["AssetOrder", "AssetOrderState", "Batch", "Fill", "InventoryLot", "Leg", "Pledged", "Pool"]


class InventoryLot(Record, kw_only=True):
    """Surplus of a venue trade, or what the house took from the sellers of a batch (see `absorbed_id`).

    `cost` is what the house paid for it, fees included.
    """

    sequence: int
    venue: str
    asset: str
    symbol: str
    trade_id: str
    quantity: int
    cost: int


class Fill(Record, kw_only=True):
    """One venue trade of a leg, valued in the collateral: `fee` is the commission (0 for one that has no known
    price; then it is the house's).

    Of a purchase `net` is what is left after commission in the asset, and `cost` the part of the payment that belongs
    to it; of a sale they are the quantity and what it brought.
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
    fee: int


class Leg(Record, kw_only=True):
    """What a batch trades of one asset on one venue.

    `house` of it is on the house's account: it buys back what the house owes, or sells inventory. `house_value` is
    what the house may pay besides for rounding up to the venue's minimum; `value` counts against the budgets.
    """

    asset: str
    venue: str
    symbol: str
    side: Side
    quantity: int
    limit_price: int
    value: int
    house: int = 0
    house_value: int = 0
    fills: list[Fill] = msgspec.field(default_factory=list)
    late: list[Fill] = msgspec.field(default_factory=list)
    """Trades told after the leg was closed; they are the house's."""
    attempts: int = 0
    closed: bool = False

    @property
    def executed(self) -> int:
        """What its trades left of a purchase, or took for a sale."""
        return sum(fill.net for fill in self.fills)


class Pool(Record, kw_only=True):
    """What a batch shares out of one asset besides its trades. `mid` is the price among its orders and with the
    house, from the book of `symbol` at `venue`.

    `held` is inventory set aside for buyers, `selling` inventory to be sold; up to `absorb` the house takes what
    sellers have left.
    """

    asset: str
    venue: str
    symbol: str
    mid: int
    absorb: int = 0
    held: list[InventoryLot] = msgspec.field(default_factory=list)
    selling: list[InventoryLot] = msgspec.field(default_factory=list)


class Pledged(Record, kw_only=True):
    """Assets that an order put into a batch out of its index's backing, and where they are."""

    order_id: str
    index: str
    asset: str
    venue: str
    quantity: int


class Batch(Record, kw_only=True):
    """Orders engaged together: (order, units planned, worst price), those of users and the house's demands; what they
    exchange, and what goes to venues. `venue` is where the users' collateral is.
    """

    batch_id: str
    sequence: int
    venue: str
    collateral: str
    opened_at: int
    orders: tuple[tuple[str, int, int], ...]
    demands: tuple[tuple[str, int, int], ...] = ()
    value: int
    pools: list[Pool]
    legs: list[Leg]
    pledges: list[Pledged] = msgspec.field(default_factory=list)
    closed: bool = False

    def leg(self, asset: str, venue: str) -> Leg:
        """The leg of an asset on a venue."""
        return next(leg for leg in self.legs if (leg.asset, leg.venue) == (asset, venue))


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
    side: Side
    price: int
    quantity: int
    state: AssetOrderState
    asked_at: int
    retry_at: int = 0
    executed: int = 0
    done_quantity: int = -1
    queries: int = 0
    query_command: str = ""
