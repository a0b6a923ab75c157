"""What a transfer costs: the interface of quote sources, and the local model that needs nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple, Protocol

import msgspec
from msgspec import Meta

from indexmaker.money import SCALE, MoneyError, parse_atoms, split_pro_rata
from indexmaker_across.fees import (
    ONE,
    CapitalCost,
    RateModel,
    average_rate,
    capital_fraction,
    gas_fee,
    part_of,
    weekly_rate,
)
from indexmaker_across.usdc import DECIMALS

__all__ = ["Charges", "ConstantRate", "FeeModel", "LocalQuotes", "PoolRate", "QuoteSource", "Tariff", "above_cap"]

BPS = 10_000
Fraction = Annotated[str, Meta(pattern=r"^(0|1)(\.[0-9]{1,18})?$")]
Amount = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,28})(\.[0-9]{1,18})?$")]


class Charges(msgspec.Struct, frozen=True, kw_only=True):
    """Costs by kind, in the token's smallest units."""

    capital: int = 0
    gas: int = 0
    lp: int = 0

    @property
    def total(self) -> int:
        """Their sum."""
        return self.capital + self.gas + self.lp

    def scaled_to(self, total: int) -> Charges:
        """The same proportions with another sum, exactly; a gain is the relayer's, as it is nobody else's."""
        if total == self.total:
            return self
        if total < 0:
            return Charges(capital=total)
        parts = split_pro_rata(total, [("capital", self.capital), ("gas", self.gas), ("lp", self.lp)])
        return Charges(capital=parts["capital"], gas=parts["gas"], lp=parts["lp"])


class QuoteSource(Protocol):
    """Knows what a relayer wants for carrying an amount."""

    async def charges(self, amount: int) -> Charges:
        """The costs of carrying `amount` (smallest units); raises `ConnectorError` when it cannot tell."""


class Tariff(NamedTuple):
    """What one direction costs, and the limit that its route contract sets: None until it was read."""

    quotes: QuoteSource
    route_cap_bps: Callable[[], int | None]


class ConstantRate(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="constant", tag_field="kind"
):
    """A fixed fraction for the liquidity providers, high enough to be safe."""

    fraction: Fraction = "0.00005"


class PoolRate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="pool", tag_field="kind"):
    """The liquidity providers' fee by Across's rate curve, at an assumed utilisation of the pool."""

    kink: Fraction
    r0: Fraction
    r1: Fraction
    r2: Fraction
    utilisation: Fraction
    pool_size: Amount
    """Whole USDC in the pool."""


class FeeModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers of the local model; the defaults are Across's own for USDC, with dear gas."""

    capital_low: Fraction = "0.0001"
    capital_high: Fraction = "0.0001"
    capital_cutoff: Amount = "0"
    """Whole USDC."""
    gas_units: Annotated[int, Meta(ge=0)] = 120_000
    gas_price_wei: Annotated[int, Meta(ge=0)] = 20_000_000
    data_fee_wei: Annotated[int, Meta(ge=0)] = 2_000_000_000_000
    native_price: Amount = "4000"
    """USDC for one native coin of the destination chain."""
    lp: ConstantRate | PoolRate = msgspec.field(default_factory=ConstantRate)

    def __post_init__(self) -> None:
        low, high = parse_atoms(self.capital_low), parse_atoms(self.capital_high)
        if high < low:
            raise MoneyError("capital_high must not be below capital_low")
        if high > low and not parse_atoms(self.capital_cutoff):
            raise MoneyError("capital_cutoff must be positive when capital_high is above capital_low")
        if isinstance(self.lp, PoolRate):
            if not 0 < parse_atoms(self.lp.kink) < ONE:
                raise MoneyError("lp.kink must lie between 0 and 1")
            if not parse_atoms(self.lp.pool_size):
                raise MoneyError("lp.pool_size must be positive")


class LocalQuotes:
    """Across's formulas with configured numbers."""

    def __init__(self, model: FeeModel) -> None:
        self._model = model
        self._capital = CapitalCost(
            low=parse_atoms(model.capital_low),
            high=parse_atoms(model.capital_high),
            cutoff=parse_atoms(model.capital_cutoff),
        )
        self._gas = gas_fee(
            units=model.gas_units,
            gas_price=model.gas_price_wei,
            data_fee=model.data_fee_wei,
            native_price=parse_atoms(model.native_price),
            decimals=DECIMALS,
        )

    async def charges(self, amount: int) -> Charges:
        """The costs by the model; `amount` is positive."""
        atoms = amount * 10 ** (SCALE - DECIMALS)
        return Charges(
            capital=part_of(amount, fraction=capital_fraction(atoms, cost=self._capital)),
            gas=self._gas,
            lp=part_of(amount, fraction=self._lp_fraction(atoms)),
        )

    def _lp_fraction(self, atoms: int) -> int:
        match self._model.lp:
            case ConstantRate(fraction=fraction):
                return parse_atoms(fraction)
            case PoolRate() as pool:
                model = RateModel(
                    kink=parse_atoms(pool.kink),
                    r0=parse_atoms(pool.r0),
                    r1=parse_atoms(pool.r1),
                    r2=parse_atoms(pool.r2),
                )
                before = parse_atoms(pool.utilisation)
                after = min(ONE, before + atoms * ONE // parse_atoms(pool.pool_size))
                return min(ONE, weekly_rate(average_rate(model, before=before, after=after)))


def above_cap(fee: int, *, amount: int, cap_bps: int) -> bool:
    """Whether a fee is more than `cap_bps` basis points of an amount."""
    return fee * BPS > amount * cap_bps
