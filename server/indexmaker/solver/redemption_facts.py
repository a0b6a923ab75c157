"""The raw facts about one redemption, gathered from what was recorded when they happened."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from indexmaker.solver.commands import RedemptionInvoice
from indexmaker.solver.events import RedemptionSeen
from indexmaker.solver.facts import order_as_asked, trades_named
from indexmaker.solver.guardian import Check, Discrepancy, TransferFacts, trade_key
from indexmaker.solver.handlers.lots import terms_key
from indexmaker.solver.redemption_guardian import RedemptionFacts, verify_redemption
from indexmaker.solver.state import Index, IndexOrder, SolverState, TokenLot
from indexmaker.solver.vocabulary import Side

__all__ = ["redemption_facts_of", "review_redemption"]


def review_redemption(state: SolverState, invoice: RedemptionInvoice) -> tuple[Discrepancy, ...]:
    """Gather the facts and verify; an invoice about things never seen is a discrepancy too."""
    facts = redemption_facts_of(state, invoice)
    if facts is None:
        text = "no such sell order, or its request or index is not known"
        return (Discrepancy(check=Check.IDENTITY, text=text),)
    return verify_redemption(invoice, facts)


def redemption_facts_of(state: SolverState, invoice: RedemptionInvoice) -> RedemptionFacts | None:
    """The facts about a redemption's order; None when something it rests on was never seen."""
    order = state.orders.get(invoice.order_id)
    if order is None or order.side is not Side.SELL:
        return None
    lot = state.token_lots.get(order.lot_key)
    index = state.indices.get(order.index)
    if lot is None or index is None:
        return None
    names = {trade_key(part.venue, part.symbol, part.trade_id) for part in invoice.lots}
    executions, fee_values = trades_named(state, names)
    return RedemptionFacts(
        request=_request(lot),
        limits=state.redemption_limits.get(terms_key(lot.chain_id, lot.gate, lot.request_id)),
        order=order_as_asked(order),
        order_id=order.order_id,
        index=_index_then(index, order),
        rate=order.management_fee,
        payout=_payout(state, order),
        executions=executions,
        fee_values=fee_values,
        mids={
            (batch_id, pool.asset): pool.mid
            for batch_id in {part.batch_id for part in invoice.lots} & state.batches.keys()
            for pool in state.batches[batch_id].pools
        },
        taken=_sum(_sold_by_others(state, order), names),
        crossed={name: state.crosses[name] for name in names & state.crosses.keys()},
    )


def _request(lot: TokenLot) -> RedemptionSeen:
    return RedemptionSeen(
        chain_id=lot.chain_id,
        tx_hash=lot.tx_hash,
        log_index=int(lot.key.rpartition(":")[2]),
        request_id=lot.request_id,
        gate=lot.gate,
        account=lot.account,
        units=lot.amount,
        finality=lot.finality,
    )


def _index_then(index: Index, order: IndexOrder) -> Index:
    """The index with the basket that the order was sold by."""
    if not order.units:
        return msgspec.structs.replace(index, version=order.version)
    return msgspec.structs.replace(index, quantities=order.quantities, version=order.version)


def _payout(state: SolverState, order: IndexOrder) -> TransferFacts | None:
    payout = state.payouts.get(order.transfer_id)
    if payout is None:
        return None
    return TransferFacts(shares=payout.shares, quoted_out=payout.quoted_out, arrived=payout.arrived)


def _sold_by_others(state: SolverState, order: IndexOrder) -> Iterator[tuple[str, int]]:
    """What other sell orders and the house have of sales."""
    for other in state.orders.values():
        if other is not order and other.side is Side.SELL:
            for lot in other.lots:
                yield trade_key(lot.venue, lot.symbol, lot.trade_id), lot.quantity
    for short in state.shorts:
        yield trade_key(short.venue, short.symbol, short.trade_id), short.quantity


def _sum(parts: Iterator[tuple[str, int]], names: set[str]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, quantity in parts:
        if name in names:
            sums[name] = sums.get(name, 0) + quantity
    return sums
