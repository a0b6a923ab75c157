"""What requests bring to a gate, collateral or index tokens alike: filing, finality by size, and moves in the books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from indexmaker.ledger import Account, Movement
from indexmaker.solver import accounts
from indexmaker.solver.state import LotState, RequestLot
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import Finality

__all__ = ["WITHDRAWN", "book_arrival", "by_request", "gate_account", "lot_key", "move", "needed_finality", "take_out"]

Lot = TypeVar("Lot", bound=RequestLot)

WITHDRAWN = "withdrawn by its owner"
"""Why a lot is gone for good: its request cannot come again."""


def lot_key(chain_id: int, tx_hash: str, log_index: int) -> str:
    """How lots are filed."""
    return f"{chain_id}:{tx_hash.lower()}:{log_index}"


def by_request(lots: Mapping[str, Lot], chain_id: int, gate: str, request_id: int) -> Lot | None:
    """The lot of a request, unless it is gone."""
    for lot in lots.values():
        same = (lot.chain_id, lot.gate, lot.request_id) == (chain_id, gate, request_id)
        if same and lot.state is not LotState.GONE:
            return lot
    return None


def needed_finality(step: Step, value: int) -> Finality:
    """From which finality something worth `value` in collateral counts; FINAL where the configuration names none."""
    tiers = [tier for tier in step.state.config.finality if value >= tier.amount]
    if not tiers:
        return Finality.FINAL
    return max(tiers, key=lambda tier: (tier.amount, tier.finality.rank)).finality


def gate_account(lot: RequestLot, bucket: str) -> Account:
    """The user's pot for a lot: `unconfirmed`, `confirmed`, or `committed`."""
    return accounts.at_gate(lot.account, bucket, accounts.gate_place(lot.chain_id, lot.gate), lot.asset)


def book_arrival(step: Step, lot: RequestLot) -> None:
    """Take a new lot into the books."""
    source = accounts.chain(lot.chain_id, lot.asset)
    step.post(Movement.between(source, gate_account(lot, "unconfirmed"), amount=lot.amount))


def move(step: Step, lot: RequestLot, source: str, target: str) -> None:
    """Move a whole lot from one bucket to another."""
    step.post(Movement.between(gate_account(lot, source), gate_account(lot, target), amount=lot.amount))


def take_out(step: Step, lot: RequestLot) -> None:
    """Take a lot that was not committed out of the books."""
    bucket = "confirmed" if lot.state is LotState.CONFIRMED else "unconfirmed"
    source = accounts.chain(lot.chain_id, lot.asset)
    step.post(Movement.between(gate_account(lot, bucket), source, amount=lot.amount))
    lot.state = LotState.GONE
