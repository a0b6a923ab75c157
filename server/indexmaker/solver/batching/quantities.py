"""From units to exchange quantities: lots and minimums of venues, and what the house adds to a leg.

Users' quantities come first. The house adds what it owes and has to buy back, what it holds above its limit and
sells off, and what rounds a leg up to the venue's minimum; each only with money or assets of its own. A leg that is
the house's alone and too small for the venue is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from indexmaker.money import ATOMS, mul_ceil
from indexmaker.solver.batching.frame import Frame
from indexmaker.solver.batching.markets import AssetMarket
from indexmaker.solver.batching.supply import Place, market_at, spread
from indexmaker.solver.vocabulary import Side

__all__ = ["Draft", "drafts_of", "spending"]


_NUDGE = 1000
"""A purchase that lacks less than this part of a lot for the next one, as roundings leave it, gets it."""


class Draft(NamedTuple):
    """One leg before it is trimmed. `house` of the quantity is the house's; of a purchase it is counted after the
    commission, and `padding` (collateral at the limit) is what rounding up to the minimum costs the house besides.
    """

    place: Place
    market: AssetMarket
    limit: int
    quantity: int
    house: int
    padding: int = 0

    @property
    def for_orders(self) -> int:
        """What the orders of the batch get of it (kept of a purchase, given of a sale)."""
        return max(0, self.executed - self.house)

    @property
    def executed(self) -> int:
        """What is kept of a purchase, or given of a sale, when all of it is executed."""
        return self.market.net(self.quantity) if self.place.side is Side.BUY else self.quantity

    @property
    def value(self) -> int:
        """The most that it costs (at its limit) or brings (at the best bid)."""
        price = self.limit if self.place.side is Side.BUY else max(self.limit, self.market.best(Side.SELL))
        return mul_ceil(self.quantity, price)


def spending(drafts: list[Draft], venue: str) -> int:
    """The most that the purchases on a venue cost."""
    return sum(d.value for d in drafts if d.place.side is Side.BUY and d.place.venue == venue)


def drafts_of(
    frame: Frame, limits: Mapping[Place, int], units: Mapping[str, int], *, house: bool
) -> tuple[list[Draft], set[Place]]:
    """The legs for these units, and the places whose part is too small for the venue; `house` is False when there
    is no room for what the house would add on its own account.
    """
    maker = _Maker(frame, limits, house=house)
    served = {}
    for asset in frame.assets:
        buy, sell = frame.residue(asset, units)
        for side, quantity in ((Side.BUY, buy), (Side.SELL, sell)):
            served[asset, side] = spread(frame.steps(asset, side, limits, flat=True), quantity)
    maker.pay(served)
    for asset in frame.assets:
        buys, sells = served[asset, Side.BUY], served[asset, Side.SELL]
        excess = maker.excess(asset, sells, used=frame.stock_used(asset, units)) if not buys else {}
        if sells or excess:
            maker.sell(asset, sells, excess)
        elif frame.net(asset, units) >= 0:  # what sellers have left covers what the house owes, at the mid
            maker.buy(asset, buys)
    return maker.drafts, maker.too_small


class _Maker:
    """Keeps account of the house's cash while the legs are made."""

    def __init__(self, frame: Frame, limits: Mapping[Place, int], *, house: bool) -> None:
        self.frame = frame
        self.request = frame.request
        self.limits = limits
        self.house = house
        self.cash = dict(frame.request.cash)
        self.drafts: list[Draft] = []
        self.too_small: set[Place] = set()

    def pay(self, served: Mapping[tuple[str, Side], Mapping[str, int]]) -> None:
        """Set the house's money aside for what it pays in the users' stead, and for what it may absorb."""
        home = self.request.home
        for asset, room in self.frame.absorb.items():
            self._take(home, mul_ceil(room, self.request.mid(asset)))
        for (asset, side), parts in served.items():
            for venue, quantity in parts.items():
                if venue == home:
                    continue
                place = Place(asset, venue, side)
                market = market_at(self.request, place)
                if side is Side.BUY:
                    self._take(venue, mul_ceil(market.gross(quantity), self.limits[place]))
                else:
                    self._take(home, mul_ceil(quantity, market.best(side)))

    def _take(self, venue: str, amount: int) -> None:
        self.cash[venue] = self.cash.get(venue, 0) - amount

    def excess(self, asset: str, sells: Mapping[str, int], *, used: int) -> dict[str, int]:
        """Inventory above the house's limit that the depth left over can take, by venue; buyers have `used`."""
        request = self.request
        if not self.house:
            return {}
        mid = request.mid(asset)
        over = request.stock(asset) - used - request.config.inventory_limit_of(asset) * ATOMS // mid
        found: dict[str, int] = {}
        for market in request.markets[asset]:
            place = Place(asset, market.venue, Side.SELL)
            if place in self.limits and over > 0:
                depth = market.depth(Side.SELL, self.limits[place]) - sells.get(market.venue, 0)
                quantity = min(over, depth, request.inventory.get((asset, market.venue), 0))
                if quantity > 0:
                    found[market.venue] = quantity
                    over -= quantity
        return found

    def sell(self, asset: str, sells: Mapping[str, int], excess: Mapping[str, int]) -> None:
        """Sales of an asset: the sellers' part, and inventory."""
        for market in self.request.markets[asset]:
            place = Place(asset, market.venue, Side.SELL)
            theirs, own = sells.get(market.venue, 0), excess.get(market.venue, 0)
            if not theirs and not own:
                continue
            limit = self.limits[place]
            least, depth = market.minimum(limit), market.depth(Side.SELL, limit)
            quantity = market.instrument.quantity_down(min(theirs + own, depth))
            if quantity >= least:
                self._add(Draft(place, market, limit, quantity, max(0, quantity - theirs)))
            elif theirs and least <= depth and least - theirs <= self._free(asset, market.venue):
                self._add(Draft(place, market, limit, least, least - theirs))
            elif theirs:
                self.too_small.add(place)

    def buy(self, asset: str, buys: Mapping[str, int]) -> None:
        """Purchases of an asset: the buyers' part, and what the house owes."""
        for market in self.request.markets[asset]:
            place = Place(asset, market.venue, Side.BUY)
            if place not in self.limits:
                continue
            limit, theirs = self.limits[place], buys.get(market.venue, 0)
            depth = market.depth(Side.BUY, limit)
            cover = self._cover(place, limit, theirs)
            if not theirs and not cover:
                continue
            least = market.minimum(limit)
            wanted = min(market.gross(theirs + cover), depth)
            nudge = market.instrument.lot_step // _NUDGE
            quantity = market.instrument.quantity_down(min(wanted + nudge, depth))
            padding = mul_ceil(least - wanted, limit)
            covering = mul_ceil(market.gross(cover), limit)
            if quantity >= least:
                self._take(market.venue, covering)
                self._add(Draft(place, market, limit, quantity, min(cover, market.net(quantity))))
            elif theirs and least <= depth and self._affordable(place, padding, besides=covering):
                self._take(market.venue, padding + covering)
                self._add(Draft(place, market, limit, least, cover, padding))
            elif theirs:
                self.too_small.add(place)

    def _add(self, draft: Draft) -> None:
        self.drafts.append(draft)

    def _cover(self, place: Place, limit: int, theirs: int) -> int:
        """What the house can buy back here, with its money and in the depth that is left."""
        market = market_at(self.request, place)
        short = self.request.shorts.get((place.asset, place.venue), 0)
        if not self.house or not short:
            return 0
        nudge = mul_ceil(market.instrument.lot_step // _NUDGE, limit)
        affordable = max(0, self.cash.get(place.venue, 0) - nudge) * ATOMS // limit
        room = max(0, market.depth(Side.BUY, limit) - market.gross(theirs))
        return min(short, market.net(min(room, affordable)))

    def _affordable(self, place: Place, padding: int, *, besides: int) -> bool:
        held = mul_ceil(self.request.stock(place.asset), self.request.mid(place.asset))
        held += sum(draft.padding for draft in self.drafts if draft.place.asset == place.asset)
        within = held + padding <= self.request.config.inventory_budget_of(place.asset)
        return within and padding + besides <= self.cash.get(place.venue, 0)

    def _free(self, asset: str, venue: str) -> int:
        """Inventory on a venue; only called where sellers have something left, so that no buyer uses it."""
        return self.request.inventory.get((asset, venue), 0)
