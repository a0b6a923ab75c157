"""Handing a client's event to the sequencer."""

from __future__ import annotations

from indexmaker.connectors.errors import TransientError
from indexmaker.runtime import Committed, Sequencer, SequencerStoppedError
from indexmaker.solver.commands import SolverCommand, SolverReport
from indexmaker.solver.events import SolverEvent

__all__ = ["SolverOutput", "submit"]

SolverOutput = SolverCommand | SolverReport


async def submit(
    sequencer: Sequencer[SolverEvent, SolverOutput], event: SolverEvent
) -> Committed[SolverEvent, SolverOutput]:
    """Journal and apply an event.

    Raises:
        TransientError: the core is ending. Whether the event was journaled is not known, but all that clients may
            send is idempotent, so the next core can be sent the very same request.
    """
    try:
        return await sequencer.submit(event)
    except SequencerStoppedError as stopped:
        raise TransientError(str(stopped)) from stopped
