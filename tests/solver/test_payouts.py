"""Proceeds on their way from the venue to the keeper: delays, failures, restarts; and the money in each of them."""

import pytest

from indexmaker.solver import SolverConfig, accounts
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import OrderState, SettlementState, TransferState, WithdrawalState
from solver.selling import balance, holder, pay_out, ready_to_sell, sale, sell_off, users_hold
from solver.world import ALICE, BOB, CHAIN, SECOND, amt

KEEPER = accounts.keeper(CHAIN, "USDC")


def answering(kind, *answers):
    """Answers commands of a kind with these, one after the other; then the world answers."""
    left = list(answers)
    return lambda world, command: left.pop(0)(command) if isinstance(command, kind) and left else None


def withdrawal(state, **values):
    return lambda command: [ev.WithdrawalUpdated(command_id=command.command_id, state=state, **values)]


def transfer(state, **values):
    return lambda command: [ev.TransferUpdated(transfer_id=command.transfer_id, state=state, **values)]


def restart(world):
    (payout,) = [one for one in world.engine.state.payouts.values() if one.stage == "FAILED"]
    world.submit(ev.PayoutRestarted(payout_id=payout.payout_id, operator="ann", reason="mended"))
    world.play()


def sold(world=None, units="4"):
    world = ready_to_sell(units, world=world)
    sell_off(world, units)
    return world


def test_a_payout_waits_for_company_within_its_window():
    world = holder(ALICE, BOB)
    world.submit(ev.Configured(config=SolverConfig(routing_window_ns=8 * SECOND)))
    ready_to_sell("2", world=world, account=ALICE)
    sell_off(world, "2", account=ALICE)
    ready_to_sell("2", world=world, account=BOB)
    sell_off(world, "4", account=BOB)
    assert not world.engine.state.payouts
    world.tick(5)
    world.play()
    (payout,) = world.engine.state.payouts.values()
    assert [order_id for order_id, _ in payout.shares] == [sale(world, one).order_id for one in (ALICE, BOB)]


def test_a_failed_withdrawal_alarms_and_leaves_the_money_at_the_venue_until_it_is_restarted():
    world = sold()
    world.hooks.append(answering(out.WithdrawCollateral, withdrawal(WithdrawalState.FAILED, reason="suspended")))
    pay_out(world, rounds=4)
    assert "PAYOUT" in world.alerts()
    assert sale(world).state is OrderState.PAYOUT_ROUTING
    at_venue = accounts.proceeds(ALICE, "binance", "USDC")
    assert balance(world, at_venue) == sale(world).payout_share
    assert len(world.sent(out.WithdrawCollateral)) == 1
    restart(world)
    pay_out(world)
    assert sale(world).state is OrderState.PAID
    assert users_hold(world) == {}


def test_a_refused_withdrawal_that_is_told_as_sent_later_moves_nothing_and_calls_a_person():
    world = sold()
    world.hooks.append(answering(out.WithdrawCollateral, withdrawal(WithdrawalState.FAILED, reason="suspended")))
    pay_out(world, rounds=4)
    (command,) = world.sent(out.WithdrawCollateral)
    before = world.engine.dump()
    late = ev.WithdrawalUpdated(
        command_id=command.command_id, state=WithdrawalState.SENT, tx_hash="0xfe", amount=amt("700")
    )
    world.submit(late)
    assert world.engine.dump() == before
    assert world.alerts()[-1] == "PAYOUT"


def test_a_withdrawal_that_fails_after_it_was_told_as_sent_is_booked_back():
    world = sold()
    sent = withdrawal(WithdrawalState.SENT, tx_hash="0xfe", amount=amt("700"))
    world.hooks.append(answering(out.WithdrawCollateral, sent))
    world.hooks.append(answering(out.StartTransfer, transfer(TransferState.IN_FLIGHT)))
    pay_out(world)
    (command,) = world.sent(out.WithdrawCollateral)
    failed = ev.WithdrawalUpdated(command_id=command.command_id, state=WithdrawalState.FAILED)
    world.submit(failed)
    assert balance(world, accounts.proceeds(ALICE, "binance", "USDC")) == sale(world).payout_share
    (payout,) = world.engine.state.payouts.values()
    late = ev.TransferUpdated(transfer_id=payout.transfer_id, state=TransferState.COMPLETED, amount_out=amt("700"))
    world.submit(late)
    assert sale(world).redemption is None
    world.hooks.clear()
    restart(world)
    pay_out(world)
    assert sale(world).state is OrderState.PAID


