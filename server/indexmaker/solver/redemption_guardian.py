"""The guardian's view of a redemption: recomputes the account of a sell order from raw facts.

The user must get what the sold lots brought, at least; the house may charge less than it could, never more. Pure; an
empty answer means that the invoice may be signed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from indexmaker.money import ATOMS, format_atoms, mul_ceil, mul_floor
from indexmaker.solver.commands import InvoiceLot, RedemptionInvoice
from indexmaker.solver.events import ExecutionReported, OrderSubmitted, RedemptionSeen
from indexmaker.solver.guardian import Check, Discrepancy, TransferFacts, trade_key
from indexmaker.solver.invoice import canonical_lots
from indexmaker.solver.redemption_invoice import PaymentLimits, charge, payment_limits
from indexmaker.solver.routing_fees import split_in_units
from indexmaker.solver.state import Index, RedemptionLimits
from indexmaker.solver.vocabulary import LotSource, Side, Value

__all__ = ["RedemptionFacts", "verify_redemption"]

_ROUNDING = 2
"""Atoms by which shares of one trade may differ from an exact proportion."""


class RedemptionFacts(Value, frozen=True, kw_only=True):
    """Raw facts about one sell order.

    `limits` are the request's own, `payout` the shared transfer of the proceeds (None when nothing was sold), `rate`
    the redemption fee that the order was taken at. `executions` and `fee_values` are by `trade_key`, `mids` by (batch,
    asset); `taken` is how much of each trade or cross other accounts and the house have, `crossed` what the other side
    of each cross and the house's inventory took.
    """

    request: RedemptionSeen
    limits: RedemptionLimits | None
    order: OrderSubmitted
    order_id: str
    index: Index
    rate: int
    payout: TransferFacts | None
    executions: Mapping[str, ExecutionReported]
    fee_values: Mapping[str, int]
    mids: Mapping[tuple[str, str], int]
    taken: Mapping[str, int]
    crossed: Mapping[str, int]


def verify_redemption(invoice: RedemptionInvoice, facts: RedemptionFacts) -> tuple[Discrepancy, ...]:
    """Recompute everything; what is returned speaks against signing."""
    checks = (_identity, _balance, _precision, _lots, _assignments, _units, _charges, _limits)
    return tuple(found for check in checks for found in check(invoice, facts))


def _differs(check: Check, what: str, *, stated: int, computed: int) -> Discrepancy:
    text = f"{what}: invoice says {format_atoms(stated)}, recomputed {format_atoms(computed)}"
    return Discrepancy(check=check, text=text)


def _identity(invoice: RedemptionInvoice, facts: RedemptionFacts) -> Iterator[Discrepancy]:
    request, order, index = facts.request, facts.order, facts.index
    pairs = (
        ("order", invoice.order_id, facts.order_id),
        ("side of the order", Side.SELL, order.side),
        ("account of the order", invoice.account, order.account.lower()),
        ("account of the request", invoice.account, request.account.lower()),
        ("client order id", invoice.client_order_id, order.client_order_id),
        ("index", (invoice.index, order.index), (index.symbol, index.symbol)),
        ("gate", (invoice.chain_id, invoice.gate), (request.chain_id, request.gate.lower())),
        ("gate of the index", (invoice.chain_id, invoice.gate), (index.chain_id, index.gate)),
        ("request", invoice.request_id, request.request_id),
        ("escrow", invoice.escrowed, request.units),
    )
    for what, stated, known in pairs:
        if stated != known:
            yield Discrepancy(check=Check.IDENTITY, text=f"{what}: invoice says {stated!r}, known is {known!r}")


def _balance(invoice: RedemptionInvoice, facts: RedemptionFacts) -> Iterator[Discrepancy]:
    fee = invoice.routing_fees + invoice.redemption_fee
    sums = (
        ("proceeds of the lots", invoice.proceeds, sum(lot.value for lot in invoice.lots)),
        ("commission of the lots", invoice.venue_fees, sum(lot.fee for lot in invoice.lots)),
        ("fee on chain", invoice.fee, fee),
        ("escrow as burned and returned", invoice.escrowed, invoice.burned + invoice.returned),
        (
            "proceeds as the sum of their uses",
            invoice.proceeds,
            invoice.paid + invoice.venue_fees + fee + invoice.rounding,
        ),
    )
    for what, stated, computed in sums:
        if stated != computed:
            yield _differs(Check.BALANCE, what, stated=stated, computed=computed)
    parts = (invoice.burned, invoice.returned, invoice.proceeds, invoice.venue_fees, invoice.paid)
    if min(*parts, invoice.routing_fees, invoice.redemption_fee) < 0:
        yield Discrepancy(check=Check.BALANCE, text="a part of the invoice is below zero")


def _precision(invoice: RedemptionInvoice, facts: RedemptionFacts) -> Iterator[Discrepancy]:
    unit = facts.index.unit
    for what, amount in (("payment", invoice.paid), ("fee", invoice.fee)):
        if amount % unit:
            yield Discrepancy(check=Check.PRECISION, text=f"{what} is finer than the collateral token")
    if invoice.burned % 10 ** (18 - facts.index.token_decimals):
        yield Discrepancy(check=Check.PRECISION, text="burned units are finer than the index token")
    if invoice.rounding >= unit:
        yield Discrepancy(check=Check.PRECISION, text="rounding keeps a whole token unit that is the user's")


def _lots(invoice: RedemptionInvoice, facts: RedemptionFacts) -> Iterator[Discrepancy]:
    if canonical_lots(invoice.lots) != invoice.lots:
        yield Discrepancy(check=Check.LOT, text="lots are not in canonical order")
    for lot in invoice.lots:
        name = trade_key(lot.venue, lot.symbol, lot.trade_id)
        price, fee = _worth(lot, facts)
        if price is None:
            yield Discrepancy(check=Check.LOT, text=f"{name}: no such trade or cross is known")
            continue
        if lot.price != price:
            yield _differs(Check.LOT, f"price of {name}", stated=lot.price, computed=price)
        value = mul_floor(lot.quantity, price)
        if lot.value < value - _ROUNDING:
            yield _differs(Check.LOT, f"value of {name}", stated=lot.value, computed=value)
        if lot.fee > fee + _ROUNDING:
            yield _differs(Check.LOT, f"commission of {name}", stated=lot.fee, computed=fee)
        if min(lot.quantity, lot.value, lot.fee) < 0:
            yield Discrepancy(check=Check.LOT, text=f"{name}: a part of the lot is below zero")


def _worth(lot: InvoiceLot, facts: RedemptionFacts) -> tuple[int | None, int]:
    """Price that the lot must be sold at and the most commission; no price for a lot that nothing stands behind."""
    name = trade_key(lot.venue, lot.symbol, lot.trade_id)
    mid = facts.mids.get((lot.batch_id, lot.asset), 0)
    if lot.source in (LotSource.CROSS, LotSource.INVENTORY):
        return (mid if name in facts.crossed else None), 0
    trade = facts.executions.get(name)
    if trade is None:
        return None, 0
    return trade.price, _fee_share(lot, trade, facts)


def _fee_share(lot: InvoiceLot, trade: ExecutionReported, facts: RedemptionFacts) -> int:
    """The lot's part of the trade's commission, valued in collateral, rounded up."""
    name = trade_key(lot.venue, lot.symbol, lot.trade_id)
    if trade.commission_asset == facts.index.collateral:
        fee = trade.commission
    elif trade.commission_asset == lot.asset:
        fee = mul_ceil(trade.price, trade.commission)
    else:
        fee = facts.fee_values.get(name, 0)
    return -(-fee * lot.quantity // trade.quantity)


def _assignments(invoice: RedemptionInvoice, facts: RedemptionFacts) -> Iterator[Discrepancy]:
    """No trade and no cross pays for more than it took."""
    used: dict[str, int] = {}
    for lot in invoice.lots:
        name = trade_key(lot.venue, lot.symbol, lot.trade_id)
        used[name] = used.get(name, 0) + lot.quantity
    for name, quantity in used.items():
        trade = facts.executions.get(name)
        most = facts.crossed.get(name) if trade is None else trade.quantity
        stated = quantity + facts.taken.get(name, 0)
        if most is not None and stated > most:
            yield _differs(Check.OVERASSIGNED, name, stated=stated, computed=most)


def _units(invoice: RedemptionInvoice, facts: RedemptionFacts) -> Iterator[Discrepancy]:
    """What is burned sets its backing free, rounded down to the last atom; all of that must have been sold, and no
    more: what is sold beyond it is not this order's.
    """
    if invoice.burned > facts.order.amount:
        yield _differs(Check.UNITS, "burned units", stated=invoice.burned, computed=facts.order.amount)
    if invoice.burned and invoice.basket_version != facts.index.version:
        known = facts.index.version
        text = f"basket version {invoice.basket_version}, but the basket given is version {known}"
        yield Discrepancy(check=Check.UNITS, text=text)
    sold: dict[str, int] = {}
    for lot in invoice.lots:
        sold[lot.asset] = sold.get(lot.asset, 0) + lot.quantity
    batches = len({lot.batch_id for lot in invoice.lots})
    for asset, quantity in facts.index.quantities:
        least = mul_floor(quantity, invoice.burned) - batches
        if sold.get(asset, 0) < least:
            yield _differs(Check.UNITS, f"{asset} sold", stated=sold.get(asset, 0), computed=least)
    basket = dict(facts.index.quantities)
    for asset, quantity in sold.items():
        most = mul_floor(basket.get(asset, 0), invoice.burned)
        if quantity > most:
            yield _differs(Check.UNITS, f"{asset} sold beyond the basket", stated=quantity, computed=most)


def _charges(invoice: RedemptionInvoice, facts: RedemptionFacts) -> Iterator[Discrepancy]:
    """The fees are at most what route and rate ask for, and the payment at least what then is left."""
    allowed = charge(
        invoice.proceeds,
        venue_fees=invoice.venue_fees,
        rate=facts.rate,
        routing_fee=_routing_fee(invoice, facts),
        limits=_payment_limits(invoice, facts),
    )
    if invoice.routing_fees > allowed.routing_fee:
        yield _differs(Check.ROUTING_FEE, "routing fee", stated=invoice.routing_fees, computed=allowed.routing_fee)
    if invoice.redemption_fee > allowed.redemption_fee:
        stated = invoice.redemption_fee
        yield _differs(Check.MANAGEMENT_FEE, "redemption fee", stated=stated, computed=allowed.redemption_fee)
    if invoice.rounding < min(0, allowed.rounding):
        yield _differs(Check.RELIEF, "added by the house", stated=-invoice.rounding, computed=-allowed.rounding)


def _routing_fee(invoice: RedemptionInvoice, facts: RedemptionFacts) -> int:
    """The order's share of the quoted or the real fee, whichever is less; nothing when nothing was sold."""
    payout = facts.payout
    if payout is None or not invoice.burned:
        return 0
    amount = sum(share for _, share in payout.shares)
    fee = max(0, min(amount - payout.quoted_out, amount - payout.arrived))
    return split_in_units(fee, list(payout.shares), unit=facts.index.unit).get(facts.order_id, 0)


def _payment_limits(invoice: RedemptionInvoice, facts: RedemptionFacts) -> PaymentLimits:
    return payment_limits(
        max_fee=facts.order.max_fee,
        limits=facts.limits,
        burned=invoice.burned,
        escrowed=invoice.escrowed,
        unit=facts.index.unit,
    )


def _limits(invoice: RedemptionInvoice, facts: RedemptionFacts) -> Iterator[Discrepancy]:
    net = invoice.proceeds - invoice.venue_fees
    limit = facts.order.max_price
    if limit and net * ATOMS < limit * invoice.burned - ATOMS * len(invoice.lots):
        yield Discrepancy(check=Check.LIMIT, text="the assets brought less per unit than the order's limit")
    limits = _payment_limits(invoice, facts)
    if invoice.paid < limits.least_paid:
        yield _differs(Check.LIMIT, "paid below the limit", stated=invoice.paid, computed=limits.least_paid)
    if limits.max_fee is not None and invoice.fee > limits.max_fee:
        yield _differs(Check.LIMIT, "fee above the limit", stated=invoice.fee, computed=limits.max_fee)
    if bool(invoice.paid) is not bool(invoice.burned):
        yield Discrepancy(check=Check.LIMIT, text="burned units are paid, and only they")
