"""From ready orders and books to index units per order and exchange orders per asset and venue.

First the allocation (a strategy), then prices as deep as it needs, the allocation again at those prices, and the
exchange quantities last: rounded down to the lot step, so that their sum at limit prices stays within every
budget, whatever the strategy says. What orders do not exchange among themselves or with the house goes to venues. A
leg under the venue's minimum is rounded up to it only with the house's own money or inventory; otherwise that market
counts as closed in this batch, and the orders that need it wait for company.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from indexmaker.money import ATOMS, ceil_to_step, mul_ceil, mul_floor
from indexmaker.solver.assignment import Obtained, Planned, fill_units, flows
from indexmaker.solver.batching.frame import Frame, house_assets
from indexmaker.solver.batching.pledges import pledge
from indexmaker.solver.batching.quantities import Draft, drafts_of, spending
from indexmaker.solver.batching.reach import buy_price, sell_price
from indexmaker.solver.batching.request import (
    BatchPlan,
    PlannedLeg,
    PlannedOrder,
    PlannedPool,
    PlanRequest,
    WaitReason,
    Want,
)
from indexmaker.solver.batching.supply import Place
from indexmaker.solver.vocabulary import Side

__all__ = ["plan_batch"]

_GRAIN = ATOMS // 5000
"""Two basis points: a strategy may read price limits on a grid, at the orders' expense."""

_Waiting = dict[str, tuple[WaitReason, str]]


def plan_batch(request: PlanRequest) -> BatchPlan:
    """Plan one batch; an order whose price limit is tighter than the batch's prices gets a plan of its own."""
    waiting: _Waiting = {}
    usable: list[Want] = []
    unusable: dict[str, str] = {}
    for want in request.wants:
        troubles = [(asset, why) for asset, _ in want.quantities if (why := _trouble(request, asset, want.side))]
        unusable.update(troubles)
        if troubles:
            waiting[want.order_id] = (WaitReason.MARKET, ": ".join(troubles[0]))
        else:
            usable.append(want)
    plan = _best_plan(request, usable, waiting)
    return msgspec.structs.replace(plan, unusable=tuple(sorted(unusable.items())))


def _best_plan(request: PlanRequest, usable: list[Want], waiting: _Waiting) -> BatchPlan:
    impact = request.config.price_impact
    plan = _Search(request, usable, impact=impact).run(waiting)
    if not plan.orders:
        for want in usable:
            room = _impact_within_limit(request, want)
            if waiting.get(want.order_id, (None, ""))[0] is not WaitReason.PRICE or room < 0:
                continue
            for reach in (room - _GRAIN, room):
                others = dict(waiting)
                del others[want.order_id]
                alone = _Search(request, [want], impact=min(impact, max(0, reach))).run(others)
                if alone.orders:
                    return alone
    return plan


def _trouble(request: PlanRequest, asset: str, side: Side) -> str:
    """Why an order of this side cannot trade the asset in this batch; empty when it can."""
    markets = request.markets.get(asset, ())
    if not markets:
        return request.unusable.get(asset, "no market")
    if not any(market.levels(side) for market in markets):
        return "no asks" if side is Side.BUY else "no bids"
    return ""


def _impact_within_limit(request: PlanRequest, want: Want) -> int:
    """How far every leg may move from its best price without breaking the order's price limit; negative: not at
    all.
    """
    best: dict[str, int] = {}
    for asset, _ in want.quantities:
        prices = [m.after_fee(want.side, m.best(want.side)) for m in request.markets[asset] if m.best(want.side)]
        best[asset] = min(prices) if want.side is Side.BUY else max(prices)
    count = len(want.quantities)
    if want.side is Side.BUY:
        return (want.price_limit - count) * ATOMS // buy_price(want.quantities, best) - ATOMS - 1
    value = sell_price(want.quantities, best)
    return (value - want.price_limit - count) * ATOMS // value - 1 if value else -1


