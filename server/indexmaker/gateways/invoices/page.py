"""An invoice as a page: what was paid, where the money went, which lots stand behind it, and the proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby

from indexmaker.api.solver.v1 import invoices_pb2 as pb
from indexmaker.gateways.invoices.html import Element, document, tag
from indexmaker.gateways.invoices.style import STYLE
from indexmaker.money import ATOMS, format_atoms, parse_atoms

__all__ = ["invoice_page", "title_of", "uses_of"]

_BAR = 100


def title_of(invoice: pb.Invoice) -> str:
    """What the invoice is called."""
    kind = "Redemption invoice" if _sold(invoice) else "Mint invoice"
    return f"{kind} {invoice.number}" if invoice.number else f"{kind} (draft)"


def uses_of(invoice: pb.Invoice) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    """The total with its name, and the parts that add up to it, as decimals."""
    if _sold(invoice):
        parts = [
            ("Paid to you", invoice.paid),
            ("Venue fees", invoice.venue_fees),
            ("Routing fees", invoice.routing_fees),
            ("Redemption fee", invoice.redemption_fee),
            ("Rounding (the house's; below zero it added)", invoice.rounding),
        ]
        return ("Proceeds of the assets sold", invoice.proceeds), parts
    parts = [
        ("Assets", invoice.assets_value),
        ("Venue fees", invoice.venue_fees),
        ("Routing fees", invoice.routing_fees),
        ("Management fee", invoice.management_fee),
        ("Rounding (the house's)", invoice.rounding),
        ("Refunded to you", invoice.refund),
    ]
    return ("Deposit", invoice.deposit), parts


def invoice_page(invoice: pb.Invoice) -> str:
    """The whole page; every value in it is escaped."""
    title = title_of(invoice)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"{title} - {invoice.index}"),
        tag("style", raw=STYLE),
    )
    main = tag(
        "main",
        tag("h1", f"{title}: {invoice.units} {invoice.index}"),
        _status(invoice),
        tag("h2", "Summary"),
        _summary(invoice),
        tag("h2", "Where the money went"),
        _uses(invoice),
        tag("h2", "Assets sold" if _sold(invoice) else "Assets behind the tokens"),
        _lots(invoice),
        tag("h2", "Transactions"),
        _transactions(invoice),
        tag("h2", "Proof"),
        _proof(invoice),
    )
    return document(head, tag("body", main))


def _sold(invoice: pb.Invoice) -> bool:
    return invoice.kind == pb.INVOICE_KIND_REDEMPTION


def _status(invoice: pb.Invoice) -> Element:
    if invoice.replaced_by:
        text = f"Void: the chain took its settlement back. Invoice {invoice.replaced_by} takes its place."
        return tag("p", text, class_="void", role="note")
    state = "settled on chain" if invoice.final else "not settled on chain yet"
    made = datetime.fromtimestamp(invoice.created_at // 1_000_000_000, UTC)
    return tag("p", f"Made {made:%Y-%m-%d %H:%M:%S} UTC; {state}.", class_="note")


def _summary(invoice: pb.Invoice) -> Element:
    pairs = [
        ("Invoice", invoice.invoice_id),
        ("Order", invoice.client_order_id),
        ("Account", f"{invoice.account.chain_id}:{invoice.account.address}"),
        ("Index", invoice.index),
        ("Request at the gate", invoice.request_id),
    ]
    if _sold(invoice):
        pairs += [("Index tokens given", invoice.escrowed), ("Burned", invoice.burned), ("Returned", invoice.returned)]
        pairs.append(("Paid", f"{invoice.paid} USDC"))
    else:
        pairs += [("Deposited", f"{invoice.deposit} USDC"), ("Index tokens minted", invoice.units)]
    return tag("dl", [(tag("dt", name), tag("dd", value)) for name, value in pairs])


def _uses(invoice: pb.Invoice) -> Element:
    (name, total), parts = uses_of(invoice)
    whole = parse_atoms(total or "0")
    rows = [
        tag(
            "tr",
            tag("th", what, scope="row"),
            tag("td", amount or "0", class_="n"),
            tag("td", _percent(parse_atoms(amount or "0"), whole), class_="n"),
            tag("td", _bar(parse_atoms(amount or "0"), whole)),
        )
        for what, amount in parts
    ]
    summed = sum(parse_atoms(amount or "0") for _, amount in parts)
    total_row = tag(
        "tr",
        tag("th", f"{name}, the sum of all lines", scope="row"),
        tag("td", format_atoms(summed), class_="n"),
        tag("td", _percent(summed, whole), class_="n"),
        tag("td", "" if summed == whole else f"but {name.lower()} is {total}: this does not add up"),
    )
    return _table(("", "USDC", "Share", ""), rows, foot=[total_row], numbers=(1, 2))


def _percent(part: int, whole: int) -> str:
    """A share with two digits, rounded down; small shares do not look like nothing."""
    if not whole or not part:
        return "0 %"
    hundredths = abs(part) * 10_000 // whole
    sign = "-" if part < 0 else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d} %" if hundredths else f"{sign}< 0.01 %"


def _bar(part: int, whole: int) -> Element | str:
    if part <= 0 or whole <= 0:
        return ""
    width = format_atoms(min(part, whole) * ATOMS * _BAR // whole // 10**16 * 10**16)
    rect = tag("rect", width=width, height="10")
    return tag("svg", rect, viewBox=f"0 0 {_BAR} 10", preserveAspectRatio="none", aria_hidden="true")


def _lots(invoice: pb.Invoice) -> Element:
    if not invoice.lots:
        return tag("p", "Nothing was traded.")
    by_asset = groupby(sorted(invoice.lots, key=lambda lot: lot.asset), key=lambda lot: lot.asset)
    rows = [row for asset, lots in by_asset for row in _asset_rows(asset, list(lots), sold=_sold(invoice))]
    total = tag(
        "tr",
        tag("th", "All assets", scope="row", colspan="4"),
        tag("td", _sum(lot.value for lot in invoice.lots), class_="n"),
        tag("td", _sum(lot.fee for lot in invoice.lots), class_="n"),
    )
    columns = ("Asset", "Origin", "Quantity", "Price", "Value", "Venue fee")
    return _table(columns, rows, foot=[total], numbers=(2, 3, 4, 5))


def _asset_rows(asset: str, lots: list[pb.InvoiceLot], *, sold: bool) -> Iterator[Element]:
    for lot in lots:
        yield tag(
            "tr",
            tag("td", asset),
            tag("td", _origin(lot, sold=sold)),
            tag("td", lot.quantity, class_="n"),
            tag("td", lot.price, class_="n"),
            tag("td", lot.value, class_="n"),
            tag("td", lot.fee, class_="n"),
        )
    yield tag(
        "tr",
        tag("th", f"{asset} in all", scope="row", colspan="2"),
        tag("td", _sum(lot.quantity for lot in lots), class_="n"),
        tag("td", ""),
        tag("td", _sum(lot.value for lot in lots), class_="n"),
        tag("td", _sum(lot.fee for lot in lots), class_="n"),
        class_="sum",
    )


def _origin(lot: pb.InvoiceLot, *, sold: bool) -> str:
    match lot.source:
        case "CROSS":
            return f"another order of the same batch, at the mid price ({lot.trade_id})"
        case "INVENTORY" if sold:
            return f"taken by the house, at the mid price ({lot.trade_id})"
        case "INVENTORY":
            return f"the house's stock, at the mid price ({lot.trade_id} on {lot.venue})"
    return f"{lot.venue} {lot.symbol} trade {lot.trade_id}"


def _transactions(invoice: pb.Invoice) -> Element:
    rows = [
        tag(
            "tr",
            tag("th", one.step, scope="row"),
            tag("td", str(one.chain_id or "")),
            tag("td", tag("code", one.tx_hash)),
        )
        for one in invoice.transactions
    ]
    return _table(("Step", "Chain", "Transaction"), rows) if rows else tag("p", "None yet.")


def _proof(invoice: pb.Invoice) -> Element:
    lots = [
        tag(
            "details",
            tag("summary", f"{lot.quantity} {lot.asset}, {lot.trade_id}"),
            tag("ol", [tag("li", tag("code", step)) for step in lot.proof])
            if lot.proof
            else tag("p", "It is the root."),
        )
        for lot in invoice.lots
    ]
    return tag(
        "section",
        tag("p", "The gate holds this Merkle root over the lots, signed by the guardian:"),
        tag("p", tag("code", invoice.lots_root or "not signed yet")),
        tag("p", "Guardian: ", tag("code", invoice.signer or "not signed yet")),
        tag("p", "The hashes under a lot lead from it to the root; order them in pairs and take keccak-256 of each."),
        lots,
        tag("p", "To check everything yourself: ", tag("code", f"indexmaker invoice verify {invoice.invoice_id}")),
    )


def _steps(lot: pb.InvoiceLot) -> Element:
    if not lot.proof:
        return tag("p", "It is the only lot: its leaf is the root.")
    return tag("ol", [tag("li", tag("code", step)) for step in lot.proof])


def _table(
    columns: Iterable[str], rows: list[Element], *, foot: list[Element] | None = None, numbers: tuple[int, ...] = ()
) -> Element:
    heads = [
        tag("th", name, scope="col", **({"class_": "n"} if place in numbers else {}))
        for place, name in enumerate(columns)
    ]
    parts = [tag("thead", tag("tr", heads)), tag("tbody", rows)]
    if foot:
        parts.append(tag("tfoot", foot))
    return tag("div", tag("table", parts), class_="scroll", tabindex="0")


def _sum(amounts: Iterable[str]) -> str:
    return format_atoms(sum(parse_atoms(amount or "0") for amount in amounts))
