"""One round of planning: who takes part, how much each may have at most, and what a strategy makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from indexmaker.money import ATOMS, mul_ceil
from indexmaker.solver.assignment import flows
from indexmaker.solver.batching import strategy_named
from indexmaker.solver.batching.reach import buy_price
from indexmaker.solver.batching.request import PlanRequest, Want
from indexmaker.solver.batching.strategy import AllocationProblem, AssetSupply, Demand
from indexmaker.solver.batching.supply import Offer, Place, bounds, market_at, offers, spread, wide_limits
from indexmaker.solver.vocabulary import Side

__all__ = ["Frame"]


class Frame:
    """Limits and caps of one round. `closed` places take no orders; the budgets bound buys and sells, in collateral."""

    def __init__(
        self,
        request: PlanRequest,
        wants: Sequence[Want],
        *,
        impact: int,
        closed: set[Place],
        buy_budget: int,
        sell_budget: int,
    ) -> None:
        self.request = request
        self.wants = wants
        self.buy_budget = buy_budget
        self.assets = sorted({asset for want in wants for asset, _ in want.quantities} | house_assets(request))
        wide = wide_limits(self.assets, request, impact=impact)
        self.wide = {place: limit for place, limit in wide.items() if place not in closed}
        self.most = bounds(self.wide, request)
        self.absorb = self._absorb()
        self.caps = self._caps(sell_budget)

    def agreed(self) -> tuple[dict[str, int], dict[Place, int]]:
        """Units per order, and limit prices at which everybody can have them.

        Three passes: how deep all would go; how deep they go who accept those prices; and what can be had when
        every unit of it is reckoned at the limit price.
        """
        rough = self._allocate(self.wide, flat=False, heed_limits=False)
        limits = self._limits(rough)
        better = self._allocate(limits, flat=False, heed_limits=True)
        limits = self._limits(better)
        return self._allocate(limits, flat=True, heed_limits=True), limits

    def steps(self, asset: str, side: Side, limits: Mapping[Place, int], *, flat: bool) -> list[Offer]:
        """The supply of one side of an asset."""
        return offers(asset, side, self.request, limits=limits, most=self.most, flat=flat)

    def net(self, asset: str, units: Mapping[str, int]) -> int:
        """What buyers need beyond what sellers give; below zero, what sellers have left."""
        needed, given = flows(self.wants, units)
        return needed.get(asset, 0) - given.get(asset, 0)

    def residue(self, asset: str, units: Mapping[str, int]) -> tuple[int, int]:
        """What is left to buy and what to sell on venues when orders and house have traded with each other."""
        net = self.net(asset, units)
        return max(0, net - self.request.stock(asset)), max(0, -net - self.absorb[asset])

    def stock_used(self, asset: str, units: Mapping[str, int]) -> int:
        """What buyers need of the house's inventory."""
        return min(self.request.stock(asset), max(0, self.net(asset, units)))

    def _limits(self, units: Mapping[str, int]) -> dict[Place, int]:
        found: dict[Place, int] = {}
        slack = self.request.config.price_slack
        for asset in self.assets:
            for side, quantity in zip((Side.BUY, Side.SELL), self.residue(asset, units), strict=True):
                served = spread(self.steps(asset, side, self.wide, flat=False), quantity)
                for market in self.request.markets[asset]:
                    place = Place(asset, market.venue, side)
                    if place not in self.wide:
                        continue
                    wanted = served.get(market.venue, 0)
                    if side is Side.BUY:
                        wanted = market.gross(wanted + self.request.shorts.get((asset, market.venue), 0))
                    found[place] = market.price_for(side, wanted, slack=slack, within=self.wide[place])
        return found

    def _allocate(self, limits: Mapping[Place, int], *, flat: bool, heed_limits: bool) -> dict[str, int]:
        supplies = {}
        for asset in self.assets:
            asks = self.steps(asset, Side.BUY, limits, flat=flat)
            bids = self.steps(asset, Side.SELL, limits, flat=flat)
            supplies[asset] = AssetSupply(
                mid=self.request.mid(asset),
                asks=tuple((offer.price, offer.quantity) for offer in asks),
                bids=tuple((offer.price, offer.quantity) for offer in bids),
                inventory=self.request.stock(asset),
                absorb=self.absorb[asset],
            )
        demands = tuple(
            Demand(
                order_id=want.order_id,
                side=want.side,
                limit=want.price_limit if heed_limits else 0,
                quantities=want.quantities,
                cap=self.caps[want.order_id],
            )
            for want in self.wants
        )
        problem = AllocationProblem(demands=demands, supplies=supplies, budget=self.buy_budget)
        units = strategy_named(self.request.config.strategy).allocate(problem).units
        return {want.order_id: self._clamped(want, units.get(want.order_id, 0)) for want in self.wants}

    def _clamped(self, want: Want, units: int) -> int:
        if want.side is Side.SELL:
            return min(max(0, units), self.caps[want.order_id])
        return min(max(0, units), want.most_units) if want.most_units else max(0, units)

    def _absorb(self) -> dict[str, int]:
        """What the house may take from sellers: what it owes, and as much as its inventory budget and cash allow."""
        request = self.request
        cash = max(0, request.cash.get(request.home, 0))
        room: dict[str, int] = {}
        for asset in self.assets:
            mid = request.mid(asset)
            sold = any(want.side is Side.SELL and asset in dict(want.quantities) for want in self.wants)
            free = request.config.inventory_budget_of(asset) - mul_ceil(request.stock(asset), mid)
            owed = sum(quantity for (short, _), quantity in request.shorts.items() if short == asset)
            quantity = min(owed + max(0, free) * ATOMS // mid, cash * ATOMS // mid) if sold else 0
            room[asset] = quantity
            cash -= mul_ceil(quantity, mid)
        return room

    def _caps(self, sell_budget: int) -> dict[str, int]:
        """Collateral for buys, units for sells; sells get equal parts of their budget as far as they can use them."""
        budget = self.request.config.order_budget
        caps: dict[str, int] = {}
        values: dict[str, int] = {}
        backing = dict(self.request.backing)
        for want in self.wants:
            if want.side is Side.BUY:
                caps[want.order_id] = min(want.cap, budget)
                if want.most_units:
                    worst = -(-want.most_units * self._worst(want) // ATOMS)
                    caps[want.order_id] = min(caps[want.order_id], worst)
            else:
                caps[want.order_id] = _pledgeable(want, backing)
                values[want.order_id] = min(budget, mul_ceil(caps[want.order_id], self._value(want)))
        level = _level(values.values(), sell_budget)
        for want in self.wants:
            if want.side is Side.SELL:
                by_value = min(level, values[want.order_id]) * ATOMS // self._value(want)
                caps[want.order_id] = min(caps[want.order_id], by_value)
        return caps

    def _value(self, want: Want) -> int:
        """What a unit is worth at the mids, at least one atom."""
        return max(1, sum(mul_ceil(quantity, self.request.mid(asset)) for asset, quantity in want.quantities))

    def _worst(self, want: Want) -> int:
        dearest = {asset: self.request.mid(asset) for asset, _ in want.quantities}
        for place, limit in self.wide.items():
            if place.side is Side.BUY and place.asset in dearest:
                cost = market_at(self.request, place).after_fee(Side.BUY, limit)
                dearest[place.asset] = max(dearest[place.asset], cost)
        return buy_price(want.quantities, dearest)


def house_assets(request: PlanRequest) -> set[str]:
    """Assets with a market that the house holds, or owes."""
    held = {asset for (asset, _), quantity in request.inventory.items() if quantity}
    owed = {asset for (asset, _), quantity in request.shorts.items() if quantity}
    return {asset for asset in held | owed if request.markets.get(asset)}


def _pledgeable(want: Want, backing: dict[tuple[str, str, str], int]) -> int:
    """Units that the index's holdings still cover; they are taken off the holdings."""
    units = want.cap
    held: dict[str, int] = {}
    for (index, asset, _), quantity in backing.items():
        if index == want.index:
            held[asset] = held.get(asset, 0) + quantity
    for asset, quantity in want.quantities:
        if quantity > 0:
            units = min(units, max(0, held.get(asset, 0)) * ATOMS // quantity)
    for asset, quantity in want.quantities:
        left = mul_ceil(quantity, units)
        for key in sorted(key for key in backing if key[:2] == (want.index, asset)):
            taken = min(left, max(0, backing[key]))
            backing[key] -= taken
            left -= taken
    return units


def _level(values: Iterable[int], budget: int) -> int:
    """The highest level at which the values, cut to it, sum to the budget at most."""
    left = max(0, budget)
    rising = sorted(values)
    for number, value in enumerate(rising):
        share = left // (len(rising) - number)
        if value > share:
            return share
        left -= value
    return max(rising, default=0)
