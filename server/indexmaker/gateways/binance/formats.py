"""The exchange's integers as the texts of the interface: eight decimals always, times in milliseconds."""

from __future__ import annotations

from indexmaker.exchange.markets import Asset, Market
from indexmaker.money import SCALE

__all__ = ["ZERO", "amount", "fixed", "milliseconds", "price", "quantity", "quote"]

PLACES = 8
ZERO = "0.00000000"
_UNIT: int = 10 ** (SCALE - PLACES)
_WHOLE: int = 10**PLACES


def fixed(money: int) -> str:
    """10**-18 as a decimal of eight places, rounded towards zero."""
    sign = "-" if money < 0 else ""
    whole, fraction = divmod(abs(money) // _UNIT, _WHOLE)
    return f"{sign}{whole}.{fraction:08d}"


def amount(asset: Asset, atoms: int) -> str:
    """Ledger atoms of an asset."""
    return fixed(asset.to_money(atoms))


def price(market: Market, ticks: int) -> str:
    """A price in ticks."""
    return fixed(market.price_money(ticks))


def quantity(market: Market, lots: int) -> str:
    """A quantity in lots."""
    return fixed(market.quantity_money(lots))


def quote(market: Market, atoms: int) -> str:
    """An amount of the market's quote asset in atoms."""
    return fixed(market.quote.to_money(atoms))


def milliseconds(at: int) -> int:
    """UTC nanoseconds as milliseconds."""
    return at // 1_000_000
