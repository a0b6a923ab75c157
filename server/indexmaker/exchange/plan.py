"""What an incoming order will do to the other side of the book: one walk that decides and changes nothing.

The same plan answers fill-or-kill, sizes the hold of a market order, and is then carried out, so none of them can
disagree.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from indexmaker.exchange.book import Book
from indexmaker.exchange.frequent_words import NO_PREVENTION
from indexmaker.exchange.orders import Level, Order
from indexmaker.exchange.vocabulary import SelfTradePrevention

__all__ = ["Plan", "plan_match"]

_ANY_KEY = -(2**64)
"""Below every key: prices have 63 bits."""


class Plan:
    """What happens maker by maker in priority: a positive quantity trades, the others are prevented.

    A prevented quantity is negative, or 0 where orders end whole. `filled` is in lots, `cost` in ticks x lots;
    `moved` lots change hands without a trade and are in `cost`. `stopped` says that self-trade prevention ends the
    taker there, `spent` that the budget allows no further lot.
    """

    __slots__ = ("cost", "filled", "makers", "moved", "quantities", "spent", "stopped")

    def __init__(self) -> None:
        self.makers: list[Order] = []
        self.quantities: list[int] = []
        self.filled = 0
        self.moved = 0
        self.cost = 0
        self.stopped = False
        self.spent = False

    def prevent(self, maker: Order, mode: SelfTradePrevention, *, trader: int, left: int, price: int) -> int:
        """Note that the taker met an order of its own owner; returns the lots that are taken off the taker."""
        self.makers.append(maker)
        if mode is not SelfTradePrevention.DECREMENT and mode is not SelfTradePrevention.TRANSFER:
            self.quantities.append(0)
            self.stopped = mode is not SelfTradePrevention.EXPIRE_MAKER
            return 0
        prevented = min(left, maker.remaining)
        self.quantities.append(-prevented)
        self.stopped = prevented == left
        if transfers(maker, mode=mode, account=trader):
            self.moved += prevented
            self.cost += prevented * price
        return prevented


def transfers(maker: Order, *, mode: SelfTradePrevention, account: int) -> bool:
    """Whether a prevented match moves money: both orders ask for it, and they are of two accounts."""
    both = mode is SelfTradePrevention.TRANSFER and maker.request.self_trade is SelfTradePrevention.TRANSFER
    return both and maker.account.account != account


def plan_match(  # noqa: C901 - one loop without calls is what makes it fast
    book: Book,
    *,
    buy: bool,
    price: int,
    quantity: int,
    budget: int,
    account: int,
    trader: int,
    mode: SelfTradePrevention,
) -> Plan:
    """Walk the other side in priority.

    `price` 0 takes any price. `quantity` is in lots; when it is 0, `budget` (ticks x lots) limits the cost instead.
    `account` is the taker's, `trader` whom self-trade prevention takes for its owner.
    """
    plan = Plan()
    side = book.asks if buy else book.bids
    sign = side.sign
    limit = price * sign if price else _ANY_KEY
    by_budget = quantity == 0
    prevents = mode is not NO_PREVENTION
    makers = plan.makers
    quantities = plan.quantities
    left = quantity
    used = 0
    for key in reversed(side.keys):
        if key < limit:
            break
        level_price = key * sign
        level = side.levels[key]
        order = level.first
        turns = _turns(level) if level.icebergs else None
        while order is not None:
            if by_budget:
                left = (budget - used) // level_price
                if left == 0:
                    plan.spent = True
                    return plan
            traded = order.remaining
            if turns is not None:
                order, traded = next(turns, (None, 0))
                if order is None:
                    break
            if prevents and order.account.trader == trader:
                if order not in makers:
                    prevented = plan.prevent(order, mode, trader=account, left=left, price=level_price)
                    if plan.stopped:
                        return plan
                    left -= prevented
                    used += prevented * level_price
                if turns is None:
                    order = order.next
                continue
            if traded > left:
                traded = left
            makers.append(order)
            quantities.append(traded)
            plan.filled += traded
            plan.cost += traded * level_price
            used += traded * level_price
            left -= traded
            if left == 0:
                plan.spent = by_budget
                return plan
            if turns is None:
                order = order.next
    return plan


def _turns(level: Level) -> Iterator[tuple[Order, int]]:
    """The slices of a level with icebergs, in the order in which they come to trade."""
    queue: deque[tuple[Order, int, int]] = deque()
    order = level.first
    while order is not None:
        queue.append((order, order.shown if order.display else order.remaining, order.remaining))
        order = order.next
    while queue:
        order, shown, remaining = queue.popleft()
        yield order, shown
        remaining -= shown
        if remaining:
            queue.append((order, min(order.display, remaining), remaining))
