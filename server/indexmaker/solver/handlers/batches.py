"""Beginning a batch: read the books, plan, set money, assets and inventory aside, and send the venue orders."""

from __future__ import annotations

import msgspec

from indexmaker.ledger import Movement
from indexmaker.solver import accounts
from indexmaker.solver.batching.plan import plan_batch
from indexmaker.solver.batching.request import BatchPlan, PlannedLeg, PlannedPool, WaitReason
from indexmaker.solver.commands import BatchReport
from indexmaker.solver.events import BatchSolve, Book
from indexmaker.solver.handlers.asset_orders import place_leg
from indexmaker.solver.handlers.batch_reports import opening_report
from indexmaker.solver.handlers.batch_request import MARGIN, request_of
from indexmaker.solver.handlers.closing import close_if_done
from indexmaker.solver.handlers.progress import conclude
from indexmaker.solver.handlers.quote_claims import held_value
from indexmaker.solver.handlers.rebalancing import may_engage, on_books
from indexmaker.solver.handlers.reference import instrument_key
from indexmaker.solver.house_work import house_groups
from indexmaker.solver.inventory import take
from indexmaker.solver.state import Batch, HouseDemand, IndexOrder, Leg, Pledged, Pool
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState, Side

__all__ = ["on_batch_solve"]

_Books = dict[tuple[str, str], Book]


def on_batch_solve(step: Step, event: BatchSolve) -> None:
    """Solve one batch per home venue and collateral among the ready orders and what the house has to trade; without
    any, only prices are noted.
    """
    _note_prices(step, event)
    on_books(step, event)
    for batch in step.batches_open():
        close_if_done(step, batch)
    if event.batch_id and event.batch_id in step.state.batches:
        return
    if step.state.halted:
        return
    groups: dict[tuple[str, str], tuple[list[IndexOrder], list[HouseDemand]]] = {}
    for order in step.orders_in(OrderState.READY):
        index = step.index_of(order)
        if may_engage(step, order):
            groups.setdefault((index.venue, index.collateral), ([], []))[0].append(order)
    for demand in sorted(step.state.demands.values(), key=lambda d: (d.sequence, d.demand_id)):
        index = step.state.indices[demand.index]
        if not demand.ended and not demand.batch_id:
            groups.setdefault((index.venue, index.collateral), ([], []))[1].append(demand)
    for key in house_groups(step.state, set(groups)):
        groups.setdefault(key, ([], []))
    books = {(book.venue, book.symbol): book for book in event.books}
    for number, key in enumerate(sorted(groups)):
        batch_id = event.batch_id if event.batch_id and not number else step.name("b", *key)
        orders, demands = groups[key]
        _solve(step, batch_id, *key, orders=orders, demands=demands, books=books)


def _note_prices(step: Step, event: BatchSolve) -> None:
    for book in event.books:
        instrument = step.state.instruments.get(instrument_key(book.venue, book.symbol))
        if instrument and book.bids and book.asks and book.bids[0][0] < book.asks[0][0]:
            step.state.marks[instrument.base] = (book.bids[0][0] + book.asks[0][0]) // 2


def _candidates(step: Step, orders: list[IndexOrder]) -> list[IndexOrder]:
    """As many orders as a batch may have, oldest first. Where there are more, those come that were not looked at for
    the longest time: orders that cannot be served at the moment keep nobody else out.
    """
    most = step.state.config.batch_orders
    chosen = sorted(orders, key=lambda order: (order.looked_at, order.sequence))[:most]
    for order in chosen:
        order.looked_at = step.sequence
    return sorted(chosen, key=lambda order: order.sequence)


def _solve(
    step: Step,
    batch_id: str,
    venue: str,
    collateral: str,
    *,
    orders: list[IndexOrder],
    demands: list[HouseDemand],
    books: _Books,
) -> None:
    config = step.state.config
    candidates = _candidates(step, orders)
    for order in candidates:
        if not order.units:
            index = step.index_of(order)
            order.quantities, order.version = index.quantities, index.version
    in_flight = sum(batch.value for batch in step.batches_open())
    held = held_value(step, {order.order_id for order in candidates})
    budget = min(config.batch_budget, config.in_flight_budget - in_flight) - held
    if budget <= 0:
        step.report(BatchReport(batch_id=batch_id, closed=True, reason="in-flight budget used up", at=step.at))
        return
    request = request_of(step, venue, collateral, orders=candidates, demands=demands, books=books, budget=budget)
    plan = plan_batch(request)
    if budget < min(config.batch_budget, config.in_flight_budget):
        plan = _blame_budget(step, plan, budget)
    if plan.orders or plan.legs:
        _engage(step, batch_id, venue, collateral, plan=plan)
    elif candidates or demands:
        step.report(
            BatchReport(
                batch_id=batch_id,
                closed=True,
                waiting=tuple((order_id, text) for order_id, _, text in plan.waiting),
                unusable=plan.unusable,
                reason="no order can make progress",
                at=step.at,
            )
        )
    for order_id, reason, _ in plan.waiting:
        waiting = step.state.orders.get(order_id)
        if waiting is None:
            continue
        if reason is WaitReason.MINIMUM:
            waiting.minimum_since = waiting.minimum_since or step.at
        conclude(step, waiting)


