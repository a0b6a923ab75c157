"""What an order may ask for, whether it is new or amended."""

from __future__ import annotations

from indexmaker.money import ATOMS, format_atoms
from indexmaker.solver.state import Index, IndexOrder
from indexmaker.solver.vocabulary import RejectReason, Side, Value

__all__ = ["Objection", "Terms", "apply_price_limit", "objection_to", "tradable_amount"]

_ROUNDING = ATOMS // 10_000
"""Kept from a price limit that a gate checks: payments are rounded up to whole token units."""

Objection = tuple[RejectReason, str]
"""The rule that is broken and a text for people; (NONE, "") for none."""


class Terms(Value, frozen=True, kw_only=True):
    """The terms of an order that a client may change; a limit of 0 is absent."""

    amount: int
    max_price: int
    min_units: int
    max_fee: int
    expires_at: int


def objection_to(terms: Terms, *, index: Index, side: Side, at: int) -> Objection:
    """The first rule that the terms break: amounts are collateral for a buy and index units for a sale."""
    if terms.amount <= 0:
        return RejectReason.AMOUNT_NOT_POSITIVE, "the amount must be above zero"
    decimals = index.collateral_decimals if side is Side.BUY else index.token_decimals
    if terms.amount % 10 ** (18 - decimals):
        return RejectReason.AMOUNT_PRECISION, f"the amount may have {decimals} decimals"
    if side is Side.BUY and terms.amount < index.min_order:
        return RejectReason.AMOUNT_BELOW_MINIMUM, f"the least is {format_atoms(index.min_order)}"
    if side is Side.BUY and index.max_order and terms.amount > index.max_order:
        return RejectReason.AMOUNT_ABOVE_MAXIMUM, f"the most is {format_atoms(index.max_order)}"
    if min(terms.max_price, terms.min_units, terms.max_fee) < 0:
        return RejectReason.BAD_LIMIT, "a limit cannot be negative; leave out what is not wanted"
    if terms.expires_at and terms.expires_at <= at:
        return RejectReason.EXPIRY_IN_PAST, "the expiry has passed"
    return RejectReason.NONE, ""


def tradable_amount(order: IndexOrder) -> int:
    """What a buy may spend on assets and venue fees once its routing fee is known: the management fee on all of it is
    kept back, rounded up.
    """
    rest = order.amount - order.routing_fee
    return max(0, rest * ATOMS // (ATOMS + order.management_fee))


def apply_price_limit(order: IndexOrder) -> None:
    """Set the price limit of an order that may trade, from all its limits on the price, the tightest of them.

    A sell has its own limit, the least that a unit must bring, and that of its request.
    """
    if order.side is Side.SELL:
        order.price_limit = max(order.max_price, order.least_price)
        return
    order.price_limit = order.max_price
    if order.min_units:
        by_units = max(1, order.tradable * (ATOMS - _ROUNDING) // order.min_units)  # 0 would be no limit
        order.price_limit = min(order.price_limit or by_units, by_units)
