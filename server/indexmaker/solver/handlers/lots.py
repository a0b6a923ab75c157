"""What requests bring to a gate, collateral or index tokens alike: filing, finality by size, and moves in the books."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import TypeVar

from indexmaker.ledger import Account, Movement
from indexmaker.solver import accounts
from indexmaker.solver.state import DepositLot, LotState, RequestLot, TokenLot
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import Finality

__all__ = [
    "RETRACTED",
    "WITHDRAWN",
    "book_arrival",
    "close_request",
    "commit_lot",
    "deposit_of",
    "gate_account",
    "is_closed",
    "lot_key",
    "lots_at_gates",
    "move",
    "needed_finality",
    "removed_lots",
    "take_out",
    "terms_key",
    "tokens_of",
]

Lot = TypeVar("Lot", bound=RequestLot)

RETRACTED = "retracted by a reorg"
WITHDRAWN = "withdrawn by its owner"
"""Why a lot is gone for good: its request cannot come again."""


def lot_key(chain_id: int, tx_hash: str, log_index: int) -> str:
    """How lots are filed."""
    return f"{chain_id}:{tx_hash.lower()}:{log_index}"


def terms_key(chain_id: int, gate: str, request_id: int) -> str:
    """How requests, and their limits, are filed."""
    return f"{chain_id}:{gate.lower()}:{request_id}"


def deposit_of(step: Step, chain_id: int, gate: str, request_id: int) -> DepositLot | None:
    """The lot of a deposit, unless it is gone."""
    return step.state.lots.get(step.state.requests.get(terms_key(chain_id, gate, request_id), ""))


def tokens_of(step: Step, chain_id: int, gate: str, request_id: int) -> TokenLot | None:
    """The lot of a redemption, unless it is gone."""
    return step.state.token_lots.get(step.state.token_requests.get(terms_key(chain_id, gate, request_id), ""))


def lots_at_gates(step: Step, account: str) -> list[str]:
    """Keys of an account's lots of both kinds that are in a gate and not committed."""
    return sorted(step.state.account_lots.get(account, ()))


def removed_lots(step: Step, lots: Mapping[str, Lot]) -> list[Lot]:
    """Lots that left their gate while their commit was on the way, oldest first."""
    waiting = (lots.get(key) for keys in step.state.account_lots.values() for key in keys)
    return sorted((lot for lot in waiting if lot is not None and lot.removed), key=lambda lot: (lot.sequence, lot.key))


def close_request(step: Step, lot: RequestLot) -> None:
    """Remember that a request is over for good; runs of neighbours are kept as one."""
    runs = step.state.closed_requests.setdefault(f"{lot.chain_id}:{lot.gate}", [])
    place = bisect_left(runs, (lot.request_id, lot.request_id))
    first, last = lot.request_id, lot.request_id
    if place < len(runs) and runs[place][0] <= last + 1:
        last = max(last, runs.pop(place)[1])
    if place and runs[place - 1][1] >= first - 1:
        place -= 1
        first, before = runs.pop(place)
        last = max(last, before)
    runs.insert(place, (first, last))


def is_closed(step: Step, chain_id: int, gate: str, request_id: int) -> bool:
    """Whether a request is over for good and no longer kept."""
    runs = step.state.closed_requests.get(f"{chain_id}:{gate.lower()}", [])
    place = bisect_right(runs, request_id, key=lambda run: run[0])
    return place > 0 and runs[place - 1][1] >= request_id


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
    _requests(step, lot)[terms_key(lot.chain_id, lot.gate, lot.request_id)] = lot.key
    step.state.account_lots.setdefault(lot.account, set()).add(lot.key)
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
    lot.ended_at = step.at
    _leave_gate(step, lot)
    _requests(step, lot).pop(terms_key(lot.chain_id, lot.gate, lot.request_id), None)


def commit_lot(step: Step, lot: RequestLot) -> None:
    """The gate holds a lot no longer for its owner: collateral has left it, tokens are locked."""
    lot.state = LotState.COMMITTED
    _leave_gate(step, lot)


def _leave_gate(step: Step, lot: RequestLot) -> None:
    keys = step.state.account_lots.get(lot.account, set())
    keys.discard(lot.key)
    if not keys:
        step.state.account_lots.pop(lot.account, None)


def _requests(step: Step, lot: RequestLot) -> dict[str, str]:
    return step.state.token_requests if isinstance(lot, TokenLot) else step.state.requests
