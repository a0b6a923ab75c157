"""Progressive filling of one side, max-min fair, in exact integers.

All shares rise together in value. One stops at its cap, or when an asset that it needs (or the budget) is
used up; the others go on. Nothing that a share could still use stays unused, and a share gets less than
another only where it cannot have more without taking from one that has no more than itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import lcm

from indexmaker.money import ATOMS
from indexmaker.solver.vocabulary import Value

__all__ = ["Share", "fill_fairly"]


class Share(Value, frozen=True, kw_only=True):
    """Somebody who wants a part: value of a unit, assets per unit, and the most value. All in atoms."""

    order_id: str
    price: int
    quantities: tuple[tuple[str, int], ...]
    cap: int


def fill_fairly(shares: Sequence[Share], *, room: Mapping[str, int], budget: int | None = None) -> dict[str, int]:
    """Units of every share, within caps, room per asset (none: nothing) and budget (None: no budget).

    Rounding leaves at most a few atoms of an asset unused.
    """
    total = sum(max(0, share.cap) for share in shares) if budget is None else budget
    levels = _levels(shares, room, total)
    return {share.order_id: levels[share.order_id] * ATOMS // share.price for share in shares}


def _levels(shares: Sequence[Share], supplies: Mapping[str, int], budget: int) -> dict[str, int]:
    """The value of each share. Every one using an asset keeps one atom of it back for its rounding up.

    Shares with the same price and basket rise as one group, so a round costs groups x assets, not shares x assets.
    Everything is counted in parts of an atom so fine (one common multiple of all prices) that nothing is rounded.
    """
    groups: dict[tuple[int, tuple[tuple[str, int], ...]], list[Share]] = {}
    for share in shares:
        groups.setdefault((share.price, share.quantities), []).append(share)
    parts = lcm(*(price for price, _ in groups))
    rates = {key: {asset: quantity * (parts // key[0]) for asset, quantity in key[1]} for key in groups}
    room = {asset: supply * parts for asset, supply in supplies.items()}
    for key, members in groups.items():
        for asset in rates[key]:
            room[asset] = room.get(asset, 0) - len(members) * parts
    done: dict[str, int] = {}
    while groups:
        slopes: dict[str, int] = {}
        for key, members in groups.items():
            for asset, rate in rates[key].items():
                slopes[asset] = slopes.get(asset, 0) + rate * len(members)
        limits = {asset: max(0, room[asset] // slope) for asset, slope in slopes.items()}
        by_budget = max(0, budget // sum(map(len, groups.values())))
        by_cap = min(max(0, share.cap) for members in groups.values() for share in members)
        level = min(by_budget, by_cap, *limits.values())
        for key in list(groups):
            stopped = level == by_budget or any(limits[asset] == level for asset in rates[key])
            full = [share for share in groups[key] if stopped or max(0, share.cap) <= level]
            if not full:
                continue
            done.update((share.order_id, level) for share in full)
            budget -= level * len(full)
            for asset, rate in rates[key].items():
                room[asset] -= rate * level * len(full)
            groups[key] = [share for share in groups[key] if share.order_id not in done]
            if not groups[key]:
                del groups[key]
    return done
