"""From ready orders and books to index units per order and one exchange order per asset.

First the allocation (a strategy), then prices as deep as it needs, the allocation again at those prices, and
the exchange quantities last: rounded down to the lot step, so that their sum at limit prices stays within
what was allocated. A leg under the venue's minimum is bought up to it only within the house's inventory
budget of the asset; otherwise the asset counts as not for sale in this batch, and the orders that need it
wait for company.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, ceil_to_step, floor_to_step, mul_ceil
from indexmaker.solver.batching import strategy_named
from indexmaker.solver.batching.markets import AssetMarket, Unusable
from indexmaker.solver.batching.strategy import AllocationProblem, AssetSupply, Demand, asset_use
from indexmaker.solver.config import SolverConfig
from indexmaker.solver.vocabulary import Value

__all__ = ["BatchPlan", "PlanRequest", "PlannedLeg", "PlannedOrder", "WaitReason", "Want", "plan_batch"]


class WaitReason(enum.StrEnum):
    """Why an order is not in the batch."""

    MARKET = "MARKET"
    PRICE = "PRICE"
    MINIMUM = "MINIMUM"
    CAPACITY = "CAPACITY"


class Want(Value, frozen=True, kw_only=True):
    """An order that is ready: what it may spend on assets and venue fees, and its price limit per unit (0:
    none).
    """

    order_id: str
    quantities: tuple[tuple[str, int], ...]
    money: int
    price_limit: int


class PlanRequest(Value, frozen=True, kw_only=True):
    """Everything the plan depends on. `house_cash` may pay for surplus within the inventory budgets."""

    wants: tuple[Want, ...]
    markets: Mapping[str, AssetMarket | Unusable]
    inventory: Mapping[str, int]
    house_cash: int
    budget: int
    config: SolverConfig


class PlannedOrder(Value, frozen=True, kw_only=True):
    """An order's share: index units, their price at the limits, and the collateral that this may cost."""

    order_id: str
    units: int
    price: int
    value: int


class PlannedLeg(Value, frozen=True, kw_only=True):
    """One asset: what the orders need, how much of it comes from inventory, and the order for the venue (or
    none).

    `house_value` is the part of the order, at the limit price, that is for the house's inventory.
    """

    asset: str
    instrument: Instrument
    needed: int
    inventory: int
    quantity: int
    limit_price: int
    mid: int
    house_value: int
    thinness: int
    """Usable depth as a multiple of the ordered quantity, in atoms: the smaller, the thinner."""


class BatchPlan(Value, frozen=True, kw_only=True):
    """Orders and legs (thinnest first), or none; and who waits for what."""

    orders: tuple[PlannedOrder, ...]
    legs: tuple[PlannedLeg, ...]
    waiting: tuple[tuple[str, WaitReason, str], ...]

    @property
    def value(self) -> int:
        """The most this batch can cost its orders."""
        return sum(order.value for order in self.orders)


def plan_batch(request: PlanRequest) -> BatchPlan:
    """Plan one batch; an order whose price limit is tighter than the batch's prices gets a plan of its own."""
    waiting: dict[str, tuple[WaitReason, str]] = {}
    usable: list[Want] = []
    for want in request.wants:
        blocked = next((a for a, _ in want.quantities if not _has_market(request, a)), None)
        if blocked is None:
            usable.append(want)
        else:
            waiting[want.order_id] = (WaitReason.MARKET, _why(request, blocked))
    impact = request.config.price_impact
    plan = _Search(request, usable, impact=impact).run(waiting)
    if not plan.orders:
        for want in usable:
            room = _impact_within_limit(request, want)
            if waiting.get(want.order_id, (None, ""))[0] is not WaitReason.PRICE or room < 0:
                continue
            alone = dict(waiting)
            del alone[want.order_id]
            plan = _Search(request, [want], impact=min(impact, room)).run(alone)
            if plan.orders:
                return plan
    return plan


def _has_market(request: PlanRequest, asset: str) -> bool:
    return isinstance(request.markets.get(asset), AssetMarket)


def _why(request: PlanRequest, asset: str) -> str:
    market = request.markets.get(asset)
    return f"{asset}: {market.reason if isinstance(market, Unusable) else 'no market'}"


def _market(request: PlanRequest, asset: str) -> AssetMarket:
    market = request.markets[asset]
    assert isinstance(market, AssetMarket)
    return market


def _impact_within_limit(request: PlanRequest, want: Want) -> int:
    """How far every leg may rise over its best ask without breaking the order's price limit; negative: not at
    all.
    """
    best = sum(mul_ceil(q, _market(request, a).unit_cost(_market(request, a).best)) for a, q in want.quantities)
    return (want.price_limit - len(want.quantities)) * ATOMS // best - ATOMS - 1


