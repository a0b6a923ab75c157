"""Where a batch's assets lie: which pledges are used up, and at which venue. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from indexmaker.solver.state import Pledged

__all__ = ["first", "given_by_venue", "sold_for_sellers", "totals"]


def given_by_venue(
    pledges: Sequence[Pledged], gives: Mapping[str, int], sold: Mapping[str, int]
) -> tuple[dict[str, int], list[tuple[Pledged, int]]]:
    """What sellers finally give, by venue: where something was sold first. With each pledge what goes back of it.

    `gives` is by order and never more than its pledges; `sold` by venue.
    """
    left = dict(gives)
    used = [0] * len(pledges)
    given: dict[str, int] = {}

    def take(number: int, most: int) -> int:
        pledged = pledges[number]
        quantity = min(most, left.get(pledged.order_id, 0), pledged.quantity - used[number])
        used[number] += quantity
        left[pledged.order_id] = left.get(pledged.order_id, 0) - quantity
        given[pledged.venue] = given.get(pledged.venue, 0) + quantity
        return quantity

    for venue, quantity in sorted(sold.items()):
        for number, pledged in enumerate(pledges):
            if pledged.venue == venue:
                quantity -= take(number, quantity)
    for number, pledged in enumerate(pledges):
        take(number, pledged.quantity)
    return given, [(pledged, pledged.quantity - used[number]) for number, pledged in enumerate(pledges)]


def sold_for_sellers(given: Mapping[str, int], sold: Mapping[str, int], *, crossed: int) -> dict[str, int]:
    """The part of each venue's sales that is the sellers', when `crossed` of what they give is the buyers'."""
    found = {venue: min(quantity, given.get(venue, 0)) for venue, quantity in sold.items()}
    missing = crossed - (sum(given.values()) - sum(found.values()))
    for venue in sorted(found):
        if missing > 0:
            back = min(missing, found[venue])
            found[venue] -= back
            missing -= back
    return found


def first(quantities: Mapping[str, int], total: int) -> dict[str, int]:
    """`total` taken from these quantities, in their order."""
    found: dict[str, int] = {}
    for name, quantity in quantities.items():
        found[name] = min(quantity, total)
        total -= found[name]
    return found


def totals(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sums by name."""
    found: dict[str, int] = {}
    for name, quantity in pairs:
        found[name] = found.get(name, 0) + quantity
    return found
