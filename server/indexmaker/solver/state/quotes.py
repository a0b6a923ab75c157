"""Binding quotes and what they hold."""

from __future__ import annotations

from indexmaker.solver.commands import QuoteTerms
from indexmaker.solver.state.base import Record
from indexmaker.solver.vocabulary import QuoteState, Side

__all__ = ["Quote"]


class Quote(Record, kw_only=True):
    """A quote that holds `value` of the batch budget and `inventory` of the house until it expires or its order has
    begun to trade.
    """

    quote_id: str
    sequence: int
    account: str
    client_quote_id: str
    side: Side
    index: str
    amount: int
    terms: QuoteTerms
    state: QuoteState
    made_at: int
    expires_at: int
    value: int = 0
    inventory: tuple[tuple[str, int], ...] = ()
    order_id: str = ""
