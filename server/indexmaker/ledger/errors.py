"""What a ledger refuses.

LedgerError
├── UnbalancedMovement
└── Overdrawn
"""

from __future__ import annotations

__all__ = ["LedgerError", "Overdrawn", "UnbalancedMovement"]


class LedgerError(ValueError):
    """A movement that was refused; nothing was posted."""


class UnbalancedMovement(LedgerError):
    """The postings of one asset do not sum to zero."""


class Overdrawn(LedgerError):
    """A user's bucket would go below zero."""