def test_a_withdrawal_that_waits_for_an_operator_goes_on_when_the_venue_says_so():
    world = sold()
    world.hooks.append(answering(out.WithdrawCollateral, withdrawal(WithdrawalState.NEEDS_OPERATOR)))
    pay_out(world)
    assert "PAYOUT" in world.alerts()
    (command,) = world.sent(out.WithdrawCollateral)
    tx = {"tx_hash": "0xfeed", "amount": command.amount - amt("0.25")}
    world.submit(ev.WithdrawalUpdated(command_id=command.command_id, state=WithdrawalState.SENT, **tx))
    world.play()
    assert sale(world).state is OrderState.PAID


@pytest.mark.parametrize("stop", [TransferState.FAILED, TransferState.REFUNDED])
def test_a_stopped_transfer_alarms_and_is_carried_again_under_a_new_id_when_restarted(stop):
    world = sold()
    world.hooks.append(answering(out.StartTransfer, transfer(stop, reason="expired")))
    pay_out(world, rounds=4)
    assert "PAYOUT" in world.alerts()
    assert users_hold(world)["USDC"] > 0
    restart(world)
    assert sale(world).state is OrderState.PAID
    ids = {command.transfer_id for command in world.sent(out.WithdrawCollateral)}
    assert len(ids) == 1
    assert users_hold(world) == {}


def test_what_the_route_delivers_short_of_its_quote_is_borne_by_the_house():
    world = sold()
    cash = balance(world, KEEPER)
    short = lambda c: transfer(TransferState.COMPLETED, amount_out=c.min_out - amt("1"))(c)  # noqa: E731
    world.hooks.append(answering(out.StartTransfer, short))
    pay_out(world)
    assert "SHORT_ARRIVAL" in world.alerts()
    assert sale(world).redemption.routing_fees == amt("0.75")
    assert cash - balance(world, KEEPER) == amt("1")


def test_a_route_that_turns_out_cheaper_is_charged_as_it_was():
    world = sold()
    free = lambda c: transfer(TransferState.COMPLETED, amount_out=c.amount)(c)  # noqa: E731
    world.hooks.append(answering(out.StartTransfer, free))
    cash = balance(world, KEEPER)
    pay_out(world)
    assert sale(world).redemption.routing_fees == amt("0.25")
    assert balance(world, KEEPER) == cash


def test_a_refused_route_is_asked_again_at_growing_distances_and_a_person_is_told():
    world = sold()
    refusing = [True]
    world.hooks.append(
        lambda w, c: (
            [ev.RouteRefused(transfer_id=c.transfer_id, reason="suspended", retryable=True)]
            if isinstance(c, out.QuoteRoute) and refusing
            else None
        )
    )
    asked = len(world.sent(out.QuoteRoute))
    for _ in range(80):
        world.tick(3)
        world.play()
    assert 5 <= len(world.sent(out.QuoteRoute)) - asked <= 8
    assert world.alerts().count("PAYOUT") == 1
    refusing.clear()
    for _ in range(80):
        world.tick(3)
        world.play()
    assert sale(world).state is OrderState.PAID


def test_a_quote_that_is_too_old_is_asked_anew():
    world = sold()

    def stale(command):
        amounts = {"amount_in": command.amount, "amount_out": command.amount}
        return [ev.RouteQuoted(transfer_id=command.transfer_id, expires_at=1, **amounts)]

    world.hooks.append(answering(out.QuoteRoute, stale))
    pay_out(world, rounds=3)
    assert sale(world).state is OrderState.PAID


def test_reports_of_a_payout_may_be_told_twice_and_late():
    world = sold()
    world.duplicate = True
    pay_out(world)
    assert sale(world).state is OrderState.PAID
    (command,) = world.sent(out.WithdrawCollateral)
    before = world.engine.dump()
    for state in WithdrawalState:
        world.submit(ev.WithdrawalUpdated(command_id=command.command_id, state=state, tx_hash="0x1"))
    (payout,) = world.engine.state.payouts.values()
    for state in TransferState:
        world.submit(ev.TransferUpdated(transfer_id=payout.transfer_id, state=state, amount_out=1))
    assert world.engine.dump() == before


