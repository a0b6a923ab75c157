"""What a ledger refuses.

LedgerError
├── UnbalancedError
└── OverdrawnError
"""

from __future__ import annotations

__all__ = ["LedgerError", "OverdrawnError", "UnbalancedError"]


class LedgerError(ValueError):
    """A movement that was refused; nothing was posted."""


class UnbalancedError(LedgerError):
    """The postings of one asset do not sum to zero."""


class OverdrawnError(LedgerError):
    """A user's bucket would go below zero."""
