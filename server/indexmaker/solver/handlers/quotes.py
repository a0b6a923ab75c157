"""Binding quotes: made by a rehearsal on the books that came with the request, and recorded with what they hold."""

from __future__ import annotations

import msgspec

from indexmaker.identifiers import derived_id
from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver.events import OrderSubmitted, QuoteRequested
from indexmaker.solver.handlers.orders import objection_to_order
from indexmaker.solver.handlers.quote_claims import quote_report
from indexmaker.solver.handlers.rehearsal import Rehearsed, Wish, rehearse
from indexmaker.solver.quotes import impossible
from indexmaker.solver.state import Quote
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import QuoteState, RejectReason, Side

__all__ = ["on_quote_requested", "quote_id_of"]


_WIDENINGS = 5
"""How often a quoted limit is widened by the price slack before a quote is given up."""
_LEAST_SLACK = ATOMS // 10_000


def quote_id_of(account: str, client_quote_id: str) -> str:
    """The solver's name of a client's quote."""
    return derived_id("q", account.lower(), client_quote_id)


def on_quote_requested(step: Step, event: QuoteRequested) -> None:
    """Quote once for each account and client quote id; the first answer is given again, whatever else is asked."""
    quote_id = quote_id_of(event.account, event.client_quote_id)
    known = step.state.quotes.get(quote_id)
    if known is not None:
        step.report(quote_report(known, at=step.at))
        return
    rehearsed = _rehearse(step, event)
    possible = rehearsed.terms.possible
    quote = Quote(
        quote_id=quote_id,
        sequence=step.sequence,
        account=event.account.lower(),
        client_quote_id=event.client_quote_id,
        side=event.side,
        index=event.index,
        amount=event.amount,
        terms=rehearsed.terms,
        state=QuoteState.OPEN if possible else QuoteState.REFUSED,
        made_at=step.at,
        expires_at=step.at + step.state.config.quote_life_ns if possible else step.at,
        value=rehearsed.value,
        inventory=rehearsed.inventory,
    )
    if rehearsed.terms.reason not in (RejectReason.BAD_ACCOUNT, RejectReason.BAD_CLIENT_ORDER_ID):
        step.state.quotes[quote_id] = quote
    if possible:
        step.state.holding_quotes.add(quote_id)
    step.report(quote_report(quote, at=step.at))


def _rehearse(step: Step, event: QuoteRequested) -> Rehearsed:
    """An order that the door would refuse is not tried out."""
    order = OrderSubmitted(
        client_order_id=event.client_quote_id,
        account=event.account,
        side=event.side,
        index=event.index,
        amount=event.amount,
    )
    reason, text = objection_to_order(step, order)
    if reason is not RejectReason.NONE:
        return Rehearsed(terms=impossible(reason, text))
    wish = Wish(
        side=event.side,
        index=event.index,
        amount=event.amount,
        routing_fee=max(0, event.routing_fee),
        account=event.account.lower(),
    )
    return _with_firm_limit(step, event, wish)


def _with_firm_limit(step: Step, event: QuoteRequested, wish: Wish) -> Rehearsed:
    """Rehearse again with the quoted price as the limit that the order will have: it must get as much under it. A
    plan keeps some room above the prices that it needs, so the limit may have to be a little wider than they are.
    """
    free = rehearse(step.state, step.ledger, wish, event.books, at=step.at)
    if not free.terms.possible:
        return free
    sign = 1 if wish.side is Side.BUY else -1
    slack = max(step.state.config.price_slack, _LEAST_SLACK)
    for times in range(_WIDENINGS):
        limit = mul_floor(free.terms.limit_price, ATOMS + sign * times * slack)
        bound = msgspec.structs.replace(wish, max_price=limit)
        firm = rehearse(step.state, step.ledger, bound, event.books, at=step.at)
        if firm.terms.possible and firm.terms.units >= free.terms.units:
            return msgspec.structs.replace(firm, terms=msgspec.structs.replace(firm.terms, limit_price=limit))
    return Rehearsed(terms=impossible(RejectReason.NO_CAPACITY, "no price limit holds on these books"))