class _Search:
    """Allocate, check the venue's minimums and all budgets, drop what cannot be served, and again until it holds.

    Each round drops an order, closes a place, leaves the house out or shrinks the budgets, so it ends.
    """

    def __init__(self, request: PlanRequest, wants: Sequence[Want], *, impact: int) -> None:
        self.request = request
        self.config = request.config
        self.wants = list(wants)
        self.impact = impact
        self.closed: set[Place] = set()
        self.house = True
        self.buy_budget = min(request.budget, max(0, request.money))
        self.sell_budget = request.budget

    def run(self, waiting: _Waiting) -> BatchPlan:
        """Fill `waiting` with those dropped on the way; the plan may hold the house's own legs alone, or nothing."""
        while self.wants or house_assets(self.request):
            plan = self._round(waiting)
            if plan is not None:
                return plan
        return BatchPlan(waiting=_told(waiting))

    def _round(self, waiting: _Waiting) -> BatchPlan | None:
        frame = Frame(
            self.request,
            self.wants,
            impact=self.impact,
            closed=self.closed,
            buy_budget=self.buy_budget,
            sell_budget=self.sell_budget,
        )
        units, limits = frame.agreed()
        dear = [want for want in self.wants if not units[want.order_id] and self._beyond(want, frame, limits)]
        if dear:
            for want in dear:
                where = "below" if want.side is Side.BUY else "above"
                self._drop([want], WaitReason.PRICE, f"limit {where} the batch's price", waiting)
            return None
        drafts, too_small = drafts_of(frame, limits, units, house=self.house)
        if too_small:
            self.closed |= too_small
            return None
        if self._too_much(drafts):
            return None
        prices = _prices(frame, drafts)
        bounded = {want.order_id: _bounded(want, frame, units, prices) for want in self.wants}
        final = self._filled(frame, drafts, prices, bounded)
        small = [want for want in self.wants if not self._worth_while(want, prices, final)]
        if small:
            for want in small:
                rounded = self._worth_while(want, prices, units)
                self._drop_small(want, prices, waiting, by_rounding=rounded)
            return None
        return self._plan(frame, drafts, prices, units, final, waiting)

    def _beyond(self, want: Want, frame: Frame, limits: Mapping[Place, int]) -> bool:
        """Whether the order's own limit is what keeps it out: all it could get is at prices beyond it."""
        if not want.price_limit:
            return False
        worst = {}
        for asset, _ in want.quantities:
            steps = frame.steps(asset, want.side, limits, flat=True)
            prices = [self.request.mid(asset), *(step.price for step in steps)]
            worst[asset] = max(prices) if want.side is Side.BUY else min(prices)
        if want.side is Side.BUY:
            return buy_price(want.quantities, worst) > want.price_limit
        return sell_price(want.quantities, worst) < want.price_limit

    def _too_much(self, drafts: list[Draft]) -> bool:
        """Whether a budget is exceeded; then something is done about it: first the house steps back."""
        total = sum(draft.value for draft in drafts)
        spent = spending(drafts, self.request.home)
        if total <= self.request.budget and spent <= max(0, self.request.money):
            return False
        padded = [draft for draft in drafts if draft.padding]
        if self.house and any(draft.house for draft in drafts):
            self.house = False
        elif padded:
            self.closed.add(max(padded, key=lambda draft: (draft.padding, draft.place)).place)
        else:
            over = max(total * ATOMS // max(1, self.request.budget), spent * ATOMS // max(1, self.request.money))
            self.buy_budget = max(0, self.buy_budget * ATOMS // (over + 1) - 1)
            self.sell_budget = max(0, self.sell_budget * ATOMS // (over + 1) - 1)
        return True

    def _filled(
        self, frame: Frame, drafts: list[Draft], prices: Mapping[str, int], units: Mapping[str, int]
    ) -> dict[str, int]:
        """What everybody gets when every leg is executed in full."""
        planned = [
            Planned(
                order_id=want.order_id,
                side=want.side,
                units=units[want.order_id],
                price=prices[want.order_id],
                quantities=want.quantities,
            )
            for want in self.wants
        ]
        obtained = {}
        for asset in frame.assets:
            mine = [draft for draft in drafts if draft.place.asset == asset]
            obtained[asset] = Obtained(
                bought=sum(draft.for_orders for draft in mine if draft.place.side is Side.BUY),
                sold=sum(draft.for_orders for draft in mine if draft.place.side is Side.SELL),
                inventory=self.request.stock(asset),
                absorb=frame.absorb[asset],
            )
        return fill_units(planned, obtained)

    def _worth_while(self, want: Want, prices: Mapping[str, int], units: Mapping[str, int]) -> bool:
        """Whether a share is at least the least progress, or all that the order has left."""
        amount, price = units[want.order_id], prices[want.order_id]
        if want.house or not amount:
            return amount > 0
        value = price * amount // ATOMS + len(want.quantities)
        return value >= min(self.config.minimum_progress, self._left(want, price))

    def _left(self, want: Want, price: int) -> int:
        """What the order could trade in one batch, in collateral."""
        left = want.cap if want.side is Side.BUY else price * want.cap // ATOMS
        return min(left, self.config.order_budget)

    def _drop_small(self, want: Want, prices: Mapping[str, int], waiting: _Waiting, *, by_rounding: bool) -> None:
        """Say what would help the order: company, when minimums or grids are in its way, or else room."""
        held = {asset for asset, _ in want.quantities}
        closed = sorted(place.asset for place in self.closed if place.asset in held and place.side is want.side)
        if closed:
            self._drop([want], WaitReason.MINIMUM, f"{closed[0]}: under the venue's minimum", waiting)
        elif by_rounding or self._left(want, prices[want.order_id]) < self.config.minimum_progress:
            self._drop([want], WaitReason.MINIMUM, "too little left for the venue's lots", waiting)
        else:
            self._drop([want], WaitReason.CAPACITY, "no depth or budget left", waiting)

    def _drop(self, wants: list[Want], reason: WaitReason, text: str, waiting: _Waiting) -> None:
        for want in wants:
            waiting[want.order_id] = (reason, text)
            self.wants.remove(want)

    def _plan(
        self,
        frame: Frame,
        drafts: list[Draft],
        prices: Mapping[str, int],
        units: Mapping[str, int],
        final: Mapping[str, int],
        waiting: _Waiting,
    ) -> BatchPlan:
        trimmed = [leg for draft in _trimmed(frame, drafts, final) if (leg := _leg(draft)).quantity]
        pledges, covered = pledge(self.request, self.wants, units, trimmed)
        legs = tuple(sorted(covered, key=lambda leg: (leg.thinness, leg.asset, leg.instrument.venue)))
        needed, given = flows(self.wants, final)
        return BatchPlan(
            orders=tuple(
                PlannedOrder(
                    order_id=want.order_id,
                    side=want.side,
                    units=final[want.order_id],
                    price=prices[want.order_id],
                    value=_value(want.side, prices[want.order_id], final[want.order_id]),
                )
                for want in self.wants
            ),
            pools=tuple(
                self._pool(frame, asset, needed.get(asset, 0), given.get(asset, 0))
                for asset in frame.assets
                if asset in needed or asset in given or any(leg.asset == asset for leg in legs)
            ),
            legs=legs,
            pledges=pledges,
            waiting=_told(waiting),
        )

    def _pool(self, frame: Frame, asset: str, needed: int, given: int) -> PlannedPool:
        markets = self.request.markets[asset]
        market = next((m for m in markets if m.asks and m.bids), markets[0])
        return PlannedPool(
            asset=asset,
            venue=market.venue,
            symbol=market.instrument.symbol,
            mid=self.request.mid(asset),
            needed=needed,
            offered=given,
            inventory=min(self.request.stock(asset), max(0, needed - given)),
            absorb=frame.absorb[asset],
        )


def _told(waiting: _Waiting) -> tuple[tuple[str, WaitReason, str], ...]:
    return tuple((order_id, reason, text) for order_id, (reason, text) in waiting.items())


def _value(side: Side, price: int, units: int) -> int:
    """What units cost at most, or bring at least."""
    return mul_ceil(price, units) if side is Side.BUY else mul_floor(price, units)


def _prices(frame: Frame, drafts: Sequence[Draft]) -> dict[str, int]:
    """The worst price of a unit for each order: every asset at the worst limit of its legs, or at its mid."""
    dearest = {asset: frame.request.mid(asset) for asset in frame.assets}
    cheapest = dict(dearest)
    for draft in drafts:
        price = draft.market.after_fee(draft.place.side, draft.limit)
        if draft.place.side is Side.BUY:
            dearest[draft.place.asset] = max(dearest[draft.place.asset], price)
        else:
            cheapest[draft.place.asset] = min(cheapest[draft.place.asset], price)
    return {
        want.order_id: buy_price(want.quantities, dearest)
        if want.side is Side.BUY
        else sell_price(want.quantities, cheapest)
        for want in frame.wants
    }


def _bounded(want: Want, frame: Frame, units: Mapping[str, int], prices: Mapping[str, int]) -> int:
    """The units that the order's money, limit and units allow at the final prices."""
    price, amount = prices[want.order_id], units[want.order_id]
    if want.side is Side.SELL:
        return amount if not want.price_limit or price >= want.price_limit else 0
    if want.price_limit and price > want.price_limit:
        return 0
    return min(amount, frame.caps[want.order_id] * ATOMS // price)


def _trimmed(frame: Frame, drafts: Sequence[Draft], final: Mapping[str, int]) -> list[Draft]:
    """Legs no larger than what the final units need, on the lot grid and not below the venue's minimum."""
    found: list[Draft] = []
    for asset in frame.assets:
        buy, sell = frame.residue(asset, final)
        left = {Side.BUY: buy, Side.SELL: sell}
        mine = [draft for draft in drafts if draft.place.asset == asset]
        for draft in sorted(mine, key=lambda d: d.market.after_fee(d.place.side, d.limit) * _sign(d.place.side)):
            theirs = min(left[draft.place.side], draft.for_orders)
            left[draft.place.side] -= theirs
            found.append(_trim(draft, theirs))
    return found


def _sign(side: Side) -> int:
    return 1 if side is Side.BUY else -1


def _trim(draft: Draft, theirs: int) -> Draft:
    if draft.padding or (draft.place.side is Side.SELL and draft.quantity == draft.market.minimum(draft.limit)):
        return draft
    wanted = theirs + draft.house
    if not wanted:
        return draft._replace(quantity=0)
    gross = draft.market.gross(wanted) if draft.place.side is Side.BUY else wanted
    least = max(ceil_to_step(gross, draft.market.instrument.lot_step), draft.market.minimum(draft.limit))
    return draft._replace(quantity=min(draft.quantity, least))


def _leg(draft: Draft) -> PlannedLeg:
    depth = draft.market.depth(draft.place.side, draft.limit)
    return PlannedLeg(
        asset=draft.place.asset,
        instrument=draft.market.instrument,
        side=draft.place.side,
        quantity=draft.quantity,
        limit_price=draft.limit,
        value=draft.value,
        house=draft.house,
        house_value=draft.padding,
        thinness=depth * ATOMS // draft.quantity if draft.quantity else depth * ATOMS,
    )
