"""The markets of one asset on several venues as one supply, and back: how much of a need each venue serves.

Prices are compared after fees. What one order may take on a venue is bounded by its maximums, by the depth
within the limit, and by what we hold there: money for purchases away from the home venue, assets for sales.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from indexmaker.money import ATOMS
from indexmaker.solver.batching.markets import AssetMarket
from indexmaker.solver.batching.request import PlanRequest
from indexmaker.solver.vocabulary import Side

__all__ = ["Offer", "Place", "bounds", "offers", "spread", "wide_limits"]


class Place(NamedTuple):
    """One side of one asset on one venue."""

    asset: str
    venue: str
    side: Side


class Offer(NamedTuple):
    """A step of the supply: price of a unit after fees, and the quantity kept (bought) or given (sold)."""

    price: int
    quantity: int
    venue: str


def wide_limits(assets: Iterable[str], request: PlanRequest, *, impact: int) -> dict[Place, int]:
    """The worst price that may be paid or taken in each place: within `impact` of the best price of any venue."""
    limits: dict[Place, int] = {}
    for asset in assets:
        markets = request.markets[asset]
        for side in Side:
            known = [best for market in markets if (best := market.best(side))]
            if not known:
                continue
            best = min(known) if side is Side.BUY else max(known)
            for market in markets:
                if market.best(side):
                    place = Place(asset, market.venue, side)
                    limits[place] = market.limit_price(side, impact, best=best)
    return limits


def bounds(limits: Mapping[Place, int], request: PlanRequest) -> dict[Place, int]:
    """The quantity that may be ordered in each place at these limits.

    Away from home a purchase is bounded by the house's money there and a sale by the house's money at home, which
    pays the seller; each such asset gets an equal part of that money. What the house owes on a venue is bought
    besides.
    """
    away: dict[tuple[str, Side], int] = {}
    for place in limits:
        if place.venue != request.home:
            key = (place.venue if place.side is Side.BUY else "", place.side)
            away[key] = away.get(key, 0) + 1
    found: dict[Place, int] = {}
    for place, limit in limits.items():
        market = market_at(request, place)
        most = market.depth(place.side, limit)
        if place.side is Side.BUY:
            most -= market.gross(request.shorts.get((place.asset, place.venue), 0))
        else:
            most = min(most, _held(place, request))
        if place.venue != request.home:
            buys = place.side is Side.BUY
            cash = max(0, request.cash.get(place.venue if buys else request.home, 0))
            share = cash // away[place.venue if buys else "", place.side]
            most = min(most, share * ATOMS // max(limit, market.best(place.side)))
        found[place] = max(0, most)
    return found


def market_at(request: PlanRequest, place: Place) -> AssetMarket:
    """The market of a place."""
    return next(market for market in request.markets[place.asset] if market.venue == place.venue)


def _held(place: Place, request: PlanRequest) -> int:
    sellers = {want.index for want in request.wants if want.side is Side.SELL}
    return sum(request.backing.get((index, place.asset, place.venue), 0) for index in sellers)


def offers(
    asset: str, side: Side, request: PlanRequest, *, limits: Mapping[Place, int], most: Mapping[Place, int], flat: bool
) -> list[Offer]:
    """The steps of one side of an asset, best first; `flat` reckons all of a venue's depth at its limit."""
    found: list[Offer] = []
    for market in request.markets[asset]:
        place = Place(asset, market.venue, side)
        limit = limits.get(place)
        if limit is None:
            continue
        left = min(most.get(place, 0), market.depth(side, limit))
        for price, quantity in ((limit, left),) if flat else market.levels(side):
            taken = min(left, quantity)
            left -= taken
            kept = market.net(taken) if side is Side.BUY else taken
            if kept:
                found.append(Offer(market.after_fee(side, price), kept, market.venue))
    return sorted(found, key=lambda offer: offer.price if side is Side.BUY else -offer.price)


def spread(steps: Sequence[Offer], quantity: int) -> dict[str, int]:
    """What each venue serves of a quantity, best steps first; what the steps do not cover is left out."""
    served: dict[str, int] = {}
    for step in steps:
        if quantity <= 0:
            break
        taken = min(quantity, step.quantity)
        quantity -= taken
        served[step.venue] = served.get(step.venue, 0) + taken
    return served
