"""Double-entry accounts in memory: movements that sum to zero per asset, users never below zero."""

from __future__ import annotations

from indexmaker.ledger.accounts import Account, Movement, OwnerKind, Posting
from indexmaker.ledger.errors import LedgerError, OverdrawnError, UnbalancedError
from indexmaker.ledger.ledger import Ledger, LedgerState

__all__ = [
    "Account",
    "Ledger",
    "LedgerError",
    "LedgerState",
    "Movement",
    "OverdrawnError",
    "OwnerKind",
    "Posting",
    "UnbalancedError",
]
