"""The interface of a batch strategy: how much of each order to serve when not all can be served. Pure
functions.

A strategy sees buys and sells together. What one side gives the other takes; what is left over meets the
house's inventory and the books, step by step. Every result keeps the rules that `breaches` checks:

- no sell exceeds its units, and no buy its collateral, nor all buys together the budget, when each asset is
  reckoned at the dearest price that the allocation itself reaches (`Reach`);
- no order trades beyond its limit at those prices;
- what buyers need beyond the sellers' assets is offered (asks, inventory), and what sellers give beyond the
  buyers' need is wanted (bids, what the house absorbs, dust), each order's roundings counted against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from indexmaker.auction import Certificate
from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver.vocabulary import Side, Value

__all__ = [
    "DUST_VALUE",
    "Allocation",
    "AllocationProblem",
    "AssetSupply",
    "BatchStrategy",
    "Demand",
    "asset_release",
    "asset_use",
]

DUST_VALUE = ATOMS // 10**6
"""What the house may keep per asset and batch because amounts are rounded: the smallest unit of a collateral token
of six decimals.
"""


class Demand(Value, frozen=True, kw_only=True):
    """One order, of a user or of the house: what a unit of its index contains and the most it may trade. All in
    atoms.
    """

    order_id: str
    side: Side = Side.BUY
    limit: int = 0
    """BUY: the most a unit may cost; SELL: the least it must bring; 0: no limit."""
    quantities: tuple[tuple[str, int], ...]
    """Quantity of each asset per unit; no asset twice."""
    cap: int
    """BUY: the collateral it may spend, fees of the venue included; SELL: units."""


class AssetSupply(Value, frozen=True, kw_only=True):
    """What can be had and placed of one asset besides what the orders exchange among themselves.

    Prices are per whole unit of the asset. Steps are (price, quantity), best first, after fees: an ask is what a
    unit kept costs and the quantity that is kept; a bid is what a unit given brings and the quantity that may be given.
    """

    mid: int
    """Price of what buyers and sellers of the batch exchange among themselves."""
    asks: tuple[tuple[int, int], ...] = ()
    bids: tuple[tuple[int, int], ...] = ()
    inventory: int = 0
    """What the house gives, at `reservation`."""
    absorb: int = 0
    """What the house takes, at `reservation`."""
    reservation: int = 0
    """The house's own price; 0: the mid price."""

    @property
    def house_price(self) -> int:
        """Price at which inventory changes hands."""
        return self.reservation or self.mid

    @property
    def offered(self) -> int:
        """All that can be had: asks and inventory."""
        return self.inventory + sum(quantity for _, quantity in self.asks)

    @property
    def wanted(self) -> int:
        """All that can be placed: bids, what the house absorbs, and the dust that it keeps."""
        return self.absorb + self.dust + sum(quantity for _, quantity in self.bids)

    @property
    def dust(self) -> int:
        """Sellers' assets that no buyer's rounding takes: worth at most `DUST_VALUE`, the house's."""
        return DUST_VALUE * ATOMS // self.mid if self.mid > 0 else 0


class AllocationProblem(Value, frozen=True, kw_only=True):
    """Orders in the order of their arrival, the supply of each asset, and the most collateral of all buys
    together.

    An asset without a supply stops every order that contains it.
    """

    demands: tuple[Demand, ...]
    supplies: Mapping[str, AssetSupply]
    budget: int


class Allocation(Value, frozen=True, kw_only=True):
    """Index units for every order (0 for none), in atoms.

    A strategy that finds prices tells them (per asset, in atoms) with the proof that nothing better exists.
    """

    units: Mapping[str, int]
    prices: Mapping[str, int] = msgspec.field(default_factory=dict)
    certificate: Certificate | None = None


class BatchStrategy(Protocol):
    """A pure function with a name. Equal problems, and problems that list the same orders in another sequence,
    get the same answer: a replay must decide as the first run did.
    """

    name: str

    def allocate(self, problem: AllocationProblem) -> Allocation:
        """Units for every order of the problem."""
        ...


def asset_use(quantity: int, *, units: int) -> int:
    """What `units` of an index need of an asset with `quantity` per unit, rounded up."""
    return mul_ceil(quantity, units)


def asset_release(quantity: int, *, units: int) -> int:
    """What `units` of an index set free of an asset with `quantity` per unit, rounded down."""
    return mul_floor(quantity, units)
