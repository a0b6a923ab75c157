"""The order book: price levels in order, first come first served within one.

Both sides keep their prices as ascending keys with the best price last (asks negated), so one piece of code serves
both: the best level is popped from the end in O(1), a level is found by bisection, an order is unlinked in O(1).
An iceberg shows a slice; when it has traded, the next slice goes to the end of the queue.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from indexmaker.exchange.orders import Level, Order

__all__ = ["Book", "BookSide"]


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
        order.level = level
        if order.display:
            order.shown = min(order.display, order.remaining)
            level.quantity += order.shown
            level.icebergs += 1
        else:
            level.quantity += order.remaining
        self._mark(key)

    def remove(self, order: Order) -> None:
        """Take an order out, with what remains of it; its siblings keep their places."""
        level = order.level
        assert level is not None, f"order {order.order_id} is not in the book"
        if order.display:
            level.quantity -= order.shown
            level.icebergs -= 1
        else:
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
        """Let `quantity` lots of what a resting order shows trade; an order without a remainder leaves."""
        level = order.level
        assert level is not None, f"order {order.order_id} is not in the book"
        order.remaining -= quantity
        level.quantity -= quantity
        if order.display:
            order.shown -= quantity
            if not order.shown and order.remaining:
                self.remove(order)
                self.append(order)
                return
        if order.remaining:
            self._mark(level.key)
        else:
            self.remove(order)

    def shrink(self, order: Order, quantity: int) -> None:
        """Take `quantity` lots off a resting order, from what it hides first; it keeps its place and must not end."""
        level = order.level
        assert level is not None, f"order {order.order_id} is not in the book"
        order.remaining -= quantity
        if order.display:
            gone = max(order.shown - order.remaining, 0)
            order.shown -= gone
            level.quantity -= gone
        else:
            level.quantity -= quantity
        self._mark(level.key)

    def cut(self, order: Order, quantity: int) -> None:
        """Let `quantity` lots of a resting order go, shown or not; an iceberg shows a new slice in its old place."""
        level = order.level
        assert level is not None, f"order {order.order_id} is not in the book"
        order.remaining -= quantity
        if order.display:
            level.quantity -= order.shown
            order.shown = min(order.display, order.remaining)
            level.quantity += order.shown
        else:
            level.quantity -= quantity
        if order.remaining:
            self._mark(level.key)
        else:
            self.remove(order)

    def show(self, order: Order, shown: int) -> None:
        """Set what a resting iceberg shows."""
        level = order.level
        assert level is not None, f"order {order.order_id} is not in the book"
        level.quantity += shown - order.shown
        order.shown = shown

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
