"""Beginning a batch: read the books, plan, set money and inventory aside, and send the venue orders."""

from __future__ import annotations

import msgspec

from indexmaker.ledger import Movement, OwnerKind
from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.batching.markets import AssetMarket, Unusable, read_market
from indexmaker.solver.batching.plan import BatchPlan, PlannedLeg, PlanRequest, WaitReason, Want, plan_batch
from indexmaker.solver.commands import BatchReport, LegReport
from indexmaker.solver.events import BatchSolve, Book
from indexmaker.solver.handlers.asset_orders import place_leg
from indexmaker.solver.handlers.closing import close_if_done
from indexmaker.solver.handlers.progress import conclude
from indexmaker.solver.handlers.quote_claims import held_inventory, held_value
from indexmaker.solver.handlers.rebalancing import may_engage, on_books
from indexmaker.solver.handlers.reference import instrument_key
from indexmaker.solver.inventory import free_quantities, take
from indexmaker.solver.state import Batch, IndexOrder, Leg
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState

__all__ = ["on_batch_solve"]

_MARGIN = 10**12
"""Kept back from every order's money (a millionth), so that rounding up can never overdraw it."""


def on_batch_solve(step: Step, event: BatchSolve) -> None:
    """Solve one batch per venue and collateral among the ready orders; without any, only prices are noted."""
    _note_prices(step, event)
    on_books(step, event)
    for batch in step.batches_open():
        close_if_done(step, batch)
    if event.batch_id and event.batch_id in step.state.batches:
        return
    if step.state.halted:
        return
    groups: dict[tuple[str, str], list[IndexOrder]] = {}
    for order in step.orders_in(OrderState.READY):
        index = step.index_of(order)
        if not may_engage(step, order):
            continue
        groups.setdefault((index.venue, index.collateral), []).append(order)
    for number, key in enumerate(sorted(groups)):
        batch_id = event.batch_id if event.batch_id and not number else step.name("b", *key)
        books = {book.symbol: book for book in event.books if book.venue == key[0]}
        _solve(step, batch_id, *key, orders=groups[key], books=books)


def _note_prices(step: Step, event: BatchSolve) -> None:
    for book in event.books:
        instrument = step.state.instruments.get(instrument_key(book.venue, book.symbol))
        if instrument and book.bids and book.asks and book.bids[0][0] < book.asks[0][0]:
            step.state.marks[instrument.base] = (book.bids[0][0] + book.asks[0][0]) // 2


def _solve(
    step: Step,
    batch_id: str,
    venue: str,
    collateral: str,
    *,
    orders: list[IndexOrder],
    books: dict[str, Book],
) -> None:
    config = step.state.config
    candidates = orders[: config.batch_orders]
    for order in candidates:
        if not order.units:
            index = step.index_of(order)
            order.quantities, order.version = index.quantities, index.version
    markets = _markets(step, venue, collateral, candidates, books)
    for order in candidates:
        _default_limit(step, order, markets)
    in_flight = sum(batch.value for batch in step.batches_open())
    taking_part = {order.order_id for order in candidates}
    budget = min(config.batch_budget, config.in_flight_budget - in_flight) - held_value(step, taking_part)
    if budget <= 0:
        step.report(BatchReport(batch_id=batch_id, closed=True, reason="in-flight budget used up", at=step.at))
        return
    request = PlanRequest(
        wants=tuple(_want(order) for order in candidates),
        markets=markets,
        inventory=_free_inventory(step, venue, taking_part),
        house_cash=_house_cash(step, venue, collateral),
        budget=budget,
        config=config,
    )
    plan = plan_batch(request)
    if budget < min(config.batch_budget, config.in_flight_budget):
        plan = _blame_budget(plan)
    unusable = tuple((a, m.reason) for a, m in sorted(markets.items()) if isinstance(m, Unusable))
    if plan.orders:
        _engage(step, batch_id, venue, collateral, plan=plan, unusable=unusable)
    else:
        waiting = tuple((order_id, text) for order_id, _, text in plan.waiting)
        step.report(
            BatchReport(
                batch_id=batch_id,
                closed=True,
                waiting=waiting,
                unusable=unusable,
                reason="no order can make progress",
                at=step.at,
            )
        )
    for order_id, reason, _ in plan.waiting:
        order = step.state.orders[order_id]
        if reason is WaitReason.MINIMUM:
            order.minimum_since = order.minimum_since or step.at
        conclude(step, order)


def _markets(
    step: Step, venue: str, collateral: str, orders: list[IndexOrder], books: dict[str, Book]
) -> dict[str, AssetMarket | Unusable]:
    traded = {i.base: i for _, i in sorted(step.state.instruments.items()) if (i.venue, i.quote) == (venue, collateral)}
    in_flight: dict[str, int] = {}
    for sent in step.asset_orders_live():
        if sent.venue == venue:
            in_flight[sent.symbol] = in_flight.get(sent.symbol, 0) + sent.quantity - sent.executed
    markets: dict[str, AssetMarket | Unusable] = {}
    for asset in sorted({asset for order in orders for asset, _ in order.quantities}):
        instrument = traded.get(asset)
        if step.state.holds.get(asset, 0) > step.at:
            markets[asset] = Unusable(asset=asset, reason="held after a refusal for lack of balance")
            continue
        markets[asset] = read_market(
            asset,
            instrument=instrument,
            books=books,
            in_flight=in_flight.get(instrument.symbol, 0) if instrument else 0,
            max_age_ns=step.state.config.book_max_age_ns,
        )
    return markets


