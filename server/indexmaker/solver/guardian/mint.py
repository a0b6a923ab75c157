"""The account of a buy order, recomputed from raw facts. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver.commands import Invoice, InvoiceLot
from indexmaker.solver.guardian.facts import InvoiceFacts, TransferFacts
from indexmaker.solver.guardian.findings import Check, Discrepancy, differs, unequal
from indexmaker.solver.guardian.lots import check_assignments, check_lots, fair_value
from indexmaker.solver.invoice import management_fee, supported_units
from indexmaker.solver.routing_fees import split_in_units

__all__ = ["verify_invoice"]


def verify_invoice(invoice: Invoice, facts: InvoiceFacts) -> tuple[Discrepancy, ...]:
    """Recompute everything; what is returned speaks against signing."""
    checks = (_identity, _balance, _precision, _fees, _lots, _units, _limits, _relief)
    return tuple(found for check in checks for found in check(invoice, facts))


def _charged_for_transfer(transfer: TransferFacts, order_id: str, *, unit: int) -> int:
    """The order's share of the quoted or the real fee, whichever is less."""
    amount = sum(share for _, share in transfer.shares)
    charged = min(max(0, amount - transfer.quoted_out), max(0, amount - transfer.arrived))
    return split_in_units(charged, list(transfer.shares), unit=unit).get(order_id, 0)


def _identity(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    deposit, order, index = facts.deposit, facts.order, facts.index
    yield from unequal(
        Check.IDENTITY,
        (
            ("order", invoice.order_id, facts.order_id),
            ("account of the order", invoice.account, order.account.lower()),
            ("account of the deposit", invoice.account, deposit.account.lower()),
            ("client order id", invoice.client_order_id, order.client_order_id),
            ("index", (invoice.index, order.index), (index.symbol, index.symbol)),
            ("gate", (invoice.chain_id, invoice.gate), (deposit.chain_id, deposit.gate.lower())),
            ("gate of the index", (invoice.chain_id, invoice.gate), (index.chain_id, index.gate)),
            ("request", invoice.request_id, deposit.request_id),
            ("deposit", invoice.deposit, deposit.amount),
        ),
    )
    if facts.order_id not in dict(facts.transfer.shares):
        text = f"transfer {invoice.transfer_id} did not carry the deposit of this order"
        yield Discrepancy(check=Check.IDENTITY, text=text)


def _balance(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    spent = invoice.assets + invoice.venue_fees + invoice.rounding
    fee = invoice.routing_fees + invoice.management_fee
    sums = (
        ("value of the lots", invoice.assets, sum(lot.value for lot in invoice.lots)),
        ("commission of the lots", invoice.venue_fees, sum(lot.fee for lot in invoice.lots)),
        ("spent on chain", invoice.spent, spent),
        ("fee on chain", invoice.fee, fee),
        ("deposit as the sum of its uses", invoice.deposit, spent + fee + invoice.refund),
    )
    for what, stated, computed in sums:
        if stated != computed:
            yield differs(Check.BALANCE, what, stated=stated, computed=computed)
    fees = (invoice.routing_fees, invoice.management_fee, invoice.venue_fees)
    if min(*fees, invoice.assets, invoice.refund, invoice.rounding, invoice.units) < 0:
        yield Discrepancy(check=Check.BALANCE, text="a part of the invoice is below zero")


def _precision(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    unit = facts.index.unit
    for what, amount in (("spent", invoice.spent), ("fee", invoice.fee), ("refund", invoice.refund)):
        if amount % unit:
            yield Discrepancy(check=Check.PRECISION, text=f"{what} is finer than the collateral token")
    if invoice.units % 10 ** (18 - facts.index.token_decimals):
        yield Discrepancy(check=Check.PRECISION, text="units are finer than the index token")
    if invoice.rounding >= unit:
        yield Discrepancy(check=Check.PRECISION, text="rounding keeps a whole token unit that is the user's")


def _fees(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    """The house may charge less, never more; `_relief` bounds by how much."""
    routing, management = _routing_fee(invoice, facts), _management_fee(invoice, facts)
    if invoice.routing_fees > routing:
        yield differs(Check.ROUTING_FEE, "routing fee", stated=invoice.routing_fees, computed=routing)
    if invoice.management_fee > management:
        yield differs(Check.MANAGEMENT_FEE, "management fee", stated=invoice.management_fee, computed=management)


def _routing_fee(invoice: Invoice, facts: InvoiceFacts) -> int:
    return _charged_for_transfer(facts.transfer, facts.order_id, unit=facts.index.unit) if invoice.units else 0


def _management_fee(invoice: Invoice, facts: InvoiceFacts) -> int:
    return management_fee(invoice.assets, rate=facts.index.management_fee, unit=facts.index.unit)


def _lots(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    yield from check_lots(invoice.lots, facts)
    yield from check_assignments(invoice.lots, facts)


def _units(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    if invoice.basket_version != facts.index.version:
        known = facts.index.version
        text = f"basket version {invoice.basket_version}, but the basket given is version {known}"
        yield Discrepancy(check=Check.UNITS, text=text)
    quantities, decimals = facts.index.quantities, facts.index.token_decimals
    supported = supported_units(invoice.lots, quantities, decimals=decimals)
    if invoice.units > supported:
        yield differs(Check.UNITS, "units", stated=invoice.units, computed=supported)
    least = supported_units(_rounded(invoice.lots), quantities, decimals=decimals)
    if invoice.units < least:
        yield differs(Check.UNITS, "units, although the lots support more", stated=invoice.units, computed=least)


def _rounded(lots: tuple[InvoiceLot, ...]) -> Iterator[InvoiceLot]:
    """The lots without what rounding up for the user may have added: an atom per asset and batch."""
    seen: set[tuple[str, str]] = set()
    for lot in lots:
        added = (lot.asset, lot.batch_id) not in seen
        seen.add((lot.asset, lot.batch_id))
        yield msgspec.structs.replace(lot, quantity=max(0, lot.quantity - added))


def _limits(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    order = facts.order
    cost = invoice.assets + invoice.venue_fees
    if order.max_price and cost * ATOMS > order.max_price * invoice.units + ATOMS * len(invoice.lots):
        yield Discrepancy(check=Check.LIMIT, text="assets and venue fees cost more per unit than the order's limit")
    if order.max_fee and invoice.fee > order.max_fee:
        yield differs(Check.LIMIT, "fee above the order's limit", stated=invoice.fee, computed=order.max_fee)
    if cost > order.amount - invoice.fee:
        yield differs(Check.LIMIT, "spent more than ordered", stated=cost, computed=order.amount - invoice.fee)


def _relief(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    """What the house did not charge stays within what it may forgo without a person's word."""
    less = _routing_fee(invoice, facts) - invoice.routing_fees
    less += _management_fee(invoice, facts) - invoice.management_fee
    for lot in invoice.lots:
        value, fee = fair_value(lot, facts)
        less += value + fee - lot.value - lot.fee
    most = mul_floor(invoice.deposit, facts.relief)
    if less > most:
        yield differs(Check.RELIEF, "not charged by the house", stated=less, computed=most)
