"""Which of the solver's outputs are kept for clients to stream and resume."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from indexmaker.runtime import Committed
from indexmaker.solver.commands import IndexOrderReport, SolverCommand, SolverReport
from indexmaker.solver.events import SolverEvent
from indexmaker.storage.recorder import Projected

__all__ = ["INDEX_ORDER", "decode_order_report", "project"]

INDEX_ORDER = "index-order"
"""Kind of the reports on index orders; their key is the account."""

_encoder = msgspec.json.Encoder()
_orders = msgspec.json.Decoder(IndexOrderReport)


def project(committed: Committed[SolverEvent, SolverCommand | SolverReport]) -> Iterator[Projected]:
    """The reports of one committed event, always the same ones in the same order."""
    for output in committed.outputs:
        if isinstance(output, IndexOrderReport):
            yield INDEX_ORDER, output.account, _encoder.encode(output)


def decode_order_report(payload: bytes) -> IndexOrderReport:
    """A stored report."""
    return _orders.decode(payload)
