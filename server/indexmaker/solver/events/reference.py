"""What the solver works with: configuration, instruments, capital, indices, and the passing of time."""

from __future__ import annotations

from indexmaker.instruments import Instrument
from indexmaker.solver.config import SolverConfig
from indexmaker.solver.events.base import Event
from indexmaker.solver.vocabulary import Constituent, IndexLimits, IndexState

__all__ = ["Configured", "HouseCapital", "IndexCreated", "IndexStateChanged", "InstrumentsUpdated", "Tick"]


class Configured(Event, frozen=True, kw_only=True):
    """The configuration in force from now on; the last one wins."""

    config: SolverConfig


class InstrumentsUpdated(Event, frozen=True, kw_only=True):
    """The rules and fees of a venue's instruments; those not listed keep their last rules."""

    venue: str
    instruments: tuple[Instrument, ...]


class HouseCapital(Event, frozen=True, kw_only=True):
    """Money of the house, counted in at a place (`venue:binance`, `wallet:keeper`); `reference` makes it
    idempotent.
    """

    place: str
    asset: str
    amount: int
    reference: str


class IndexCreated(Event, frozen=True, kw_only=True):
    """An index that takes orders on `gate` (chain `chain_id`), or, until units exist, a newer version of it.

    The same definition again changes nothing, another one of the same version is refused. Quantities per unit come
    from `constituents`, or are derived as weight share x `target_price` / reference price. Collateral goes from
    `custody` by the gate's route `route` to `destination`, the account of `venue`.
    """

    symbol: str
    chain_id: int
    gate: str
    token: str
    constituents: tuple[Constituent, ...]
    version: int = 1
    token_decimals: int = 18
    target_price: int = 0
    management_fee: int = 0
    redemption_fee: int = 0
    """Rate of what a sale brings; the house keeps it when it pays."""
    min_order: int = 0
    max_order: int = 0
    mint_threshold: int = 0
    """Filled share from which the rest is refunded instead of traded; 0 takes the configured one."""
    collateral: str = "USDC"
    collateral_decimals: int = 6
    venue: str = "binance"
    route: str = "across"
    custody: str = "EVM:ARBITRUM:USDC"
    destination: str = "BINANCE:MAIN:USDC"
    name: str = ""
    """For people; the symbol when empty."""
    annual_fee: int = 0
    """Management fee of a year as a rate of the holdings; it lowers the quantities per unit day by day."""
    limits: IndexLimits = IndexLimits()


class IndexStateChanged(Event, frozen=True, kw_only=True):
    """An index is paused, resumed or retired; open orders go on."""

    symbol: str
    state: IndexState


class Tick(Event, frozen=True, kw_only=True):
    """Time passes: groups are closed, retries are due, ages are checked. The time is the one given to
    `apply`.
    """
