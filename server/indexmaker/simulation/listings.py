"""What the simulated world trades: markets with their rules and prices, and the indices made of them."""

from __future__ import annotations

from dataclasses import dataclass

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, parse_atoms
from indexmaker.solver.config import FinalityTier, SolverConfig
from indexmaker.solver.events import IndexCreated
from indexmaker.solver.vocabulary import Constituent, Finality

__all__ = [
    "CHAIN",
    "COLLATERAL",
    "FEE_ASSET",
    "LISTINGS",
    "POINTS",
    "SECOND",
    "UNIT",
    "VENUE",
    "Listing",
    "configuration",
    "index_definitions",
    "instruments",
]

CHAIN = 42161
VENUE = "binance"
COLLATERAL = "USDC"
FEE_ASSET = "BNB"
"""Pays commissions, and is traded."""
POINTS = "POINTS"
"""Pays commissions too, and has no market: only an operator can value it."""
SECOND = 1_000_000_000
UNIT = 10**12
"""The smallest amount of the collateral token, in atoms."""

_MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Listing:
    """A market: its asset, first price, grids, and how much collateral each level of its book holds about."""

    asset: str
    price: str
    tick: str
    lot: str
    depth: int

    @property
    def symbol(self) -> str:
        """The pair as the venue names it."""
        return f"{self.asset}{COLLATERAL}"


LISTINGS = (
    Listing("BTC", "60000", "0.01", "0.00001", 2500),
    Listing("ETH", "3000", "0.01", "0.0001", 2000),
    Listing("SOL", "150", "0.01", "0.001", 900),
    Listing("BNB", "600", "0.1", "0.001", 900),
    Listing("XRP", "0.5", "0.0001", "0.1", 600),
    Listing("ADA", "0.4", "0.0001", "0.1", 300),
    Listing("DOGE", "0.1", "0.00001", "1", 300),
    Listing("LINK", "15", "0.001", "0.01", 400),
)


def instruments() -> tuple[Instrument, ...]:
    """The rules of all markets."""
    return tuple(
        Instrument(
            venue=VENUE,
            symbol=one.symbol,
            base=one.asset,
            quote=COLLATERAL,
            tick_size=parse_atoms(one.tick),
            lot_step=parse_atoms(one.lot),
            min_quantity=parse_atoms(one.lot),
            min_notional=5 * ATOMS,
            max_notional=50_000 * ATOMS,
            taker_fee=ATOMS // 1000,
            maker_fee=ATOMS // 1000,
        )
        for one in LISTINGS
    )


_INDICES = (
    ("TOP3", ("BTC", "ETH", "SOL"), (5, 3, 2), "0.005"),
    ("TOP5", ("BTC", "ETH", "SOL", "BNB", "XRP"), (4, 3, 1, 1, 1), "0"),
    ("ALT4", ("SOL", "ADA", "DOGE", "LINK"), (1, 1, 1, 1), "0.01"),
    ("PAIR", ("ETH", "LINK"), (3, 1), "0.001"),
)


def index_definitions() -> tuple[IndexCreated, ...]:
    """Indices that share assets, so that their orders contend."""
    prices = {one.asset: parse_atoms(one.price) for one in LISTINGS}
    return tuple(
        IndexCreated(
            symbol=symbol,
            chain_id=CHAIN,
            gate=f"0x{number + 1:040x}",
            token=f"0x{number + 101:040x}",
            constituents=tuple(
                Constituent(asset=asset, weight=weight, reference_price=prices[asset])
                for asset, weight in zip(assets, weights, strict=True)
            ),
            target_price=100 * ATOMS,
            management_fee=parse_atoms(fee),
            annual_fee=ATOMS // 50 if symbol == "TOP3" else 0,
            redemption_fee=parse_atoms(fee) // 2,
            min_order=10 * ATOMS,
            max_order=20_000 * ATOMS,
            collateral=COLLATERAL,
            venue=VENUE,
        )
        for number, (symbol, assets, weights, fee) in enumerate(_INDICES)
    )


def configuration(*, strategy: str) -> SolverConfig:
    """Budgets that bind now and then, and lives short enough that everything ends within minutes."""
    return SolverConfig(
        strategy=strategy,
        finality=(
            FinalityTier(amount=0, finality=Finality.CONFIRMED),
            FinalityTier(amount=2_000 * ATOMS, finality=Finality.SAFE),
            FinalityTier(amount=8_000 * ATOMS, finality=Finality.FINAL),
        ),
        order_life_ns=10 * _MINUTE,
        routing_attempts=6,
        settlement_attempts=4,
        invoice_life_ns=10 * _MINUTE,
        order_budget=3_000 * ATOMS,
        batch_budget=9_000 * ATOMS,
        in_flight_budget=12_000 * ATOMS,
        batch_orders=24,
        inventory_budget=40 * ATOMS,
        aggregation_window_ns=60 * SECOND,
        hold_ns=10 * SECOND,
        retention_ns=10 * _MINUTE,
        rebalance_drain_ns=30 * SECOND,
        rebalance_trade_ns=2 * _MINUTE,
        fee_period_ns=10 * _MINUTE,
        quote_life_ns=20 * SECOND,
    )
