"""Letting go of what is over: after the retention time the state keeps of it only what a repeated event needs.

An order goes when its money is settled for good and nobody else depends on what it holds: the trades that it shares
with the house's inventory or with open orders are needed to judge those. With orders go their requests, transfers,
payouts and batches. Everything stays in the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from indexmaker.solver.handlers.batch_reports import absorbed_id, cross_id
from indexmaker.solver.handlers.lots import close_request, terms_key
from indexmaker.solver.state import (
    Batch,
    IndexOrder,
    InventoryLot,
    LotState,
    PayoutStage,
    RequestLot,
    Short,
    TransferStage,
)
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import Finality

__all__ = ["prune"]

_ROUNDS = 8
"""How often in a retention time the state is looked through."""
_MOVED = (TransferStage.COMPLETED, TransferStage.WRITTEN_OFF)


def prune(step: Step) -> None:
    """Look through the state now and then; a retention time of 0 keeps everything."""
    state, retention = step.state, step.state.config.retention_ns
    if not retention or step.at < state.pruned_at + retention // _ROUNDS:
        return
    state.pruned_at = step.at
    before = step.at - retention
    pinned = _pinned_trades(step)
    for order in [one for one in state.orders.values() if _is_over(one, before) and not _holds(one, pinned)]:
        _prune_order(step, order)
    _prune_requests(step, before)
    _prune_transfers(step)
    _prune_settlements(step)
    _prune_batches(step, before, pinned)
    for quote_id in [one.quote_id for one in state.quotes.values() if _quote_is_over(step, one.quote_id, before)]:
        del state.quotes[quote_id]


def _is_over(order: IndexOrder, before: int) -> bool:
    """Ended before that time, and what was sent to the chain for it is final."""
    return order.state.final and order.state_since <= before and (order.settle_final or not order.settle_command)


def _quote_is_over(step: Step, quote_id: str, before: int) -> bool:
    quote = step.state.quotes[quote_id]
    held = quote_id in step.state.holding_quotes or quote.order_id in step.state.orders
    return quote.expires_at <= before and not held


def _trade(lot: InventoryLot | Short) -> str:
    return f"{lot.venue}:{lot.symbol}:{lot.trade_id}"


def _pinned_trades(step: Step) -> set[str]:
    """Trades of which something is still to be given out or accounted for."""
    state = step.state
    pinned = {_trade(lot) for lot in state.inventory} | {_trade(short) for short in state.shorts}
    for batch_id in state.open_batches:
        for pool in state.batches[batch_id].pools:
            pinned.update(_trade(lot) for lot in (*pool.held, *pool.selling))
    for order in state.orders.values():
        if not order.state.final or (order.settle_command and not order.settle_final):
            pinned.update(_trades_of(order))
    return pinned


def _trades_of(order: IndexOrder) -> Iterator[str]:
    return (f"{lot.venue}:{lot.symbol}:{lot.trade_id}" for lot in order.lots)


def _holds(order: IndexOrder, trades: set[str]) -> bool:
    return any(trade in trades for trade in _trades_of(order))


def _prune_order(step: Step, order: IndexOrder) -> None:
    state = step.state
    del state.orders[order.order_id]
    state.closed_orders[order.order_id] = order.state
    for lots, requests in ((state.lots, state.requests), (state.token_lots, state.token_requests)):
        lot: RequestLot | None = lots.get(order.lot_key)
        if lot is not None and lot.order_id == order.order_id and lot.state is LotState.COMMITTED:
            _prune_lot(step, lot)
            del lots[lot.key]
            requests.pop(terms_key(lot.chain_id, lot.gate, lot.request_id), None)


def _prune_lot(step: Step, lot: RequestLot) -> None:
    close_request(step, lot)
    name = terms_key(lot.chain_id, lot.gate, lot.request_id)
    step.state.terms.pop(name, None)
    step.state.redemption_limits.pop(name, None)


def _prune_requests(step: Step, before: int) -> None:
    """Requests that left their gates; one that is not final may come again and is then booked anew."""
    for lots in (step.state.lots, step.state.token_lots):
        for lot in [one for one in lots.values() if one.state is LotState.GONE and one.ended_at <= before]:
            if lot.finality is Finality.FINAL:
                _prune_lot(step, lot)
            del lots[lot.key]


def _prune_transfers(step: Step) -> None:
    """What carried pruned orders only. The newest transfer stays: it tells that collateral was ever sent."""
    state = step.state
    newest = max(state.transfers.values(), key=lambda one: (one.sequence, one.transfer_id), default=None)
    for transfer in list(state.transfers.values()):
        moved = transfer.stage in _MOVED and not _any_left(step, transfer.shares)
        if transfer is not newest and (moved or transfer.stage is TransferStage.DROPPED):
            del state.transfers[transfer.transfer_id]
            state.venue_deposits.pop(_deposit_key(step, transfer.index, transfer.deposit_id), None)
    for payout in list(state.payouts.values()):
        over = payout.stage in (PayoutStage.ARRIVED, PayoutStage.DROPPED)
        if over and not _any_left(step, payout.shares):
            del state.payouts[payout.payout_id]


def _deposit_key(step: Step, index: str, deposit_id: str) -> str:
    return f"{step.state.indices[index].venue}:{deposit_id}"


def _any_left(step: Step, shares: Iterable[tuple[str, int]]) -> bool:
    return any(order_id in step.state.orders for order_id, _ in shares)


def _prune_settlements(step: Step) -> None:
    """All but the newest, which tells that the keeper's wallet was ever used."""
    for settlements in (step.state.settlements, step.state.redemption_settlements):
        closed = [command for command, order_id in settlements.items() if order_id not in step.state.orders]
        for command in sorted(closed)[: len(settlements) - 1]:
            del settlements[command]


