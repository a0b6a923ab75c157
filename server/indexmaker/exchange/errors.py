"""What the exchange raises. Commands never raise: a wrong one is answered by `Rejected`."""

from __future__ import annotations

__all__ = ["ExchangeError", "ListingError", "OffGridError", "StateError"]


class ExchangeError(Exception):
    """Base of the errors below."""


class OffGridError(ExchangeError, ValueError):
    """A decimal that is no whole number of ticks or lots; the message names the nearest legal values."""


class ListingError(ExchangeError, ValueError):
    """A listing file that cannot be read; the message names the entry and the field."""


class StateError(ExchangeError, ValueError):
    """A state dump that this version cannot load."""
