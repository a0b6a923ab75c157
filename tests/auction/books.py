"""Small random books, and what is found about them without any solver."""

import random
from fractions import Fraction
from itertools import combinations, product

from msgspec.structs import replace

from indexmaker.auction import Order, Problem

SCALE = 10**6
"""Price units per unit of a limit in these tests."""


def problem(orders, references, **options):
    return Problem(orders=orders, references=references, price_scale=SCALE, **options)


def random_book(seed, *, orders=6, atoms=3, quantity=4):
    """Orders over one to three atoms with small weights around prices of 20 to 60."""
    chance = random.Random(seed)
    references = [chance.randint(20, 60) for _ in range(atoms)]
    found = []
    for _ in range(chance.randint(1, orders)):
        legs = tuple(
            (atom, chance.choice([-2, -1, 1, 2]) if chance.random() < 0.3 else chance.choice([-1, 1]))
            for atom in sorted(chance.sample(range(atoms), chance.choice([1, 1, 2, min(3, atoms)])))
        )
        value = sum(weight * references[atom] for atom, weight in legs)
        found.append(Order(legs, value + chance.randint(-8, 8), chance.randint(0, quantity)))
    return problem(found, references)


def balanced(case, fills):
    left = {}
    for order, fill in zip(case.orders, fills, strict=True):
        for atom, weight in order.legs:
            left[atom] = left.get(atom, 0) + weight * fill
    return not any(left.values())


def best_integer_welfare(case):
    """The best balanced fills in whole units, by trying all."""
    ranges = [range(order.quantity + 1) for order in case.orders]
    return max(
        sum(order.limit * fill for order, fill in zip(case.orders, fills, strict=True))
        for fills in product(*ranges)
        if balanced(case, fills)
    )


def best_bound(case):
    """The least value of the dual over all prices, exactly: the continuous optimum, by trying every vertex.

    The dual is convex and piecewise linear; with a bounded set of optimal prices a minimum lies where as many order
    limits meet as there are atoms, and otherwise adding `price = 0` for the free directions finds one.
    """
    atoms = len(case.references)
    planes = [
        ([Fraction(dict(order.legs).get(atom, 0)) for atom in range(atoms)], Fraction(order.limit))
        for order in case.orders
    ]
    planes += [([Fraction(int(atom == other)) for other in range(atoms)], Fraction(0)) for atom in range(atoms)]
    values = []
    for chosen in combinations(planes, atoms):
        prices = _solve([list(row) for row, _ in chosen], [right for _, right in chosen])
        if prices is not None:
            values.append(dual(case, prices))
    return min(values)


def dual(case, prices):
    total = Fraction(0)
    for order in case.orders:
        total += order.quantity * max(0, order.limit - sum(weight * prices[atom] for atom, weight in order.legs))
    return total


def _solve(matrix, right):
    """Gaussian elimination in fractions; None when singular."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = next((r for r in range(column, size) if rows[r][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [entry / rows[column][column] for entry in rows[column]]
        for other in range(size):
            if other != column and rows[other][column]:
                factor = rows[other][column]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column], strict=True)]
    return [row[-1] for row in rows]


def grown(case, factor):
    """The same book in units so small that whole fills come close to continuous ones, and a millionth of an old unit
    of each atom that may be wasted: books of bundles alone do not balance in whole units.
    """
    orders = [Order(o.legs, o.limit, o.quantity * factor, o.external) for o in case.orders]
    wastes = [factor // 10**6] * len(case.references)
    return replace(case, orders=orders, wastes=wastes)
