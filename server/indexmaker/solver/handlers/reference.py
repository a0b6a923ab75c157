"""Configuration, instruments, indices and house capital."""

from __future__ import annotations

from indexmaker.ledger import Movement
from indexmaker.money import ATOMS
from indexmaker.solver import accounts
from indexmaker.solver.commands import IndexReport
from indexmaker.solver.events import (
    Configured,
    HouseCapital,
    IndexCreated,
    IndexStateChanged,
    InstrumentsUpdated,
)
from indexmaker.solver.state import Index
from indexmaker.solver.step import Step

__all__ = [
    "instrument_key",
    "on_capital",
    "on_configured",
    "on_index_created",
    "on_index_state",
    "on_instruments",
]


def instrument_key(venue: str, symbol: str) -> str:
    """How instruments are filed."""
    return f"{venue}:{symbol}"


def on_configured(step: Step, event: Configured) -> None:
    """Take the new configuration."""
    step.state.config = event.config


def on_instruments(step: Step, event: InstrumentsUpdated) -> None:
    """Take the venue's rules."""
    for instrument in event.instruments:
        if instrument.tick_size > 0 and instrument.lot_step > 0 and 0 <= instrument.taker_fee < ATOMS:
            step.state.instruments[instrument_key(event.venue, instrument.symbol)] = instrument
        else:
            step.alert("INSTRUMENT", instrument.symbol, "tick, lot or fee out of range: instrument not used")


def on_capital(step: Step, event: HouseCapital) -> None:
    """Book money that the house put somewhere, once per reference."""
    if event.reference in step.state.capital_references:
        return
    step.state.capital_references.add(event.reference)
    cash = accounts.house_cash(event.place, event.asset)
    step.post(Movement.between(accounts.owner_capital(event.asset), cash, amount=event.amount))


def on_index_created(step: Step, event: IndexCreated) -> None:
    """Take an index, or a newer version of one; tell its quantities, or why it is refused."""
    known = step.state.indices.get(event.symbol)
    quantities, reason = _quantities(event)
    if not reason:
        reason = _objection(event)
    if not reason and known is not None:
        moved = _terms(known) != (
            event.chain_id,
            event.gate.lower(),
            event.collateral,
            event.collateral_decimals,
            event.token_decimals,
            event.venue,
        )
        if moved:
            reason = "an index cannot change its chain, gate, tokens or venue"
        elif event.version < known.version:
            reason = f"version {event.version} is older than {known.version}"
    if reason:
        step.report(IndexReport(symbol=event.symbol, version=event.version, accepted=False, reason=reason))
        return
    step.state.indices[event.symbol] = Index(
        symbol=event.symbol,
        version=event.version,
        chain_id=event.chain_id,
        gate=event.gate.lower(),
        token=event.token.lower(),
        token_decimals=event.token_decimals,
        quantities=quantities,
        management_fee=event.management_fee,
        min_order=event.min_order,
        max_order=event.max_order,
        mint_threshold=event.mint_threshold,
        collateral=event.collateral,
        collateral_decimals=event.collateral_decimals,
        venue=event.venue,
        route=event.route,
        custody=event.custody,
        destination=event.destination,
        **({"state": known.state} if known else {}),
    )
    for constituent in event.constituents:
        if constituent.reference_price > 0:
            step.state.marks.setdefault(constituent.asset, constituent.reference_price)
    step.report(IndexReport(symbol=event.symbol, version=event.version, accepted=True, quantities=quantities))


def on_index_state(step: Step, event: IndexStateChanged) -> None:
    """Pause, resume or retire an index; a retired one stays so."""
    index = step.state.indices.get(event.symbol)
    if index is not None:
        index.state = event.state


def _terms(index: Index) -> tuple[int, str, str, int, int, str]:
    """What open orders and their money rest on."""
    return (
        index.chain_id,
        index.gate,
        index.collateral,
        index.collateral_decimals,
        index.token_decimals,
        index.venue,
    )


def _objection(event: IndexCreated) -> str:
    assets = [constituent.asset for constituent in event.constituents]
    if not assets:
        return "an index needs at least one constituent"
    if len(set(assets)) < len(assets):
        return "a constituent is listed twice"
    if event.collateral in assets:
        return "the collateral itself cannot be a constituent"
    if not 0 <= event.collateral_decimals <= 18 or not 0 <= event.token_decimals <= 18:
        return "tokens have 0 to 18 decimals"
    if not 0 <= event.management_fee < ATOMS:
        return "the management fee is a rate from 0 to below 1"
    return ""


def _quantities(event: IndexCreated) -> tuple[tuple[tuple[str, int], ...], str]:
    """Quantities per unit as given, or made from weights and reference prices, rounded down."""
    whole = sum(constituent.weight for constituent in event.constituents)
    found: list[tuple[str, int]] = []
    for constituent in event.constituents:
        quantity = constituent.quantity
        if not quantity and constituent.reference_price > 0 and whole > 0:
            share = event.target_price * constituent.weight
            quantity = share * ATOMS // (whole * constituent.reference_price)
        if quantity <= 0:
            return (), f"{constituent.asset}: no quantity, and none follows from weight and reference price"
        found.append((constituent.asset, quantity))
    return tuple(sorted(found)), ""
