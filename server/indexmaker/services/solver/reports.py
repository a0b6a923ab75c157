"""Which of the solver's outputs are kept for clients to stream and resume."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from indexmaker.runtime import Committed
from indexmaker.solver.commands import Alert, IndexOrderReport, SolverCommand, SolverReport
from indexmaker.solver.events import SolverEvent
from indexmaker.storage.recorder import Projected

__all__ = ["ALERT", "INDEX_ORDER", "decode_alert", "decode_order_report", "project"]

INDEX_ORDER = "index-order"
"""Kind of the reports on index orders; their key is the account."""

ALERT = "alert"
"""Kind of the alerts; their key is what they are about."""

_LONGEST_KEY = 128

_encoder = msgspec.json.Encoder()
_orders = msgspec.json.Decoder(IndexOrderReport)
_alerts = msgspec.json.Decoder(Alert)


def project(committed: Committed[SolverEvent, SolverCommand | SolverReport]) -> Iterator[Projected]:
    """The reports of one committed event, always the same ones in the same order."""
    for output in committed.outputs:
        if isinstance(output, IndexOrderReport):
            yield INDEX_ORDER, output.account, _encoder.encode(output)
        elif isinstance(output, Alert):
            yield ALERT, output.subject[:_LONGEST_KEY], _encoder.encode(output)


def decode_order_report(payload: bytes) -> IndexOrderReport:
    """A stored report."""
    return _orders.decode(payload)


def decode_alert(payload: bytes) -> Alert:
    """A stored alert."""
    return _alerts.decode(payload)