def _blame_budget(step: Step, plan: BatchPlan, budget: int) -> BatchPlan:
    """Beside other batches and quotes a small head-room is why a leg is under a minimum: company would not help.

    Not so for an order that wants no more than the head-room is, and for a sale, which needs none.
    """

    def blamed(order_id: str) -> bool:
        order = step.state.orders.get(order_id)
        return order is None or (order.side is Side.BUY and order.left > budget)

    waiting = tuple(
        (order_id, WaitReason.CAPACITY, f"little budget left: {text}")
        if reason is WaitReason.MINIMUM and blamed(order_id)
        else (order_id, reason, text)
        for order_id, reason, text in plan.waiting
    )
    return msgspec.structs.replace(plan, waiting=waiting)


def _engage(step: Step, batch_id: str, venue: str, collateral: str, *, plan: BatchPlan) -> None:
    selling = {(leg.asset, leg.instrument.venue): leg.house for leg in plan.legs if leg.side is Side.SELL and leg.house}
    pools = []
    for planned in plan.pools:
        pool = _pool(step, planned, {place: q for (asset, place), q in selling.items() if asset == planned.asset})
        pools.append(pool)
    batch = Batch(
        batch_id=batch_id,
        sequence=step.sequence,
        venue=venue,
        collateral=collateral,
        opened_at=step.at,
        orders=tuple((o.order_id, o.units, o.price) for o in plan.orders if o.order_id in step.state.orders),
        demands=tuple((o.order_id, o.units, o.price) for o in plan.orders if o.order_id in step.state.demands),
        value=plan.value,
        pools=pools,
        legs=[_leg(planned) for planned in plan.legs],
        pledges=[
            Pledged(order_id=p.order_id, index=p.index, asset=p.asset, venue=p.venue, quantity=p.quantity)
            for p in plan.pledges
        ],
    )
    _set_aside(step, batch, {order.order_id: order.value for order in plan.orders})
    step.state.batches[batch_id] = batch
    step.state.open_batches.add(batch_id)
    step.report(opening_report(step, batch, plan))
    for leg in batch.legs:
        place_leg(step, batch, leg)
    close_if_done(step, batch)


def _pool(step: Step, planned: PlannedPool, selling: dict[str, int]) -> Pool:
    """Take inventory to be sold, where it is sold, and then what is kept for buyers."""
    asset = planned.asset
    sold = [
        lot
        for venue, quantity in sorted(selling.items())
        for lot in take(step.state.inventory, asset=asset, quantity=quantity, venue=venue)
    ]
    return Pool(
        asset=asset,
        venue=planned.venue,
        symbol=planned.symbol,
        mid=planned.mid,
        absorb=planned.absorb,
        held=take(step.state.inventory, asset=asset, quantity=planned.inventory),
        selling=sold,
    )


def _leg(planned: PlannedLeg) -> Leg:
    return Leg(
        asset=planned.asset,
        venue=planned.instrument.venue,
        symbol=planned.instrument.symbol,
        side=planned.side,
        quantity=planned.quantity,
        limit_price=planned.limit_price,
        value=planned.value,
        house=planned.house,
        house_value=planned.house_value,
    )


def _set_aside(step: Step, batch: Batch, values: dict[str, int]) -> None:
    """Reserve the buyers' money; put the sellers' assets, and inventory that is to be sold, into the pot."""
    movements: list[Movement] = []
    for order_id, _, _ in batch.orders:
        order = step.state.orders[order_id]
        if order.side is Side.BUY:
            order.reserved = values[order_id] + MARGIN
            free = accounts.at_venue(order.account, "routed", batch.venue, batch.collateral)
            held = accounts.at_venue(order.account, "reserved", batch.venue, batch.collateral)
            movements.append(Movement.between(free, held, amount=order.reserved))
        order.minimum_since = 0
        step.enter(order, OrderState.ENGAGED)
        step.tell(order, ExecType.STATUS, text=f"in batch {batch.batch_id}")
    for demand_id, _, _ in batch.demands:
        step.state.demands[demand_id].batch_id = batch.batch_id
    for pledged in batch.pledges:
        source = accounts.backing(pledged.index, pledged.venue, pledged.asset)
        pot = accounts.trading(pledged.venue, pledged.asset)
        movements.append(Movement.between(source, pot, amount=pledged.quantity))
    for pool in batch.pools:
        for lot in pool.selling:
            source = accounts.house_inventory(lot.venue, lot.asset)
            movements.append(Movement.between(source, accounts.trading(lot.venue, lot.asset), amount=lot.quantity))
    step.post(*movements)
