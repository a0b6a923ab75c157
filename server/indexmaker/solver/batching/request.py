"""What a plan is asked, and what it answers."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from indexmaker.instruments import Instrument
from indexmaker.solver.batching.markets import AssetMarket
from indexmaker.solver.config import SolverConfig
from indexmaker.solver.vocabulary import Side, Value

__all__ = [
    "BatchPlan",
    "PlanRequest",
    "PlannedLeg",
    "PlannedOrder",
    "PlannedPool",
    "Pledge",
    "WaitReason",
    "Want",
]


class WaitReason(enum.StrEnum):
    """Why an order is not in the batch."""

    MARKET = "MARKET"
    PRICE = "PRICE"
    MINIMUM = "MINIMUM"
    CAPACITY = "CAPACITY"


class Want(Value, frozen=True, kw_only=True):
    """An order that is ready, of a user or of the house for an index.

    A sale takes its assets from the backing of `index`.
    """

    order_id: str
    side: Side = Side.BUY
    index: str = ""
    quantities: tuple[tuple[str, int], ...]
    cap: int
    """BUY: collateral that may be spent on assets and venue fees; SELL: units that may be sold."""
    most_units: int = 0
    """BUY: no more units than these, whatever they cost; 0: no such bound."""
    price_limit: int = 0
    """The most a unit may cost, or the least it must bring, venue fees included; 0: none."""
    house: bool = False
    """Not a user's: no part of it is too small."""


class PlanRequest(Value, frozen=True, kw_only=True):
    """Everything the plan depends on. Holdings are keyed by asset and venue.

    `markets` are the usable ones of each asset, that of the home venue first; `unusable` says why an asset has
    none. The users' collateral is at `home`, where the venue account holds `money` in all; what is bought on
    another venue the house pays from its own `cash` there. The house's cash also pays for inventory.
    """

    wants: tuple[Want, ...]
    markets: Mapping[str, tuple[AssetMarket, ...]]
    unusable: Mapping[str, str]
    home: str
    money: int
    cash: Mapping[str, int]
    inventory: Mapping[tuple[str, str], int]
    shorts: Mapping[tuple[str, str], int]
    backing: Mapping[tuple[str, str, str], int]
    """What each index (first part of the key) holds."""
    budget: int
    config: SolverConfig

    def stock(self, asset: str) -> int:
        """House inventory of an asset on all venues."""
        return sum(quantity for (held, _), quantity in self.inventory.items() if held == asset)

    def mid(self, asset: str) -> int:
        """The price at which the orders of the batch exchange an asset: of the first market with both sides."""
        markets = self.markets[asset]
        return next((m.mid for m in markets if m.asks and m.bids), markets[0].mid)


class Pledge(Value, frozen=True, kw_only=True):
    """Assets that a sale puts into the batch, and where they are."""

    order_id: str
    index: str
    asset: str
    venue: str
    quantity: int


class PlannedOrder(Value, frozen=True, kw_only=True):
    """An order's share: units, the worst price of one at the limits, and the collateral that all of it may cost (or
    must bring) at that price.
    """

    order_id: str
    side: Side
    units: int
    price: int
    value: int


class PlannedPool(Value, frozen=True, kw_only=True):
    """One asset of the batch, apart from what goes to venues: `mid` is the price among its orders, and with the
    house.

    `inventory` is set aside for buyers; up to `absorb` the house takes what sellers have left.
    """

    asset: str
    venue: str
    symbol: str
    mid: int
    needed: int
    offered: int
    inventory: int
    absorb: int


class PlannedLeg(Value, frozen=True, kw_only=True):
    """One order for a venue. `house` is the part of the quantity that is not for the orders of the batch: it buys
    back what the house owes, rounds up to the venue's minimum, or sells inventory.

    `house_value` is that part's cost at the limit price, for a purchase beyond what the house owes.
    """

    asset: str
    instrument: Instrument
    side: Side
    quantity: int
    limit_price: int
    value: int
    """The most it can cost (at its limit), or bring (at the best bid)."""
    house: int = 0
    house_value: int = 0
    thinness: int
    """Usable depth as a multiple of the ordered quantity, in atoms: the smaller, the thinner."""


class BatchPlan(Value, frozen=True, kw_only=True):
    """Orders, pools by asset and legs (thinnest first), or none; and who waits for what."""

    orders: tuple[PlannedOrder, ...] = ()
    pools: tuple[PlannedPool, ...] = ()
    legs: tuple[PlannedLeg, ...] = ()
    pledges: tuple[Pledge, ...] = ()
    waiting: tuple[tuple[str, WaitReason, str], ...] = ()
    unusable: tuple[tuple[str, str], ...] = ()
    """Assets that kept orders out, each with the reason."""

    @property
    def value(self) -> int:
        """What it sends to venues."""
        return sum(leg.value for leg in self.legs)
