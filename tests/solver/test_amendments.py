"""Changing an open order: all of the new terms or none, and never what is spent already."""

import pytest

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.config import SolverConfig
from indexmaker.solver.vocabulary import ExecType, IndexLimits, OrderState, RejectReason, Side
from solver.world import ALICE, BOB, SECOND, START, amt, make_world


def amend(world, amend_id="change", account=ALICE, client_order_id="one", **terms):
    event = ev.OrderAmendRequested(account=account, client_order_id=client_order_id, amend_id=amend_id, **terms)
    outputs = world.submit(event)
    return next(report for report in outputs if isinstance(report, out.IndexOrderReport))


def waiting(**options):
    world = make_world(**options)
    world.order(ALICE, "100")
    return world


def ready(amount="100", deposit="150", **options):
    """A world with an order whose collateral has arrived, and no batch yet."""
    world = make_world(**options)
    world.order(ALICE, amount)
    world.deposit(ALICE, deposit)
    world.tick()
    world.play()
    assert world.engine.order(ALICE, "one").state is OrderState.READY
    return world


def finish(world):
    """Trade, and wait until a rest under the venue's minimum is given up."""
    world.run()
    world.tick(31)
    world.play()
    return world.engine.order(ALICE, "one").invoice


def test_a_waiting_order_takes_a_new_amount_and_is_funded_by_what_fits_it():
    world = waiting()
    world.deposit(ALICE, "60")
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
    assert amend(world, amount=amt("60")).exec_type is ExecType.REPLACED
    assert world.last(ALICE).state is OrderState.ROUTING
    world.run()
    invoice = world.engine.order(ALICE, "one").invoice
    assert invoice.deposit == amt("60")
    assert invoice.spent + invoice.fee + invoice.refund == amt("60")


def test_more_than_the_bound_request_holds_is_refused_and_nothing_changes():
    world = ready()
    before = world.engine.order(ALICE, "one").tradable
    report = amend(world, amount=amt("150.000001"))
    assert (report.exec_type, report.reason) == (ExecType.REPLACE_REJECTED, RejectReason.AMOUNT_ABOVE_MAXIMUM)
    assert world.engine.order(ALICE, "one").tradable == before
    assert world.engine.order(ALICE, "one").amount == amt("100")


def test_a_ready_order_can_grow_up_to_its_request():
    world = ready()
    amend(world, amount=amt("150"))
    invoice = finish(world)
    assert invoice.spent > amt("140")


def test_a_smaller_amount_gives_the_rest_back_with_the_mint():
    world = ready()
    amend(world, amount=amt("40"))
    invoice = finish(world)
    assert invoice.spent + invoice.fee <= amt("40")
    assert invoice.refund >= amt("110")
    assert world.last(ALICE).state is OrderState.MINTED


def test_what_is_spent_cannot_be_taken_back():
    config = SolverConfig(order_budget=amt("50"))
    world = ready(config=config)
    world.solve()
    world.play()
    order = world.engine.order(ALICE, "one")
    assert amt("40") < order.spent < amt("51")
    refused = amend(world, amount=amt("45"))
    assert (refused.exec_type, refused.reason) == (ExecType.REPLACE_REJECTED, RejectReason.ALREADY_USED)
    taken = amend(world, amend_id="again", amount=amt("60"))
    assert taken.exec_type is ExecType.REPLACED
    invoice = finish(world)
    assert invoice.spent + invoice.fee <= amt("60")


def test_what_is_in_a_batch_cannot_be_taken_back():
    world = ready()
    world.solve()
    assert world.engine.order(ALICE, "one").state is OrderState.ENGAGED
    report = amend(world, amount=amt("50"))
    assert report.reason is RejectReason.ALREADY_USED
    world.play()
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED


