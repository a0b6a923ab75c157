"""The facts that the guardian keeps, and how one event adds to them."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any

import msgspec

from indexmaker.money import ATOMS
from indexmaker.solver import events as ev
from indexmaker.solver.commands import (
    BatchReport,
    ConfirmArrival,
    IndexOrderReport,
    SolverCommand,
    SolverReport,
    StartTransfer,
)
from indexmaker.solver.guardian import trade_key
from indexmaker.solver.state import SolverState, order_id_of
from indexmaker.solver.vocabulary import ExecType

__all__ = ["EvidenceRecord", "fold"]

_Outputs = Sequence[SolverCommand | SolverReport]


class EvidenceRecord(msgspec.Struct, kw_only=True):
    """Requests by `request_key`, orders by order id (as amended), trades by `trade_key`, the rest by its own id.

    `arrived` is what the venue credited for a transfer; `mids` are by "batch:asset"; `baskets` are all quantities that
    were journaled under "symbol:version"; `at` is the time of the last event.
    """

    at: int = 0
    deposits: dict[str, ev.DepositSeen] = msgspec.field(default_factory=dict)
    escrows: dict[str, ev.RedemptionSeen] = msgspec.field(default_factory=dict)
    orders: dict[str, ev.OrderSubmitted] = msgspec.field(default_factory=dict)
    amended: set[str] = msgspec.field(default_factory=set)
    executions: dict[str, ev.ExecutionReported] = msgspec.field(default_factory=dict)
    shares: dict[str, tuple[tuple[str, int], ...]] = msgspec.field(default_factory=dict)
    quoted: dict[str, int] = msgspec.field(default_factory=dict)
    credits: dict[str, int] = msgspec.field(default_factory=dict)
    arrived: dict[str, int] = msgspec.field(default_factory=dict)
    mids: dict[str, int] = msgspec.field(default_factory=dict)
    bases: dict[str, str] = msgspec.field(default_factory=dict)
    baskets: dict[str, list[tuple[tuple[str, int], ...]]] = msgspec.field(default_factory=dict)

    @staticmethod
    def request_key(chain_id: int, gate: str, request_id: int) -> str:
        """How requests are filed."""
        return f"{chain_id}:{gate.lower()}:{request_id}"


def fold(record: EvidenceRecord, event: ev.SolverEvent, outputs: _Outputs, *, state: SolverState, at: int) -> None:
    """Add one event; `outputs` and `state` are what the replica made of it."""
    record.at = max(record.at, at)
    match event:
        case ev.DepositSeen():
            record.deposits[record.request_key(event.chain_id, event.gate, event.request_id)] = event
        case ev.DepositRetracted() | ev.RedemptionRetracted():
            _retract(record, event)
        case ev.RedemptionSeen():
            record.escrows[record.request_key(event.chain_id, event.gate, event.request_id)] = event
        case ev.OrderSubmitted():
            record.orders.setdefault(order_id_of(event.account, event.client_order_id), event)
        case ev.OrderAmendRequested():
            _amend(record, event, outputs)
        case ev.ExecutionReported():
            record.executions.setdefault(trade_key(event.venue, event.symbol, event.trade_id), event)
        case _:
            _fold_market(record, event, outputs)
    _take_outputs(record, outputs)
    for index in state.indices.values():
        if f"{index.symbol}:{index.version}" not in record.baskets:
            _note_basket(record, index.symbol, index.version, index.quantities)


def _fold_market(record: EvidenceRecord, event: ev.SolverEvent, outputs: _Outputs) -> None:
    match event:
        case ev.VenueDepositSeen(credited=True):
            record.credits.setdefault(event.deposit_id, event.amount)
        case ev.InstrumentsUpdated():
            record.bases |= {f"{event.venue}:{one.symbol}": one.base for one in event.instruments}
        case ev.BatchSolve():
            _note_mids(record, event, outputs)
        case ev.IndexCreated():
            _note_basket(record, event.symbol, event.version, _defined(event))


def _retract(record: EvidenceRecord, event: ev.DepositRetracted | ev.RedemptionRetracted) -> None:
    """Forget a request that a reorg took back, if it is still known in that very block."""
    kept: MutableMapping[str, Any] = record.deposits if isinstance(event, ev.DepositRetracted) else record.escrows
    place = (event.chain_id, event.tx_hash, event.log_index)
    for key, seen in list(kept.items()):
        same = (seen.chain_id, seen.tx_hash, seen.log_index) == place
        if same and event.block_hash in ("", seen.block_hash):
            del kept[key]


def _take_outputs(record: EvidenceRecord, outputs: _Outputs) -> None:
    for output in outputs:
        if isinstance(output, StartTransfer):
            record.shares[output.transfer_id] = tuple((one.order_id, one.amount) for one in output.contributions)
            record.quoted[output.transfer_id] = output.min_out
        elif isinstance(output, ConfirmArrival):
            record.arrived[output.transfer_id] = record.credits.get(output.external_id, 0)


def _amend(record: EvidenceRecord, event: ev.OrderAmendRequested, outputs: _Outputs) -> None:
    """Take over terms that the replica took; the same amend told again changes nothing."""
    order_id = order_id_of(event.account, event.client_order_id)
    name = f"{order_id}:{event.amend_id}"
    order = record.orders.get(order_id)
    taken = any(isinstance(one, IndexOrderReport) and one.exec_type is ExecType.REPLACED for one in outputs)
    if order is None or not taken or name in record.amended:
        return
    record.amended.add(name)
    changes = {
        field: value
        for field in ("amount", "max_price", "max_fee", "expires_at")
        if (value := getattr(event, field)) is not None
    }
    record.orders[order_id] = msgspec.structs.replace(order, **changes)


def _note_mids(record: EvidenceRecord, event: ev.BatchSolve, outputs: _Outputs) -> None:
    """The mid prices of a batch, of the books that the replica says were used."""
    books = {(book.venue, book.symbol): book for book in event.books}
    for report in _begun(outputs):
        for pool in report.pools:
            book = books.get((pool.venue, pool.symbol))
            record.mids[f"{report.batch_id}:{pool.asset}"] = _mid(book) if book is not None else 0


def _begun(outputs: _Outputs) -> Iterable[BatchReport]:
    return (one for one in outputs if isinstance(one, BatchReport) and not one.closed)


def _mid(book: ev.Book) -> int:
    """Mid price of a frozen book; the best price of one side where the other is empty."""
    sides = [[price for price, quantity in side if price > 0 and quantity > 0] for side in (book.bids, book.asks)]
    prices = [side[0] for side in sides if side]
    return sum(prices) // len(prices) if prices else 0


def _defined(event: ev.IndexCreated) -> tuple[tuple[str, int], ...]:
    """Quantities per unit as given, or weight share x target price / reference price, rounded down."""
    whole = sum(constituent.weight for constituent in event.constituents)
    found = []
    for one in event.constituents:
        quantity = one.quantity
        if not quantity and one.reference_price > 0 and whole > 0:
            quantity = event.target_price * one.weight * ATOMS // (whole * one.reference_price)
        found.append((one.asset, quantity))
    return tuple(sorted(found))


def _note_basket(record: EvidenceRecord, symbol: str, version: int, quantities: tuple[tuple[str, int], ...]) -> None:
    known = record.baskets.setdefault(f"{symbol}:{version}", [])
    if quantities not in known:
        known.append(quantities)
