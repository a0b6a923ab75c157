"""Binding quotes: made by a rehearsal on the books that came with the request, and recorded with what they hold."""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.solver.events import OrderSubmitted, QuoteRequested
from indexmaker.solver.handlers.orders import objection_to_order
from indexmaker.solver.handlers.quote_claims import quote_report
from indexmaker.solver.handlers.rehearsal import Rehearsed, Wish, rehearse
from indexmaker.solver.quotes import impossible
from indexmaker.solver.state import Quote
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import QuoteState, RejectReason

__all__ = ["on_quote_requested", "quote_id_of"]


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
    return rehearse(step.state, step.ledger, wish, event.books, at=step.at)
