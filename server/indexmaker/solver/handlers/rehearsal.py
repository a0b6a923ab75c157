"""Trying an order out: the same handlers on a copy of the state, with the given books for a market.

What is ready, in flight and in stock takes part as it would for a real order, so depth, filters, fees, budgets,
minimums and netting are those of the batches themselves. A batch takes what it trades out of the books; nothing is
assumed to come back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from indexmaker.identifiers import derived_id
from indexmaker.ledger import Ledger, Movement
from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.commands import BatchReport, PlaceAssetOrder, QuoteTerms
from indexmaker.solver.events import AssetOrderDone, BatchSolve, Book, ExecutionReported
from indexmaker.solver.handlers.asset_orders import on_done
from indexmaker.solver.handlers.batches import on_batch_solve
from indexmaker.solver.handlers.fills import on_execution
from indexmaker.solver.handlers.reference import instrument_key
from indexmaker.solver.handlers.terms import tradable_amount
from indexmaker.solver.quotes import buy_terms, impossible, inventory_of, sale_terms
from indexmaker.solver.state import DepositLot, Index, IndexOrder, LotState, SolverState, TokenLot
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import (
    AssetOrderStatus,
    Finality,
    OrderState,
    RejectReason,
    Side,
    Value,
)

__all__ = ["Rehearsed", "Wish", "rehearse"]

_MOST_BATCHES = 50
_TRADING = (OrderState.READY, OrderState.ENGAGED)
_STEP_NS = 1_000_000
_NOBODY = "0x" + "0" * 40


class Wish(Value, frozen=True, kw_only=True):
    """An order to be tried out. `account` may be empty; `max_price` 0 is no limit."""

    side: Side
    index: str
    amount: int
    routing_fee: int
    account: str = ""
    max_price: int = 0


class Rehearsed(Value, frozen=True, kw_only=True):
    """Terms, and what they use: budget of the dearest batch, and inventory of the house by asset."""

    terms: QuoteTerms
    value: int = 0
    inventory: tuple[tuple[str, int], ...] = ()


def rehearse(state: SolverState, ledger: Ledger, wish: Wish, books: Iterable[Book], *, at: int) -> Rehearsed:
    """What an order would get that is ready now; neither `state` nor `ledger` is changed."""
    index = state.indices[wish.index]
    if state.halted:
        return Rehearsed(terms=impossible(RejectReason.TRADING_HALTED, state.halted))
    if index.rebalance_id:
        return Rehearsed(terms=impossible(RejectReason.INDEX_REBALANCING, "the index changes its basket"))
    stage = _Stage(state, ledger, books, at=at)
    order = stage.enter(wish, index)
    if order is None:
        return Rehearsed(terms=impossible(RejectReason.MAX_SUPPLY, "fewer units exist than shall be sold"))
    waits = stage.play(order)
    return stage.result(order, waits)


class _Stage:
    def __init__(self, state: SolverState, ledger: Ledger, books: Iterable[Book], *, at: int) -> None:
        self.state = _copy(state)
        self.ledger = Ledger(ledger.state())
        self.books = {(book.venue, book.symbol): book for book in books}
        self.mids = _mids(state, self.books.values())
        self.at = at
        self.sequence = 1 << 62
        self.trades = 0
        self.lot: DepositLot | None = None

    def step(self) -> Step:
        self.sequence += 1
        return Step(self.state, self.ledger, sequence=self.sequence, at=self.at)

    def enter(self, wish: Wish, index: Index) -> IndexOrder | None:
        """Put the order in line behind those that are ready; None for a sale of more than there is."""
        index = self.state.indices[index.symbol]
        if wish.side is Side.SELL and wish.amount > index.supply:
            return None
        sells = wish.side is Side.SELL
        order = IndexOrder(
            order_id=derived_id("o", "rehearsal", self.sequence),
            sequence=self.sequence,
            account=wish.account or f"{index.chain_id}:{_NOBODY}",
            client_order_id="rehearsal",
            index=index.symbol,
            side=wish.side,
            amount=wish.amount,
            max_price=wish.max_price,
            min_units=0,
            max_fee=0,
            expires_at=self.at + (1 << 60),
            signature_digest="",
            management_fee=index.redemption_fee if sells else index.management_fee,
            state=OrderState.READY,
            state_since=self.at,
            routing_fee=wish.routing_fee,
            price_limit=wish.max_price,
            deposit=wish.amount,
            lot_key="rehearsal",
        )
        order.tradable = wish.amount if sells else tradable_amount(order)
        if sells:
            self.state.token_lots[order.lot_key] = TokenLot(
                **self._lot(order, index, accounts.index_token(index.symbol))
            )
        else:
            self._deposit(order, index)
        self.state.orders[order.order_id] = order
        self.state.open_orders.add(order.order_id)
        return order

    def play(self, order: IndexOrder) -> str:
        """Make batches until the order trades no more; what it last waited for."""
        waits = ""
        for _ in range(_MOST_BATCHES):
            if order.state not in _TRADING:
                break
            self.at += _STEP_NS
            before = (order.units, order.state)
            step = self.step()
            on_batch_solve(step, BatchSolve(books=tuple(self.books.values())))
            traded = self._perform(step)
            waits = _waits(step, order) or waits
            if not traded and (order.units, order.state) == before:
                break
        return waits

    def result(self, order: IndexOrder, waits: str) -> Rehearsed:
        index = self.state.indices[order.index]
        if not order.units:
            return Rehearsed(terms=impossible(_reason(waits), waits or "no batch would take it"))
        planned = [
            (price, -(-units * price // ATOMS))
            for batch in self.state.batches.values()
            for order_id, units, price in batch.orders
            if order_id == order.order_id
        ]
        count = sum(1 for _, value in planned if value)
        if order.side is Side.SELL:
            worst = min(price for price, _ in planned)
            terms = sale_terms(order, index, worst=worst, mids=self.mids, batches=count)
            return Rehearsed(terms=terms)
        assert self.lot is not None
        worst = max(price for price, _ in planned)
        terms = buy_terms(order, index, self.lot, worst=worst, mids=self.mids, batches=count)
        return Rehearsed(terms=terms, value=max(value for _, value in planned), inventory=inventory_of(order))

    def _deposit(self, order: IndexOrder, index: Index) -> None:
        """Give the order the money that would have arrived for it."""
        self.lot = DepositLot(**self._lot(order, index, index.collateral))
        self.state.lots[order.lot_key] = self.lot
        source = accounts.chain(index.chain_id, index.collateral)
        target = accounts.at_venue(order.account, "routed", index.venue, index.collateral)
        arrived = max(0, order.amount - order.routing_fee)
        self.ledger.post(Movement.between(source, target, amount=arrived))

    def _lot(self, order: IndexOrder, index: Index, asset: str) -> dict[str, Any]:
        return {
            "key": order.lot_key,
            "sequence": self.sequence,
            "chain_id": index.chain_id,
            "tx_hash": "",
            "request_id": -1,
            "gate": index.gate,
            "account": order.account,
            "asset": asset,
            "amount": order.amount,
            "finality": Finality.FINAL,
            "state": LotState.COMMITTED,
            "order_id": order.order_id,
        }

    def _perform(self, step: Step) -> bool:
        """Execute the orders of a step, and those that follow from their ends."""
        waiting = [output for output in step.outputs if isinstance(output, PlaceAssetOrder)]
        traded = False
        while waiting:
            command = waiting.pop(0)
            executed = 0
            for price, quantity in self._match(command):
                executed += quantity
                on_execution(self.step(), self._execution(command, price, quantity))
            traded = traded or executed > 0
            done = self.step()
            status = AssetOrderStatus.FILLED if executed == command.quantity else AssetOrderStatus.EXPIRED
            on_done(
                done,
                AssetOrderDone(client_order_id=command.client_order_id, status=status, executed_quantity=executed),
            )
            waiting += [output for output in done.outputs if isinstance(output, PlaceAssetOrder)]
        return traded

    def _match(self, command: PlaceAssetOrder) -> list[tuple[int, int]]:
        """Take what the order gets out of its book."""
        book = self.books.get((command.venue, command.symbol))
        if book is None:
            return []
        buys = command.side is Side.BUY
        left = command.quantity
        taken: list[tuple[int, int]] = []
        kept: list[tuple[int, int]] = []
        for price, offered in book.asks if buys else book.bids:
            within = price <= command.price if buys else price >= command.price
            quantity = min(left, offered) if within else 0
            left -= quantity
            if quantity:
                taken.append((price, quantity))
            if offered > quantity:
                kept.append((price, offered - quantity))
        self.books[command.venue, command.symbol] = Book(
            venue=book.venue,
            symbol=book.symbol,
            bids=book.bids if buys else tuple(kept),
            asks=tuple(kept) if buys else book.asks,
            age_ns=book.age_ns,
            flags=book.flags,
        )
        return taken

    def _execution(self, command: PlaceAssetOrder, price: int, quantity: int) -> ExecutionReported:
        """A trade with the venue's commission in the received asset, rounded up."""
        rules = self.state.instruments[instrument_key(command.venue, command.symbol)]
        self.trades += 1
        buys = command.side is Side.BUY
        received = quantity if buys else mul_floor(price, quantity)
        return ExecutionReported(
            venue=command.venue,
            symbol=command.symbol,
            trade_id=f"r{self.trades}",
            client_order_id=command.client_order_id,
            price=price,
            quantity=quantity,
            commission=-(-received * rules.taker_fee // ATOMS),
            commission_asset=rules.base if buys else rules.quote,
            at=self.at,
        )


def _waits(step: Step, order: IndexOrder) -> str:
    """What a batch said that the order waits for, or why there was none."""
    reports = [output for output in step.outputs if isinstance(output, BatchReport)]
    own = [text for report in reports for order_id, text in report.waiting if order_id == order.order_id]
    return next(iter(own), "") or next((report.reason for report in reports if report.reason), "")


def _copy(state: SolverState) -> SolverState:
    """What a batch looks at and changes, and nothing of what is over."""
    orders = {
        order_id: state.orders[order_id] for order_id in state.open_orders if state.orders[order_id].state in _TRADING
    }
    used = {state.quotes[quote_id].order_id for quote_id in state.holding_quotes}
    orders |= {order_id: state.orders[order_id] for order_id in used if order_id}
    batches = {batch_id: state.batches[batch_id] for batch_id in state.open_batches}
    sent = {key: one for key, one in state.asset_orders.items() if one.batch_id in batches}
    parts = SolverState(
        indices=state.indices,
        orders=orders,
        lots={order.lot_key: state.lots[order.lot_key] for order in orders.values() if order.lot_key in state.lots},
        token_lots={
            order.lot_key: state.token_lots[order.lot_key]
            for order in orders.values()
            if order.lot_key in state.token_lots
        },
        inventory=state.inventory,
        shorts=state.shorts,
        demands={key: one for key, one in state.demands.items() if not one.ended or one.batch_id},
        batches=batches,
        asset_orders=sent,
        quotes={quote_id: state.quotes[quote_id] for quote_id in state.holding_quotes},
        holding_quotes=state.holding_quotes,
        marks=state.marks,
        holds=state.holds,
        open_orders={order_id for order_id in orders if order_id in state.open_orders},
        open_batches=state.open_batches,
        live_asset_orders=state.live_asset_orders & sent.keys(),
    )
    # There and back is many times faster than a copy object by object.
    fresh = msgspec.json.decode(msgspec.json.encode(parts), type=SolverState)
    fresh.config, fresh.instruments = state.config, dict(state.instruments)
    fresh.terms, fresh.redemption_limits = state.terms, state.redemption_limits
    return fresh


def _mids(state: SolverState, books: Iterable[Book]) -> dict[str, int]:
    mids: dict[str, int] = {}
    for book in books:
        rules = state.instruments.get(instrument_key(book.venue, book.symbol))
        if rules is not None and book.bids and book.asks:
            mids[rules.base] = (book.bids[0][0] + book.asks[0][0]) // 2
    return mids


def _reason(waits: str) -> RejectReason:
    """The rule behind what an order waits for."""
    if "limit" in waits:
        return RejectReason.PRICE_ABOVE_LIMIT
    if "budget" in waits or "depth" in waits:
        return RejectReason.NO_CAPACITY
    if "minimum" in waits or "lots" in waits:
        return RejectReason.BELOW_VENUE_MINIMUM
    return RejectReason.NO_MARKET
