"""How sell orders end otherwise: cancelled and expired in every state, refused for their limits, stuck."""

import pytest

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import CommitFailure, ExecType, IndexState, OrderState, RejectReason
from solver.selling import DUST, TOKEN, burned, holder, pay_out, ready_to_sell, sale, sell_off, users_hold, wallet
from solver.world import ALICE, CHAIN, GATE, SECOND, amt


def hold_back(kind):
    return lambda world, command: [] if isinstance(command, kind) else None


@pytest.mark.parametrize("quoted", [False, True])
def test_cancel_before_the_lock_leaves_the_tokens_withdrawable(quoted):
    world = holder()
    world.hooks.append(hold_back(out.QuoteRoute))
    seen = world.redeem(ALICE, "2")
    world.sell(ALICE, "2")
    if quoted:
        world.tick()
        world.play()
    world.cancel(ALICE, "sale")
    report = world.last(ALICE, "sale")
    assert (report.exec_type, report.state) == (ExecType.CANCELLED, OrderState.CANCELLED)
    assert world.sent(out.CommitRedemptions) == []
    assert world.engine.pending() == ()
    world.submit(ev.RedemptionWithdrawn(chain_id=CHAIN, gate=GATE, request_id=seen.request_id))
    assert users_hold(world) == {}


def test_tokens_of_a_cancelled_order_fund_the_next_one():
    world = holder()
    world.redeem(ALICE, "2")
    world.sell(ALICE, "2")
    world.cancel(ALICE, "sale")
    world.sell(ALICE, "2", "again")
    world.tick()
    world.play()
    assert sale(world, client_order_id="again").state is OrderState.READY


@pytest.mark.parametrize("locked", [True, False])
def test_a_cancel_during_the_lock_waits_for_it_and_then_nothing_is_sold(locked):
    world = holder()
    world.hooks.append(hold_back(out.CommitRedemptions))
    world.redeem(ALICE, "2")
    world.sell(ALICE, "2")
    world.tick()
    world.play()
    world.cancel(ALICE, "sale")
    assert world.last(ALICE, "sale").exec_type is ExecType.PENDING_CANCEL
    (commit,) = world.sent(out.CommitRedemptions)
    if locked:
        world.submit(ev.CollateralCommitted(command_id=commit.command_id, tx_hash="0xc1"))
    else:
        failure = CommitFailure.RETRYABLE
        world.submit(ev.CommitFailed(command_id=commit.command_id, reason="paused", failure=failure))
    pay_out(world)
    assert world.last(ALICE, "sale").state is OrderState.CANCELLED
    assert wallet(world, TOKEN) == (amt("2") if locked else 0)
    assert len(world.sent(out.SettleRedemption)) == locked


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_an_order_that_sold_nothing_gets_all_its_tokens_back_without_a_transfer(end):
    world = ready_to_sell("2")
    if end == "cancel":
        world.cancel(ALICE, "sale")
    else:
        world.now += 3600 * SECOND
    pay_out(world)
    invoice = sale(world).redemption
    assert sale(world).state is (OrderState.CANCELLED if end == "cancel" else OrderState.EXPIRED)
    assert (invoice.burned, invoice.returned, invoice.paid, invoice.fee) == (0, amt("2"), 0, 0)
    assert world.sent(out.WithdrawCollateral) == []
    assert (wallet(world, TOKEN), burned(world), users_hold(world)) == (amt("2"), 0, {})


def test_cancel_after_a_partial_sale_pays_what_was_sold_and_returns_the_rest():
    world = ready_to_sell("4")
    sell_off(world, "1", end=False)
    world.cancel(ALICE, "sale")
    assert world.last(ALICE, "sale").reason is RejectReason.CANCELLED_BY_USER
    pay_out(world)
    invoice = sale(world).redemption
    assert sale(world).state is OrderState.PAID
    assert amt("1") - DUST <= invoice.burned <= amt("1")
    assert invoice.burned + invoice.returned == amt("4")
    assert invoice.paid > 0
    assert users_hold(world) == {}


def test_cancel_is_too_late_once_the_order_is_payable():
    world = ready_to_sell("4")
    sell_off(world, "4")
    world.cancel(ALICE, "sale")
    report = world.last(ALICE, "sale")
    assert (report.exec_type, report.reason) == (ExecType.CANCEL_REJECTED, RejectReason.TOO_LATE)
    pay_out(world)
    assert sale(world).state is OrderState.PAID


