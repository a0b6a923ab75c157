"""One market of the simulated venue: a price that wanders, and levels on both sides that orders eat.

Quotes are renewed each second from a stream of the market's own, so that the market of a moment depends on the seed
and the orders since the last renewal alone.
"""

from __future__ import annotations

from random import Random

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, floor_to_step, parse_atoms
from indexmaker.simulation.listings import SECOND, VENUE, Listing
from indexmaker.solver.events import Book
from indexmaker.solver.vocabulary import BookFlag, Side

__all__ = ["Market"]

_LEVELS = 4
_FIRST_LEVEL_BPS = 2
_LEVEL_BPS = 12
_STEP_BPS = 5
"""How far the price may wander in a second, in hundredths of a percent."""


class Market:
    """Levels are lists of [price, quantity], best first."""

    def __init__(self, listing: Listing, rules: Instrument, *, seed: int, start: int) -> None:
        self.rules = rules
        self._listing = listing
        self._random = Random(f"{seed}:market:{listing.symbol}")  # noqa: S311 - a game, not a secret
        self._origin = parse_atoms(listing.price)
        self.mid = self._origin
        self._renewed_at = start - SECOND
        self.asks: list[list[int]] = []
        self.bids: list[list[int]] = []
        self.trouble = ""
        self._trouble_until = 0

    def disturb(self, trouble: str, *, until: int) -> None:
        """Have what is told of the book be wrong (`stale`, `gap`, `halted`, `crossed`, `empty`) for a while."""
        self.trouble = trouble
        self._trouble_until = until

    def renew(self, now: int) -> None:
        """Let the price wander and refill the levels, once for each second that has passed (the last minute counts)."""
        seconds = (now - self._renewed_at) // SECOND
        if seconds <= 0:
            return
        self._renewed_at += seconds * SECOND
        for _ in range(min(seconds, 60)):
            self.mid += self.mid * self._random.randint(-_STEP_BPS, _STEP_BPS) // 10_000
            self.mid += (self._origin - self.mid) // 500
        self._quote()
        if now >= self._trouble_until:
            self.trouble = ""

    def _quote(self) -> None:
        tick, lot = self.rules.tick_size, self.rules.lot_step
        self.asks, self.bids = [], []
        for level in range(_LEVELS):
            away = self.mid * (_FIRST_LEVEL_BPS + level * _LEVEL_BPS) // 10_000
            for side, price in ((self.asks, self.mid + away + tick), (self.bids, self.mid - away)):
                price = floor_to_step(price, tick)
                value = self._listing.depth * self._random.randint(20, 180) * ATOMS // 100
                quantity = max(lot, floor_to_step(value * ATOMS // price, lot))
                side.append([price, quantity])

    @property
    def halted(self) -> bool:
        """Whether the venue takes no orders here."""
        return self.trouble == "halted"

    def match(self, side: Side, *, price: int, quantity: int) -> list[tuple[int, int]]:
        """Fill as much of a limit order as the levels hold at its price or better; (price, quantity) of each trade."""
        levels = self.asks if side is Side.BUY else self.bids
        trades: list[tuple[int, int]] = []
        for level in levels:
            within = level[0] <= price if side is Side.BUY else level[0] >= price
            taken = min(quantity, level[1])
            if not within or not taken:
                break
            level[1] -= taken
            quantity -= taken
            trades.append((level[0], taken))
        levels[:] = [level for level in levels if level[1]]
        return trades

    def book(self, now: int) -> Book:
        """The book as market data tell it at this moment."""
        self.renew(now)
        asks = tuple((price, quantity) for price, quantity in self.asks)
        bids = tuple((price, quantity) for price, quantity in self.bids)
        age = now - self._renewed_at
        flags: tuple[BookFlag, ...] = ()
        if self.trouble == "stale":
            age += 60 * SECOND
        elif self.trouble == "gap":
            flags = (BookFlag.GAP,)
        elif self.trouble == "halted":
            flags = (BookFlag.HALTED,)
        elif self.trouble == "crossed" and asks:
            bids = ((asks[0][0] + self.rules.tick_size, ATOMS), *bids)
        elif self.trouble == "empty":
            asks = ()
        return Book(venue=VENUE, symbol=self.rules.symbol, bids=bids, asks=asks, age_ns=age, flags=flags)
