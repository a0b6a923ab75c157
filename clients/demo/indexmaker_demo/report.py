"""The report of a demonstration, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import invoices_pb2, solver_pb2
from indexmaker_demo.checks import Check

__all__ = ["fees_of", "order_row", "plain", "print_checks", "print_invoice", "print_orders"]


def plain(message: Message) -> dict[str, Any]:
    """A message with every field, under its proto name."""
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def fees_of(fees: Sequence[common_pb2.Fee]) -> dict[str, str]:
    """Fees by kind; kinds are lower-case."""
    return {common_pb2.FeeKind.Name(fee.kind).removeprefix("FEE_KIND_").lower(): fee.amount for fee in fees}


def order_row(order: solver_pb2.IndexOrder) -> dict[str, Any]:
    """An order as the report shows it."""
    terms = order.terms
    return {
        "client_order_id": terms.client_order_id,
        "account": f"{terms.account.chain_id}:{terms.account.address}",
        "side": solver_pb2.IndexSide.Name(terms.side).removeprefix("INDEX_SIDE_"),
        "index": terms.index,
        "amount": terms.amount,
        "state": solver_pb2.IndexOrderState.Name(order.state).removeprefix("INDEX_ORDER_STATE_"),
        "units": order.units,
        "assets_value": order.assets_value,
        "fees": fees_of(order.fees),
        "refund": order.refund,
        "paid": order.paid,
        "returned": order.returned,
        "invoice_id": order.invoice_id,
    }


def _short(amount: str, *, decimals: int) -> str:
    """A decimal cut for people; the report and the invoice keep every digit."""
    whole, _, fraction = amount.partition(".")
    return f"{whole}.{fraction[:decimals].ljust(decimals, '0')}"


def print_orders(console: Console, orders: Sequence[dict[str, Any]]) -> None:
    """All orders with where their money went."""
    table = Table(title="Orders, in USDC", box=SIMPLE_HEAD)
    for name in ("order", "paid in", "assets", "fees", "paid out", "index tokens"):
        table.add_column(name, justify="left" if name == "order" else "right", no_wrap=True)
    for order in sorted(orders, key=lambda order: str(order["client_order_id"])):
        fees = sum((Decimal(amount) for amount in order["fees"].values()), Decimal())
        sells = order["side"] == "SELL"
        table.add_row(
            order["client_order_id"],
            "" if sells else order["amount"],
            _short(order["assets_value"], decimals=6),
            _short(f"{fees:f}", decimals=6),
            _short(order["paid"] if sells else order["refund"], decimals=6),
            f"{'-' * sells}{_short(order['units'], decimals=8)} {order['index']}",
        )
    console.print(table)


def print_invoice(console: Console, invoice: invoices_pb2.Invoice) -> None:
    """One invoice, line by line with every digit, then its lots."""
    redeems = invoice.kind == invoices_pb2.INVOICE_KIND_REDEMPTION
    title = f"{'Redemption' if redeems else 'Mint'} invoice {invoice.invoice_id}"
    lines = Table(title=title, show_header=False, box=SIMPLE_HEAD)
    lines.add_column(no_wrap=True)
    lines.add_column(overflow="fold")
    (_redemption_lines if redeems else _mint_lines)(lines, invoice)
    console.print(lines)
    _print_lots(console, invoice)


def _redemption_lines(lines: Table, invoice: invoices_pb2.Invoice) -> None:
    lines.add_row("request tx", invoice.deposit_id.tx_hash)
    lines.add_row("payment tx", invoice.mint_tx_hash)
    lines.add_row("burned", f"{invoice.burned} {invoice.index}")
    lines.add_row("returned", f"{invoice.returned} {invoice.index}", end_section=True)
    lines.add_row("payment", invoice.paid)
    lines.add_row("+ venue fees", invoice.venue_fees)
    lines.add_row("+ routing fees", invoice.routing_fees)
    lines.add_row("+ redemption fee", invoice.redemption_fee)
    lines.add_row("+ rounding", invoice.rounding, end_section=True)
    lines.add_row("= proceeds", f"{invoice.proceeds} USDC")


def _mint_lines(lines: Table, invoice: invoices_pb2.Invoice) -> None:
    lines.add_row("deposit tx", invoice.deposit_id.tx_hash)
    lines.add_row("mint tx", invoice.mint_tx_hash)
    lines.add_row("minted", f"{invoice.units} {invoice.index}", end_section=True)
    lines.add_row("assets", invoice.assets_value)
    lines.add_row("+ venue fees", invoice.venue_fees)
    lines.add_row("+ routing fees", invoice.routing_fees)
    lines.add_row("+ management fee", invoice.management_fee)
    lines.add_row("+ rounding", invoice.rounding)
    lines.add_row("+ refund", invoice.refund, end_section=True)
    lines.add_row("= deposit", f"{invoice.deposit} USDC")


def _print_lots(console: Console, invoice: invoices_pb2.Invoice) -> None:
    lots = Table(title="Lots: what each part of the basket came from, or went to", box=SIMPLE_HEAD)
    for name in ("asset", "quantity", "price", "value", "fee", "origin"):
        lots.add_column(name, justify="left" if name in ("asset", "origin") else "right", no_wrap=True)
    for lot in invoice.lots:
        quantity, price = _short(lot.quantity, decimals=8), lot.price
        value, fee = _short(lot.value, decimals=6), _short(lot.fee, decimals=6)
        lots.add_row(lot.asset, quantity, price, value, fee, _origin(lot))
    console.print(lots)


def _origin(lot: invoices_pb2.InvoiceLot) -> str:
    """Only a lot of a venue trade has the trade's own price; the others are at the mid price of their batch."""
    if lot.source == "CROSS":
        return "another order of the batch, at the mid price"
    if lot.source == "INVENTORY":
        return "the house's inventory, at the mid price"
    return f"venue trade {lot.symbol} {lot.trade_id}"


def print_checks(console: Console, checks: Sequence[Check]) -> None:
    """What holds and what does not; what holds is only counted."""
    failed = [check for check in checks if not check.ok]
    console.print(
        f"[green]{len(checks) - len(failed)} checks hold[/]" + (f", [red]{len(failed)} do not[/]" if failed else "")
    )
    for check in failed:
        console.print(f"  [red]✗[/] {check.name}: {check.detail}")
