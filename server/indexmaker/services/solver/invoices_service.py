"""Invoices over gRPC."""

from __future__ import annotations

from typing import Any

import grpc.aio

from indexmaker.api.solver.v1 import invoices_pb2, invoices_pb2_grpc
from indexmaker.connectors.errors import NotFoundError
from indexmaker.services.solver.invoices import InvoiceBook
from indexmaker.services.solver.requests import account_of

__all__ = ["InvoicesService"]

_Context = grpc.aio.ServicerContext[Any, Any]
_DEFAULT_LIMIT = 100


class InvoicesService(invoices_pb2_grpc.InvoiceServiceServicer):
    """Invoices of mints and redemptions."""

    def __init__(self, book: InvoiceBook) -> None:
        self._book = book

    async def GetInvoice(  # noqa: N802
        self, request: invoices_pb2.GetInvoiceRequest, context: _Context
    ) -> invoices_pb2.GetInvoiceResponse:
        """One invoice, or NOT_FOUND."""
        found = await self._book.get(request.invoice_id)
        if found is None:
            raise NotFoundError(f"no invoice {request.invoice_id[:64]!r}")
        return invoices_pb2.GetInvoiceResponse(invoice=found)

    async def ListInvoices(  # noqa: N802
        self, request: invoices_pb2.ListInvoicesRequest, context: _Context
    ) -> invoices_pb2.ListInvoicesResponse:
        """Invoices, the newest first."""
        owner = str(account_of(request.account)) if request.HasField("account") else ""
        found = await self._book.newest(account=owner, limit=request.limit or _DEFAULT_LIMIT)
        return invoices_pb2.ListInvoicesResponse(invoices=found)
