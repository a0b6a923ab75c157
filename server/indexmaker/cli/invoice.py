"""`indexmaker invoice`: what a deposit became, or what index tokens were paid with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from indexmaker.api.solver.v1 import invoices_pb2
from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker_client import Client

__all__ = ["app"]

app = App(name="invoice", help="Invoices: what a deposit was spent on, down to the venue's trades, and their proof.")

_REDEMPTION = invoices_pb2.INVOICE_KIND_REDEMPTION
Url = Annotated[str, Parameter(help="Database URL, or the path of an SQLite file; only the journal is asked.")]


@app.command(name="list")
def list_(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List invoices, newest first; drafts have no number."""

    async def work(client: Client) -> int:
        found = await client.invoices()
        if json:
            print_json(found)
        else:
            columns = ("kind", "number", "invoice", "order", "index", "index tokens", "in", "out", "final")
            print_table(columns, map(_row, found))
        return 0

    return run_client(core, work)


def _row(invoice: invoices_pb2.Invoice) -> tuple[str, ...]:
    sold = invoice.kind == _REDEMPTION
    return (
        "redemption" if sold else "mint",
        str(invoice.number or ""),
        invoice.invoice_id,
        invoice.client_order_id,
        invoice.index,
        invoice.units,
        "" if sold else invoice.deposit,
        invoice.paid if sold else invoice.refund,
        "void" if invoice.replaced_by else "yes" if invoice.final else "no",
    )


@app.command
def show(invoice_id: str, *, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """Show an invoice: the lines that add up to the total, the lots, and the transactions.

    Parameters
    ----------
    invoice_id
        As `invoice list` shows it.
    """

    async def work(client: Client) -> int:
        invoice = await client.invoice(invoice_id)
        if json:
            print_json([invoice])
            return 0
        print_table((f"{invoice.units} {invoice.index}", "USDC"), _lines(invoice))
        print_table(("asset", "quantity", "price", "value", "fee", "source", "trade"), map(_lot, invoice.lots))
        print_table(("step", "transaction"), [(one.step, one.tx_hash) for one in invoice.transactions])
        if invoice.page:
            print(invoice.page)
        return 0

    return run_client(core, work)


def _lot(lot: invoices_pb2.InvoiceLot) -> tuple[str, ...]:
    return lot.asset, lot.quantity, lot.price, lot.value, lot.fee, lot.source, lot.trade_id


def _lines(invoice: invoices_pb2.Invoice) -> list[tuple[str, str]]:
    if invoice.kind == _REDEMPTION:
        return [
            ("paid", invoice.paid),
            ("venue fees", invoice.venue_fees),
            ("routing fees", invoice.routing_fees),
            ("redemption fee", invoice.redemption_fee),
            ("rounding", invoice.rounding),
            ("= proceeds", invoice.proceeds),
        ]
    return [
        ("assets", invoice.assets_value),
        ("venue fees", invoice.venue_fees),
        ("routing fees", invoice.routing_fees),
        ("management fee", invoice.management_fee),
        ("rounding", invoice.rounding),
        ("refund", invoice.refund),
        ("= deposit", invoice.deposit),
    ]


@app.command
def verify(
    invoice_id: str,
    *,
    journal: Url = "",
    config: Path | None = None,
    chain: str = "",
    venue: dict[str, str] | None = None,
    json: Json = False,
) -> int:
    """Recompute an invoice from the journal, the venue's trades and the chain; name every check with ok or FAIL.

    Exit codes: 0 all that was asked agrees, 1 something does not fit, 2 nothing could be checked, 3 a source that was
    to be asked gave no answer.

    Parameters
    ----------
    invoice_id
        As `invoice list` shows it.
    config
        The configuration: its database, chain and venues are asked. Without --journal, indexmaker.toml.
    chain
        Address of a chain connector, such as unix:run/evm.sock.
    venue
        Address of a venue's order-entry connector, as --venue.NAME unix:run/NAME.sock.
    """
    from indexmaker.cli.invoice_verify import verify_by_journal

    return verify_by_journal(invoice_id, journal=journal, config=config, chain=chain, venue=venue or {}, json=json)
