"""What operators decide: each decision does one thing, once, and none that does not apply changes anything."""

import pytest

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.config import SolverConfig
from indexmaker.solver.vocabulary import (
    OrderState,
    PositionCheck,
    PositionStatus,
    RejectClass,
    RejectReason,
    SettlementState,
    TransferState,
)
from solver.world import ALICE, BOB, CHAIN, amt, make_world

WHO = {"operator": "olga", "reason": "looked at it"}


def funded(**options):
    world = make_world(**options)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    return world


def vetoing(world, command):
    if isinstance(command, out.SignInvoice) and world.vetoes:
        world.vetoes -= 1
        return [ev.InvoiceVetoed(invoice_id=command.invoice.invoice_id, reason="the venue knows no such trade")]
    return None


def reverting(world, command):
    if isinstance(command, out.SettleInvoice) and world.reverts:
        world.reverts -= 1
        return [ev.SettlementUpdated(command_id=command.command_id, state=SettlementState.REVERTED, reason="Paused")]
    return None


def stopping(state):
    def hook(world, command):
        if isinstance(command, out.StartTransfer):
            return [ev.TransferUpdated(transfer_id=command.transfer_id, state=state, reason="expired unfilled")]
        return None

    return hook


def unchanged_by(world, event):
    before = world.engine.dump()
    world.submit(event)
    return world.engine.dump() == before and world.alerts()[-1] == "DECISION"


def test_while_trading_is_halted_no_batch_is_made_and_orders_are_still_taken():
    world = funded()
    world.submit(ev.TradingHalted(**WHO))
    world.run()
    assert world.last(ALICE).state is OrderState.READY
    world.order(BOB, "50")
    assert world.last(BOB).state is OrderState.PENDING_COLLATERAL
    world.submit(ev.TradingResumed(**WHO))
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED


def test_a_batch_that_runs_is_finished_while_trading_is_halted():
    world = funded()
    world.tick()
    world.play()
    world.solve()
    assert world.last(ALICE).state is OrderState.ENGAGED
    world.submit(ev.TradingHalted(**WHO))
    world.play()
    assert world.last(ALICE).state is OrderState.MINTED


def test_a_reviewed_invoice_is_signed_and_settled():
    world = funded(hooks=[vetoing])
    world.vetoes = 1
    world.run()
    order = world.engine.order(ALICE, "one")
    assert order.state is OrderState.MINTABLE
    assert order.vetoed
    first = order.invoice
    world.submit(ev.InvoiceReviewed(invoice_id=first.invoice_id, **WHO))
    world.play()
    second = world.engine.order(ALICE, "one").invoice
    assert world.last(ALICE).state is OrderState.MINTED
    assert (second.spent, second.refund, second.units) == (first.spent, first.refund, first.units)
    assert unchanged_by(world, ev.InvoiceReviewed(invoice_id=first.invoice_id, **WHO))


def test_a_review_does_not_help_an_invoice_that_is_vetoed_again():
    world = funded(hooks=[vetoing])
    world.vetoes = 2
    world.run()
    world.submit(ev.InvoiceReviewed(invoice_id=world.engine.order(ALICE, "one").invoice.invoice_id, **WHO))
    world.play()
    assert world.engine.order(ALICE, "one").vetoed
    assert not world.minted


def test_a_settlement_given_up_is_tried_again_once_per_decision():
    config = SolverConfig(settlement_attempts=2)
    world = funded(hooks=[reverting], config=config)
    world.reverts = 2
    world.run()
    order = world.engine.order(ALICE, "one")
    world.tick(60)
    world.play()
    assert order.state is OrderState.MINTABLE
    assert len(world.sent(out.SettleInvoice)) == 2
    decision = ev.SettlementRetried(order_id=order.order_id, **WHO)
    world.submit(decision)
    assert unchanged_by(world, decision), "the first one is on its way"
    world.play()
    assert world.last(ALICE).state is OrderState.MINTED


def test_a_settlement_that_still_retries_by_itself_is_left_alone():
    world = funded(hooks=[reverting])
    world.reverts = 1
    world.run(1)
    order = world.engine.order(ALICE, "one")
    assert order.state is OrderState.MINTABLE
    assert unchanged_by(world, ev.SettlementRetried(order_id=order.order_id, **WHO))


