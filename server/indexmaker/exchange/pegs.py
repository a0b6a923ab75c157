"""The price of a pegged order, at the moment when it reaches the book; it does not follow the market afterwards."""

from __future__ import annotations

from indexmaker.exchange.book import Book
from indexmaker.exchange.order_commands import PlaceOrder
from indexmaker.exchange.vocabulary import PegPrice, Side

__all__ = ["pegged_price"]


def pegged_price(book: Book, request: PlaceOrder) -> int:
    """The price level (ticks) that the peg names, 0 when the book is not that deep."""
    own, other = (book.bids, book.asks) if request.side is Side.BUY else (book.asks, book.bids)
    side = own if request.peg is PegPrice.PRIMARY else other
    position = request.peg_offset + 1
    return side.keys[-position] * side.sign if position <= len(side.keys) else 0
