"""The shape of a market maker's quotes: a ladder of prices and sizes around a price that walks randomly."""

from __future__ import annotations

from random import Random

from indexmaker.exchange.markets import Market
from indexmaker.money import ceil_to_step, floor_to_step

__all__ = ["Ladder", "Quotes"]

Quotes = dict[int, int]
"""Price in ticks -> quantity in lots."""

_PPM = 1_000_000
_FIRST_PPM = 150
_GROWTH_PPM = 1_330_000
_STEP_PPM = 250
_PULL = 200
_NOTIONAL = 4_000
_SIZE_GROWTH_PPM = 1_250_000
_DEEP = {"BTC": 8, "ETH": 5, "SOL": 2}


class Ladder:
    """Quotes of one market: the further from the middle, the wider the gaps and the larger the sizes.

    The middle takes a small random step at a time and is pulled back to the `anchor` (ticks).
    """

    def __init__(self, market: Market, *, anchor: int, levels: int, random: Random) -> None:
        self._market = market
        self._anchor = anchor
        self._random = random
        self._offsets = _offsets(levels)
        self.middle = anchor

    def step(self) -> None:
        """Let the middle walk."""
        reach = max(1, self.middle * _STEP_PPM // _PPM)
        pull = (self._anchor - self.middle) // _PULL
        self.middle = max(len(self._offsets) + 2, self.middle + self._random.randint(-reach, reach) + pull)

    def quotes(self) -> tuple[Quotes, Quotes]:
        """(bids, asks) around the middle; all prices of a side differ.

        Prices are rounded outwards to grids as coarse as the gaps, so that a small step of the middle moves the inner
        quotes only.
        """
        bids: Quotes = {}
        asks: Quotes = {}
        size = _NOTIONAL * _DEEP.get(self._market.base.symbol, 1)
        bid = ask = self.middle
        for offset, grid_ppm in self._offsets:
            distance = self.middle * offset // _PPM
            grid = max(1, self._anchor * grid_ppm // _PPM)
            bid = min(bid - 1, floor_to_step(self.middle - distance, grid))
            ask = max(ask + 1, ceil_to_step(self.middle + distance, grid))
            for side, price in ((bids, bid), (asks, ask)):
                if price > 0:
                    side[price] = self._lots(price, size)
            size = size * _SIZE_GROWTH_PPM // _PPM
        return bids, asks

    def _lots(self, price: int, notional: int) -> int:
        """Roughly `notional` whole units of quote at this price, within the market's limits."""
        market, rules = self._market, self._market.filters
        wanted: int = notional * 10**market.quote.scale * self._random.randint(700, 1300) // 1000
        lots: int = max(1, wanted // market.notional(price=price, quantity=1), rules.min_quantity)
        smallest = -(-rules.min_notional // market.notional(price=price, quantity=1))
        lots = max(lots, smallest)
        return min(lots, rules.max_quantity) if rules.max_quantity else lots


def _offsets(levels: int) -> list[tuple[int, int]]:
    """(distance from the middle, grid of the price) of each level, in parts per million."""
    offsets, gap, total = [], _FIRST_PPM, 0
    for _ in range(levels):
        total += gap
        offsets.append((total, gap // 2))
        gap = gap * _GROWTH_PPM // _PPM
    return offsets
