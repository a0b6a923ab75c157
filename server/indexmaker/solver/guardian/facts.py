"""The raw facts that an account is judged by."""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.money import ATOMS
from indexmaker.solver.events import DepositSeen, ExecutionReported, OrderSubmitted, RedemptionSeen, RedemptionTerms
from indexmaker.solver.state import Index
from indexmaker.solver.vocabulary import Value

__all__ = ["AccountFacts", "InvoiceFacts", "RedemptionFacts", "TransferFacts", "cross_key", "trade_key"]

_RELIEF = ATOMS // 50


def trade_key(venue: str, symbol: str, trade_id: str) -> str:
    """How trades are named in the facts."""
    return f"{venue}:{symbol}:{trade_id}"


def cross_key(batch_id: str, asset: str) -> str:
    """The trade id of what orders of one batch gave each other of one asset."""
    return f"x-{batch_id}-{asset}"


class TransferFacts(Value, frozen=True, kw_only=True):
    """The shared transfer: what each order put in (in the order of the transfer), was quoted, and arrived."""

    shares: tuple[tuple[str, int], ...]
    quoted_out: int
    arrived: int


class AccountFacts(Value, frozen=True, kw_only=True):
    """What buys and sells have in common.

    `executions`, `taken` and `batches` are by `trade_key`; `fee_values` is the collateral value of commissions in
    third assets; `mids` are the mid prices of the books by (batch, asset), for lots from inventory and crosses;
    `taken` is the quantity of each trade or cross that other accounts and the house have; `crossed` is what the other
    side of each cross gave; `batches` the batch that each trade belongs to; `bases` the asset of each "venue:symbol".
    `relief` is the share of the account's value that the house may charge less than it could before a person has to
    look; `deadline_until` the latest deadline that may be signed (0: not looked at).
    """

    order: OrderSubmitted
    order_id: str
    index: Index
    transfer: TransferFacts
    executions: Mapping[str, ExecutionReported]
    fee_values: Mapping[str, int]
    mids: Mapping[tuple[str, str], int]
    taken: Mapping[str, int]
    crossed: Mapping[str, int] = {}  # noqa: RUF012 - facts are never changed
    batches: Mapping[str, str] | None = None
    bases: Mapping[str, str] | None = None
    relief: int = _RELIEF
    deadline_until: int = 0


class InvoiceFacts(AccountFacts, frozen=True, kw_only=True):
    """Raw facts about one buy order."""

    deposit: DepositSeen


class RedemptionFacts(AccountFacts, frozen=True, kw_only=True):
    """Raw facts about one sell order; `terms` are the limits of its request, if it has any."""

    escrow: RedemptionSeen
    terms: RedemptionTerms | None = None
