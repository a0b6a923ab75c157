"""The raw facts that an account is judged by."""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.money import ATOMS
from indexmaker.solver.events import DepositSeen, ExecutionReported, OrderSubmitted
from indexmaker.solver.state import Index
from indexmaker.solver.vocabulary import Value

__all__ = ["ContextFacts", "InvoiceFacts", "TransferFacts", "trade_key"]

_RELIEF = ATOMS // 50


def trade_key(venue: str, symbol: str, trade_id: str) -> str:
    """How trades are named in the facts."""
    return f"{venue}:{symbol}:{trade_id}"


class TransferFacts(Value, frozen=True, kw_only=True):
    """The shared transfer: what each order put in (in the order of the transfer), was quoted, and arrived."""

    shares: tuple[tuple[str, int], ...]
    quoted_out: int
    arrived: int


class InvoiceFacts(Value, frozen=True, kw_only=True):
    """Raw facts about one buy order.

    `executions` and `taken` are by `trade_key`; `fee_values` is the collateral value of commissions in third assets;
    `mids` are the mid prices of the books by (batch, asset), for lots from inventory and crosses; `taken` is the
    quantity of each trade or cross that other accounts and the house have; `crossed` is what the other side of each
    cross gave, to orders and to the house.
    `relief` is the share of the deposit that the house may charge less than it could before a person has
    to look.
    """

    deposit: DepositSeen
    order: OrderSubmitted
    order_id: str
    index: Index
    transfer: TransferFacts
    executions: Mapping[str, ExecutionReported]
    fee_values: Mapping[str, int]
    mids: Mapping[tuple[str, str], int]
    taken: Mapping[str, int]
    crossed: Mapping[str, int] = {}
    relief: int = _RELIEF


class ContextFacts(Value, frozen=True, kw_only=True):
    """What else an account, of either side, is held against.

    `arrival_tx` is the transaction that brought the deposit or the escrow; `transfer_id` what carried the deposit, or
    the proceeds; `batches` the batch of each trade by
    `trade_key`; `bases` the asset of each "venue:symbol"; `deadline_until` the latest deadline that may be signed.
    """

    arrival_tx: str
    transfer_id: str
    batches: Mapping[str, str]
    bases: Mapping[str, str]
    deadline_until: int
