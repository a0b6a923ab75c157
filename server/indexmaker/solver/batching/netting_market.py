"""The netting auction of index orders as an auction over atoms: assets and index tokens.

An index order trades one token; a *mint* turns the assets of a basket into its token and a *redemption* turns it
back, so buys and sells of all indices meet in their assets, and books and inventory are steps of single assets:

    maximise  sum(+-limit x) - cost of asks + revenue of bids
    token i:  buys - sells = minted - redeemed        asset k: sum(quantity_ik minted_i) = asks + inventory - bids

The dual of an asset is its price; the price of an index is the value of its basket, one for buyers and sellers.

Integers: tokens in atoms (10**-18); assets in 10**-36, so that a basket's quantities times tokens are exact;
prices of assets in atoms of collateral per unit, of tokens in 10**-36; money comes out in 10**-54.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from indexmaker.auction import Order, price_tolerance
from indexmaker.auction.model import Legs
from indexmaker.money import ATOMS
from indexmaker.solver.batching.reach import Reach, full_reach, reach_at
from indexmaker.solver.batching.strategy import DUST_VALUE, AllocationProblem, AssetSupply, Demand
from indexmaker.solver.vocabulary import Side

__all__ = ["Basket", "NettingMarket", "mid_values", "worth_trading"]

Basket = tuple[tuple[str, int], ...]
"""Quantity of each asset per unit of an index."""

_LINES = 10_000
_PREMIUM = 500
"""How far, in basis points, an order without a limit goes beyond the dearest (cheapest) step of all supplies."""
_DUST = DUST_VALUE * ATOMS
"""Steps worth less are left out."""


def mid_values(problem: AllocationProblem) -> dict[Basket, int]:
    """Value of a unit of every basket at mid prices (10**-36); zero where an asset has no market."""
    values: dict[Basket, int] = {}
    for demand in problem.demands:
        basket = demand.quantities
        if basket not in values:
            mids = [problem.supplies[asset].mid if asset in problem.supplies else 0 for asset, _ in basket]
            usable = all(mid > 0 < quantity for (_, quantity), mid in zip(basket, mids, strict=True))
            parts = (quantity * mid for (_, quantity), mid in zip(basket, mids, strict=True))
            values[basket] = sum(parts) if usable else 0
    return values


def worth_trading(demand: Demand, *, value: int) -> bool:
    """Whether there is more than dust to trade, a unit being worth `value` (10**-36; zero: cannot be traded)."""
    if not value:
        return False
    return demand.cap > DUST_VALUE if demand.side is Side.BUY else demand.cap * value > _DUST * ATOMS


class NettingMarket:
    """Numbers of the atoms, and everything that is not an index order: conversions and supply steps.

    `demands` are the orders that can be served at all.
    """

    def __init__(self, problem: AllocationProblem, demands: Sequence[Demand]) -> None:
        self.supplies: Mapping[str, AssetSupply] = problem.supplies
        counts: dict[Basket, int] = {}
        for demand in demands:
            counts[demand.quantities] = counts.get(demand.quantities, 0) + 1
        self.baskets = sorted(counts)
        self.assets = sorted({asset for basket in self.baskets for asset, _ in basket})
        self.tokens = {basket: len(self.assets) + number for number, basket in enumerate(self.baskets)}
        atoms = {asset: number for number, asset in enumerate(self.assets)}
        self.users = dict.fromkeys(self.assets, 0)
        self.grain = dict.fromkeys(self.assets, 0)
        for basket, count in counts.items():
            for asset, quantity in basket:
                self.users[asset] += count
                self.grain[asset] += quantity
        mids = [sum(quantity * self.supplies[asset].mid for asset, quantity in basket) for basket in self.baskets]
        self.references = [self.supplies[asset].mid for asset in self.assets] + mids
        self._legs: dict[Basket, Legs] = {
            basket: tuple(sorted((atoms[asset], quantity) for asset, quantity in basket)) for basket in self.baskets
        }
        highest, lowest = self._lines(full_reach(problem))
        self._market_limits = [(mid * highest // _LINES, -(-mid * lowest // _LINES)) for mid in mids]

    def _lines(self, reach: Reach) -> tuple[int, int]:
        """Grid lines at which orders without a limit stand, for buys and sells."""
        rise = fall = 0
        for asset in self.assets:
            mid = self.supplies[asset].mid
            rise = max(rise, -(-(reach.dearest[asset] - mid) * _LINES // mid))
            fall = max(fall, -(-(mid - reach.cheapest[asset]) * _LINES // mid))
        return _LINES + rise + _PREMIUM, max(1, _LINES - fall - _PREMIUM)

    def limit(self, demand: Demand, *, token: int) -> int:
        """What the order pays at most for a token (negative: for what it gives one), in price units.

        No limit counts as a premium that every supply meets, and no limit counts for more than that: what a unit
        really costs is bounded by the supply, and an order must not win by naming an absurd price.
        """
        highest, lowest = self._market_limits[token - len(self.assets)]
        if demand.side is Side.BUY:
            return min(demand.limit * ATOMS, highest) if demand.limit else highest
        return -max(demand.limit * ATOMS, lowest)

    def conversions(self, minted: Mapping[int, int], redeemed: Mapping[int, int]) -> list[Order]:
        """A mint and a redemption of every basket, up to these tokens.

        Their limit makes up for the lowering of limits of several legs: turning assets into tokens costs nothing.
        """
        orders = []
        for basket, token in self.tokens.items():
            assets = self._legs[basket]
            mint: Legs = (*assets, (token, -1))
            redeem: Legs = (*((atom, -quantity) for atom, quantity in assets), (token, 1))
            limit = price_tolerance(mint, references=self.references)
            orders.append(Order(mint, limit, minted.get(token, 0), external=True))
            orders.append(Order(redeem, limit, redeemed.get(token, 0), external=True))
        return orders

    def steps(
        self, minted: Mapping[int, int], redeemed: Mapping[int, int], *, within: Reach | None = None
    ) -> list[Order]:
        """Supply of all assets as far as these tokens could need it; with a reach nothing beyond its prices.

        No step is better than the mid price, as nobody trades at better ones: so supply never trades with itself.
        """
        needed, given = self.net(minted), self.net(redeemed)
        orders: list[Order] = []
        for atom, asset in enumerate(self.assets):
            supply = self.supplies[asset]
            asks = [(max(supply.mid, p), q) for p, q in (*supply.asks, (supply.house_price, supply.inventory))]
            bids = [(min(supply.mid, p), q) for p, q in (*supply.bids, (supply.house_price, supply.absorb))]
            if within is not None:
                asks = [step for step in asks if step[0] <= within.dearest[asset]]
                bids = [step for step in bids if step[0] >= within.cheapest[asset]]
            asks = _first(sorted(asks), needed.get(asset, 0))
            bids = _first(sorted(bids, reverse=True), given.get(asset, 0))
            orders += [Order(((atom, -1),), -price, size * ATOMS, external=True) for price, size in asks]
            orders += [Order(((atom, 1),), price, size * ATOMS, external=True) for price, size in bids]
        return orders

    def wastes(self, *, tokens: bool = False) -> list[int]:
        """What the house may keep of each asset so that roundings balance: half of its dust, and what whole atoms of
        tokens cannot match; with `tokens` also what buyers of each token may be short of, so that every order's own
        rounding is covered.
        """
        kept = [self.supplies[asset].dust * ATOMS // 2 + 2 * self.grain[asset] for asset in self.assets]
        short = [sum(self._grains(basket)) if tokens else 0 for basket in self.baskets]
        return kept + short

    def _grains(self, basket: Basket) -> list[int]:
        """For each asset the tokens that contain an atom of it for every order, and one."""
        return [-(-(self.users[asset] + 1) * ATOMS // quantity) for asset, quantity in basket]

    def offered(self, asset: str, reach: Reach) -> int:
        """What can be had of an asset up to the reach's price."""
        supply, dearest = self.supplies[asset], reach.dearest[asset]
        asks = ((supply.house_price, supply.inventory), *supply.asks)
        return sum(quantity for price, quantity in asks if price <= dearest)

    def net(self, tokens: Mapping[int, int]) -> dict[str, int]:
        """What is missing of each asset (negative: left over) when so many tokens are bought net, rounded up."""
        net: dict[str, int] = {}
        for token, amount in tokens.items():
            for asset, quantity in self.baskets[token - len(self.assets)]:
                net[asset] = net.get(asset, 0) + quantity * amount
        return {asset: -(-amount // ATOMS) for asset, amount in net.items()}

    def reach(self, net: Mapping[str, int]) -> Reach:
        """As deep as that takes, every order's rounding counted in full; assets that balance reach nothing."""
        missing = {asset: amount + self.users[asset] for asset, amount in net.items() if amount > 0}
        left = {asset: 1 - amount + self.users[asset] for asset, amount in net.items() if amount < 0}
        return reach_at(self.supplies, missing, left)


def _first(steps: Iterable[tuple[int, int]], quantity: int) -> list[tuple[int, int]]:
    """The steps that reach twice a quantity, without those that are dust."""
    found = []
    left = 2 * quantity
    for price, size in steps:
        if left <= 0:
            break
        if price * size > _DUST:
            found.append((price, size))
            left -= size
    return found
