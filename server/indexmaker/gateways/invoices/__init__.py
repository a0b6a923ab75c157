"""Invoices over HTTP: as JSON for programs, as a page for people."""

from indexmaker.gateways.invoices.access import InvoiceAccess
from indexmaker.gateways.invoices.app import InvoiceGateway, invoice_app

__all__ = ["InvoiceAccess", "InvoiceGateway", "invoice_app"]
