"""The raw facts about one invoice, gathered from what was recorded when they happened."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from indexmaker.solver.commands import Invoice
from indexmaker.solver.events import DepositSeen, ExecutionReported, OrderSubmitted
from indexmaker.solver.guardian import (
    Check,
    Discrepancy,
    InvoiceFacts,
    TransferFacts,
    trade_key,
    verify_invoice,
)
from indexmaker.solver.state import DepositLot, Fill, Index, IndexOrder, SolverState, Transfer

__all__ = ["facts_of", "order_as_asked", "review_invoice", "trades_named"]


def review_invoice(state: SolverState, invoice: Invoice) -> tuple[Discrepancy, ...]:
    """Gather the facts and verify; an invoice about things never seen is a discrepancy too."""
    facts = facts_of(state, invoice)
    if facts is None:
        text = "no such order, or its deposit, index or transfer is not known"
        return (Discrepancy(check=Check.IDENTITY, text=text),)
    return verify_invoice(invoice, facts)


def facts_of(state: SolverState, invoice: Invoice) -> InvoiceFacts | None:
    """The facts about an invoice's order; None when something it rests on was never seen."""
    order = state.orders.get(invoice.order_id)
    if order is None:
        return None
    lot = state.lots.get(order.lot_key)
    index = state.indices.get(order.index)
    transfer = state.transfers.get(order.transfer_id)
    if lot is None or index is None or transfer is None:
        return None
    names = {trade_key(part.venue, part.symbol, part.trade_id) for part in invoice.lots}
    executions, fee_values = trades_named(state, names)
    return InvoiceFacts(
        deposit=_deposit(lot),
        order=order_as_asked(order),
        order_id=order.order_id,
        index=_index_then(index, order),
        transfer=_transfer(state, transfer, index),
        executions=executions,
        fee_values=fee_values,
        mids={
            (batch_id, pool.asset): pool.mid
            for batch_id in {part.batch_id for part in invoice.lots} & state.batches.keys()
            for pool in state.batches[batch_id].pools
        },
        taken=_taken(state, order, names),
        crossed=_crossed(state, names),
    )


def _deposit(lot: DepositLot) -> DepositSeen:
    return DepositSeen(
        chain_id=lot.chain_id,
        tx_hash=lot.tx_hash,
        log_index=int(lot.key.rpartition(":")[2]),
        request_id=lot.request_id,
        gate=lot.gate,
        account=lot.account,
        amount=lot.amount,
        finality=lot.finality,
    )


def order_as_asked(order: IndexOrder) -> OrderSubmitted:
    """The instruction as it was submitted, with the terms as amended."""
    return OrderSubmitted(
        client_order_id=order.client_order_id,
        account=order.account,
        side=order.side,
        index=order.index,
        amount=order.amount,
        max_price=order.max_price,
        min_units=order.min_units,
        max_fee=order.max_fee,
        expires_at=order.expires_at,
        signature_digest=order.signature_digest,
    )


def _index_then(index: Index, order: IndexOrder) -> Index:
    """The index with the fee that the order was taken at and the basket that it was filled by."""
    then = msgspec.structs.replace(index, management_fee=order.management_fee)
    if order.quantities:
        then.quantities, then.version = order.quantities, order.version
    else:
        then.version = order.version
    return then


def _transfer(state: SolverState, transfer: Transfer, index: Index) -> TransferFacts:
    deposit = state.venue_deposits.get(f"{index.venue}:{transfer.deposit_id}")
    arrived = deposit.amount if deposit is not None else transfer.quoted_out
    return TransferFacts(shares=transfer.shares, quoted_out=transfer.quoted_out, arrived=arrived)


def trades_named(state: SolverState, names: set[str]) -> tuple[dict[str, ExecutionReported], dict[str, int]]:
    """Our venue trades of these names, and the value of each one's commission in collateral."""
    executions: dict[str, ExecutionReported] = {}
    fee_values: dict[str, int] = {}
    batches = {state.trades.get(name, "") for name in names}
    for batch_id in batches & state.batches.keys():
        batch = state.batches[batch_id]
        for leg in batch.legs:
            for fill in (*leg.fills, *leg.late):
                name = trade_key(leg.venue, fill.symbol, fill.trade_id)
                if name in names:
                    executions[name] = _execution(leg.venue, fill)
                    fee_values[name] = fill.fee
    return executions, fee_values


def _execution(venue: str, fill: Fill) -> ExecutionReported:
    return ExecutionReported(
        venue=venue,
        symbol=fill.symbol,
        trade_id=fill.trade_id,
        client_order_id=fill.client_order_id,
        price=fill.price,
        quantity=fill.quantity,
        commission=fill.commission,
        commission_asset=fill.commission_asset,
        at=fill.at,
    )


def _taken(state: SolverState, order: IndexOrder, names: set[str]) -> dict[str, int]:
    """What other orders and the house have of these trades."""
    taken: dict[str, int] = {}
    ids = {name.rpartition(":")[2] for name in names}
    for name, quantity in _holdings(state, order, ids):
        if name in names:
            taken[name] = taken.get(name, 0) + quantity
    return taken


def _crossed(state: SolverState, names: set[str]) -> dict[str, int]:
    """What the sellers of a batch gave to its buyers, and to the house's inventory."""
    return {name: state.crosses[name] for name in names & state.crosses.keys()}


def _holdings(state: SolverState, order: IndexOrder, ids: set[str]) -> Iterator[tuple[str, int]]:
    """Lots of others by the name of their trade, those of other orders only where a trade id is one of `ids`."""
    for other in state.orders.values():
        if other is not order and other.side is order.side:
            for lot in other.lots:
                if lot.trade_id in ids:
                    yield trade_key(lot.venue, lot.symbol, lot.trade_id), lot.quantity
    for held in state.inventory:
        yield trade_key(held.venue, held.symbol, held.trade_id), held.quantity
    for batch_id in state.open_batches:
        for pool in state.batches[batch_id].pools:
            for held in (*pool.held, *pool.selling):
                yield trade_key(held.venue, held.symbol, held.trade_id), held.quantity
