"""The orders of a market that wait for a price, and which of them a price wakes."""

from __future__ import annotations

from bisect import bisect_left, insort

from indexmaker.exchange.orders import Order, Wait

__all__ = ["BIPS", "Stops", "price_reached"]

BIPS = 10_000
_LAST = 2**63


def price_reached(wait: Wait, price: int) -> bool:
    """Whether a trade at `price` (ticks) meets the stop price of a wait that has one."""
    return price >= wait.stop if wait.above else price <= wait.stop


class Stops:
    """Stop prices in order, on either side, and the trailing orders that follow the market already."""

    __slots__ = ("falls", "rises", "trailing")

    def __init__(self) -> None:
        self.rises: list[tuple[int, int, Order]] = []
        self.falls: list[tuple[int, int, Order]] = []
        self.trailing: dict[int, Order] = {}

    def __bool__(self) -> bool:
        return bool(self.rises or self.falls or self.trailing)

    def add(self, order: Order) -> None:
        """Watch prices for an order."""
        wait = order.wait
        assert wait is not None, f"order {order.order_id} waits for nothing"
        wait.indexed = True
        if wait.stop:
            insort(self.rises if wait.above else self.falls, (wait.stop, order.order_id, order))
        else:
            self.trailing[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Watch no longer."""
        wait = order.wait
        assert wait is not None, f"order {order.order_id} waits for nothing"
        wait.indexed = False
        if wait.stop:
            side = self.rises if wait.above else self.falls
            del side[bisect_left(side, (wait.stop, order.order_id))]
        else:
            del self.trailing[order.order_id]

    def touched(self, price: int, *, at: int) -> list[Order]:
        """Take out the orders that a trade at `price` wakes, the oldest first; trailing ones follow it."""
        awake = [order for order in self.trailing.values() if _follow(order, price, at=at)]
        started = []
        for order in self._reached(price):
            wait = order.wait
            assert wait is not None
            if wait.delta:
                started.append(order)
            else:
                awake.append(order)
        for order in awake:
            self.remove(order)
        for order in started:
            self.remove(order)
            self.follow(order, price, at=at)
        awake.sort(key=lambda order: order.order_id)
        return awake

    def follow(self, order: Order, price: int, *, at: int) -> None:
        """Start trailing at `price` (0: at the next trade)."""
        wait = order.wait
        assert wait is not None
        wait.stop = 0
        wait.extreme = price
        wait.since = at
        self.add(order)

    def waiting(self) -> list[Order]:
        """All orders here, the oldest first."""
        orders = [entry[2] for entry in (*self.rises, *self.falls)] + list(self.trailing.values())
        return sorted(orders, key=lambda order: order.order_id)

    def _reached(self, price: int) -> list[Order]:
        rises, falls = self.rises, self.falls
        risen = rises[: bisect_left(rises, (price, _LAST))]
        fallen = falls[bisect_left(falls, (price, 0)) :]
        return [entry[2] for entry in (*risen, *fallen)]


def _follow(order: Order, price: int, *, at: int) -> bool:
    """Let a trailing order see a price; says whether it has come back far enough from the extreme."""
    wait = order.wait
    assert wait is not None
    if not wait.extreme:
        wait.extreme = price
        wait.since = at
    elif wait.above:
        wait.extreme = min(wait.extreme, price)
        return price * BIPS >= wait.extreme * (BIPS + wait.delta)
    else:
        wait.extreme = max(wait.extreme, price)
        return price * BIPS <= wait.extreme * (BIPS - wait.delta)
    return False
