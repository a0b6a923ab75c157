"""The account's commission rates, by symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from indexmaker.money import format_atoms, parse_atoms
from indexmaker_binance.api import VenueApi
from indexmaker_binance.errors import BinanceError

__all__ = ["Commissions", "Rates"]

_log = structlog.get_logger(__name__)

_PARTS = ("standardCommission", "taxCommission", "specialCommission")
_FEW = 20


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Decimal text; empty when the venue does not tell."""

    maker: str = ""
    taker: str = ""


class Commissions:
    """Exact rates for few symbols (one question each), the fee table for all."""

    def __init__(self, api: VenueApi) -> None:
        self._api = api
        self._known: dict[str, Rates] = {}

    async def rates(self, symbols: Sequence[str]) -> Mapping[str, Rates]:
        """Rates of these symbols, from memory where they were asked for before."""
        unknown = [symbol for symbol in symbols if symbol not in self._known]
        if unknown:
            try:
                await (self._ask_each(unknown) if len(unknown) <= _FEW else self._ask_table())
            except BinanceError as error:
                _log.warning("commission rates not told", error=str(error))
        return self._known

    async def _ask_each(self, symbols: Sequence[str]) -> None:
        for symbol in symbols:
            content = await self._api.call("v3_get_account_commission", weight=20, symbol=symbol)
            self._known[symbol] = read_commission(content)

    async def _ask_table(self) -> None:
        for entry in await self._api.wallet("get_trade_fee"):
            self._known.setdefault(
                entry["symbol"], Rates(maker=_text(entry["makerCommission"]), taker=_text(entry["takerCommission"]))
            )


def read_commission(content: Mapping[str, Any]) -> Rates:
    """Sum what is charged to a taker and to a maker; of buyer and seller the dearer one counts."""
    maker = taker = 0
    for name in _PARTS:
        part = content.get(name) or {}
        side = max(_rate(part, "buyer"), _rate(part, "seller"))
        maker += _rate(part, "maker") + side
        taker += _rate(part, "taker") + side
    return Rates(maker=format_atoms(maker), taker=format_atoms(taker))


def _rate(part: Mapping[str, Any], name: str) -> int:
    return parse_atoms(str(part.get(name) or "0"))


def _text(value: object) -> str:
    return format_atoms(parse_atoms(str(value)))
