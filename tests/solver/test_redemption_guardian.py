"""The guardian signs a redemption whose figures follow from raw facts, and finds every figure that does not."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.money import ATOMS
from indexmaker.solver.guardian import Check, trade_key
from indexmaker.solver.redemption_facts import redemption_facts_of, review_redemption
from indexmaker.solver.redemption_guardian import verify_redemption
from indexmaker.solver.redemption_invoice import PaymentLimits, charge, payment_limits
from indexmaker.solver.state import RedemptionLimits
from indexmaker.solver.vocabulary import LotSource
from solver.selling import pay_out, ready_to_sell, sale, sell_off
from solver.world import amt

UNIT = 10**12


@pytest.fixture
def case():
    world = ready_to_sell("4", order="3")
    sell_off(world, "3")
    pay_out(world)
    invoice = sale(world).redemption
    return invoice, redemption_facts_of(world.engine.state, invoice)


def test_an_honest_invoice_is_signed(case):
    invoice, facts = case
    assert verify_redemption(invoice, facts) == ()


@pytest.mark.parametrize(
    ("field", "change", "check"),
    [
        ("paid", -UNIT, Check.BALANCE),
        ("paid", UNIT, Check.BALANCE),
        ("proceeds", UNIT, Check.BALANCE),
        ("venue_fees", UNIT, Check.BALANCE),
        ("routing_fees", UNIT, Check.ROUTING_FEE),
        ("redemption_fee", UNIT, Check.MANAGEMENT_FEE),
        ("rounding", UNIT, Check.PRECISION),
        ("burned", ATOMS, Check.UNITS),
        ("returned", -ATOMS, Check.BALANCE),
        ("escrowed", ATOMS, Check.IDENTITY),
        ("request_id", 1, Check.IDENTITY),
        ("fee", UNIT, Check.BALANCE),
        ("basket_version", 1, Check.UNITS),
    ],
)
def test_every_altered_figure_is_found(case, field, change, check):
    invoice, facts = case
    altered = msgspec.structs.replace(invoice, **{field: getattr(invoice, field) + change})
    assert check in {found.check for found in verify_redemption(altered, facts)}


@pytest.mark.parametrize(
    ("field", "change", "check"),
    [
        ("price", 1, Check.LOT),
        ("value", -UNIT, Check.LOT),
        ("fee", UNIT, Check.LOT),
        ("quantity", UNIT, Check.OVERASSIGNED),
        ("quantity", -UNIT, Check.UNITS),
    ],
)
def test_every_altered_lot_is_found(case, field, change, check):
    invoice, facts = case
    first, *others = invoice.lots
    altered = msgspec.structs.replace(first, **{field: getattr(first, field) + change})
    altered_invoice = msgspec.structs.replace(invoice, lots=(altered, *others))
    assert check in {found.check for found in verify_redemption(altered_invoice, facts)}


def test_a_trade_that_others_were_paid_from_is_not_paid_twice(case):
    invoice, facts = case
    lot = invoice.lots[0]
    taken = {trade_key(lot.venue, lot.symbol, lot.trade_id): 1}
    found = verify_redemption(invoice, msgspec.structs.replace(facts, taken=taken))
    assert {one.check for one in found} == {Check.OVERASSIGNED}


def test_an_unknown_trade_is_no_sale(case):
    invoice, facts = case
    found = verify_redemption(invoice, msgspec.structs.replace(facts, executions={}))
    assert Check.LOT in {one.check for one in found}


def test_a_cross_needs_a_buyer_at_the_mid_price(case):
    invoice, facts = case
    first, *others = invoice.lots
    crossed = msgspec.structs.replace(first, source=LotSource.CROSS, trade_id="x-b-BTC", fee=0)
    name = trade_key(crossed.venue, crossed.symbol, crossed.trade_id)
    invoice = msgspec.structs.replace(
        invoice,
        lots=(crossed, *others),
        venue_fees=invoice.venue_fees - first.fee,
        rounding=invoice.rounding + first.fee % UNIT,
        paid=invoice.paid + first.fee - first.fee % UNIT,
    )
    mids = {(crossed.batch_id, crossed.asset): crossed.price}
    both = msgspec.structs.replace(facts, mids=mids, crossed={name: crossed.quantity})
    alone = msgspec.structs.replace(facts, mids=mids, crossed={})
    less = msgspec.structs.replace(facts, mids=mids, crossed={name: crossed.quantity - 1})
    assert {one.check for one in verify_redemption(invoice, both)} <= {Check.PRECISION}
    assert Check.LOT in {one.check for one in verify_redemption(invoice, alone)}
    assert Check.OVERASSIGNED in {one.check for one in verify_redemption(invoice, less)}


def test_a_limit_of_the_request_that_is_not_kept_is_found(case):
    invoice, facts = case
    limits = RedemptionLimits(min_out=invoice.paid * 4 // 3 + 2 * UNIT, max_fee=invoice.fee)
    found = verify_redemption(invoice, msgspec.structs.replace(facts, limits=limits))
    assert Check.LIMIT in {one.check for one in found}
    found = verify_redemption(
        invoice, msgspec.structs.replace(facts, limits=RedemptionLimits(min_out=0, max_fee=invoice.fee - UNIT))
    )
    assert {one.check for one in found} >= {Check.LIMIT, Check.ROUTING_FEE}


def test_an_invoice_about_nothing_known_is_refused():
    world = ready_to_sell("4")
    sell_off(world, "4")
    pay_out(world)
    strange = msgspec.structs.replace(sale(world).redemption, order_id="o-strange")
    assert [found.check for found in review_redemption(world.engine.state, strange)] == [Check.IDENTITY]


@given(
    proceeds=st.integers(0, 10**24),
    fees=st.integers(0, 10**22),
    rate=st.integers(0, ATOMS - 1),
    routing=st.integers(0, 10**22),
    max_fee=st.none() | st.integers(0, 10**21),
    least=st.integers(1, 10**9),
)
def test_charges_divide_the_proceeds_exactly_and_heed_every_limit(proceeds, fees, rate, routing, max_fee, least):
    limits = PaymentLimits(max_fee=max_fee, least_paid=least * UNIT, unit=UNIT)
    routing -= routing % UNIT
    parts = charge(proceeds, venue_fees=fees, rate=rate, routing_fee=routing, limits=limits)
    assert parts.redemption_fee + parts.routing_fee + parts.paid + parts.rounding == proceeds - fees
    assert parts.paid >= limits.least_paid
    assert parts.paid % UNIT == 0
    assert min(parts.redemption_fee, parts.routing_fee) >= 0
    assert parts.routing_fee <= routing
    assert parts.rounding < UNIT
    if parts.rounding < 0:
        assert parts.paid == limits.least_paid
        assert parts.redemption_fee == parts.routing_fee == 0
    if max_fee is not None:
        assert parts.redemption_fee + parts.routing_fee <= max_fee


def test_the_requests_least_payment_is_rounded_up_to_what_the_token_can_pay():
    limits = RedemptionLimits(min_out=amt("10"), max_fee=amt("1"))
    parts = payment_limits(max_fee=amt("2"), limits=limits, burned=1, escrowed=3, unit=UNIT)
    assert parts.max_fee == amt("1")
    assert parts.least_paid == amt("3.333334")
