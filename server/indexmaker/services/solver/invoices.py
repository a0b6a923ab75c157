"""Invoices from the journal into the archive, and out of it for whoever asks; drafts straight from the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import msgspec

from indexmaker.api.solver.v1 import invoices_pb2 as pb
from indexmaker.runtime import Committed
from indexmaker.services.solver.lots_root import lots_proofs
from indexmaker.services.solver.redemption_views import redemption_invoice_view
from indexmaker.services.solver.views import invoice_view
from indexmaker.solver.commands import InvoiceReport, RedemptionReport, SolverCommand, SolverReport
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import SolverEvent
from indexmaker.solver.state import IndexOrder
from indexmaker.storage import InvoiceArchive, IssuedInvoice, NewInvoice, ReportRecorder, Settlement
from indexmaker.storage.recorder import Projected

__all__ = ["MINT", "REDEMPTION", "InvoiceBook", "InvoiceRecorder", "project_invoices", "report_of"]

MINT = "mint"
"""Kind of the invoices of buy orders."""
REDEMPTION = "redemption"
"""Kind of the invoices of sell orders."""

InvoiceRecorder = ReportRecorder[SolverEvent, SolverCommand | SolverReport]
_encoder = msgspec.json.Encoder()


def project_invoices(committed: Committed[SolverEvent, SolverCommand | SolverReport]) -> Iterator[Projected]:
    """The invoices that one committed event issues, or settles once more."""
    for output in committed.outputs:
        if isinstance(output, InvoiceReport | RedemptionReport):
            new = NewInvoice(
                order_id=output.invoice.order_id,
                account=output.invoice.account,
                document=msgspec.Raw(_encoder.encode(output)),
                settlement=Settlement(tx_hash=output.tx_hash, block=output.block, final=output.final, at=committed.at),
            )
            kind = MINT if isinstance(output, InvoiceReport) else REDEMPTION
            yield kind, output.invoice.invoice_id, _encoder.encode(new)


def report_of(issued: IssuedInvoice) -> InvoiceReport | RedemptionReport:
    """The report with which an invoice was issued."""
    return msgspec.json.decode(issued.document, type=InvoiceReport | RedemptionReport)


class InvoiceBook:
    """All invoices. `page` makes the address of an invoice's page, "" where none is served."""

    def __init__(
        self,
        engine: SolverEngine,
        archive: InvoiceArchive,
        recorder: InvoiceRecorder,
        *,
        page: Callable[[str], str] = lambda _invoice_id: "",
    ) -> None:
        self._engine = engine
        self._archive = archive
        self._recorder = recorder
        self._page = page

    async def get(self, invoice_id: str) -> pb.Invoice | None:
        """One invoice with the proofs of its lots, or a draft."""
        await self._recorder.caught_up()
        issued = await asyncio.to_thread(self._archive.get, invoice_id)
        if issued is None:
            return next((draft for draft in self._drafts() if draft.invoice_id == invoice_id), None)
        view = self._issued(issued)
        for lot, proof in zip(view.lots, lots_proofs(report_of(issued).invoice.lots), strict=True):
            lot.proof.extend(proof)
        return view

    async def newest(self, *, account: str = "", limit: int = 100) -> list[pb.Invoice]:
        """Drafts, then invoices, each the newest first."""
        await self._recorder.caught_up()
        issued = await asyncio.to_thread(self._archive.newest, account=account, limit=limit)
        known = {one.invoice_id for one in issued}
        drafts = [draft for draft in self._drafts(account) if draft.invoice_id not in known]
        return [*drafts, *map(self._issued, issued)][:limit]

    def _drafts(self, account: str = "") -> Iterator[pb.Invoice]:
        orders = [order for order in self._engine.state.orders.values() if order.invoice or order.redemption]
        for order in sorted(orders, key=lambda order: -order.sequence):
            if not order.settle_block and (not account or order.account == account):
                yield self._drafted(order)

    def _drafted(self, order: IndexOrder) -> pb.Invoice:
        if order.redemption is not None:
            view = redemption_invoice_view(self._engine.state, order.redemption, order)
        else:
            assert order.invoice is not None
            view = invoice_view(self._engine.state, order.invoice, order)
            view.kind = pb.INVOICE_KIND_MINT
        view.number, view.final = 0, False
        return view

    def _issued(self, issued: IssuedInvoice) -> pb.Invoice:
        report = report_of(issued)
        order = self._engine.state.orders[issued.order_id]
        if isinstance(report, InvoiceReport):
            view = invoice_view(self._engine.state, report.invoice, order)
            view.kind = pb.INVOICE_KIND_MINT
        else:
            view = redemption_invoice_view(self._engine.state, report.invoice, order)
        current = order.redemption or order.invoice
        view.number = issued.number
        view.final = current is not None and current.invoice_id == issued.invoice_id and order.state.final
        view.created_at = report.at
        view.lots_root, view.signer = report.lots_root, report.signer
        view.mint_tx_hash = issued.settlement.tx_hash
        view.replaced_by = issued.replaced_by
        view.page = self._page(issued.invoice_id)
        view.transactions.extend(
            pb.InvoiceTransaction(step=one.step, chain_id=one.chain_id, tx_hash=one.tx_hash) for one in report.trail
        )
        step = "mint" if issued.kind == MINT else "payment"
        settled = pb.InvoiceTransaction(step=step, chain_id=report.invoice.chain_id, tx_hash=issued.settlement.tx_hash)
        view.transactions.append(settled)
        return view
