"""The default strategy: an auction in which buys and sells of all indices net in their assets.

It maximises the value that orders gain over books and inventory at uniform prices; at equal gain it serves as
much as it can and raises the smallest share first, so nobody is starved. Where orders are many they count on a grid
of one basis point. A buy brings collateral, not units: the first solution, with units at mid prices, tells how deep the
batch reaches, the second bounds every buy by its price there. Where the second reaches deeper still, a third is
held to that depth, so every rule of a strategy holds by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from indexmaker.auction import (
    BASIS_POINTS,
    AuctionError,
    Certificate,
    Cleared,
    HighsBackend,
    LpBackend,
    Merger,
    Order,
    Problem,
    Result,
    Row,
    certify,
    clear,
)
from indexmaker.money import ATOMS
from indexmaker.solver.batching.netting_market import NettingMarket, mid_values, worth_trading
from indexmaker.solver.batching.reach import Reach, buy_price, sell_price
from indexmaker.solver.batching.strategy import DUST_VALUE, Allocation, AllocationProblem, Demand
from indexmaker.solver.batching.water_filling import WaterFilling
from indexmaker.solver.vocabulary import Side

__all__ = ["Netting"]

_FEW = 2_000
"""Up to so many orders every limit counts exactly."""
_EXACT = 10**60


class Netting:
    """See the module. Without a certified solution the orders are allocated by water-filling, and the allocation
    has no certificate.
    """

    name = "netting"

    def __init__(self, backend: LpBackend | None = None) -> None:
        self._backend = backend or HighsBackend()

    def allocate(self, problem: AllocationProblem) -> Allocation:
        """Units per order, asset prices and the certificate of the orders as they were given."""
        values = mid_values(problem)
        able = (d for d in problem.demands if worth_trading(d, value=values[d.quantities]))
        demands = sorted(able, key=lambda d: d.order_id)
        units = dict.fromkeys((d.order_id for d in problem.demands), 0)
        if not demands:
            return Allocation(units=units)
        try:
            session = _Session(problem, demands, self._backend)
            cleared = session.run()
            fills = session.share_out(cleared.result)
            certificate = session.certify(cleared.result, fills)
        except AuctionError:
            return WaterFilling().allocate(problem)
        units.update(zip((d.order_id for d in demands), fills, strict=True))
        prices = dict(zip(session.market.assets, cleared.result.prices, strict=False))
        return Allocation(units=units, prices=prices, certificate=certificate)


class _Session:
    """One allocation: the market, the orders in buckets, and the solves. Baskets go by the number of their token."""

    def __init__(self, problem: AllocationProblem, demands: Sequence[Demand], backend: LpBackend) -> None:
        self.budget = problem.budget
        self.demands = demands
        self.backend = backend
        self.market = NettingMarket(problem, demands)
        self.tokens = [self.market.tokens[demand.quantities] for demand in demands]
        pairs = list(zip(demands, self.tokens, strict=True))
        takes = {token: ((token, 1),) for token in self.market.tokens.values()}
        gives = {token: ((token, -1),) for token in self.market.tokens.values()}
        self.legs = [(takes if demand.side is Side.BUY else gives)[token] for demand, token in pairs]
        self.limits = [self.market.limit(demand, token=token) for demand, token in pairs]
        lines = BASIS_POINTS if len(demands) > _FEW else _EXACT
        self.merger = Merger(self.legs, self.limits, references=self.market.references, lines=lines)
        self.quantities: list[int] = []
        self.externals: list[Order] = []
        self.costs: dict[int, int] = {}
        self.reach = self.market.reach({})

    def run(self) -> Cleared:
        """Solve two or three times; see the module."""
        market = self.market
        cleared = self._solve(self.reach, equal=False)
        reach = market.reach(market.net(self._bought(cleared.result)))
        cleared = self._solve(reach)
        deeper = market.reach(market.net(self._bought(cleared.result)))
        if self._within(deeper, reach):
            return cleared
        return self._solve(deeper, within=deeper)

    def share_out(self, result: Result) -> list[int]:
        """Units of every order; the largest buyers leave what the rounding of all orders needs within the reach."""
        fills = self.merger.share_out(result.fills[: len(self.merger.keys)], self.quantities)
        buyers: dict[int, list[int]] = {}
        for number, (token, demand) in enumerate(zip(self.tokens, self.demands, strict=True)):
            if fills[number] and demand.side is Side.BUY:
                buyers.setdefault(token, []).append(number)
        net = self.market.net(self._bought(result))
        for basket, token in self.market.tokens.items():
            for asset, quantity in basket if token in buyers else ():
                available = self.market.offered(asset, self.reach) if net[asset] > 0 else 0
                short = net[asset] + self.market.users[asset] - available
                left = _leave(fills, buyers[token], quantity, short)
                net[asset] -= max(0, short) - left
        return fills

    def certify(self, result: Result, fills: Sequence[int]) -> Certificate:
        """The certificate for the orders as given instead of the merged ones: its gap tells what the grid cost."""
        orders = [Order(*order) for order in zip(self.legs, self.limits, self.quantities, strict=True)]
        problem = self._problem(orders, wastes=self.market.wastes(tokens=True))
        whole = [*fills, *result.fills[len(self.merger.keys) :]]
        return certify(problem, Result(fills=whole, prices=result.prices, row_prices=result.row_prices))

    def _solve(self, reach: Reach, *, within: Reach | None = None, equal: bool = True) -> Cleared:
        self.reach = reach
        baskets = self.market.tokens.items()
        self.costs = {token: buy_price(basket, reach.dearest) for basket, token in baskets}
        proceeds = {token: sell_price(basket, reach.cheapest) for basket, token in baskets}
        self.quantities = [
            self._most(demand, cost=self.costs[token], proceeds=proceeds[token])
            for demand, token in zip(self.demands, self.tokens, strict=True)
        ]
        merged = self.merger.orders(self.quantities)
        minted: dict[int, int] = {}
        redeemed: dict[int, int] = {}
        for order in merged:
            token, weight = order.legs[0]
            side = minted if weight > 0 else redeemed
            side[token] = side.get(token, 0) + order.quantity
        steps = self.market.steps(minted, redeemed, within=within)
        self.externals = [*self.market.conversions(minted, redeemed), *steps]
        return clear(self._problem(merged, wastes=self.market.wastes()), self.backend, equal=equal)

    def _problem(self, orders: Sequence[Order], *, wastes: Sequence[int]) -> Problem:
        """These index orders over the conversions and steps of the last solve."""
        return Problem(
            orders=[*orders, *self.externals],
            references=self.market.references,
            rows=self._rows(orders),
            wastes=wastes,
        )

    def _most(self, demand: Demand, *, cost: int, proceeds: int) -> int:
        """Units that the order may trade when a unit costs or brings this."""
        if demand.side is Side.BUY:
            dear = 0 < demand.limit < cost or self.budget <= DUST_VALUE
            return 0 if dear else demand.cap * ATOMS // cost
        return 0 if proceeds < demand.limit else demand.cap

    def _rows(self, orders: Iterable[Order]) -> tuple[Row, ...]:
        """The budget, where all buys together could exceed it; each buy's value is rounded up by itself."""
        coefficients = []
        needed = 0
        for number, order in enumerate(orders):
            token, weight = order.legs[0]
            if weight > 0:
                cost = self.costs[token]
                coefficients.append((number, cost))
                needed += cost * order.quantity
        bound = max(0, self.budget - len(self.demands)) * ATOMS
        return (Row(coefficients=tuple(coefficients), bound=bound),) if needed > bound else ()

    def _bought(self, result: Result) -> dict[int, int]:
        """The tokens that are bought net."""
        bought: dict[int, int] = {}
        for (legs, _), fill in zip(self.merger.keys, result.fills, strict=False):
            token, weight = legs[0]
            bought[token] = bought.get(token, 0) + weight * fill
        return bought

    def _within(self, reach: Reach, bound: Reach) -> bool:
        """Whether no basket is dearer to buy or cheaper to sell than was reckoned."""
        return all(
            buy_price(basket, reach.dearest) <= buy_price(basket, bound.dearest)
            and sell_price(basket, reach.cheapest) >= sell_price(basket, bound.cheapest)
            for basket in self.market.baskets
        )


def _leave(fills: list[int], buyers: Sequence[int], quantity: int, short: int) -> int:
    """Let the largest of these buyers do without `short` atoms of an asset; returns what is still short."""
    while short > 0:
        largest = max(buyers, key=lambda n: (fills[n], -n))
        if not fills[largest]:
            break
        cut = min(fills[largest], -(-short * ATOMS // quantity))
        fills[largest] -= cut
        short -= max(1, cut * quantity // ATOMS)
    return max(0, short)
