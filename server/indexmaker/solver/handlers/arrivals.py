"""The far end of a transfer: what its connector says, and the venue's deposit record that makes it true."""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.ledger import Movement, Posting
from indexmaker.money import format_atoms
from indexmaker.solver import accounts
from indexmaker.solver.commands import ConfirmArrival
from indexmaker.solver.events import TransferUpdated, VenueDepositSeen
from indexmaker.solver.handlers.settlement import make_mintable
from indexmaker.solver.handlers.terms import apply_price_limit, tradable_amount
from indexmaker.solver.routing_fees import split_in_units
from indexmaker.solver.state import IndexOrder, Transfer, TransferStage, VenueDeposit
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState, TransferState

__all__ = ["on_transfer_updated", "on_venue_deposit"]

_ENDED = (TransferStage.DROPPED, TransferStage.COMPLETED, TransferStage.WRITTEN_OFF)
_STOPPED = (TransferState.FAILED, TransferState.REFUNDED, TransferState.NEEDS_OPERATOR)


def on_transfer_updated(step: Step, event: TransferUpdated) -> None:
    """Take the transfer's state; a stopped one alerts a person, and goes on if the connector says so later."""
    transfer = step.state.transfers.get(event.transfer_id)
    if transfer is None or transfer.stage in _ENDED:
        return
    changed = transfer.last is not event.state
    transfer.last = event.state
    transfer.fees = event.fees or transfer.fees
    transfer.external_id = event.external_id or transfer.external_id
    hops = {*transfer.hops, *(tx.lower() for tx in event.hop_tx_hashes)}
    transfer.hops = tuple(sorted(hops))
    if event.state in (TransferState.FAILED, TransferState.REFUNDED):
        step.confirm(derived_id("ts", transfer.transfer_id))
    if event.state in _STOPPED and changed:
        orders = [order_id for order_id, _ in transfer.shares]
        text = f"{event.state}: {event.reason or 'no reason given'}"
        step.alert("TRANSFER", transfer.transfer_id, text, *orders)
    if transfer.stage is TransferStage.ARRIVED and event.state is TransferState.COMPLETED:
        transfer.stage = TransferStage.COMPLETED
        step.confirm(derived_id("ts", transfer.transfer_id))
        step.confirm(derived_id("ta", transfer.transfer_id))
        return
    for key in sorted(step.state.unmatched_deposits):
        _match(step, transfer, step.state.venue_deposits[key])


def on_venue_deposit(step: Step, event: VenueDepositSeen) -> None:
    """Take a record of the venue; credited, it completes the transfer whose transaction it names."""
    key = f"{event.venue}:{event.deposit_id}"
    deposit = step.state.venue_deposits.get(key)
    if deposit is None:
        deposit = VenueDeposit(
            key=key,
            venue=event.venue,
            asset=event.asset,
            amount=event.amount,
            tx_hash=event.tx_hash.lower(),
            deposit_id=event.deposit_id,
            credited=event.credited,
        )
        step.state.venue_deposits[key] = deposit
        step.state.unmatched_deposits.add(key)
    if not deposit.credited:
        deposit.amount = event.amount  # a venue may announce one amount and credit another
    deposit.credited = deposit.credited or event.credited
    moving = [step.state.transfers[transfer_id] for transfer_id in step.state.moving_transfers]
    for transfer in sorted(moving, key=lambda t: (t.sequence, t.transfer_id)):
        _match(step, transfer, deposit)


def _match(step: Step, transfer: Transfer, deposit: VenueDeposit) -> None:
    index = step.state.indices[transfer.index]
    free = deposit.credited and not deposit.transfer_id and transfer.stage is TransferStage.MOVING
    same = (deposit.venue, deposit.asset) == (index.venue, index.collateral)
    if free and same and deposit.tx_hash in transfer.hops:
        _arrive(step, transfer, deposit)


def _arrive(step: Step, transfer: Transfer, deposit: VenueDeposit) -> None:
    """Book the arrival. Each order pays its share of the fee, never more than was quoted."""
    index = step.state.indices[transfer.index]
    deposit.transfer_id = transfer.transfer_id
    transfer.deposit_id = deposit.deposit_id
    transfer.stage = TransferStage.ARRIVED
    step.state.moving_transfers.discard(transfer.transfer_id)
    step.state.unmatched_deposits.discard(deposit.key)
    if deposit.amount < transfer.quoted_out:
        short = format_atoms(transfer.quoted_out - deposit.amount)
        step.alert("SHORT_ARRIVAL", transfer.transfer_id, f"{short} less than quoted arrived; the house bears it")
    quoted = max(0, transfer.amount - transfer.quoted_out)
    real = max(0, transfer.amount - deposit.amount)
    charged = split_in_units(min(quoted, real), list(transfer.shares), unit=index.unit)
    postings: list[Posting] = []
    for order_id, share in transfer.shares:
        order = step.state.orders[order_id]
        order.routing_fee = charged[order_id]
        venue = accounts.at_venue(order.account, "routed", index.venue, index.collateral)
        postings.append(Posting(accounts.in_transit(order.account, index.collateral), -share))
        postings.append(Posting(venue, share - charged[order_id]))
    cash = accounts.house_cash(accounts.venue_place(index.venue), index.collateral)
    postings.append(Posting(cash, min(quoted, real) - (transfer.amount - deposit.amount)))
    postings.append(Posting(accounts.bridge(index.collateral), transfer.amount - deposit.amount))
    step.post(Movement(tuple(postings)))
    step.send(
        ConfirmArrival(
            command_id=derived_id("ta", transfer.transfer_id),
            transfer_id=transfer.transfer_id,
            external_id=deposit.deposit_id,
            amount=deposit.amount,
        )
    )
    for order_id, _ in transfer.shares:
        _make_ready(step, step.state.orders[order_id])


def _make_ready(step: Step, order: IndexOrder) -> None:
    """What is left after routing and the management fee on all of it may be traded with."""
    order.tradable = tradable_amount(order)
    apply_price_limit(order)
    step.enter(order, OrderState.READY)
    step.tell(order, ExecType.STATUS, text="collateral ready on the venue")
    if order.ending is not None:
        make_mintable(step, order)
