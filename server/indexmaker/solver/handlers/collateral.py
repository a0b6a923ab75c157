"""Deposits on the gates: seen, confirmed by policy, retracted by a reorg, withdrawn by their owner."""

from __future__ import annotations

from indexmaker.solver.events import CommitFailed, DepositRetracted, DepositSeen, DepositTerms, DepositWithdrawn
from indexmaker.solver.handlers import routing
from indexmaker.solver.handlers.funding import fund_account
from indexmaker.solver.handlers.lots import (
    RETRACTED,
    WITHDRAWN,
    book_arrival,
    deposit_of,
    is_closed,
    lot_key,
    move,
    needed_finality,
    removed_lots,
    take_out,
    terms_key,
)
from indexmaker.solver.handlers.routing import leave_transfer
from indexmaker.solver.state import DepositLot, GateTerms, LotState
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, Finality, OrderState

__all__ = [
    "on_commit_failed",
    "on_deposit_retracted",
    "on_deposit_seen",
    "on_deposit_terms",
    "on_deposit_withdrawn",
]


def on_deposit_seen(step: Step, event: DepositSeen) -> None:
    """Book a deposit once, and credit it when its finality is enough for its size."""
    key = lot_key(event.chain_id, event.tx_hash, event.log_index)
    lot = step.state.lots.get(key)
    if lot is None or lot.state is LotState.GONE:
        if is_closed(step, event.chain_id, event.gate, event.request_id):
            return
        if lot is not None and lot.finality is Finality.FINAL:
            return
        lot = _book(step, event, key)
        if lot is None:
            return
    else:
        lot.block_hash = event.block_hash
        if lot.removed == RETRACTED:
            lot.removed = ""  # it is there again
        if event.finality.rank > lot.finality.rank:
            lot.finality = event.finality
    if lot.state is LotState.UNCONFIRMED and lot.finality.rank >= needed_finality(step, lot.amount).rank:
        move(step, lot, "unconfirmed", "confirmed")
        lot.state = LotState.CONFIRMED
        fund_account(step, lot.account)


def on_deposit_retracted(step: Step, event: DepositRetracted) -> None:
    """Take a deposit back out, with what depends on it; after the commit only a person can judge."""
    lot = step.state.lots.get(lot_key(event.chain_id, event.tx_hash, event.log_index))
    if lot is not None and event.block_hash in ("", lot.block_hash):
        _remove(step, lot, RETRACTED)


def on_deposit_withdrawn(step: Step, event: DepositWithdrawn) -> None:
    """The owner took the request back on the gate; final, so the lot cannot come again."""
    lot = deposit_of(step, event.chain_id, event.gate, event.request_id)
    if lot is not None:
        _withdraw(step, lot)


def _withdraw(step: Step, lot: DepositLot) -> None:
    _remove(step, lot, WITHDRAWN)
    if lot.state is LotState.GONE:
        lot.finality = Finality.FINAL


def _book(step: Step, event: DepositSeen, key: str) -> DepositLot | None:
    gate = event.gate.lower()
    twin = deposit_of(step, event.chain_id, gate, event.request_id)
    if event.amount <= 0 or (twin is not None and twin.key != key):
        text = "a second deposit with this request id, or without an amount: not booked"
        step.alert("DEPOSIT", key, text)
        return None
    indices = step.state.indices.values()
    index = next((i for i in indices if (i.chain_id, i.gate) == (event.chain_id, gate)), None)
    lot = DepositLot(
        key=key,
        sequence=step.sequence,
        chain_id=event.chain_id,
        tx_hash=event.tx_hash,
        request_id=event.request_id,
        gate=gate,
        account=event.account.lower(),
        asset=index.collateral if index else "USDC",
        amount=event.amount,
        finality=event.finality,
        state=LotState.UNCONFIRMED,
        block_hash=event.block_hash,
    )
    step.state.lots[key] = lot
    book_arrival(step, lot)
    return lot


def _remove(step: Step, lot: DepositLot, why: str) -> None:
    if lot.state is LotState.GONE:
        return
    order = step.state.orders.get(lot.order_id)
    committed = lot.state is LotState.COMMITTED
    if committed or (order is not None and not leave_transfer(step, order)):
        lot.removed = "" if committed else why
        told = (order.order_id,) if order is not None else ()
        step.alert("DEPOSIT", lot.key, f"{why} after its commit was sent", *told)
        return
    take_out(step, lot)
    if order is not None:
        step.enter(order, OrderState.PENDING_COLLATERAL)
        step.tell(order, ExecType.STATUS, text=f"its deposit was {why}")
        fund_account(step, order.account)


def on_deposit_terms(step: Step, event: DepositTerms) -> None:
    """Keep the limits of a request; they are looked at before its collateral is committed."""
    if is_closed(step, event.chain_id, event.gate, event.request_id):
        return
    key = terms_key(event.chain_id, event.gate, event.request_id)
    step.state.terms[key] = GateTerms(min_units=event.min_units, max_fee=event.max_fee)


def on_commit_failed(step: Step, event: CommitFailed) -> None:
    """Nothing moved: the transfer ends, then what left its gate meanwhile is taken out."""
    routing.on_commit_failed(step, event)
    _apply_removals(step)


def _apply_removals(step: Step) -> None:
    """Take out the deposits that left their gate while it was on the way."""
    for lot in removed_lots(step, step.state.lots):
        why, lot.removed = lot.removed, ""
        if why == WITHDRAWN:
            _withdraw(step, lot)
        else:
            _remove(step, lot, why)
