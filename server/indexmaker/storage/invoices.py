"""Invoices as they were issued: numbered without gaps within their kind, never changed, rebuilt from the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from indexmaker.storage.database import Database
from indexmaker.storage.models import InvoiceRow, InvoiceSettlementRow, table
from indexmaker.storage.report_log import Report, ReportLog

__all__ = ["InvoiceArchive", "IssuedInvoice", "NewInvoice", "Settlement"]

_invoices = table(InvoiceRow)
_settlements = table(InvoiceSettlementRow)


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How the chain showed the settlement of an invoice."""

    tx_hash: str
    block: int
    final: bool
    at: int


class NewInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a report from which an invoice is issued, or its settlement noted; the key is the invoice's id."""

    order_id: str
    account: str
    document: msgspec.Raw
    settlement: Settlement


class IssuedInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice; `replaced_by` is the next one of its order, which came when the chain took the settlement back."""

    kind: str
    number: int
    invoice_id: str
    order_id: str
    account: str
    sequence: int
    document: bytes
    settlement: Settlement
    replaced_by: str = ""


class InvoiceArchive(ReportLog):
    """The invoices of one engine. As a report log it keeps what it was told, under a name of its own, and its head."""

    def __init__(self, database: Database, engine: str) -> None:
        super().__init__(database, f"{engine}.invoices")
        self._issuer = engine

    def get(self, invoice_id: str) -> IssuedInvoice | None:
        """One invoice."""
        found = self._select(_invoices.c.invoice_id == invoice_id, limit=1)
        return found[0] if found else None

    def newest(self, *, account: str = "", limit: int = 100) -> list[IssuedInvoice]:
        """Invoices, the newest first."""
        return self._select(_invoices.c.account == account if account else sa.true(), limit=limit)

    def _write(self, connection: sa.Connection, reports: Sequence[Report], through: int) -> None:
        for report in reports:
            self._take(connection, report, msgspec.json.decode(report.payload, type=NewInvoice))
        super()._write(connection, reports, through)

    def _take(self, connection: sa.Connection, report: Report, new: NewInvoice) -> None:
        mine = _invoices.c.engine == self._issuer
        known = sa.select(_invoices.c.number).where(mine, _invoices.c.invoice_id == report.key)
        if connection.execute(known).first() is None:
            last = sa.select(sa.func.max(_invoices.c.number)).where(mine, _invoices.c.kind == report.kind)
            row = {
                "engine": self._issuer,
                "kind": report.kind,
                "number": (connection.execute(last).scalar() or 0) + 1,
                "invoice_id": report.key,
                "order_id": new.order_id,
                "account": new.account,
                "sequence": report.sequence,
                "document": bytes(new.document),
            }
            connection.execute(sa.insert(_invoices), [row])
        settled = {"engine": self._issuer, "invoice_id": report.key, "sequence": report.sequence}
        same = sa.and_(*(_settlements.c[name] == value for name, value in settled.items()))
        if connection.execute(sa.select(_settlements.c.sequence).where(same)).first() is None:
            connection.execute(sa.insert(_settlements), [settled | msgspec.structs.asdict(new.settlement)])

    def _select(self, condition: sa.ColumnElement[bool], *, limit: int) -> list[IssuedInvoice]:
        mine = sa.select(_invoices).where(_invoices.c.engine == self._issuer, condition)
        with self._database.reading() as connection:
            rows = connection.execute(mine.order_by(_invoices.c.sequence.desc()).limit(limit)).mappings().all()
            return [self._issued(connection, dict(row)) for row in rows]

    def _issued(self, connection: sa.Connection, row: dict[str, Any]) -> IssuedInvoice:
        where = (_settlements.c.engine == self._issuer, _settlements.c.invoice_id == row["invoice_id"])
        columns = [_settlements.c[name] for name in Settlement.__struct_fields__]
        newest = sa.select(*columns).where(*where).order_by(_settlements.c.sequence.desc()).limit(1)
        settled = connection.execute(newest).mappings().one()
        later = sa.select(_invoices.c.invoice_id).where(
            _invoices.c.engine == self._issuer,
            _invoices.c.order_id == row["order_id"],
            _invoices.c.sequence > row["sequence"],
        )
        replaced = connection.execute(later.order_by(_invoices.c.sequence).limit(1)).scalar()
        del row["engine"]
        return IssuedInvoice(**row, settlement=Settlement(**settled), replaced_by=replaced or "")
