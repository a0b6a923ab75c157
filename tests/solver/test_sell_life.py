"""A sell order from the locked tokens to the payment."""

import pytest

from indexmaker.money import ATOMS
from indexmaker.solver import SolverConfig
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.config import FinalityTier
from indexmaker.solver.vocabulary import (
    CommitFailure,
    ExecType,
    Finality,
    OrderState,
    RejectReason,
    SettlementState,
)
from solver.selling import DUST, TOKEN, burned, holder, pay_out, ready_to_sell, sale, sell_off, users_hold, wallet
from solver.world import ALICE, BOB, CHAIN, GATE, amt


def paid(world, account=ALICE, client_order_id="sale"):
    report = world.last(account, client_order_id)
    assert report.state is OrderState.PAID, report
    return sale(world, account, client_order_id).redemption


def test_a_sold_order_is_paid_once_and_the_invoice_balances():
    world = ready_to_sell("4")
    before = wallet(world)
    sell_off(world, "4")
    pay_out(world)
    invoice = paid(world)
    assert invoice.escrowed == invoice.burned == amt("4") == burned(world)
    assert invoice.returned == 0
    parts = invoice.paid + invoice.venue_fees + invoice.routing_fees + invoice.redemption_fee + invoice.rounding
    assert invoice.proceeds == parts
    assert 0 <= invoice.rounding < 10**12
    assert wallet(world) - before == invoice.paid == world.redeemed[invoice.request_id].paid
    assert users_hold(world) == {}
    assert world.engine.pending() == ()


def test_the_routing_fee_charged_is_the_withdrawal_and_the_bridge_together():
    world = ready_to_sell("4")
    sell_off(world, "4")
    pay_out(world)
    assert paid(world).routing_fees == amt("0.75")
    (withdrawal,) = world.sent(out.WithdrawCollateral)
    (carried,) = [c for c in world.sent(out.StartTransfer) if c.source.startswith("BINANCE")]
    assert carried.amount == withdrawal.amount - amt("0.25")
    assert (carried.commit_tx, withdrawal.network) == ("0xfeed", "BASE")


def test_what_was_not_sold_comes_back_with_the_payment():
    world = ready_to_sell("4", order="3")
    sell_off(world, "2")
    pay_out(world)
    invoice = paid(world)
    assert amt("2") - DUST <= invoice.burned <= amt("2")
    assert wallet(world, TOKEN) == invoice.returned == amt("4") - invoice.burned


def test_the_redemption_fee_of_the_index_stays_with_the_house():
    world = holder()
    world.engine.state.indices["TOP2"].redemption_fee = ATOMS // 100
    ready_to_sell("4", world=world)
    sell_off(world, "4")
    pay_out(world)
    invoice = paid(world)
    assert invoice.redemption_fee == invoice.proceeds // 100 // 10**12 * 10**12
    assert users_hold(world) == {}


def test_orders_payable_in_one_window_share_a_transfer_and_its_fee():
    world = holder(ALICE, BOB)
    ready_to_sell("1", world=world, account=ALICE)
    ready_to_sell("3", world=world, account=BOB)
    sell_off(world, "4", account=ALICE)
    pay_out(world)
    assert len(world.sent(out.WithdrawCollateral)) == 1
    fees = paid(world, ALICE).routing_fees, paid(world, BOB).routing_fees
    assert sum(fees) == amt("0.75")
    assert fees[1] > fees[0]


def test_tokens_are_locked_before_anything_may_be_sold():
    world = holder()
    world.hooks.append(lambda w, c: [] if isinstance(c, out.CommitRedemptions) else None)
    world.redeem(ALICE, "4")
    world.sell(ALICE, "4")
    world.run(2)
    assert sale(world).state is OrderState.PENDING_TOKENS
    assert sale(world).units == 0
    world.hooks.clear()
    world.restart()
    world.play()
    assert sale(world).state is OrderState.READY


def test_orders_whose_tokens_are_confirmed_share_one_lock():
    world = holder(ALICE, BOB)
    for account in (ALICE, BOB):
        world.redeem(account, "1")
        world.sell(account, "1")
    world.tick()
    world.play()
    (commit,) = world.sent(out.CommitRedemptions)
    assert len(commit.request_ids) == 2
    assert {sale(world, one).state for one in (ALICE, BOB)} == {OrderState.READY}