@pytest.mark.parametrize("whose", ["order", "request"])
def test_an_order_whose_fee_limit_cannot_be_kept_is_refused_before_anything_moves(whose):
    world = holder()
    seen = world.redeem(ALICE, "2")
    if whose == "request":
        world.submit(
            ev.RedemptionTerms(chain_id=CHAIN, gate=GATE, request_id=seen.request_id, min_out=0, max_fee=amt("0.1"))
        )
    world.sell(ALICE, "2", max_fee=amt("0.1") if whose == "order" else 0)
    world.tick()
    world.play()
    report = world.last(ALICE, "sale")
    assert (report.state, report.reason) == (OrderState.REJECTED, RejectReason.FEE_ABOVE_LIMIT)
    assert world.sent(out.CommitRedemptions) == []


def test_a_fee_that_rises_after_the_sale_is_borne_by_the_house_above_the_limit():
    world = holder()
    seen = world.redeem(ALICE, "2")
    terms = {"min_out": 0, "max_fee": amt("0.9")}
    world.submit(ev.RedemptionTerms(chain_id=CHAIN, gate=GATE, request_id=seen.request_id, **terms))
    world.sell(ALICE, "2")
    world.tick()
    world.play()
    world.withdrawal_fee = amt("5")
    sell_off(world, "2")
    pay_out(world)
    invoice = sale(world).redemption
    assert invoice.fee == amt("0.9")
    assert "FEE_LIMIT" in world.alerts()
    assert users_hold(world) == {}


def test_the_least_payment_of_the_request_is_kept_pro_rata_of_what_is_burned():
    world = holder()
    seen = world.redeem(ALICE, "4")
    proceeds = amt("179.8") * 4
    terms = {"min_out": proceeds, "max_fee": amt("100")}
    world.submit(ev.RedemptionTerms(chain_id=CHAIN, gate=GATE, request_id=seen.request_id, **terms))
    world.sell(ALICE, "4")
    world.tick()
    world.play()
    assert sale(world).price_limit == amt("179.8")
    sell_off(world, "2")
    pay_out(world)
    invoice = sale(world).redemption
    assert invoice.paid >= amt("179.8") * invoice.burned // amt("1")
    assert invoice.routing_fees < amt("0.75")
    assert users_hold(world) == {}


def test_a_limit_price_is_the_least_that_a_unit_must_bring():
    world = ready_to_sell("4", max_price=amt("200"))
    assert sale(world).price_limit == amt("200")


def test_sales_too_small_for_the_way_back_are_refused_before_anything_moves():
    world = holder()
    world.hooks.append(
        lambda w, c: (
            [ev.RouteRefused(transfer_id=c.transfer_id, reason="below the least amount")]
            if isinstance(c, out.QuoteRoute)
            else None
        )
    )
    world.redeem(ALICE, "0.01")
    world.sell(ALICE, "0.01")
    world.tick()
    world.play()
    report = world.last(ALICE, "sale")
    assert (report.state, report.reason) == (OrderState.REJECTED, RejectReason.ROUTE_REFUSED)
    assert users_hold(world) == {TOKEN: amt("0.01")}


@pytest.mark.parametrize(
    ("state", "kind", "hours"),
    [
        (OrderState.PENDING_TOKENS, out.CommitRedemptions, 0.6),
        (OrderState.PAYABLE, out.QuoteRoute, 0.6),
        (OrderState.PAYOUT_ROUTING, out.WithdrawCollateral, 1),
    ],
)
def test_orders_that_stay_too_long_are_told(state, kind, hours):
    world = holder()
    if kind is out.CommitRedemptions:
        world.hooks.append(hold_back(kind))
        world.redeem(ALICE, "2")
        world.sell(ALICE, "2")
    else:
        ready_to_sell("2", world=world)
        world.hooks.append(hold_back(kind))
        sell_off(world, "2")
    pay_out(world)
    assert sale(world).state is state
    world.tick(hours * 3600)
    assert world.alerts()[-1] == "STUCK_ORDER"


def test_a_paused_index_takes_no_sale_and_a_retired_one_still_does():
    world = holder()
    for index_state in (IndexState.PAUSED, IndexState.RETIRED):
        world.submit(ev.IndexStateChanged(symbol="TOP2", state=index_state))
        world.sell(ALICE, "1", index_state.value)
    assert world.last(ALICE, "PAUSED").reason is RejectReason.INDEX_NOT_ACTIVE
    assert world.last(ALICE, "RETIRED").state is OrderState.PENDING_TOKENS
