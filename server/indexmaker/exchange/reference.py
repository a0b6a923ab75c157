"""The average trade price of the last minutes, exact, in one-second steps so that it stays small in busy markets."""

from __future__ import annotations

from collections import deque

__all__ = ["RollingPrice"]

SECOND = 1_000_000_000


class RollingPrice:
    """Quantity and cost of the trades of the last `minutes`. Only `add` and `forget` change it."""

    __slots__ = ("cost", "lots", "minutes", "seconds")

    def __init__(self, *, minutes: int) -> None:
        self.minutes = minutes
        self.cost = 0
        self.lots = 0
        self.seconds: deque[list[int]] = deque()
        """[second, lots, ticks x lots], oldest first; `lots` and `cost` are their sums."""

    def add(self, *, price: int, quantity: int, at: int) -> None:
        """Count a trade at `at` (UTC nanoseconds); a clock that steps back counts to the newest second."""
        second = at // SECOND
        seconds = self.seconds
        cost = price * quantity
        self.lots += quantity
        self.cost += cost
        if seconds and seconds[-1][0] >= second:
            newest = seconds[-1]
            newest[1] += quantity
            newest[2] += cost
        else:
            seconds.append([second, quantity, cost])
            self.forget(at)

    def forget(self, at: int) -> None:
        """Drop what is too old at `at`."""
        oldest = at // SECOND - self.minutes * 60
        seconds = self.seconds
        while seconds and seconds[0][0] <= oldest:
            _, lots, cost = seconds.popleft()
            self.lots -= lots
            self.cost -= cost

    def average(self, at: int) -> tuple[int, int]:
        """(cost, lots) of the last minutes; the quotient is the average price in ticks. (0, 0): no trade."""
        oldest = at // SECOND - self.minutes * 60
        cost, lots = self.cost, self.lots
        for second, old_lots, old_cost in self.seconds:
            if second > oldest:
                break
            lots -= old_lots
            cost -= old_cost
        return cost, lots

    def restore(self, seconds: list[list[int]], *, minutes: int) -> None:
        """Take over recorded seconds."""
        self.minutes = minutes
        self.seconds = deque(list(second) for second in seconds)
        self.lots = sum(second[1] for second in self.seconds)
        self.cost = sum(second[2] for second in self.seconds)
