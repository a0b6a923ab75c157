"""Binding quotes: asked for with the books that they are made from."""

from __future__ import annotations

from indexmaker.solver.events.base import Event
from indexmaker.solver.events.trading import Book
from indexmaker.solver.vocabulary import Side

__all__ = ["QuoteRequested"]


class QuoteRequested(Event, frozen=True, kw_only=True):
    """A client wants capacity held for an order. The same client quote id of an account gets the first answer again.

    `amount` is collateral for a buy and index units for a sale; `routing_fee` what the route was quoted at.
    """

    account: str
    client_quote_id: str
    side: Side
    index: str
    amount: int
    routing_fee: int
    books: tuple[Book, ...]
