"""Configuration, instruments and house capital."""

from __future__ import annotations

from indexmaker.ledger import Movement
from indexmaker.money import ATOMS
from indexmaker.solver import accounts
from indexmaker.solver.events import (
    Configured,
    HouseCapital,
    InstrumentsUpdated,
)
from indexmaker.solver.step import Step

__all__ = [
    "instrument_key",
    "on_capital",
    "on_configured",
    "on_instruments",
]


def instrument_key(venue: str, symbol: str) -> str:
    """How instruments are filed."""
    return f"{venue}:{symbol}"


def on_configured(step: Step, event: Configured) -> None:
    """Take the new configuration; one that nothing could work with is not taken."""
    wrong = event.config.objection()
    if wrong:
        step.alert("CONFIGURATION", "solver", f"{wrong}: the configuration before stays in force")
        return
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
