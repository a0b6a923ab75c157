"""The simulated guardian: judges every account by its own record of facts. A veto of an honest account is a defect."""

from __future__ import annotations

from indexmaker.runtime import Committed
from indexmaker.simulation.chance import Chance
from indexmaker.simulation.core import Core
from indexmaker.simulation.link import Link
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.simulation.violation import Violation
from indexmaker.solver import SolverEngine
from indexmaker.solver.commands import (
    Invoice,
    RedemptionInvoice,
    SignInvoice,
    SignRedemption,
    SolverCommand,
    SolverReport,
)
from indexmaker.solver.events import InvoiceSigned, InvoiceVetoed, SolverEvent
from indexmaker.solver.evidence import Evidence
from indexmaker.solver.evidence_record import fold

__all__ = ["Guardian"]

_MS = 1_000_000


class _Record(Evidence):
    """Facts from the journal; decisions from the living engine instead of a replica, which would cost as much again."""

    def follow(self, engine: SolverEngine) -> None:
        """Take decisions from this engine."""
        self._replica = engine

    def take(self, committed: Committed[SolverEvent, SolverCommand | SolverReport]) -> None:
        """Add one journaled event."""
        fold(self._record, committed.event, committed.outputs, state=self._replica.state, at=committed.at)

    def knows_request(self, invoice: Invoice | RedemptionInvoice) -> bool:
        """Whether the request behind an account is on the chain, as far as was told."""
        key = self._record.request_key(invoice.chain_id, invoice.gate, invoice.request_id)
        return key in self._record.deposits or key in self._record.escrows

    def forget_closed(self) -> None:
        """Let go of facts about what the engine has let go of."""
        record, state = self._record, self._replica.state
        for name in record.executions.keys() - state.trades.keys():
            del record.executions[name]
        for order_id in record.orders.keys() - state.orders.keys():
            del record.orders[order_id]
        for kept in (record.shares, record.quoted, record.arrived):
            for transfer_id in kept.keys() - state.transfers.keys():
                del kept[transfer_id]
        batches = state.batches
        for name in [name for name in record.mids if name.partition(":")[0] not in batches]:
            del record.mids[name]


class Guardian:
    """Signs with a name instead of a key."""

    def __init__(self, scheduler: Scheduler, chance: Chance, link: Link, core: Core) -> None:
        self._scheduler = scheduler
        self._chance = chance
        self._link = link
        self._core = core
        self._record = _Record()
        self.signed = 0

    def take(self, committed: Committed[SolverEvent, SolverCommand | SolverReport]) -> None:
        """Hear of a journaled event."""
        assert isinstance(self._core.engine, SolverEngine)
        self._record.follow(self._core.engine)
        self._record.take(committed)

    def forget_closed(self) -> None:
        """Keep the record as small as the engine's state."""
        self._record.forget_closed()

    def handle(self, command: SignInvoice | SignRedemption) -> None:
        """Review, after a while."""
        wait = self._chance.between(5 * _MS, 200 * _MS, "review", command.invoice.invoice_id)
        self._scheduler.after(wait, self._review, command)

    def unanswered(self, command: SignInvoice | SignRedemption) -> None:
        """The call is made again."""
        self._link.command(command)

    def resync(self) -> None:
        """Nothing is told without being asked."""

    def _review(self, command: SignInvoice | SignRedemption) -> None:
        if not self._core.up:
            return
        invoice = command.invoice
        found = self._record.review(invoice)
        if found and not self._record.knows_request(invoice):
            reason = "a reorg has taken its request, which may come again"
            self._link.answer(command, InvoiceVetoed(invoice_id=invoice.invoice_id, reason=reason))
            return
        if found:
            text = "; ".join(f"{one.check}: {one.text}" for one in found)
            raise Violation("HONEST_VETO", f"{invoice.invoice_id} of order {invoice.order_id}: {text}")
        self.signed += 1
        signed = InvoiceSigned(
            invoice_id=invoice.invoice_id,
            signer="0x51",
            signature=f"0x{invoice.invoice_id}",
            lots_root="0x77",
        )
        self._link.answer(command, signed)
