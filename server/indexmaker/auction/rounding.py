"""From filled shares to integer fills that balance every atom exactly.

Orders of several legs (and those in rows) are rounded first and are then rigid; on every atom the orders of a
single leg take up what is left, closed form: those in the money whole, those at their limit as much as
balances, in equal ratio. Where that does not suffice by a rounding error, a rigid order that is free gives way
by as little as it takes, and at last an order in the money, those of outside books first.
"""

from __future__ import annotations

from collections.abc import Iterable

from indexmaker.auction.errors import NotCertified
from indexmaker.auction.fills import Standing, State
from indexmaker.auction.linear import Floats
from indexmaker.auction.model import Problem
from indexmaker.money import split_pro_rata

__all__ = ["round_fills"]

_ROUNDS = 20


def round_fills(problem: Problem, standing: Standing, ratios: Floats) -> list[int]:
    """Integer fills; raises `NotCertified` when no small change balances them."""
    rounding = _Rounding(problem, standing, ratios)
    for _ in range(_ROUNDS):
        rounding.balance()
        if not rounding.unbalanced:
            return rounding.fills
        rounding.give_way()
    raise NotCertified(f"atoms {sorted(rounding.unbalanced)[:5]} cannot be balanced in integers")


class _Rounding:
    """Fills under way. `unbalanced`: per atom, how much too much (positive) or too little is given."""

    def __init__(self, problem: Problem, standing: Standing, ratios: Floats) -> None:
        self.problem = problem
        self.standing = standing
        self.fills = [0] * len(problem.orders)
        self.unbalanced: dict[int, int] = {}
        self.rigid_on: dict[int, list[int]] = {}
        self.sides: dict[int, _Sides] = {atom: _Sides() for atom in range(len(problem.references))}
        self.stiff: set[int] = set()
        for number, (order, ratio) in enumerate(zip(problem.orders, ratios.tolist(), strict=True)):
            state = standing.states[number]
            if standing.balancing[number]:
                self.sides[order.legs[0][0]].add(number, order.legs[0][1], state=state, external=order.external)
                self.fills[number] = order.quantity if state is State.FULL else 0
                continue
            self.fills[number] = order.quantity if state is State.FULL else self._nearest(order.quantity, ratio)
            if state is not State.EMPTY:
                for atom, _ in order.legs:
                    self.rigid_on.setdefault(atom, []).append(number)

    @staticmethod
    def _nearest(quantity: int, ratio: float) -> int:
        if ratio >= 1 - 1e-12:
            return quantity
        return 0 if ratio <= 1e-12 else min(quantity, round(quantity * ratio))

    def balance(self) -> None:
        """Let the free single-leg orders of every atom take what the others leave."""
        taken: dict[int, int] = {}
        for number, (order, fill) in enumerate(zip(self.problem.orders, self.fills, strict=True)):
            if fill and not self._takes_up(number):
                for atom, weight in order.legs:
                    taken[atom] = taken.get(atom, 0) + weight * fill
        self.unbalanced = {}
        for atom, sides in self.sides.items():
            excess = self._share(sides, -taken.get(atom, 0))
            most = self.problem.waste(atom) if atom in taken else 0
            if excess < 0:
                self.unbalanced[atom] = excess - min(-excess, most // 2)
            elif excess > most:
                self.unbalanced[atom] = excess - most // 2

    def _takes_up(self, number: int) -> bool:
        return self.standing.balancing[number] and self.standing.states[number] is State.FREE

    def _share(self, sides: _Sides, net: int) -> int:
        """Fill takers and givers so that takers less givers is `net`; returns what cannot be.

        Orders come before outside books: as much volume as the books can carry, and no more of the books than that.
        """
        takers, givers, asks, bids = (self._capacity(n) for n in (sides.takers, sides.givers, sides.asks, sides.bids))
        possible = min(max(net, -(givers + asks)), takers + bids)
        taken = max(0, min(takers, possible + givers + asks))
        given = max(0, min(givers, taken - possible + bids))
        rest = possible - taken + given
        for numbers, fill in (
            (sides.takers, taken),
            (sides.givers, given),
            (sides.bids, max(rest, 0)),
            (sides.asks, max(-rest, 0)),
        ):
            self._spread(numbers, fill)
        return net - possible

    def _capacity(self, numbers: list[int]) -> int:
        return sum(self.problem.orders[number].quantity for number in numbers)

    def _spread(self, numbers: list[int], fill: int) -> None:
        quantities = {number: self.problem.orders[number].quantity for number in numbers}
        for number, share in split_pro_rata(fill, quantities).items() if numbers else ():
            self.fills[number] = share

    def give_way(self) -> None:
        """Change one order for every unbalanced atom; `balance` is to follow."""
        for atom, missing in sorted(self.unbalanced.items()):
            if not (self._exactly(atom, missing) or self._trim(atom, missing)):
                self._roughly(atom, missing)

    def _exactly(self, atom: int, missing: int) -> bool:
        """Move a rigid order of weight one on this atom."""
        for number in self._movable(atom):
            weight = dict(self.problem.orders[number].legs)[atom]
            if abs(weight) == 1 and number not in self.stiff and self._move(number, missing * weight):
                return True
        return False

    def _movable(self, atom: int) -> list[int]:
        """Rigid orders on this atom that are filled, the most filled first."""
        numbers = [number for number in self.rigid_on.get(atom, ()) if self.fills[number]]
        return sorted(numbers, key=lambda number: (-self.fills[number], number))

    def _trim(self, atom: int, missing: int) -> bool:
        """Take from what is in the money on the other side, the least regretted first."""
        sides = self.sides[atom]
        numbers = sides.full_givers if missing > 0 else sides.full_takers
        left = abs(missing)
        if self._filled(numbers) < left:
            return False
        for number in sorted(numbers, key=self._regret):
            cut = min(left, self.fills[number])
            self.fills[number] -= cut
            left -= cut
        return True

    def _filled(self, numbers: Iterable[int]) -> int:
        return sum(self.fills[number] for number in numbers)

    def _regret(self, number: int) -> tuple[bool, int, int]:
        return not self.problem.orders[number].external, self.standing.margins[number], number

    def _roughly(self, atom: int, missing: int) -> None:
        """Move a rigid order by the least that is enough, as far as it goes; next time rather another one."""
        for number in sorted(self._movable(atom), key=lambda number: number in self.stiff):
            weight = dict(self.problem.orders[number].legs)[atom]
            steps = -(-abs(missing) // abs(weight))
            fill, most = self.fills[number], self.problem.orders[number].quantity
            moved = min(max(fill + (steps if (missing > 0) == (weight > 0) else -steps), 0), most)
            if moved != fill:
                self.fills[number] = moved
                self.stiff.add(number)
                return

    def _move(self, number: int, by: int) -> bool:
        moved = self.fills[number] + by
        if not 0 <= moved <= self.problem.orders[number].quantity:
            return False
        self.fills[number] = moved
        return True


class _Sides:
    """Single-leg orders of one atom: takers and givers at their limit, bids and asks of outside books there,
    and those in the money.
    """

    def __init__(self) -> None:
        self.takers: list[int] = []
        self.givers: list[int] = []
        self.bids: list[int] = []
        self.asks: list[int] = []
        self.full_takers: list[int] = []
        self.full_givers: list[int] = []

    def add(self, number: int, weight: int, *, state: State, external: bool) -> None:
        """Put an order where it belongs; one out of the money is left out."""
        if state is State.FULL:
            (self.full_takers if weight > 0 else self.full_givers).append(number)
        elif state is State.FREE and external:
            (self.bids if weight > 0 else self.asks).append(number)
        elif state is State.FREE:
            (self.takers if weight > 0 else self.givers).append(number)
