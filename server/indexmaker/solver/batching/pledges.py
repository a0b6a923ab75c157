"""Which assets, where, each sale puts into the batch: enough at every venue for what is sold there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from indexmaker.solver.batching.request import PlannedLeg, PlanRequest, Pledge, Want
from indexmaker.solver.batching.strategy import asset_release
from indexmaker.solver.vocabulary import Side

__all__ = ["pledge"]


def pledge(
    request: PlanRequest, wants: Sequence[Want], units: Mapping[str, int], legs: Sequence[PlannedLeg]
) -> tuple[tuple[Pledge, ...], list[PlannedLeg]]:
    """Take what each sale gives from its index's backing: first where the legs sell, then at home, then elsewhere.

    A leg for which the sellers have not enough at its venue is cut to what they have, on the lot grid, or left out
    below the venue's minimum.
    """
    backing = dict(request.backing)
    found: list[Pledge] = []
    cut: dict[tuple[str, str], int] = {}
    sellers = [want for want in wants if want.side is Side.SELL and units[want.order_id]]
    selling = [leg for leg in legs if leg.side is Side.SELL]
    left = {
        (want.order_id, asset): asset_release(quantity, units=units[want.order_id])
        for want in sellers
        for asset, quantity in want.quantities
    }
    for leg in selling:
        wanted = leg.quantity - leg.house
        for want in sellers:
            wanted -= _take(found, backing, left, want, leg.asset, leg.instrument.venue, most=wanted)
        cut[leg.asset, leg.instrument.venue] = wanted
    for want in sellers:
        for asset, _ in want.quantities:
            for venue in sorted({key[2] for key in backing}, key=lambda name: (name != request.home, name)):
                _take(found, backing, left, want, asset, venue, most=left[want.order_id, asset])
    return tuple(found), [
        kept for leg in legs if (kept := _cut(leg, cut.get((leg.asset, leg.instrument.venue), 0))) is not None
    ]


def _take(
    found: list[Pledge],
    backing: dict[tuple[str, str, str], int],
    left: dict[tuple[str, str], int],
    want: Want,
    asset: str,
    venue: str,
    *,
    most: int,
) -> int:
    key = (want.index, asset, venue)
    quantity = min(most, left.get((want.order_id, asset), 0), backing.get(key, 0))
    if quantity <= 0:
        return 0
    backing[key] -= quantity
    left[want.order_id, asset] -= quantity
    found.append(Pledge(order_id=want.order_id, index=want.index, asset=asset, venue=venue, quantity=quantity))
    return quantity


def _cut(leg: PlannedLeg, missing: int) -> PlannedLeg | None:
    if missing <= 0 or leg.side is Side.BUY:
        return leg
    quantity = leg.instrument.quantity_down(leg.quantity - missing)
    least = max(leg.instrument.min_quantity, leg.instrument.lot_step)
    if quantity < least or quantity * leg.limit_price < leg.instrument.min_notional * 10**18:
        return None
    return msgspec.structs.replace(leg, quantity=quantity, value=-(-leg.value * quantity // leg.quantity))