def test_order_and_tokens_may_come_in_any_order():
    world = holder()
    world.sell(ALICE, "2")
    world.redeem(ALICE, "2", finality=Finality.SEEN)
    world.tick()
    world.play()
    assert sale(world).state is OrderState.PENDING_TOKENS
    first = next(e for e, _, _ in world.journal if isinstance(e, ev.RedemptionSeen))
    values = {name: getattr(first, name) for name in first.__struct_fields__}
    world.submit(ev.RedemptionSeen(**values | {"finality": Finality.CONFIRMED}))
    world.tick()
    world.play()
    assert sale(world).state is OrderState.READY


def test_a_request_that_is_too_small_does_not_fund_the_order():
    world = holder()
    world.redeem(ALICE, "1")
    world.sell(ALICE, "2")
    world.tick()
    world.play()
    assert sale(world).lot_key == ""
    world.redeem(ALICE, "2.5")
    world.tick()
    world.play()
    assert (sale(world).state, sale(world).deposit) == (OrderState.READY, amt("2.5"))


def test_events_told_twice_have_no_second_effect():
    world = holder(duplicate=True)
    ready_to_sell("4", world=world)
    sell_off(world, "4")
    pay_out(world)
    assert paid(world).burned == amt("4")


def test_a_retracted_escrow_takes_its_order_back_to_waiting():
    world = holder()
    seen = world.redeem(ALICE, "2")
    world.sell(ALICE, "2")
    world.submit(ev.RedemptionRetracted(chain_id=CHAIN, tx_hash=seen.tx_hash, log_index=0))
    assert (sale(world).state, sale(world).lot_key) == (OrderState.PENDING_TOKENS, "")
    assert users_hold(world).get(TOKEN, 0) == 0
    world.submit(seen)
    world.tick()
    world.play()
    assert sale(world).state is OrderState.READY


def test_withdrawn_tokens_cannot_come_again():
    world = holder()
    seen = world.redeem(ALICE, "2")
    world.submit(ev.RedemptionWithdrawn(chain_id=CHAIN, gate=GATE, request_id=seen.request_id))
    world.submit(seen)
    world.sell(ALICE, "2")
    world.tick()
    assert sale(world).lot_key == ""


def test_tokens_withdrawn_while_their_lock_is_on_the_way_leave_when_it_fails():
    world = holder()
    answers = []

    def gone(_, command):
        if isinstance(command, out.CommitRedemptions):
            answers.append(command)
            return []
        return None

    world.hooks.append(gone)
    seen = world.redeem(ALICE, "2")
    world.sell(ALICE, "2")
    world.tick()
    world.play()
    world.submit(ev.RedemptionWithdrawn(chain_id=CHAIN, gate=GATE, request_id=seen.request_id))
    assert users_hold(world)[TOKEN] == amt("2")
    world.submit(
        ev.CommitFailed(command_id=answers[0].command_id, reason="NotPending", failure=CommitFailure.REQUEST_GONE)
    )
    assert users_hold(world) == {}
    assert (sale(world).state, sale(world).lot_key) == (OrderState.PENDING_TOKENS, "")


def test_a_request_that_is_gone_holds_up_nobody_else():
    world = holder(ALICE, BOB)
    asked = []

    def one_is_gone(_, command):
        if isinstance(command, out.CommitRedemptions) and min(command.request_ids) == asked[0]:
            failure = CommitFailure.REQUEST_GONE
            return [ev.CommitFailed(command_id=command.command_id, reason="NotPending", failure=failure)]
        return None

    world.hooks.append(one_is_gone)
    for account in (ALICE, BOB):
        asked.append(world.redeem(account, "1").request_id)
        world.sell(account, "1")
    for _ in range(4):
        world.tick(6)
        world.play()
    assert sale(world, BOB).state is OrderState.READY
    assert sale(world, ALICE).state is OrderState.PENDING_TOKENS


