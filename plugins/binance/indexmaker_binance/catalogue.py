"""The venue's instruments: read from exchangeInfo, read again from time to time, changes told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from indexmaker.money import MoneyError
from indexmaker_binance.api import VenueApi
from indexmaker_binance.assets import AssetNames
from indexmaker_binance.filters import SymbolRules, read_symbol
from indexmaker_binance.governor import Priority

__all__ = ["Catalogue"]

_log = structlog.get_logger(__name__)

_WEIGHT = 20


class Catalogue:
    """Symbols with their rules, as last read."""

    def __init__(self, api: VenueApi, *, venue: str, names: AssetNames) -> None:
        self._api = api
        self._venue = venue
        self._names = names
        self.rules: dict[str, SymbolRules] = {}

    async def refresh(self) -> Sequence[str]:
        """Read exchangeInfo and the request limits anew; returns the symbols that are new or changed.

        A symbol that the venue no longer lists stays known but does not trade.
        """
        content = await self._api.call("get_exchange_info", weight=_WEIGHT, priority=Priority.ACCOUNT)
        self._api.governor.configure(content.get("rateLimits", ()))
        found = self._read(content["symbols"])
        for symbol in self.rules.keys() - found.keys():
            found[symbol] = self.rules[symbol].halted()
        changed = sorted(symbol for symbol, rules in found.items() if self.rules.get(symbol) != rules)
        self.rules = found
        return changed

    def select(self, symbols: Sequence[str]) -> list[SymbolRules]:
        """Those of the named symbols that exist, or all of them, sorted by symbol."""
        wanted = sorted(self.rules) if not symbols else [symbol for symbol in symbols if symbol in self.rules]
        return [self.rules[symbol] for symbol in wanted]

    def _read(self, entries: Sequence[dict[str, Any]]) -> dict[str, SymbolRules]:
        found = {}
        for entry in entries:
            if not entry.get("isSpotTradingAllowed", True):
                continue
            try:
                rules = read_symbol(entry, venue=self._venue, names=self._names)
            except (KeyError, MoneyError) as error:
                _log.warning("symbol not understood", symbol=entry.get("symbol"), error=str(error))
                continue
            found[rules.instrument.symbol] = rules
        return found