def _play_with_a_crash(world, *, at):
    """Answer commands; the one at position `at` is carried out, but the engine dies before it hears of it."""
    for position in range(100):
        if not world.inbox:
            if not world.engine.state.open_orders:
                return
            world.tick()
            continue
        events = world.answer(world.inbox.popleft())
        if position == at:
            world.restart()
            continue
        for event in events:
            world.submit(event)


@pytest.mark.parametrize("at", range(12))
def test_a_crash_before_any_answer_is_heard_pays_once(at):
    world = holder()
    world.redeem(ALICE, "4")
    world.sell(ALICE, "4")
    world.tick()
    world.play()
    sell_off(world, "4")
    _play_with_a_crash(world, at=at)
    assert sale(world).state is OrderState.PAID
    assert len(world.redeemed) == len(world.withdrawn) == 1
    assert users_hold(world) == {}
    assert world.engine.pending() == ()


def test_only_a_payout_that_failed_can_be_restarted():
    world = sold()
    pay_out(world)
    before = world.engine.dump()
    (payout,) = world.engine.state.payouts.values()
    world.submit(ev.PayoutRestarted(payout_id=payout.payout_id, operator="ann", reason="why not"))
    assert (world.engine.dump(), world.alerts()) == (before, ["DECISION"])


def test_a_vetoed_redemption_is_offered_again_once_a_person_has_looked():
    world = sold()
    veto = ev.InvoiceVetoed
    world.hooks.append(
        answering(out.SignRedemption, lambda c: [veto(invoice_id=c.invoice.invoice_id, reason="no such trade")])
    )
    pay_out(world)
    vetoed = sale(world).redemption
    world.submit(ev.InvoiceReviewed(invoice_id=vetoed.invoice_id, operator="ann", reason="the venue was late"))
    world.play()
    assert sale(world).state is OrderState.PAID
    assert sale(world).redemption.invoice_id != vetoed.invoice_id


def test_a_payment_that_was_given_up_is_tried_again_when_a_person_says_so():
    world = sold()
    gas = []
    reverted = SettlementState.REVERTED
    world.hooks.append(
        lambda w, c: (
            [ev.SettlementUpdated(command_id=c.command_id, state=reverted)]
            if isinstance(c, out.SettleRedemption) and not gas
            else None
        )
    )
    for _ in range(12):
        world.tick(6)
        world.play()
    assert len(world.sent(out.SettleRedemption)) == world.config.settlement_attempts
    gas.append("topped up")
    world.submit(ev.SettlementRetried(order_id=sale(world).order_id, operator="ann", reason="gas"))
    world.play()
    assert sale(world).state is OrderState.PAID
    assert users_hold(world) == {}


def carried_after_a_withdrawal_of(told):
    """The payout, and the amounts that the route was asked to carry when the venue says that `told(asked)` left."""
    world = sold()
    carried = []

    def left(_, command):
        if isinstance(command, out.WithdrawCollateral):
            return withdrawal(WithdrawalState.SENT, tx_hash="0xfeed", amount=told(command.amount))(command)
        if isinstance(command, out.StartTransfer) and command.transfer_id in world.engine.state.payouts:
            carried.append(command.amount)
            return []
        return None

    world.hooks.append(left)
    pay_out(world)
    (payout,) = world.engine.state.payouts.values()
    return world, payout, carried


def test_the_route_carries_what_the_venue_says_has_left():
    _, payout, carried = carried_after_a_withdrawal_of(lambda asked: asked - amt("1.5"))
    assert carried == [payout.amount - amt("1.5")]
    assert carried != [payout.expected_in]


@pytest.mark.parametrize("told", [lambda asked: 10 * asked, lambda asked: asked + 1, lambda asked: -asked])
def test_the_route_never_carries_more_than_the_venue_was_asked_for(told):
    world, payout, carried = carried_after_a_withdrawal_of(told)
    assert carried == [payout.expected_in]
    assert "PAYOUT" in world.alerts()