@pytest.mark.parametrize("finality", [Finality.CONFIRMED, Finality.FINAL])
def test_large_sales_wait_for_the_finality_of_their_value(finality):
    tiers = (
        FinalityTier(amount=0, finality=Finality.CONFIRMED),
        FinalityTier(amount=amt("500"), finality=Finality.FINAL),
    )
    world = holder()
    world.submit(ev.Configured(config=SolverConfig(finality=tiers)))
    world.redeem(ALICE, "4", finality=finality)
    world.sell(ALICE, "4")
    assert bool(sale(world).lot_key) is (finality is Finality.FINAL)


def test_a_reverted_payment_is_signed_and_sent_again():
    world = ready_to_sell("4")
    reverted = []

    def revert_once(_, command):
        if isinstance(command, out.SettleRedemption) and not reverted:
            reverted.append(command)
            state = SettlementState.REVERTED
            return [ev.SettlementUpdated(command_id=command.command_id, state=state, reason="PriceBelowLimit")]
        return None

    world.hooks.append(revert_once)
    sell_off(world, "4")
    pay_out(world)
    assert sale(world).state is OrderState.PAYOUT_ROUTING
    assert "SETTLEMENT" in world.alerts()
    world.tick(6)
    world.play()
    assert paid(world).invoice_id != reverted[0].invoice.invoice_id
    assert len(world.redeemed) == 1


def test_a_payment_that_the_chain_takes_back_is_booked_back_and_sent_again():
    world = ready_to_sell("4")
    confirmed = SettlementState.CONFIRMED

    def only_confirmed(w, command):
        if isinstance(command, out.SettleRedemption):
            w.redeemed[command.invoice.request_id] = command.invoice
            return [ev.SettlementUpdated(command_id=command.command_id, state=confirmed, tx_hash="0xbb", block=9)]
        return None

    world.hooks.append(only_confirmed)
    sell_off(world, "4")
    pay_out(world)
    invoice = paid(world)
    (settle,) = world.sent(out.SettleRedemption)
    world.submit(ev.SettlementUpdated(command_id=settle.command_id, state=SettlementState.REORGED))
    assert (sale(world).state, burned(world)) == (OrderState.PAYOUT_ROUTING, 0)
    assert users_hold(world)["USDC"] == invoice.proceeds - invoice.venue_fees - invoice.routing_fees
    world.submit(ev.SettlementUpdated(command_id=settle.command_id, state=SettlementState.FINAL, tx_hash="0xbc"))
    assert paid(world) == invoice
    assert users_hold(world) == {}


def test_a_vetoed_redemption_waits_for_a_person():
    world = ready_to_sell("4")
    veto = [True]
    world.hooks.append(
        lambda w, c: (
            [ev.InvoiceVetoed(invoice_id=c.invoice.invoice_id, reason="no")]
            if isinstance(c, out.SignRedemption) and veto
            else None
        )
    )
    sell_off(world, "4")
    pay_out(world, rounds=5)
    assert world.sent(out.SettleRedemption) == []
    assert "INVOICE_VETOED" in world.alerts()
    assert sale(world).state is OrderState.PAYOUT_ROUTING


def test_reports_tell_what_was_sold_and_what_is_paid():
    world = ready_to_sell("4", order="3")
    sell_off(world, "2")
    pay_out(world)
    report = world.last(ALICE, "sale")
    invoice = paid(world)
    assert report.exec_type is ExecType.PAID
    assert (report.units, report.proceeds, report.paid, report.returned, report.tx_hash) == (
        invoice.burned,
        invoice.proceeds,
        invoice.paid,
        invoice.returned,
        "0xbb",
    )
    (final,) = [r for r in world.told(out.RedemptionReport) if r.final]
    assert final.invoice == invoice


def test_an_own_sale_first_meets_the_users_open_buy():
    world = holder()
    world.deposit(ALICE, "100")
    world.order(ALICE, "100", "two")
    world.redeem(ALICE, "0.5")
    world.sell(ALICE, "0.5")
    world.tick(1)
    assert world.last(ALICE, "sale").reason is RejectReason.SELF_MATCHED or sale(world).amount < amt("0.5")
