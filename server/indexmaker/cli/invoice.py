"""`indexmaker invoice`: mint invoices."""

from __future__ import annotations

from cyclopts import App

from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker_client import Client

__all__ = ["app"]

app = App(name="invoice", help="Mint invoices: what a deposit was spent on, down to the venue's trades.")


@app.command(name="list")
def list_(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List invoices, newest first."""

    async def work(client: Client) -> int:
        found = await client.invoices()
        if json:
            print_json(found)
        else:
            rows = [
                (one.invoice_id, one.client_order_id, one.index, one.deposit, one.units, "yes" if one.final else "no")
                for one in found
            ]
            print_table(("invoice", "order", "index", "deposit", "index tokens", "final"), rows)
        return 0

    return run_client(core, work)


@app.command
def show(invoice_id: str, *, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """Show an invoice: the lines that add up to the deposit, and the lots.

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
        lines = [
            ("assets", invoice.assets_value),
            ("venue fees", invoice.venue_fees),
            ("routing fees", invoice.routing_fees),
            ("management fee", invoice.management_fee),
            ("rounding", invoice.rounding),
            ("refund", invoice.refund),
            ("= deposit", invoice.deposit),
        ]
        print_table((f"{invoice.units} {invoice.index}", "USDC"), lines)
        lots = [(lot.asset, lot.quantity, lot.price, lot.value, lot.fee, lot.trade_id) for lot in invoice.lots]
        print_table(("asset", "quantity", "price", "value", "fee", "venue trade"), lots)
        return 0

    return run_client(core, work)