def test_the_least_amount_is_exact():
    world = ready(config=SolverConfig(order_budget=amt("50")))
    world.solve()
    world.play()
    order = world.engine.order(ALICE, "one")
    least = order.spent + order.routing_fee
    unit = 10**12
    floor = least - least % unit
    assert amend(world, amend_id="under", amount=floor).reason is (
        RejectReason.ALREADY_USED if floor < least else RejectReason.NONE
    )
    assert amend(world, amend_id="at", amount=floor + unit).exec_type is ExecType.REPLACED
    assert 0 <= world.engine.order(ALICE, "one").left < 2 * unit


def test_a_price_limit_can_be_set_and_holds_in_the_next_batch():
    world = ready()
    amend(world, max_price=amt("1"))
    world.solve()
    assert not world.sent(out.PlaceAssetOrder)
    amend(world, amend_id="higher", max_price=amt("1000"))
    world.solve()
    assert world.sent(out.PlaceAssetOrder)


def test_an_expiry_can_be_moved_but_not_into_the_past():
    world = waiting()
    refused = amend(world, expires_at=START - 1)
    assert refused.reason is RejectReason.EXPIRY_IN_PAST
    assert amend(world, amend_id="soon", expires_at=world.now + SECOND).exec_type is ExecType.REPLACED
    world.tick(5)
    assert world.last(ALICE).state is OrderState.EXPIRED


def test_an_expiry_cannot_be_taken_away():
    assert amend(waiting(), expires_at=0).reason is RejectReason.EXPIRY_IN_PAST


def test_the_same_amend_id_gets_the_first_answer_whatever_else_it_says():
    world = waiting()
    first = amend(world, amount=amt("70"))
    again = amend(world, amount=amt("80"))
    assert again == first
    assert world.engine.order(ALICE, "one").amount == amt("70")


def test_a_refusal_is_remembered_as_well():
    world = waiting()
    first = amend(world, amount=0)
    assert first.reason is RejectReason.AMOUNT_NOT_POSITIVE
    assert amend(world, amount=amt("70")) == first


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"amount": -1}, RejectReason.AMOUNT_NOT_POSITIVE),
        ({"amount": amt("10") + 1}, RejectReason.AMOUNT_PRECISION),
        ({"max_price": -1}, RejectReason.BAD_LIMIT),
        ({"max_fee": -1}, RejectReason.BAD_LIMIT),
        ({}, RejectReason.NOTHING_TO_AMEND),
        ({"amount": amt("100")}, RejectReason.NOTHING_TO_AMEND),
    ],
)
def test_bad_terms_are_refused_with_the_rule(terms, reason):
    world = waiting()
    report = amend(world, **terms)
    assert (report.exec_type, report.reason) == (ExecType.REPLACE_REJECTED, reason)
    assert world.engine.order(ALICE, "one").amount == amt("100")


def test_a_fee_limit_cannot_change_once_the_fees_are_agreed():
    assert amend(ready(), max_fee=amt("0.1")).reason is RejectReason.TOO_LATE


def test_an_order_of_somebody_else_is_unknown():
    assert amend(waiting(), account=BOB, amount=amt("10")).reason is RejectReason.UNKNOWN_ORDER


def test_a_minted_order_cannot_change():
    world = waiting()
    world.deposit(ALICE, "100")
    world.run()
    assert amend(world, amount=amt("50")).reason is RejectReason.TOO_LATE


def test_an_order_about_to_end_cannot_change():
    world = ready()
    world.solve()
    world.cancel(ALICE)
    assert amend(world, max_price=amt("500")).reason is RejectReason.TOO_LATE


def test_an_amount_and_a_fee_limit_are_both_judged():
    assert amend(ready(), amount=amt("120"), max_fee=amt("0.1")).reason is RejectReason.TOO_LATE


def test_what_is_added_counts_against_the_day_like_a_new_order():
    world = waiting(config=SolverConfig(account_daily_notional=amt("150")))
    report = amend(world, amount=amt("151"))
    assert (report.reason, report.text.split()[:3]) == (RejectReason.DAILY_NOTIONAL, ["50", "of", "150"])
    assert amend(world, amend_id="less", amount=amt("140")).exec_type is ExecType.REPLACED
    world.order(ALICE, "11", "two")
    assert world.last(ALICE, "two").reason is RejectReason.DAILY_NOTIONAL
    world.order(ALICE, "10", "three")
    assert world.last(ALICE, "three").state is OrderState.PENDING_COLLATERAL


