"""Binding quotes seen from orders and batches: used once, held until then, freed in time."""

from __future__ import annotations

from collections.abc import Collection

from indexmaker.money import format_atoms
from indexmaker.solver.commands import QuoteReport
from indexmaker.solver.events import OrderSubmitted
from indexmaker.solver.handlers.terms import Objection, Terms
from indexmaker.solver.state import IndexOrder, Quote
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import OrderState, QuoteState, RejectReason, Side

__all__ = [
    "claim_quote",
    "expire_quotes",
    "held_inventory",
    "held_value",
    "objection_to_claim",
    "objection_to_loosening",
    "quote_report",
]

_NOT_TRADING = (
    OrderState.PENDING_COLLATERAL,
    OrderState.PENDING_TOKENS,
    OrderState.ROUTING,
    OrderState.READY,
)


def objection_to_claim(step: Step, event: OrderSubmitted) -> Objection:
    """Why an order cannot use the quote that it names; (NONE, "") when it can or names none."""
    if not event.quote_id:
        return RejectReason.NONE, ""
    quote = step.state.quotes.get(event.quote_id)
    if quote is None or quote.account != event.account.lower() or quote.state is QuoteState.REFUSED:
        return RejectReason.UNKNOWN_QUOTE, "this account has no such quote"
    if quote.state is QuoteState.USED:
        return RejectReason.QUOTE_USED, "another order has used the quote"
    if quote.state is QuoteState.EXPIRED or quote.expires_at <= step.at:
        return RejectReason.QUOTE_EXPIRED, "the quote has expired: ask for another one"
    if (quote.index, quote.side, quote.amount) != (event.index, event.side, event.amount):
        return RejectReason.QUOTE_MISMATCH, "the quote is for another index, side or amount"
    return RejectReason.NONE, ""


def claim_quote(step: Step, order: IndexOrder) -> None:
    """Bind an order that was taken to its quote: the quoted price and fees limit it, unless its own are tighter."""
    quote = step.state.quotes.get(order.quote_id)
    if quote is None:
        return
    quote.state = QuoteState.USED
    quote.order_id = order.order_id
    terms = quote.terms
    if order.side is Side.BUY:
        order.max_price = min(order.max_price or terms.limit_price, terms.limit_price)
    else:
        order.max_price = max(order.max_price, terms.limit_price)
    fees = terms.routing_fee + terms.management_fee
    if fees:
        order.max_fee = min(order.max_fee or fees, fees)
    step.report(quote_report(quote, at=step.at))


def objection_to_loosening(step: Step, order: IndexOrder, terms: Terms) -> Objection:
    """Why an order that uses a quote cannot have these terms: it may ask for less than was quoted, never for more."""
    quote = step.state.quotes.get(order.quote_id)
    if quote is None:
        return RejectReason.NONE, ""
    limit, fees = quote.terms.limit_price, quote.terms.routing_fee + quote.terms.management_fee
    if terms.amount > quote.amount:
        return RejectReason.QUOTE_MISMATCH, f"the order uses a quote for {format_atoms(quote.amount)}"
    looser = terms.max_price > limit or not terms.max_price if order.side is Side.BUY else terms.max_price < limit
    if looser:
        return RejectReason.QUOTE_MISMATCH, f"the quoted limit of {format_atoms(limit)} can only get tighter"
    if fees and (terms.max_fee > fees or not terms.max_fee):
        return RejectReason.QUOTE_MISMATCH, f"the quoted fees of {format_atoms(fees)} can only get less"
    return RejectReason.NONE, ""


def expire_quotes(step: Step) -> None:
    """Free what quotes hold that nobody used in time."""
    for quote_id in sorted(step.state.holding_quotes):
        quote = step.state.quotes[quote_id]
        if quote.state is QuoteState.OPEN and quote.expires_at <= step.at:
            quote.state = QuoteState.EXPIRED
            step.report(quote_report(quote, at=step.at))
        if not _holds(step, quote):
            step.state.holding_quotes.discard(quote_id)


def held_value(step: Step, orders: Collection[str] = ()) -> int:
    """Collateral of the batch budgets that quotes hold for others than these orders."""
    return sum(quote.value for quote in _holding(step, orders))


def held_inventory(step: Step, orders: Collection[str] = ()) -> dict[str, int]:
    """House inventory that quotes hold for others than these orders, by asset."""
    held: dict[str, int] = {}
    for quote in _holding(step, orders):
        for asset, quantity in quote.inventory:
            held[asset] = held.get(asset, 0) + quantity
    return held


def quote_report(quote: Quote, *, at: int) -> QuoteReport:
    """A quote as it stands."""
    return QuoteReport(
        quote_id=quote.quote_id,
        account=quote.account,
        client_quote_id=quote.client_quote_id,
        side=quote.side,
        index=quote.index,
        amount=quote.amount,
        state=quote.state,
        terms=quote.terms,
        expires_at=quote.expires_at,
        at=at,
    )


def _holding(step: Step, orders: Collection[str]) -> list[Quote]:
    quotes = [step.state.quotes[quote_id] for quote_id in sorted(step.state.holding_quotes)]
    return [quote for quote in quotes if _holds(step, quote) and quote.order_id not in orders]


def _holds(step: Step, quote: Quote) -> bool:
    """An open quote holds capacity until it expires, a used one until its order has begun to trade."""
    if quote.state is QuoteState.USED:
        order = step.state.orders[quote.order_id]
        return order.state in _NOT_TRADING and not order.units
    return quote.state is QuoteState.OPEN and quote.expires_at > step.at
