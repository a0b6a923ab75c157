"""How the slow model matches: it takes one lot after the other from the best order that is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexmaker.exchange.vocabulary import SelfTradePrevention

if TYPE_CHECKING:
    from exchange.model_orders import ModelOrder

TAKES_OFF = (SelfTradePrevention.DECREMENT, SelfTradePrevention.TRANSFER)


@dataclass
class Resting:
    """A copy of a resting order that the walk may change."""

    order: ModelOrder
    remaining: int
    shown: int
    rank: int


@dataclass
class Step:
    """Lots that trade with a maker, or (`prevented`) that self-trade prevention takes off; 0 for whole orders."""

    maker: ModelOrder
    lots: int
    prevented: bool = False
    moves: bool = False


@dataclass
class Walk:
    steps: list[Step] = field(default_factory=list)
    stopped: bool = False
    spent: bool = False

    @property
    def filled(self) -> int:
        return sum(step.lots for step in self.steps if not step.prevented)

    @property
    def moved(self) -> int:
        return sum(step.lots for step in self.steps if step.moves)

    @property
    def taken_off(self) -> int:
        return sum(step.lots for step in self.steps if step.prevented)

    @property
    def cost(self) -> int:
        return sum(step.maker.price * step.lots for step in self.steps if not step.prevented or step.moves)


def walk(taker: ModelOrder, makers: Iterable[ModelOrder], *, budget: int, traders: dict[int, int]) -> Walk:
    result = Walk()
    resting = [Resting(order, order.remaining, order.shown, order.rank) for order in makers]
    last_rank = max((one.rank for one in resting), default=0)
    wanted = taker.remaining
    by_budget = taker.request.quote_amount != 0
    mode = taker.request.self_trade
    fresh = True
    while wanted or by_budget:
        left = [
            one
            for one in resting
            if not taker.price or (one.order.price <= taker.price if taker.buy else one.order.price >= taker.price)
        ]
        if not left:
            break
        best = min(left, key=lambda one: (one.order.price if taker.buy else -one.order.price, one.rank))
        price = best.order.price
        if by_budget and price > budget:
            result.spent = True
            break
        if mode is not SelfTradePrevention.NONE and traders[best.order.account] == traders[taker.account]:
            fresh = True
            if mode in TAKES_OFF:
                most = budget // price if by_budget else wanted
                lots = min(most, best.remaining)
                both = mode is best.order.request.self_trade is SelfTradePrevention.TRANSFER
                moves = both and best.order.account != taker.account
                result.steps.append(Step(best.order, lots, prevented=True, moves=moves))
                resting.remove(best)
                budget -= lots * price
                wanted -= 0 if by_budget else lots
                if lots == most:
                    result.stopped = True
                    break
                continue
            result.steps.append(Step(best.order, 0, prevented=True))
            if mode is not SelfTradePrevention.EXPIRE_MAKER:
                result.stopped = True
                break
            resting.remove(best)
            continue
        if not fresh and result.steps[-1].maker is best.order:
            result.steps[-1].lots += 1
        else:
            result.steps.append(Step(best.order, 1))
        fresh = False
        wanted -= 0 if by_budget else 1
        budget -= price
        best.remaining -= 1
        best.shown -= 1
        if not best.remaining:
            resting.remove(best)
        elif not best.shown:
            last_rank += 1
            best.rank = last_rank
            best.shown = min(best.order.request.iceberg, best.remaining)
            fresh = True
        if by_budget and budget < price:
            result.spent = True
            break
    return result
