"""What the core says: the same id is the same deed, and no request is settled by two of them."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from indexmaker.runtime import Committed
from indexmaker.simulation.violation import Violation
from indexmaker.solver import SolverEngine
from indexmaker.solver import events as ev
from indexmaker.solver.commands import Command, SettleInvoice, SettleRedemption
from indexmaker.solver.vocabulary import SettlementState

__all__ = ["CommandWatch"]


class CommandWatch:
    """Remembers a fingerprint of every command."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._seen: dict[str, bytes] = {}
        self._settling: dict[tuple[str, int], str] = {}
        self._failed: set[str] = set()

    def take(self, committed: Committed[Any, Any], engine: SolverEngine) -> None:
        """Look at the commands of an event."""
        event = committed.event
        if isinstance(event, ev.SettlementUpdated) and event.state is SettlementState.REVERTED:
            self._failed.add(event.command_id)
        for output in committed.outputs:
            if isinstance(output, Command):
                self._said(output)

    def _said(self, command: Command) -> None:
        mark = hashlib.blake2b(self._encoder.encode(command), digest_size=8).digest()
        known = self._seen.setdefault(command.command_id, mark)
        if known != mark:
            raise Violation("COMMAND_CHANGED", f"{command.command_id} is another {type(command).__name__} than before")
        if isinstance(command, SettleInvoice | SettleRedemption):
            request = (command.gate, command.invoice.request_id)
            before = self._settling.setdefault(request, command.command_id)
            if before != command.command_id and before not in self._failed:
                text = f"request {request[1]} of {request[0]}: {command.command_id} while {before} may still land"
                raise Violation("SECOND_SETTLEMENT", text)
            self._settling[request] = command.command_id
