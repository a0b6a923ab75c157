"""The final account of a sell order. Pure arithmetic; every rounding has a direction and a taker.

Fees are rounded down to the collateral token's unit (for the user), the payment is rounded down to it, and what is
finer goes to the house's rounding account. Burned tokens are always paid at least one unit, and at least what the
request demands: the gate refuses anything else. Where fees would break a limit, the order is charged less and the
house bears the rest; where even free of fees the proceeds fall short, the house adds what is missing and `rounding` is
below zero.
"""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.money import ceil_to_step, floor_to_step, mul_floor
from indexmaker.solver.commands import RedemptionInvoice
from indexmaker.solver.invoice import canonical_lots
from indexmaker.solver.state import Index, IndexOrder, RedemptionLimits, TokenLot
from indexmaker.solver.vocabulary import Value

__all__ = ["Charge", "PaymentLimits", "build_redemption", "charge", "payment_limits"]


class PaymentLimits(Value, frozen=True, kw_only=True):
    """What a payment must heed: the most to charge (None: no limit), the least to pay, and the token's unit."""

    max_fee: int | None
    least_paid: int
    unit: int


class Charge(Value, frozen=True, kw_only=True):
    """The proceeds after the venue's fees, divided: `redemption_fee + routing_fee + paid + rounding`."""

    redemption_fee: int
    routing_fee: int
    paid: int
    rounding: int


def payment_limits(
    *, max_fee: int, limits: RedemptionLimits | None, burned: int, escrowed: int, unit: int
) -> PaymentLimits:
    """The tighter of the order's and the request's limits; the request's least payment is pro rata of what is burned.

    `max_fee` 0 is no limit of the order, as orders have it; a request's limit of 0 allows no fee. A limit of a request
    beyond any money is none (`requestRedeem` sets it).
    """
    if not burned:
        return PaymentLimits(max_fee=0, least_paid=0, unit=unit)
    caps = [max_fee] if max_fee else []
    least = 0
    if limits is not None:
        caps.append(limits.max_fee)
        least = -(-limits.min_out * burned // escrowed)
    return PaymentLimits(
        max_fee=min(caps) if caps else None, least_paid=max(unit, ceil_to_step(least, unit)), unit=unit
    )


def charge(proceeds: int, *, venue_fees: int, rate: int, routing_fee: int, limits: PaymentLimits) -> Charge:
    """Divide the proceeds: first the redemption fee (`rate` of the proceeds), then routing, each within the limits."""
    net = proceeds - venue_fees
    whole = floor_to_step(max(0, net), limits.unit)
    room = max(0, whole - limits.least_paid)
    if limits.max_fee is not None:
        room = min(room, floor_to_step(limits.max_fee, limits.unit))
    fee = min(room, floor_to_step(mul_floor(proceeds, rate), limits.unit))
    routing = min(room - fee, max(0, routing_fee))
    paid = max(whole - fee - routing, limits.least_paid)
    return Charge(redemption_fee=fee, routing_fee=routing, paid=paid, rounding=net - fee - routing - paid)


def build_redemption(
    order: IndexOrder,
    index: Index,
    lot: TokenLot,
    *,
    limits: RedemptionLimits | None,
    deadline: int,
) -> RedemptionInvoice:
    """Account for all tokens of an order that trades no more and whose proceeds have arrived at the keeper's.

    An order that sold nothing pays nothing and is paid nothing: all its tokens go back.
    """
    parts = payment_limits(
        max_fee=order.max_fee, limits=limits, burned=order.units, escrowed=lot.amount, unit=index.unit
    )
    charged = charge(
        order.proceeds,
        venue_fees=order.sale_fees,
        rate=order.management_fee,
        routing_fee=order.routing_fee,
        limits=parts,
    )
    return RedemptionInvoice(
        invoice_id=derived_id("i", order.order_id, order.invoice_attempts),
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        account=order.account,
        index=order.index,
        basket_version=order.version,
        chain_id=index.chain_id,
        gate=index.gate,
        request_id=lot.request_id,
        request_tx=lot.tx_hash,
        transfer_id=order.transfer_id,
        escrowed=lot.amount,
        burned=order.units,
        returned=lot.amount - order.units,
        proceeds=order.proceeds,
        venue_fees=order.sale_fees,
        routing_fees=charged.routing_fee,
        redemption_fee=charged.redemption_fee,
        rounding=charged.rounding,
        paid=charged.paid,
        fee=charged.routing_fee + charged.redemption_fee,
        deadline=deadline,
        lots=canonical_lots(order.lots),
    )