def test_taking_away_is_never_beyond_a_bound_and_gives_no_room_back():
    world = waiting(config=SolverConfig(account_daily_notional=amt("100"), account_open_orders=1))
    assert amend(world, amount=amt("50")).exec_type is ExecType.REPLACED
    assert amend(world, amend_id="back", amount=amt("60")).reason is RejectReason.DAILY_NOTIONAL


def test_an_order_may_change_where_no_further_one_is_allowed():
    world = waiting(config=SolverConfig(account_open_orders=1))
    assert amend(world, amount=amt("120")).exec_type is ExecType.REPLACED


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_supply": amt("1.5")}, RejectReason.MAX_SUPPLY),
        ({"daily_issuance": amt("1.5")}, RejectReason.DAILY_ISSUANCE),
        ({"allowed": (BOB,)}, RejectReason.ACCOUNT_NOT_ALLOWED),
    ],
)
def test_an_order_grows_within_the_bounds_of_its_index(limits, reason):
    world = make_world()
    world.solve()
    world.order(ALICE, "100")
    world.submit(ev.IndexLimitsChanged(symbol="TOP2", limits=IndexLimits(**limits)))
    refused = amend(world, amount=amt("360"))
    assert (refused.exec_type, refused.reason) == (ExecType.REPLACE_REJECTED, reason)
    assert amend(world, amend_id="less", amount=amt("50")).exec_type is ExecType.REPLACED


def test_an_expiry_moves_no_further_than_an_order_may_live_from_its_beginning():
    world = waiting(config=SolverConfig(order_life_ns=60 * SECOND, order_life_max_ns=100 * SECOND))
    taken = world.now
    world.tick(30)
    report = amend(world, expires_at=taken + 101 * SECOND)
    assert (report.reason, report.text) == (RejectReason.EXPIRY_TOO_LATE, "an order may live 100 seconds")
    assert amend(world, amend_id="last", expires_at=taken + 100 * SECOND).exec_type is ExecType.REPLACED


def quoted(**order):
    """A world with an order that waits for its collateral and uses a binding quote; and the quote."""
    world = make_world()
    world.submit(
        ev.QuoteRequested(
            account=ALICE,
            client_quote_id="q1",
            side=Side.BUY,
            index="TOP2",
            amount=amt("1000"),
            routing_fee=amt("0.5"),
            books=world.books(),
        )
    )
    offer = world.told(out.QuoteReport)[-1]
    world.order(ALICE, "1000", quote_id=offer.quote_id, **order)
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
    return world, offer.terms


@pytest.mark.parametrize("loosened", ["amount", "max_price", "no_price", "max_fee", "no_fee"])
def test_the_terms_of_a_binding_quote_cannot_be_loosened(loosened):
    world, terms = quoted()
    fees = terms.routing_fee + terms.management_fee
    change = {
        "amount": {"amount": amt("1000.000001")},
        "max_price": {"max_price": terms.limit_price + 1},
        "no_price": {"max_price": 0},
        "max_fee": {"max_fee": fees + 1},
        "no_fee": {"max_fee": 0},
    }[loosened]
    before = world.engine.order(ALICE, "one")
    bounds = (before.amount, before.max_price, before.max_fee)
    assert amend(world, **change).reason is RejectReason.QUOTE_MISMATCH
    after = world.engine.order(ALICE, "one")
    assert (after.amount, after.max_price, after.max_fee) == bounds


def test_the_terms_of_a_binding_quote_can_be_tightened():
    world, terms = quoted()
    change = {"amount": amt("900"), "max_price": terms.limit_price - 1, "max_fee": amt("0.4")}
    assert amend(world, **change).exec_type is ExecType.REPLACED