def _prune_batches(step: Step, before: int, pinned: set[str]) -> None:
    state = step.state
    exchanged = _exchanged(step)
    needed = {state.trades.get(trade, exchanged.get(trade.rpartition(":")[2], "")) for trade in pinned}
    for order in state.orders.values():
        needed.update(lot.batch_id for lot in order.lots)
        needed.update(state.trades.get(trade, "") for trade in _trades_of(order))
    needed.update(state.asset_orders[name].batch_id for name in state.live_asset_orders)
    gone = {b.batch_id for b in state.batches.values() if _batch_is_over(b, before) and b.batch_id not in needed}
    for batch_id in gone:
        _note_floors(step, state.batches[batch_id])
        del state.batches[batch_id]
    for name in [one.client_order_id for one in state.asset_orders.values() if one.batch_id in gone]:
        del state.asset_orders[name]
    for trade in [trade for trade, batch_id in state.trades.items() if batch_id in gone]:
        del state.trades[trade]
    for trade in [trade for trade in state.crosses if exchanged.get(trade.rpartition(":")[2]) in gone]:
        del state.crosses[trade]


def _exchanged(step: Step) -> dict[str, str]:
    """The batch of every trade id under which something changed hands inside a batch."""
    batches = step.state.batches.values()
    return {
        trade_id: batch.batch_id
        for batch in batches
        for pool in batch.pools
        for trade_id in (cross_id(batch, pool.asset), absorbed_id(batch, pool.asset))
    }


def _batch_is_over(batch: Batch, before: int) -> bool:
    return batch.closed and batch.opened_at <= before


def _note_floors(step: Step, batch: Batch) -> None:
    """Trades up to here were booked; venues count them upwards."""
    floors = step.state.trade_floors
    for leg in batch.legs:
        name = f"{leg.venue}:{leg.symbol}"
        known = [int(fill.trade_id) for fill in (*leg.fills, *leg.late) if fill.trade_id.isdecimal()]
        floors[name] = max([floors.get(name, 0), *known])
