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

_ROUNDS = 24
_STRICT_ROUNDS = 6
_STRICT = 10**9
"""In the first rounds only this part of an atom's waste is used."""


def round_fills(problem: Problem, standing: Standing, ratios: Floats) -> list[int]:
    """Integer fills; raises `NotCertified` when no small change balances them."""
    rounding = _Rounding(problem, standing, ratios)
    for number in range(_ROUNDS):
        rounding.balance(share=_STRICT if number < _STRICT_ROUNDS else 1)
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
        self.moved: set[int] = set()
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

    def balance(self, *, share: int) -> None:
        """Let the free single-leg orders of every atom take what the others leave, but for a share of the waste."""
        taken: dict[int, int] = {}
        for number, (order, fill) in enumerate(zip(self.problem.orders, self.fills, strict=True)):
            if fill and not self._takes_up(number):
                for atom, weight in order.legs:
                    taken[atom] = taken.get(atom, 0) + weight * fill
        self.unbalanced = {}
        for atom, sides in self.sides.items():
            excess = self._share(sides, -taken.get(atom, 0))
            most = self.problem.waste(atom) // share if atom in taken else 0
            if not 0 <= excess <= most:
                self.unbalanced[atom] = excess

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
        """Change one order for every unbalanced atom that no other change of this turn concerns; `balance` is to
        follow.
        """
        self.moved.clear()
        for atom, excess in sorted(self.unbalanced.items()):
            if not self.moved.isdisjoint(self.rigid_on.get(atom, ())):
                continue
            changed = self._exactly(atom, excess) or self._roughly(atom, excess, absorbed=True)
            if not (changed or self._trim(atom, excess)):
                self._roughly(atom, excess, absorbed=False)

    def _exactly(self, atom: int, excess: int) -> bool:
        """Move a rigid order of weight one on this atom."""
        for number in self._movable(atom):
            weight = dict(self.problem.orders[number].legs)[atom]
            if abs(weight) == 1 and number not in self.stiff and self._move(number, excess * weight):
                return True
        return False

    def _movable(self, atom: int) -> list[int]:
        """Rigid orders on this atom that are filled, the most filled first."""
        numbers = [number for number in self.rigid_on.get(atom, ()) if self.fills[number]]
        return sorted(numbers, key=lambda number: (-self.fills[number], number))

    def _trim(self, atom: int, excess: int) -> bool:
        """Take from what is in the money on the other side, the least regretted first."""
        sides = self.sides[atom]
        numbers = sides.full_givers if excess > 0 else sides.full_takers
        left = abs(excess)
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

    def _roughly(self, atom: int, excess: int, *, absorbed: bool) -> bool:
        """Move a rigid order as far as it brings balance, on the side of too much; next time rather another one.

        With `absorbed` only one that has not moved yet and whose change single-leg orders take up elsewhere.
        """
        for number in sorted(self._movable(atom), key=lambda number: number in self.stiff):
            if absorbed and (number in self.stiff or not self._absorbed(number, but=atom)):
                continue
            order, fill = self.problem.orders[number], self.fills[number]
            weight = dict(order.legs)[atom]
            steps = -(-abs(excess) // abs(weight)) if excess < 0 else excess // abs(weight)
            moved = min(max(fill + (steps if (excess > 0) == (weight > 0) else -steps), 0), order.quantity)
            if moved != fill:
                self.fills[number] = moved
                self.stiff.add(number)
                self.moved.add(number)
                return True
        return False

    def _absorbed(self, number: int, *, but: int) -> bool:
        legs = self.problem.orders[number].legs
        return all(self.sides[atom].flexible for atom, weight in legs if abs(weight) == 1 and atom != but)

    def _move(self, number: int, by: int) -> bool:
        moved = self.fills[number] + by
        if not 0 <= moved <= self.problem.orders[number].quantity:
            return False
        self.fills[number] = moved
        self.moved.add(number)
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

    @property
    def flexible(self) -> bool:
        """Whether anything is at its limit here."""
        return bool(self.takers or self.givers or self.bids or self.asks)

    def add(self, number: int, weight: int, *, state: State, external: bool) -> None:
        """Put an order where it belongs; one out of the money is left out."""
        if state is State.FULL:
            (self.full_takers if weight > 0 else self.full_givers).append(number)
        elif state is State.FREE and external:
            (self.bids if weight > 0 else self.asks).append(number)
        elif state is State.FREE:
            (self.takers if weight > 0 else self.givers).append(number)
