"""The guardian: recomputes an invoice from raw facts, without the engine's state, and says what does not fit.

The facts are what was journaled: the deposit, the order, the index, the transfer, the venue's trades, and
what other invoices and the house took of the same trades. Pure; an empty answer means that the invoice may be
signed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

from indexmaker.money import ATOMS, format_atoms, mul_floor
from indexmaker.solver.commands import Invoice, InvoiceLot
from indexmaker.solver.events import DepositSeen, ExecutionReported, OrderSubmitted
from indexmaker.solver.invoice import canonical_lots, management_fee, supported_units
from indexmaker.solver.routing_fees import split_in_units
from indexmaker.solver.state import Index
from indexmaker.solver.vocabulary import LotSource, Value

__all__ = ["Check", "Discrepancy", "InvoiceFacts", "TransferFacts", "trade_key", "verify_invoice"]

_ROUNDING = 2
"""Atoms by which shares of one trade may differ from an exact proportion."""


class Check(enum.StrEnum):
    """What was compared."""

    IDENTITY = "IDENTITY"
    BALANCE = "BALANCE"
    PRECISION = "PRECISION"
    ROUTING_FEE = "ROUTING_FEE"
    MANAGEMENT_FEE = "MANAGEMENT_FEE"
    LOT = "LOT"
    OVERASSIGNED = "OVERASSIGNED"
    UNITS = "UNITS"
    LIMIT = "LIMIT"


class Discrepancy(Value, frozen=True, kw_only=True):
    """One thing that does not fit."""

    check: Check
    text: str


class TransferFacts(Value, frozen=True, kw_only=True):
    """The shared transfer: what each order put in (in the order of the transfer), was quoted, and arrived."""

    shares: tuple[tuple[str, int], ...]
    quoted_out: int
    arrived: int


class InvoiceFacts(Value, frozen=True, kw_only=True):
    """Raw facts about one order.

    `executions` by `trade_key`; `fee_values` is the collateral value of commissions in third assets; `mids`
    are the mid prices of the books by (batch, asset), for lots from inventory; `taken` is the quantity of
    each trade that other invoices and the house have.
    """

    deposit: DepositSeen
    order: OrderSubmitted
    order_id: str
    index: Index
    transfer: TransferFacts
    executions: Mapping[str, ExecutionReported]
    fee_values: Mapping[str, int]
    mids: Mapping[tuple[str, str], int]
    taken: Mapping[str, int]


def trade_key(venue: str, symbol: str, trade_id: str) -> str:
    """How trades are named in the facts."""
    return f"{venue}:{symbol}:{trade_id}"


def verify_invoice(invoice: Invoice, facts: InvoiceFacts) -> tuple[Discrepancy, ...]:
    """Recompute everything; what is returned speaks against signing."""
    checks = (_identity, _balance, _precision, _fees, _lots, _assignments, _units, _limits)
    return tuple(found for check in checks for found in check(invoice, facts))


def _differs(check: Check, what: str, *, stated: int, computed: int) -> Discrepancy:
    text = f"{what}: invoice says {format_atoms(stated)}, recomputed {format_atoms(computed)}"
    return Discrepancy(check=check, text=text)


def _identity(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    deposit, order, index = facts.deposit, facts.order, facts.index
    pairs = (
        ("order", invoice.order_id, facts.order_id),
        ("account of the order", invoice.account, order.account.lower()),
        ("account of the deposit", invoice.account, deposit.account.lower()),
        ("client order id", invoice.client_order_id, order.client_order_id),
        ("index", (invoice.index, order.index), (index.symbol, index.symbol)),
        ("gate", (invoice.chain_id, invoice.gate), (deposit.chain_id, deposit.gate.lower())),
        ("gate of the index", (invoice.chain_id, invoice.gate), (index.chain_id, index.gate)),
        ("request", invoice.request_id, deposit.request_id),
        ("deposit", invoice.deposit, deposit.amount),
    )
    for what, stated, known in pairs:
        if stated != known:
            yield Discrepancy(check=Check.IDENTITY, text=f"{what}: invoice says {stated!r}, known is {known!r}")


def _balance(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    lots_value = sum(lot.value for lot in invoice.lots)
    lots_fee = sum(lot.fee for lot in invoice.lots)
    spent = invoice.assets + invoice.venue_fees + invoice.rounding
    fee = invoice.routing_fees + invoice.management_fee
    sums = (
        ("value of the lots", invoice.assets, lots_value),
        ("commission of the lots", invoice.venue_fees, lots_fee),
        ("spent on chain", invoice.spent, spent),
        ("fee on chain", invoice.fee, fee),
        ("deposit as the sum of its uses", invoice.deposit, spent + fee + invoice.refund),
    )
    for what, stated, computed in sums:
        if stated != computed:
            yield _differs(Check.BALANCE, what, stated=stated, computed=computed)
    parts = (invoice.assets, invoice.venue_fees, fee, invoice.refund, invoice.rounding, invoice.units)
    if min(parts) < 0:
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
    transfer = facts.transfer
    amount = sum(share for _, share in transfer.shares)
    charged = min(max(0, amount - transfer.quoted_out), max(0, amount - transfer.arrived))
    shares = split_in_units(charged, list(transfer.shares), unit=facts.index.unit)
    routing = shares.get(facts.order_id, 0) if invoice.units else 0
    if invoice.routing_fees != routing:
        yield _differs(Check.ROUTING_FEE, "routing fee", stated=invoice.routing_fees, computed=routing)
    management = management_fee(invoice.assets, rate=facts.index.management_fee, unit=facts.index.unit)
    if invoice.management_fee != management:
        stated = invoice.management_fee
        yield _differs(Check.MANAGEMENT_FEE, "management fee", stated=stated, computed=management)


def _lots(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    if canonical_lots(invoice.lots) != invoice.lots:
        yield Discrepancy(check=Check.LOT, text="lots are not in canonical order")
    for lot in invoice.lots:
        name = trade_key(lot.venue, lot.symbol, lot.trade_id)
        trade = facts.executions.get(name)
        if trade is None:
            yield Discrepancy(check=Check.LOT, text=f"{name}: the venue knows no such trade")
            continue
        price = facts.mids.get((lot.batch_id, lot.asset), 0) if lot.source is LotSource.INVENTORY else trade.price
        if lot.price != price:
            yield _differs(Check.LOT, f"price of {name}", stated=lot.price, computed=price)
        value = mul_floor(lot.quantity, price)
        if abs(lot.value - value) > _ROUNDING:
            yield _differs(Check.LOT, f"value of {name}", stated=lot.value, computed=value)
        fee = 0 if lot.source is LotSource.INVENTORY else _fee_share(lot, trade, facts)
        if abs(lot.fee - fee) > _ROUNDING:
            yield _differs(Check.LOT, f"commission of {name}", stated=lot.fee, computed=fee)


def _net(trade: ExecutionReported, asset: str) -> int:
    return trade.quantity - (trade.commission if trade.commission_asset == asset else 0)


def _fee_share(lot: InvoiceLot, trade: ExecutionReported, facts: InvoiceFacts) -> int:
    """The lot's part of the trade's commission, valued in collateral."""
    if trade.commission_asset == lot.asset:
        fee = mul_floor(trade.price, trade.commission)
    elif trade.commission_asset == facts.index.collateral:
        fee = trade.commission
    else:
        fee = facts.fee_values.get(trade_key(lot.venue, lot.symbol, lot.trade_id), 0)
    net = _net(trade, lot.asset)
    return fee * lot.quantity // net if net > 0 else 0


def _assignments(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    """No trade is given out for more than it brought."""
    used: dict[str, tuple[int, str]] = {}
    for lot in invoice.lots:
        name = trade_key(lot.venue, lot.symbol, lot.trade_id)
        used[name] = (used.get(name, (0, ""))[0] + lot.quantity, lot.asset)
    for name, (quantity, asset) in used.items():
        trade = facts.executions.get(name)
        if trade is not None and quantity + facts.taken.get(name, 0) > _net(trade, asset):
            stated = quantity + facts.taken.get(name, 0)
            yield _differs(Check.OVERASSIGNED, name, stated=stated, computed=_net(trade, asset))


def _units(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    if invoice.basket_version != facts.index.version:
        known = facts.index.version
        text = f"basket version {invoice.basket_version}, but the basket given is version {known}"
        yield Discrepancy(check=Check.UNITS, text=text)
    quantities, decimals = facts.index.quantities, facts.index.token_decimals
    supported = supported_units(invoice.lots, quantities, decimals=decimals)
    if invoice.units > supported:
        yield _differs(Check.UNITS, "units", stated=invoice.units, computed=supported)


def _limits(invoice: Invoice, facts: InvoiceFacts) -> Iterator[Discrepancy]:
    order = facts.order
    cost = invoice.assets + invoice.venue_fees
    if order.max_price and cost * ATOMS > order.max_price * invoice.units + ATOMS * len(invoice.lots):
        yield Discrepancy(check=Check.LIMIT, text="assets and venue fees cost more per unit than the order's limit")
    if order.max_fee and invoice.fee > order.max_fee:
        yield _differs(Check.LIMIT, "fee above the order's limit", stated=invoice.fee, computed=order.max_fee)
    if cost > order.amount - invoice.fee:
        most = order.amount - invoice.fee
        yield _differs(Check.LIMIT, "spent more than ordered", stated=cost, computed=most)
