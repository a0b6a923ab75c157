"""The core's reports on their way to clients: each report once, for every session of its account, present or not."""

from __future__ import annotations

import msgspec
import structlog

from indexmaker.api.solver.v1 import invoices_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.connectors.errors import ConnectorError
from indexmaker.identifiers import AccountId
from indexmaker_fix.core import Core
from indexmaker_fix.hub import Hub
from indexmaker_fix.live_session import LiveSession
from indexmaker_fix.message import Body
from indexmaker_fix.reports import cancel_reject, exec_id, execution_report, order_id, report_status
from indexmaker_fix.store import Store, put_fact
from indexmaker_fix.trade_captures import invoice_fees, trade_capture

__all__ = ["Delivery"]

_log = structlog.get_logger(__name__)

_CURSOR = "report-cursor"


class _Cursor(msgspec.Struct, frozen=True):
    sequence: int
    index: int


class Delivery:
    """Follows the reports from a cursor that is moved in the transaction that keeps the messages made of them."""

    def __init__(self, core: Core, hub: Hub, store: Store) -> None:
        self._core = core
        self._hub = hub
        self._store = store

    async def run(self) -> None:
        """Deliver until cancelled."""
        async for reports in self._core.reports(self._cursor):
            messages = [message for report in reports for message in await self._messages(report)]
            last = reports[-1].cursor
            cursor = msgspec.json.encode(_Cursor(last.sequence, last.index)).decode()
            await self._hub.distribute(messages, extra=[put_fact(_CURSOR, cursor)])

    def _cursor(self) -> pb.ReportCursor | None:
        text = self._store.fact(_CURSOR)
        if not text:
            return None
        cursor = msgspec.json.decode(text, type=_Cursor)
        return pb.ReportCursor(sequence=cursor.sequence, index=cursor.index)

    async def _messages(self, report: pb.IndexOrderReport) -> list[tuple[LiveSession, str, Body]]:
        owner = report.order.terms.account
        account = AccountId(owner.chain_id, owner.address.lower())
        sessions = self._hub.of_account(account)
        if not sessions:
            return []
        if report.kind == pb.IndexOrderReport.KIND_CANCEL_REJECTED:
            return [(session, "9", self._cancel_reject(session, account, report)) for session in sessions]
        if report.kind == pb.IndexOrderReport.KIND_REPLACE_REJECTED:
            return [(session, "9", _replace_reject(account, report)) for session in sessions]
        order, invoice = None, None
        if report.kind in (pb.IndexOrderReport.KIND_MINTED, pb.IndexOrderReport.KIND_PAID):
            order, invoice = await self._settled(account, report)
        messages: list[tuple[LiveSession, str, Body]] = []
        for session in sessions:
            cancel_id = self._cancel_id(session, account, report)
            messages.append((session, "8", execution_report(report, cancel_id=cancel_id, order=order)))
            if invoice is not None:
                messages.append((session, "AE", trade_capture(invoice, report)))
        return messages

    async def _settled(
        self, account: AccountId, report: pb.IndexOrderReport
    ) -> tuple[pb.IndexOrder | None, invoices_pb2.Invoice | None]:
        """The order with the invoice's figures, and the invoice; nothing when the core does not have them."""
        try:
            order = await self._core.order(account, report.order.terms.client_order_id)
            invoice = await self._core.invoice(order.invoice_id or report.order.invoice_id)
        except ConnectorError as error:
            _log.warning("no invoice of a settled order", exec_id=exec_id(report.cursor), reason=str(error))
            return None, None
        order.units, order.refund = invoice.units, invoice.refund
        order.assets_value = invoice.assets_value or invoice.proceeds
        order.paid, order.returned = invoice.paid, invoice.returned
        order.state = report.order.state
        del order.fees[:]
        order.fees.extend(invoice_fees(invoice))
        return order, invoice

    def _cancel_reject(self, session: LiveSession, account: AccountId, report: pb.IndexOrderReport) -> Body:
        return cancel_reject(
            account=str(account),
            client_order_id=report.order.terms.client_order_id,
            cancel_id=self._cancel_id(session, account, report),
            status=report_status(report),
            exec_id=exec_id(report.cursor),
            at=report.reported_at,
            code=report.order.reason,
            text=report.text,
        )

    def _cancel_id(self, session: LiveSession, account: AccountId, report: pb.IndexOrderReport) -> str:
        return self._store.cancel_id(session.session_id, order_id(str(account), report.order.terms.client_order_id))


def _replace_reject(account: AccountId, report: pb.IndexOrderReport) -> Body:
    body = cancel_reject(
        account=str(account),
        client_order_id=report.order.terms.client_order_id,
        cancel_id=report.amend_id,
        status=report_status(report),
        exec_id=exec_id(report.cursor),
        at=report.reported_at,
        code=report.order.reason,
        text=report.text,
    )
    return body | {"CxlRejResponseTo": "2"}
