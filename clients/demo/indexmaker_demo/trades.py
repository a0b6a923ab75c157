"""The venue's trades of a demonstration, as the solver's journal holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from indexmaker.money import format_atoms
from indexmaker.runtime import Codec
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import ExecutionReported
from indexmaker.storage import Database, SqlJournal

__all__ = ["trades_of"]


def trades_of(database: Path) -> list[dict[str, Any]]:
    """Every trade once, in the order in which it was told."""
    codec = Codec.of(SolverEngine())
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    with Database(database) as opened:
        for entry in SqlJournal(opened, SolverEngine.name).read():
            event = codec.decode(entry.payload, sequence=entry.sequence, schema_version=entry.schema_version)
            if isinstance(event, ExecutionReported):
                row = {
                    "venue": event.venue,
                    "symbol": event.symbol,
                    "trade_id": event.trade_id,
                    "client_order_id": event.client_order_id,
                    "price": format_atoms(event.price),
                    "quantity": format_atoms(event.quantity),
                    "commission": format_atoms(event.commission),
                    "commission_asset": event.commission_asset,
                }
                found.setdefault((event.venue, event.symbol, event.trade_id), row)
    return list(found.values())
