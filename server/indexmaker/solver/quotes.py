"""From what a rehearsed order came to, to the terms of a quote. Pure.

Roundings are to the client's disadvantage by at most an atom, so that an order on the same books gets no less than it
was quoted: prices of a buy are rounded up, of a sale down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver.commands import InvoiceLot, QuoteTerms
from indexmaker.solver.invoice import build_invoice
from indexmaker.solver.redemption_invoice import charge, payment_limits
from indexmaker.solver.state import DepositLot, Index, IndexOrder
from indexmaker.solver.vocabulary import LotSource, RejectReason, Side

__all__ = ["buy_terms", "impossible", "inventory_of", "sale_terms", "unit_value"]


def impossible(reason: RejectReason, *obstacles: str) -> QuoteTerms:
    """Terms that say why there are none."""
    return QuoteTerms(possible=False, reason=reason, obstacles=tuple(sorted(set(obstacles))))


def buy_terms(
    order: IndexOrder, index: Index, lot: DepositLot, *, worst: int, mids: Mapping[str, int], batches: int
) -> QuoteTerms:
    """What the invoice of a buy would say; `worst` is the dearest unit price that a batch planned for it."""
    invoice = order.invoice or build_invoice(order, index, lot, deadline=0)
    cost = invoice.assets + invoice.venue_fees
    return QuoteTerms(
        possible=True,
        units=invoice.units,
        price=-(-cost * ATOMS // invoice.units),
        limit_price=worst,
        mid_price=unit_value(order.quantities, mids),
        assets=invoice.assets,
        venue_fees=invoice.venue_fees,
        routing_fee=invoice.routing_fees,
        management_fee=invoice.management_fee,
        refund=invoice.refund,
        slippage=invoice.assets - _value(invoice.lots, mids, up=False),
        batches=batches,
    )


def sale_terms(order: IndexOrder, index: Index, *, worst: int, mids: Mapping[str, int], batches: int) -> QuoteTerms:
    """What the payment of a sale would be; `worst` is the cheapest unit price that a batch planned for it."""
    limits = payment_limits(
        max_fee=order.max_fee, limits=None, burned=order.units, escrowed=order.amount, unit=index.unit
    )
    charged = charge(
        order.proceeds,
        venue_fees=order.sale_fees,
        rate=order.management_fee,
        routing_fee=order.routing_fee,
        limits=limits,
    )
    net = order.proceeds - order.sale_fees
    return QuoteTerms(
        possible=True,
        units=order.units,
        price=net * ATOMS // order.units,
        limit_price=worst,
        mid_price=unit_value(order.quantities, mids),
        assets=order.proceeds,
        venue_fees=order.sale_fees,
        routing_fee=charged.routing_fee,
        management_fee=charged.redemption_fee,
        payout=charged.paid,
        slippage=_value(order.lots, mids, up=True) - order.proceeds,
        batches=batches,
    )


def unit_value(quantities: Iterable[tuple[str, int]], mids: Mapping[str, int]) -> int:
    """Value of a unit at mid prices, rounded down per asset; an asset without a price counts nothing."""
    return sum(mul_floor(quantity, mids.get(asset, 0)) for asset, quantity in quantities)


def inventory_of(order: IndexOrder) -> tuple[tuple[str, int], ...]:
    """What a buy would take from the house's inventory, by asset."""
    taken: dict[str, int] = {}
    if order.side is Side.BUY:
        for lot in order.lots:
            if lot.source is LotSource.INVENTORY:
                taken[lot.asset] = taken.get(lot.asset, 0) + lot.quantity
    return tuple(sorted(taken.items()))


def _value(lots: Iterable[InvoiceLot], mids: Mapping[str, int], *, up: bool) -> int:
    multiply = mul_ceil if up else mul_floor
    return sum(multiply(lot.quantity, mids.get(lot.asset, 0)) for lot in lots)