def _default_limit(step: Step, order: IndexOrder, markets: dict[str, AssetMarket | Unusable]) -> None:
    """An order without a price limit gets one from the first books that it could trade on."""
    if order.price_limit:
        return
    price = 0
    for asset, quantity in order.quantities:
        market = markets[asset]
        if isinstance(market, Unusable):
            return
        price += mul_ceil(quantity, market.mid)
    order.price_limit = mul_ceil(price, ATOMS + step.state.config.default_tolerance)


def _want(order: IndexOrder) -> Want:
    return Want(
        order_id=order.order_id,
        quantities=order.quantities,
        money=max(0, order.left - _MARGIN),
        price_limit=order.price_limit,
    )


def _blame_budget(plan: BatchPlan) -> BatchPlan:
    """Beside other batches and quotes a small head-room is why a leg is under a minimum: company would not help."""
    waiting = tuple(
        (order_id, WaitReason.CAPACITY, f"little budget left: {text}") if reason is WaitReason.MINIMUM else wait
        for wait in plan.waiting
        for order_id, reason, text in [wait]
    )
    return msgspec.structs.replace(plan, waiting=waiting)


def _free_inventory(step: Step, venue: str, taking_part: set[str]) -> dict[str, int]:
    """What is in stock and not held by a quote for somebody else."""
    held = held_inventory(step, taking_part)
    free = free_quantities(step.state.inventory, venue=venue)
    return {asset: max(0, quantity - held.get(asset, 0)) for asset, quantity in free.items()}


def _house_cash(step: Step, venue: str, collateral: str) -> int:
    """The house's own money on the venue that is not promised to open batches.

    What open batches have paid for their orders is not the house's, so their spending is added back.
    """
    place = accounts.venue_place(venue)
    cash = step.ledger.balance(accounts.house_cash(place, collateral))
    cash += step.ledger.total(asset=collateral, place=place, kind=OwnerKind.USER, bucket="spent")
    for batch in step.batches_open():
        if batch.venue == venue:
            for leg in batch.legs:
                cash += sum(mul_floor(fill.price, fill.quantity) for fill in leg.fills) - leg.house_value
    return max(0, cash)


def _engage(
    step: Step,
    batch_id: str,
    venue: str,
    collateral: str,
    *,
    plan: BatchPlan,
    unusable: tuple[tuple[str, str], ...],
) -> None:
    movements: list[Movement] = []
    for planned in plan.orders:
        order = step.state.orders[planned.order_id]
        order.reserved = planned.value + _MARGIN
        free = accounts.at_venue(order.account, "routed", venue, collateral)
        held = accounts.at_venue(order.account, "reserved", venue, collateral)
        movements.append(Movement.between(free, held, amount=order.reserved))
        step.enter(order, OrderState.ENGAGED)
        order.minimum_since = 0
        step.tell(order, ExecType.STATUS, text=f"in batch {batch_id}")
    step.post(*movements)
    batch = Batch(
        batch_id=batch_id,
        sequence=step.sequence,
        venue=venue,
        collateral=collateral,
        opened_at=step.at,
        orders=tuple((o.order_id, o.units, o.price) for o in plan.orders),
        value=plan.value,
        legs=[_leg(step, venue, planned) for planned in plan.legs],
    )
    step.state.batches[batch_id] = batch
    step.state.open_batches.add(batch_id)
    step.report(
        BatchReport(
            batch_id=batch_id,
            closed=False,
            legs=tuple(
                LegReport(
                    asset=leg.asset,
                    venue=venue,
                    symbol=leg.symbol,
                    ordered=leg.quantity,
                    limit_price=leg.limit_price,
                    from_inventory=leg.held_quantity,
                )
                for leg in batch.legs
            ),
            orders=tuple((o.order_id, o.units) for o in plan.orders),
            waiting=tuple((order_id, text) for order_id, _, text in plan.waiting),
            unusable=unusable,
            at=step.at,
        )
    )
    for leg in batch.legs:
        place_leg(step, batch, leg)
    close_if_done(step, batch)


def _leg(step: Step, venue: str, planned: PlannedLeg) -> Leg:
    return Leg(
        asset=planned.asset,
        symbol=planned.instrument.symbol,
        needed=planned.needed,
        quantity=planned.quantity,
        limit_price=planned.limit_price,
        mid=planned.mid,
        house_value=planned.house_value,
        held=take(step.state.inventory, venue=venue, asset=planned.asset, quantity=planned.inventory),
    )
