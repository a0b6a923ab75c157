"""Alerts in the log, where whoever watches the process sees them first."""

from __future__ import annotations

import structlog

from indexmaker.runtime import Committed
from indexmaker.services.solver.submitting import SolverOutput
from indexmaker.solver.commands import Alert
from indexmaker.solver.events import SolverEvent

__all__ = ["log_alerts"]

_log = structlog.get_logger(__name__)


def log_alerts(committed: Committed[SolverEvent, SolverOutput]) -> None:
    """Log the alerts of one event; to be subscribed after a recovery, so that old ones are not told again."""
    for output in committed.outputs:
        if isinstance(output, Alert):
            _log.warning(
                "alert", kind=output.kind, subject=output.subject, text=output.text, sequence=committed.sequence
            )
