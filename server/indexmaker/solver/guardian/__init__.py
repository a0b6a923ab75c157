"""The guardian: recomputes an account from raw facts, without the engine's word for it, and says what does not fit.

The facts are what was journaled (the deposit, the order, the index, the transfer, the venue's trades), what other
accounts and the house took of the same trades, and what venue and chain say when they are asked. Pure; an empty
answer means that the account may be signed.
"""

from indexmaker.solver.guardian.context import verify_context
from indexmaker.solver.guardian.facts import ContextFacts, InvoiceFacts, TransferFacts, trade_key
from indexmaker.solver.guardian.findings import Check, Discrepancy
from indexmaker.solver.guardian.mint import verify_invoice
from indexmaker.solver.guardian.witnesses import (
    ChainRequest,
    Settled,
    verify_on_chain,
    verify_settlement,
    verify_trades,
)

__all__ = [
    "ChainRequest",
    "Check",
    "ContextFacts",
    "Discrepancy",
    "InvoiceFacts",
    "Settled",
    "TransferFacts",
    "trade_key",
    "verify_context",
    "verify_invoice",
    "verify_on_chain",
    "verify_settlement",
    "verify_trades",
]