@pytest.mark.parametrize("state", [TransferState.FAILED, TransferState.REFUNDED, TransferState.NEEDS_OPERATOR])
def test_users_of_a_written_off_transfer_are_refunded_in_full_and_the_house_has_the_claim(state):
    world = funded(hooks=[stopping(state)])
    world.order(BOB, "70")
    world.deposit(BOB, "80")
    world.run()
    transfer = world.engine.order(ALICE, "one").transfer_id
    world.submit(ev.TransferWrittenOff(transfer_id=transfer, **WHO))
    world.play()
    for account, deposit in ((ALICE, "100"), (BOB, "80")):
        order = world.engine.order(account, "one")
        assert (order.state, order.ending_reason) == (OrderState.CANCELLED, RejectReason.TRANSFER_FAILED)
        assert (order.invoice.refund, order.invoice.fee, order.invoice.units) == (amt(deposit), 0, 0)
    assert world.user_money() == 0
    balances = {str(account): balance for account, balance in world.engine.ledger}
    assert balances["HOUSE/house/claims@transit:USDC"] == amt("180")
    assert unchanged_by(world, ev.TransferWrittenOff(transfer_id=transfer, **WHO))


def test_a_transfer_that_moves_cannot_be_written_off():
    world = funded(hooks=[stopping(TransferState.IN_FLIGHT)])
    world.run()
    transfer = world.engine.order(ALICE, "one").transfer_id
    assert unchanged_by(world, ev.TransferWrittenOff(transfer_id=transfer, **WHO))


def test_money_of_a_written_off_transfer_is_booked_once_where_it_came_back():
    world = funded(hooks=[stopping(TransferState.REFUNDED)])
    world.run()
    world.submit(ev.TransferWrittenOff(transfer_id=world.engine.order(ALICE, "one").transfer_id, **WHO))
    place = f"keeper:{CHAIN}"
    collected = ev.ClaimCollected(place=place, asset="USDC", amount=amt("100"), reference="0xab", **WHO)
    before = cash_at(world, place)
    world.submit(collected)
    world.submit(collected)
    assert cash_at(world, place) - before == amt("100")
    more = ev.ClaimCollected(place=place, asset="USDC", amount=1, reference="0xac", **WHO)
    assert unchanged_by(world, more), "nothing is claimed any more"


def cash_at(world, place):
    balances = {str(account): balance for account, balance in world.engine.ledger}
    return balances[f"HOUSE/house/cash@{place}:USDC"]


def silent(world, command):
    if isinstance(command, out.PlaceAssetOrder) and command.symbol == "ETHUSDC":
        return [ev.AssetOrderUnknown(client_order_id=command.client_order_id)]
    if isinstance(command, out.QueryAssetOrder):
        unknown = RejectClass.UNKNOWN
        return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=unknown)]
    return None


def test_an_order_that_the_venue_never_answers_for_ends_by_an_operators_word():
    world = funded(hooks=[silent])
    world.tick()
    world.play()
    world.solve()
    for _ in range(12):
        if not world.inbox:
            break
        for event in world.answer(world.inbox.popleft()):
            world.submit(event)
    (name,) = sorted(world.engine.state.live_asset_orders)
    world.submit(ev.AssetOrderResolved(client_order_id=name, executed_quantity=0, **WHO))
    assert not world.engine.state.live_asset_orders
    assert world.last(ALICE).state is OrderState.READY
    assert unchanged_by(world, ev.AssetOrderResolved(client_order_id=name, executed_quantity=0, **WHO))


def check(status, *, asset="BTC"):
    return PositionCheck(
        place="venue:binance", asset=asset, ledger=5, outside=4, lowest=5, highest=5, status=status, explanation=""
    )


def test_what_is_unexplained_halts_trading_until_somebody_resumes_it():
    world = funded()
    world.submit(ev.PositionsCompared(sequence=3, checks=(check(PositionStatus.UNEXPLAINED),)))
    assert "RECONCILIATION" in world.alerts()
    world.run()
    assert world.last(ALICE).state is OrderState.READY
    world.submit(ev.PositionsCompared(sequence=9, checks=(check(PositionStatus.MATCHED),)))
    world.run()
    assert world.last(ALICE).state is OrderState.READY, "only a person resumes"
    world.submit(ev.TradingResumed(**WHO))
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED


def test_what_is_explained_or_equal_halts_nothing():
    world = funded()
    checks = (check(PositionStatus.EXPLAINED), check(PositionStatus.MATCHED, asset="ETH"))
    world.submit(ev.PositionsCompared(sequence=3, checks=checks))
    assert world.engine.state.reconciliation.differences == checks[:1]
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED


def test_a_stated_price_must_be_above_zero():
    assert unchanged_by(make_world(), ev.PriceStated(asset="BNB", price=0, **WHO))
