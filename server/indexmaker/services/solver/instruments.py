"""Instruments between the protos and the engines."""

from __future__ import annotations

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker.instruments import Instrument
from indexmaker.money import parse_atoms

__all__ = ["instrument_of"]


def instrument_of(venue: str, instrument: pb.Instrument) -> Instrument:
    """Trading rules as a plugin tells them; an empty limit is not enforced."""
    return Instrument(
        venue=venue,
        symbol=instrument.symbol,
        base=instrument.base_asset,
        quote=instrument.quote_asset,
        tick_size=parse_atoms(instrument.tick_size, field="tick_size"),
        lot_step=parse_atoms(instrument.lot_step, field="lot_step"),
        min_quantity=parse_atoms(instrument.min_quantity or "0", field="min_quantity"),
        max_quantity=parse_atoms(instrument.max_quantity or "0", field="max_quantity"),
        min_price=parse_atoms(instrument.min_price or "0", field="min_price"),
        max_price=parse_atoms(instrument.max_price or "0", field="max_price"),
        min_notional=parse_atoms(instrument.min_notional or "0", field="min_notional"),
        max_notional=parse_atoms(instrument.max_notional or "0", field="max_notional"),
        taker_fee=parse_atoms(instrument.taker_fee or "0", field="taker_fee"),
        maker_fee=parse_atoms(instrument.maker_fee or "0", field="maker_fee"),
        trading=instrument.trading,
    )
