"""The spot exchange: order books, accounts and funding as one pure state machine.

Commands go in (`commands`), events come out (`events`), faces read through `ExchangeEngine`.
"""

from __future__ import annotations

from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.errors import ExchangeError, ListingError, OffGridError, StateError
from indexmaker.exchange.rejects import RejectCode

__all__ = ["ExchangeEngine", "ExchangeError", "ListingError", "OffGridError", "RejectCode", "StateError"]
