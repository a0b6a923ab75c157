"""Assets, and the trading rules of an instrument on a venue. All numbers are atoms (see `money`)."""

from __future__ import annotations

from dataclasses import dataclass

from indexmaker.money import ceil_to_step, floor_to_step, mul_floor

__all__ = ["Instrument", "RuleViolation"]


class RuleViolation(ValueError):
    """An order that the venue would refuse; `rule` is the venue's name of the filter."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"{rule}: {message}")
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A pair on a venue with its price grid (`tick_size`), quantity grid (`lot_step`) and limits.

    A limit of 0 is not enforced. `taker_fee` and `maker_fee` are rates (0.001 = 10 bp) charged in the received asset.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    tick_size: int
    lot_step: int
    min_quantity: int = 0
    max_quantity: int = 0
    min_price: int = 0
    max_price: int = 0
    min_notional: int = 0
    max_notional: int = 0
    taker_fee: int = 0
    maker_fee: int = 0
    trading: bool = True

    def quantity_down(self, quantity: int) -> int:
        """Round to the lot step, never above `quantity`."""
        return floor_to_step(quantity, self.lot_step)

    def price_within(self, limit: int, *, buy: bool) -> int:
        """Round a limit price to the tick, never past the limit (down for a buy, up for a sell)."""
        return floor_to_step(limit, self.tick_size) if buy else ceil_to_step(limit, self.tick_size)

    def check(self, *, quantity: int, price: int) -> None:
        """Raise `RuleViolation` when a limit order of this quantity and price breaks a rule of the venue."""
        if not self.trading:
            raise RuleViolation("TRADING_STATUS", f"{self.symbol} is not trading")
        if (
            price <= 0
            or price % self.tick_size
            or price < self.min_price
            or (self.max_price and price > self.max_price)
        ):
            raise RuleViolation("PRICE_FILTER", f"price is off the grid or outside the range of {self.symbol}")
        too_large = self.max_quantity and quantity > self.max_quantity
        if quantity <= 0 or quantity % self.lot_step or quantity < self.min_quantity or too_large:
            raise RuleViolation("LOT_SIZE", f"quantity is off the grid or outside the range of {self.symbol}")
        notional = mul_floor(quantity, price)
        if notional < self.min_notional or (self.max_notional and notional > self.max_notional):
            raise RuleViolation("NOTIONAL", f"price x quantity is outside the limits of {self.symbol}")
