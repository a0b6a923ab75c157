"""The order book: price levels in order, first come first served within one, and the walk that both plans and fills.

Both sides keep their prices as ascending keys with the best price last (asks negated), so one piece of code serves
both: the best level is popped from the end in O(1), a level is found by bisection, an order is unlinked in O(1).
"""

from __future__ import annotations

from bisect import bisect_left, insort

from indexmaker.exchange.orders import Level, Order
from indexmaker.exchange.vocabulary import SelfTradePrevention

__all__ = ["Book", "BookSide", "Plan"]

_ANY_KEY = -(2**64)
"""Below every key: prices have 63 bits."""


class BookSide:
    """The resting orders of one direction. `sign` is 1 for bids and -1 for asks; key = sign x price."""

    __slots__ = ("changed", "keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}
        self.changed: list[int] = []

    @property
    def best(self) -> int:
        """The best price in ticks, 0 on an empty side."""
        keys = self.keys
        return keys[-1] * self.sign if keys else 0

    def append(self, order: Order) -> None:
        """Put an order at the end of the queue of its price."""
        key = order.price * self.sign
        level = self.levels.get(key)
        if level is None:
            level = Level(key)
            self.levels[key] = level
            keys = self.keys
            if not keys or key > keys[-1]:
                keys.append(key)
            else:
                insort(keys, key)
        last = level.last
        if last is None:
            level.first = order
        else:
            last.next = order
            order.previous = last
        level.last = order
        level.quantity += order.remaining
        order.level = level
        self._mark(key)

    def remove(self, order: Order) -> None:
        """Take an order out, with what remains of it; its siblings keep their places."""
        level = order.level
        assert level is not None, f"order {order.order_id} is not in the book"
        level.quantity -= order.remaining
        previous = order.previous
        following = order.next
        if previous is None:
            level.first = following
        else:
            previous.next = following
        if following is None:
            level.last = previous
        else:
            following.previous = previous
        order.level = order.previous = order.next = None
        key = level.key
        if level.first is None:
            del self.levels[key]
            keys = self.keys
            if keys[-1] == key:
                keys.pop()
            else:
                del keys[bisect_left(keys, key)]
        self._mark(key)

    def fill(self, order: Order, quantity: int) -> None:
        """Let `quantity` lots of a resting order trade; an order without a remainder leaves."""
        level = order.level
        assert level is not None, f"order {order.order_id} is not in the book"
        order.remaining -= quantity
        level.quantity -= quantity
        if order.remaining:
            self._mark(level.key)
        else:
            self.remove(order)

    def depth(self, levels: int) -> list[tuple[int, int]]:
        """The best `levels` (price, quantity) pairs, best first."""
        keys = self.keys
        totals = self.levels
        sign = self.sign
        return [(key * sign, totals[key].quantity) for key in reversed(keys[-levels:] if levels else keys)]

    def orders(self) -> list[Order]:
        """All resting orders, best price first, each price oldest first."""
        result = []
        for key in reversed(self.keys):
            order = self.levels[key].first
            while order is not None:
                result.append(order)
                order = order.next
        return result

    def take_changes(self) -> tuple[tuple[int, int], ...]:
        """Totals of the levels touched since the last call, in the order of their first touch."""
        changed = self.changed
        if not changed:
            return ()
        levels = self.levels
        sign = self.sign
        result = []
        for key in changed if len(changed) == 1 else dict.fromkeys(changed):
            level = levels.get(key)
            result.append((key * sign, 0 if level is None else level.quantity))
        self.changed = []
        return tuple(result)

    def _mark(self, key: int) -> None:
        changed = self.changed
        if not changed or changed[-1] != key:
            changed.append(key)


class Plan:
    """What an incoming order will do to the other side, maker by maker in priority; a quantity of 0 expires the maker.

    `filled` is in lots, `cost` in ticks x lots. `stopped` says that self-trade prevention ends the taker there,
    `spent` that the budget allows no further lot.
    """

    __slots__ = ("cost", "filled", "makers", "quantities", "spent", "stopped")

    def __init__(self) -> None:
        self.makers: list[Order] = []
        self.quantities: list[int] = []
        self.filled = 0
        self.cost = 0
        self.stopped = False
        self.spent = False

    def prevent(self, maker: Order, mode: SelfTradePrevention) -> None:
        """Note that the taker met an order of its own account."""
        if mode is not SelfTradePrevention.EXPIRE_TAKER:
            self.makers.append(maker)
            self.quantities.append(0)
        self.stopped = mode is not SelfTradePrevention.EXPIRE_MAKER


class Book:
    """Bids and asks of one market."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(1)
        self.asks = BookSide(-1)

    def crosses(self, price: int, *, buy: bool) -> bool:
        """Whether a limit at `price` would meet the other side."""
        if buy:
            best = self.asks.best
            return best != 0 and price >= best
        best = self.bids.best
        return best != 0 and price <= best

    def plan(
        self, *, buy: bool, price: int, quantity: int, budget: int, owner: object, mode: SelfTradePrevention
    ) -> Plan:
        """Walk the other side in priority and say what would happen, without touching it.

        `price` 0 takes any price. `quantity` is in lots; when it is 0, `budget` (ticks x lots) limits the cost
        instead. `owner` is the taker's account, compared by identity. The same plan answers fill-or-kill, sizes the
        hold of a market order, and is then carried out, so none of them can disagree.
        """
        plan = Plan()
        side = self.asks if buy else self.bids
        sign = side.sign
        limit = price * sign if price else _ANY_KEY
        by_budget = quantity == 0
        prevents = mode is not SelfTradePrevention.NONE
        makers = plan.makers
        quantities = plan.quantities
        left = quantity
        for key in reversed(side.keys):
            if key < limit:
                break
            level_price = key * sign
            order = side.levels[key].first
            while order is not None:
                if by_budget:
                    left = (budget - plan.cost) // level_price
                    if left == 0:
                        plan.spent = True
                        return plan
                if prevents and order.account is owner:
                    plan.prevent(order, mode)
                    if plan.stopped:
                        return plan
                    order = order.next
                    continue
                traded = order.remaining
                if traded > left:
                    traded = left
                makers.append(order)
                quantities.append(traded)
                plan.filled += traded
                plan.cost += traded * level_price
                left -= traded
                if left == 0:
                    plan.spent = by_budget
                    return plan
                order = order.next
        return plan
