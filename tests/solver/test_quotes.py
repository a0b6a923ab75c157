"""Quotes walk the way of an order, promise no more than it gets, and hold capacity for it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker.solver import SolverConfig
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.handlers.rehearsal import Wish, rehearse
from indexmaker.solver.vocabulary import OrderState, QuoteState, RejectReason, Side

from .world import ALICE, BOB, SECOND, Market, World, amt, make_world


def quote(world: World, amount: str = "1000", *, routing_fee: str = "0.5", **wish: object) -> out.QuoteTerms:
    wanted = Wish(side=Side.BUY, index="TOP2", amount=amt(amount), routing_fee=amt(routing_fee), **wish)
    engine = world.engine
    return rehearse(engine.state, engine.ledger, wanted, world.books(), at=world.now).terms


def request(world: World, account: str = ALICE, amount: str = "1000", name: str = "q1") -> out.QuoteReport:
    world.submit(
        ev.QuoteRequested(
            account=account,
            client_quote_id=name,
            side=Side.BUY,
            index="TOP2",
            amount=amt(amount),
            routing_fee=amt("0.5"),
            books=world.books(),
        )
    )
    return world.told(out.QuoteReport)[-1]


def test_a_quote_adds_up_and_changes_nothing() -> None:
    world = make_world()
    before = world.engine.dump()
    terms = quote(world)
    assert terms.possible
    assert world.engine.dump() == before
    costs = terms.assets + terms.venue_fees + terms.routing_fee + terms.management_fee + terms.refund
    assert 0 <= amt("1000") - costs < 10**12
    assert terms.price >= terms.mid_price
    assert terms.limit_price >= terms.price
    assert terms.slippage >= 0


def test_an_order_on_the_same_books_gets_exactly_what_was_quoted() -> None:
    world = make_world()
    world.create_index(management_fee=amt("0.01"))
    terms = quote(world)
    world.deposit(ALICE, "1000")
    world.order(ALICE, "1000")
    world.run(6)
    invoice = world.minted[1]
    assert world.last(ALICE).state is OrderState.MINTED
    assert (invoice.units, invoice.refund) == (terms.units, terms.refund)
    assert (invoice.assets, invoice.venue_fees) == (terms.assets, terms.venue_fees)
    assert (invoice.routing_fees, invoice.management_fee) == (terms.routing_fee, terms.management_fee)


@settings(max_examples=25, deadline=None)
@given(
    amount=st.integers(20, 3000),
    levels=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 30)), min_size=1, max_size=5),
    company=st.integers(0, 2000),
)
def test_no_quote_is_better_than_what_its_order_gets(amount: int, levels: list[tuple[int, int]], company: int) -> None:
    world = make_world(SolverConfig(order_budget=amt("500"), batch_budget=amt("800")))
    price, asks = amt("4000"), []
    for rise, quantity in levels:
        asks.append((price, amt(str(quantity)) // 100))
        price += rise * amt("0.1")
    world.markets["ETHUSDC"] = Market(asks=asks, bid=amt("3999"))
    if company >= 20:
        world.deposit(BOB, str(company))
        world.order(BOB, str(company))
        world.tick()
        world.play()
    terms = quote(world, str(amount))
    world.deposit(ALICE, str(amount))
    world.order(ALICE, str(amount))
    world.run(30)
    order = world.engine.order(ALICE, "one")
    assert order is not None
    assert order.units >= terms.units
    if terms.units:
        assert order.spent * terms.units <= (terms.assets + terms.venue_fees + 10) * order.units


def test_what_is_ready_already_takes_its_part_first() -> None:
    world = make_world()
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt("0.2"))]
    alone = quote(world)
    world.deposit(BOB, "1000")
    world.order(BOB, "1000")
    world.tick()
    world.play()
    assert world.last(BOB).state is OrderState.READY
    assert quote(world).units < alone.units


def test_an_order_over_the_batch_budget_is_quoted_over_several_batches() -> None:
    world = make_world(SolverConfig(order_budget=amt("300")))
    terms = quote(world)
    assert terms.batches >= 4
    assert terms.units > 5 * amt("1")


@pytest.mark.parametrize(
    ("spoil", "amount", "reason", "obstacle"),
    [
        (lambda w: w.markets["ETHUSDC"].asks.clear(), "100", RejectReason.NO_MARKET, "ETH"),
        (lambda w: setattr(w.markets["BTCUSDC"], "age_ns", 10**12), "100", RejectReason.NO_MARKET, "BTC: book stale"),
        (lambda w: None, "6", RejectReason.BELOW_VENUE_MINIMUM, "BTC"),
    ],
)
def test_what_is_impossible_is_said_with_the_asset_and_the_rule(spoil, amount, reason, obstacle) -> None:
    world = make_world()
    spoil(world)
    terms = quote(world, amount)
    assert (terms.possible, terms.units, terms.reason) == (False, 0, reason)
    assert obstacle in terms.obstacles[0]


def test_a_price_limit_that_the_books_do_not_meet_is_the_reason() -> None:
    world = make_world()
    assert quote(world, max_price=amt("100")).reason is RejectReason.PRICE_ABOVE_LIMIT


def test_nothing_is_quoted_while_budgets_are_used_up() -> None:
    world = make_world(SolverConfig(in_flight_budget=amt("500"), quote_life_ns=60 * SECOND))
    request(world, BOB)
    terms = quote(world)
    assert terms.reason is RejectReason.NO_CAPACITY


def test_a_binding_quote_is_given_once_per_client_quote_id() -> None:
    world = make_world()
    first = request(world)
    assert first.state is QuoteState.OPEN
    again = request(world, amount="5000")
    assert msgspec.structs.replace(again, at=0) == msgspec.structs.replace(first, at=0)


def test_a_binding_quote_holds_budget_until_it_expires() -> None:
    world = make_world(SolverConfig(in_flight_budget=amt("500"), quote_life_ns=60 * SECOND))
    request(world, BOB)
    world.deposit(ALICE, "400")
    world.order(ALICE, "400")
    world.run(2)
    assert world.last(ALICE).state is OrderState.READY
    world.tick(60)
    world.run(4)
    assert world.last(ALICE).state is OrderState.MINTED
    assert world.told(out.QuoteReport)[-1].state is QuoteState.EXPIRED


def test_an_order_uses_its_quote_once_and_is_limited_by_it() -> None:
    world = make_world(SolverConfig(in_flight_budget=amt("1200")))
    offer = request(world)
    world.deposit(ALICE, "1000")
    world.order(ALICE, "1000", quote_id=offer.quote_id)
    order = world.engine.order(ALICE, "one")
    assert order is not None
    assert order.max_price == offer.terms.limit_price
    assert order.max_fee == offer.terms.routing_fee + offer.terms.management_fee
    world.order(ALICE, "1000", "two", quote_id=offer.quote_id)
    assert world.last(ALICE, "two").reason is RejectReason.QUOTE_USED
    world.deposit(BOB, "900")
    world.order(BOB, "900")
    world.run(6)
    assert world.last(ALICE).state is OrderState.MINTED
    assert world.minted[1].units >= offer.terms.units


def test_a_used_quote_holds_its_capacity_until_its_order_trades() -> None:
    world = make_world(SolverConfig(in_flight_budget=amt("1000")))
    offer = request(world)
    world.order(ALICE, "1000", quote_id=offer.quote_id)
    world.deposit(BOB, "900")
    world.order(BOB, "900")
    world.tick(600)
    world.run(2)
    assert world.last(BOB).state is OrderState.READY
    world.cancel(ALICE)
    world.run(5)
    assert world.last(BOB).state is OrderState.MINTED


def test_a_dearer_market_leaves_the_order_of_a_quote_waiting_instead_of_filling_it_worse() -> None:
    world = make_world()
    offer = request(world)
    world.deposit(ALICE, "1000")
    world.order(ALICE, "1000", quote_id=offer.quote_id)
    world.markets["ETHUSDC"] = Market(asks=[(amt("4400"), amt("1000"))], bid=amt("4399"))
    world.run(4)
    assert world.last(ALICE).state is OrderState.READY
    order = world.engine.order(ALICE, "one")
    assert order is not None
    assert order.units == 0


@pytest.mark.parametrize(
    ("account", "change", "reason"),
    [
        (BOB, {}, RejectReason.UNKNOWN_QUOTE),
        (ALICE, {"quote_id": "q-0"}, RejectReason.UNKNOWN_QUOTE),
        (ALICE, {"amount": "999"}, RejectReason.QUOTE_MISMATCH),
    ],
)
def test_an_order_cannot_use_a_quote_that_is_not_its_own(account: str, change: dict[str, str], reason) -> None:
    world = make_world()
    offer = request(world)
    quote_id = change.get("quote_id", offer.quote_id)
    world.order(account, change.get("amount", "1000"), quote_id=quote_id)
    assert world.last(account).reason is reason


def test_an_expired_quote_cannot_be_used() -> None:
    world = make_world()
    offer = request(world)
    world.tick(31)
    world.order(ALICE, "1000", quote_id=offer.quote_id)
    assert world.last(ALICE).reason is RejectReason.QUOTE_EXPIRED


def test_what_the_door_refuses_is_not_quoted() -> None:
    world = make_world()
    report = request(world, amount="0.0000001")
    assert (report.state, report.terms.reason) == (QuoteState.REFUSED, RejectReason.AMOUNT_PRECISION)
    world.order(ALICE, "1000", quote_id=report.quote_id)
    assert world.last(ALICE).reason is RejectReason.UNKNOWN_QUOTE


def test_quotes_survive_a_restart() -> None:
    world = make_world()
    offer = request(world)
    world.restart()
    world.order(ALICE, "1000", quote_id=offer.quote_id)
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL


def with_units(amount: str = "2000") -> World:
    """Bob has units, and sales find bids."""
    world = make_world()
    for market in world.markets.values():
        market.bids = [(market.bid, amt("1000"))]
    world.deposit(BOB, amount)
    world.order(BOB, amount)
    world.run(6)
    return world


def quote_sale(world: World, units: str) -> out.QuoteTerms:
    wanted = Wish(side=Side.SELL, index="TOP2", amount=amt(units), routing_fee=amt("0.5"))
    return rehearse(world.engine.state, world.engine.ledger, wanted, world.books(), at=world.now).terms


def test_a_sale_on_the_same_books_brings_what_was_quoted() -> None:
    world = with_units()
    before = world.engine.dump()
    terms = quote_sale(world, "5")
    assert world.engine.dump() == before
    assert terms.units == amt("5")
    assert terms.limit_price <= terms.price <= terms.mid_price
    assert terms.slippage >= 0
    left = terms.assets - terms.venue_fees - terms.routing_fee - terms.management_fee
    assert 0 <= left - terms.payout < 10**12
    world.redeem(BOB, "5")
    world.sell(BOB, "5")
    world.run(8)
    order = world.engine.order(BOB, "sale")
    assert order is not None
    assert (order.units, order.proceeds, order.sale_fees) == (terms.units, terms.assets, terms.venue_fees)


def test_more_units_than_exist_are_not_quoted() -> None:
    assert quote_sale(with_units(), "50").reason is RejectReason.MAX_SUPPLY


def test_a_binding_quote_of_a_sale_sets_the_least_that_a_unit_brings() -> None:
    world = with_units()
    world.submit(
        ev.QuoteRequested(
            account=BOB,
            client_quote_id="s1",
            side=Side.SELL,
            index="TOP2",
            amount=amt("5"),
            routing_fee=amt("5"),
            books=world.books(),
        )
    )
    offer = world.told(out.QuoteReport)[-1]
    assert offer.state is QuoteState.OPEN
    world.redeem(BOB, "5")
    world.sell(BOB, "5", quote_id=offer.quote_id)
    world.run(8)
    order = world.engine.order(BOB, "sale")
    assert order is not None
    assert order.price_limit == offer.terms.limit_price
    assert order.units == amt("5")