class _Search:
    """Allocate, check the venue's minimums, drop what cannot be served, and again until it holds.

    Each round drops an order or closes an asset, so there are at most orders + assets rounds.
    """

    def __init__(self, request: PlanRequest, wants: Sequence[Want], *, impact: int) -> None:
        self.request = request
        self.config = request.config
        self.wants = list(wants)
        self.impact = impact
        self.closed: set[str] = set()
        self.strategy = strategy_named(request.config.strategy)

    def run(self, waiting: dict[str, tuple[WaitReason, str]]) -> BatchPlan:
        """Fill `waiting` with those dropped on the way; an empty plan when nobody is left."""
        while self.wants:
            plan = self._round(waiting)
            if plan is not None:
                return plan
        return self._plan((), (), waiting)

    def _plan(
        self,
        orders: tuple[PlannedOrder, ...],
        legs: tuple[PlannedLeg, ...],
        waiting: Mapping[str, tuple[WaitReason, str]],
    ) -> BatchPlan:
        return BatchPlan(
            orders=orders,
            legs=legs,
            waiting=tuple((order_id, reason, text) for order_id, (reason, text) in waiting.items()),
        )

    def _round(self, waiting: dict[str, tuple[WaitReason, str]]) -> BatchPlan | None:
        assets = sorted({asset for want in self.wants for asset, _ in want.quantities})
        markets = {asset: _market(self.request, asset) for asset in assets}
        limits = {asset: markets[asset].limit_price(self.impact) for asset in assets}
        units = self._allocate(markets, limits)
        needs = self._needs(units)
        for asset in assets:
            market = markets[asset]
            gross = market.gross(max(0, needs.get(asset, 0) - self._stock(asset)))
            slack = self.config.price_slack
            limits[asset] = market.price_for(gross, slack=slack, impact=self.impact)
        units = self._allocate(markets, limits)
        prices = self._prices(markets, limits)
        dear = [w for w in self.wants if 0 < w.price_limit < prices[w.order_id]]
        if dear:
            self._drop(dear, WaitReason.PRICE, "limit below the batch's price", waiting)
            return None
        bought, house = self._quantities(markets, limits, self._needs(units))
        if bought is None:
            return None
        caps = {w.order_id: -(-prices[w.order_id] * units[w.order_id] // ATOMS) for w in self.wants}
        supplies = {a: self._stock(a) + markets[a].net(bought.get(a, 0)) for a in assets}
        planned = units
        units = self._limited(
            self._allocate_from(supplies, {a: m.unit_cost(limits[a]) for a, m in markets.items()}, caps), planned
        )
        small = [w for w in self.wants if not self._worth_while(w, prices, units)]
        if small:
            for want in small:
                rounded = self._worth_while(want, prices, planned)
                self._drop_small(want, waiting, by_rounding=rounded)
            return None
        orders = tuple(
            PlannedOrder(
                order_id=w.order_id,
                units=units[w.order_id],
                price=prices[w.order_id],
                value=-(-prices[w.order_id] * units[w.order_id] // ATOMS),
            )
            for w in self.wants
        )
        legs = self._legs(markets, limits, self._needs(units), bought, house)
        return self._plan(orders, legs, waiting)

    def _stock(self, asset: str) -> int:
        return self.request.inventory.get(asset, 0)

    def _prices(self, markets: Mapping[str, AssetMarket], limits: Mapping[str, int]) -> dict[str, int]:
        cost = {asset: markets[asset].unit_cost(limits[asset]) for asset in markets}
        return {w.order_id: max(1, sum(mul_ceil(q, cost[a]) for a, q in w.quantities)) for w in self.wants}

    def _allocate(self, markets: Mapping[str, AssetMarket], limits: Mapping[str, int]) -> dict[str, int]:
        supplies = {
            asset: self._stock(asset) + (0 if asset in self.closed else market.net(market.depth(limits[asset])))
            for asset, market in markets.items()
        }
        caps = {w.order_id: self._cap(w) for w in self.wants}
        return self._allocate_from(supplies, {a: m.unit_cost(limits[a]) for a, m in markets.items()}, caps)

    def _allocate_from(
        self, supplies: Mapping[str, int], costs: Mapping[str, int], caps: Mapping[str, int]
    ) -> dict[str, int]:
        demands = tuple(
            Demand(order_id=w.order_id, quantities=w.quantities, cap=caps[w.order_id]) for w in self.wants
        )
        offers = {a: AssetSupply(mid=costs[a], inventory=quantity) for a, quantity in supplies.items()}
        problem = AllocationProblem(demands=demands, supplies=offers, budget=self.request.budget)
        return dict(self.strategy.allocate(problem).units)

    @staticmethod
    def _limited(units: Mapping[str, int], most: Mapping[str, int]) -> dict[str, int]:
        return {order_id: min(amount, most[order_id]) for order_id, amount in units.items()}

    def _needs(self, units: Mapping[str, int]) -> dict[str, int]:
        needs: dict[str, int] = {}
        for want in self.wants:
            for asset, quantity in want.quantities:
                needs[asset] = needs.get(asset, 0) + asset_use(quantity, units=units[want.order_id])
        return needs

    def _quantities(
        self, markets: Mapping[str, AssetMarket], limits: Mapping[str, int], needs: Mapping[str, int]
    ) -> tuple[dict[str, int] | None, dict[str, int]]:
        """What to buy of each asset, and for how much of it the house pays; None after closing an asset."""
        bought: dict[str, int] = {}
        house: dict[str, int] = {}
        too_small: list[str] = []
        for asset, need in sorted(needs.items()):
            missing = max(0, need - self._stock(asset))
            if asset in self.closed or not missing:
                continue
            market, limit = markets[asset], limits[asset]
            wanted = min(market.gross(missing), market.depth(limit))
            rounded = market.instrument.quantity_down(wanted)
            least = market.minimum(limit)
            if rounded >= least:
                bought[asset] = rounded
                continue
            extra = mul_ceil(least - wanted, limit)
            if least <= market.depth(limit) and self._affordable(asset, market, extra, house):
                bought[asset], house[asset] = least, extra
            else:
                too_small.append(asset)
        spent = sum(mul_ceil(quantity, limits[asset]) for asset, quantity in bought.items())
        if spent > self.request.budget and house:
            too_small.append(max(house, key=lambda asset: (house[asset], asset)))
        if too_small:
            self.closed.update(too_small)
            return None, {}
        return bought, house

    def _affordable(self, asset: str, market: AssetMarket, extra: int, house: Mapping[str, int]) -> bool:
        held = mul_ceil(self._stock(asset), market.mid)
        within = held + extra <= self.config.inventory_budget_of(asset)
        return within and sum(house.values()) + extra <= self.request.house_cash

    def _cap(self, want: Want) -> int:
        return min(want.money, self.config.order_budget)

    def _worth_while(self, want: Want, prices: Mapping[str, int], units: Mapping[str, int]) -> bool:
        """Whether a share is at least the least progress, or all that the order has left."""
        value = prices[want.order_id] * units[want.order_id] // ATOMS + len(want.quantities)
        return units[want.order_id] > 0 and value >= min(self.config.minimum_progress, self._cap(want))

    def _drop_small(self, want: Want, waiting: dict[str, tuple[WaitReason, str]], *, by_rounding: bool) -> None:
        """Say what would help the order: company, when minimums or grids are in its way, or else room."""
        closed = sorted(asset for asset, _ in want.quantities if asset in self.closed)
        if closed:
            self._drop([want], WaitReason.MINIMUM, f"{closed[0]}: under the venue's minimum", waiting)
        elif by_rounding or self._cap(want) < self.config.minimum_progress:
            self._drop([want], WaitReason.MINIMUM, "too little left for the venue's lots", waiting)
        else:
            self._drop([want], WaitReason.CAPACITY, "no depth or budget left", waiting)

    def _drop(
        self,
        wants: list[Want],
        reason: WaitReason,
        text: str,
        waiting: dict[str, tuple[WaitReason, str]],
    ) -> None:
        for want in wants:
            waiting[want.order_id] = (reason, text)
            self.wants.remove(want)

    def _legs(
        self,
        markets: Mapping[str, AssetMarket],
        limits: Mapping[str, int],
        needs: Mapping[str, int],
        bought: Mapping[str, int],
        house: Mapping[str, int],
    ) -> tuple[PlannedLeg, ...]:
        legs = []
        for asset, need in sorted(needs.items()):
            market, limit = markets[asset], limits[asset]
            stock = min(self._stock(asset), need)
            quantity = bought.get(asset, 0)
            if quantity and asset not in house:
                wanted = ceil_to_step(market.gross(need - stock), market.instrument.lot_step)
                quantity = min(quantity, max(wanted, market.minimum(limit))) if need > stock else 0
            depth = market.depth(limit)
            legs.append(
                PlannedLeg(
                    asset=asset,
                    instrument=market.instrument,
                    needed=need,
                    inventory=stock,
                    quantity=floor_to_step(quantity, market.instrument.lot_step),
                    limit_price=limit,
                    mid=market.mid,
                    house_value=house.get(asset, 0),
                    thinness=depth * ATOMS // quantity if quantity else depth * ATOMS,
                )
            )
        return tuple(sorted(legs, key=lambda leg: (leg.thinness, leg.asset)))
