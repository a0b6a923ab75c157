"""Whole orders, from the door to the mint, with a world that answers every command."""

import msgspec
import pytest

from indexmaker.solver import SolverConfig
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.config import FinalityTier
from indexmaker.solver.state import LotState
from indexmaker.solver.vocabulary import (
    CommitFailure,
    ExecType,
    Finality,
    IndexState,
    OrderState,
    RejectClass,
    RejectReason,
    SettlementState,
    Side,
    TransferState,
)
from solver.world import ALICE, BOB, CHAIN, GATE, SECOND, amt, make_world


def minted(world, account=ALICE, client_order_id="one"):
    report = world.last(account, client_order_id)
    assert report.state is OrderState.MINTED, report
    return world.engine.order(account, client_order_id).invoice


@pytest.mark.parametrize("deposit_first", [True, False])
def test_order_and_deposit_meet_whichever_comes_first(deposit_first):
    world = make_world()
    if deposit_first:
        world.deposit(ALICE, "100")
    world.order(ALICE, "100")
    if not deposit_first:
        assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
        world.deposit(ALICE, "100")
    world.run()
    invoice = minted(world)
    assert invoice.spent + invoice.fee + invoice.refund == amt("100")
    assert invoice.units > amt("0.5")


def test_every_change_of_an_order_is_reported_once_and_in_order():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    states = [r.state for r in world.told(out.IndexOrderReport)]
    expected = ["PENDING_COLLATERAL", "ROUTING", "READY", "ENGAGED", "READY", "MINTABLE", "MINT_SUBMITTED", "MINTED"]
    assert states == expected
    types = [r.exec_type for r in world.told(out.IndexOrderReport)]
    assert types[0] is ExecType.NEW
    assert types[-4:] == [ExecType.PARTIAL_FILL, ExecType.FILL, ExecType.STATUS, ExecType.MINTED]


def test_after_the_mint_the_user_holds_nothing_here_and_the_assets_back_the_units():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "150")
    world.run()
    invoice = minted(world)
    balances = {str(account): balance for account, balance in world.engine.ledger}
    assert not [name for name in balances if name.startswith("USER")]
    lots = {lot.asset: lot.quantity for lot in invoice.lots}
    assert balances["HOUSE/index:TOP2/backing@venue:binance:BTC"] == lots["BTC"]
    assert balances[f"EXTERNAL/wallets/refunds@chain:{CHAIN}:USDC"] == invoice.refund
    assert invoice.refund > amt("50")
    assert world.engine.pending() == ()


def test_one_request_funds_one_order_and_its_excess_comes_back():
    world = make_world()
    world.deposit(ALICE, "300")
    world.order(ALICE, "100", "first")
    world.order(ALICE, "100", "second")
    assert world.last(ALICE, "second").state is OrderState.PENDING_COLLATERAL
    world.run()
    assert minted(world, client_order_id="first").refund > amt("200")
    assert world.last(ALICE, "second").state is OrderState.PENDING_COLLATERAL


def test_order_takes_the_oldest_deposit_that_is_large_enough():
    world = make_world()
    for amount in ("50", "200", "100"):
        world.deposit(ALICE, amount)
    world.order(ALICE, "100")
    world.run()
    assert minted(world).deposit == amt("200")


def test_deposit_of_another_account_or_gate_funds_nothing():
    world = make_world()
    world.deposit(BOB, "100")
    world.deposit(ALICE, "100", gate="0x" + "cd" * 20)
    world.order(ALICE, "100")
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL


def test_orders_funded_within_the_window_share_a_transfer_and_its_fee():
    world = make_world(routing_fee=amt("0.000001") * 100)
    for account, amount in ((ALICE, "100"), (BOB, "200")):
        world.order(account, amount)
        world.deposit(account, amount)
    world.run()
    assert len(world.sent(out.StartTransfer)) == 1
    fees = minted(world, ALICE).routing_fees, minted(world, BOB).routing_fees
    assert fees == (amt("0.000033"), amt("0.000067"))


def test_a_late_order_does_not_wait_for_the_first_ones_transfer():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.tick()
    world.order(BOB, "100")
    world.deposit(BOB, "100")
    world.play()
    assert len(world.sent(out.StartTransfer)) == 1
    world.run()
    assert len(world.sent(out.StartTransfer)) == 2
    minted(world, BOB)


def test_arrival_counts_only_with_the_venues_own_record():
    world = make_world()
    held = []

    def hold_credit(world, command):
        if isinstance(command, out.StartTransfer):
            events = world._perform(command)
            held.append(events[1])
            return events[:1]
        return None

    world.hooks.append(hold_credit)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    assert world.last(ALICE).state is OrderState.ROUTING
    pending = ev.VenueDepositSeen(**{f: getattr(held[0], f) for f in held[0].__struct_fields__} | {"credited": False})
    world.submit(pending)
    assert world.last(ALICE).state is OrderState.ROUTING
    world.submit(held[0])
    world.run()
    minted(world)


def test_venue_record_may_come_before_the_transfers_own_report():
    world = make_world()

    def swapped(world, command):
        return world._perform(command)[::-1] if isinstance(command, out.StartTransfer) else None

    world.hooks.append(swapped)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    minted(world)


def test_fee_above_the_quote_is_the_houses():
    world = make_world()

    def costlier(world, command):
        if not isinstance(command, out.StartTransfer):
            return None
        moved, credited = world._perform(command)
        fields = {f: getattr(credited, f) for f in credited.__struct_fields__}
        return [moved, ev.VenueDepositSeen(**fields | {"amount": credited.amount - amt("0.2")})]

    world.hooks.append(costlier)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    assert minted(world).routing_fees == amt("0.5")


def test_order_whose_fee_limit_the_quote_breaks_is_refused_and_its_collateral_is_free_again():
    world = make_world(routing_fee=amt("10"))
    world.order(ALICE, "100", max_fee=amt("1"))
    world.deposit(ALICE, "100")
    world.order(BOB, "100")
    world.deposit(BOB, "100")
    world.run()
    report = world.last(ALICE)
    assert (report.state, report.reason) == (OrderState.REJECTED, RejectReason.FEE_ABOVE_LIMIT)
    world.run(15)
    minted(world, BOB)
    world.routing_fee = amt("0.1")
    world.order(ALICE, "100", "again", max_fee=amt("1"))
    world.run()
    minted(world, ALICE, "again")


def test_refused_route_is_asked_again_then_rejected_when_it_is_not_retryable():
    world = make_world()
    answers = [True, False]

    def refuse(world, command):
        if not isinstance(command, out.QuoteRoute):
            return None
        return [ev.RouteRefused(transfer_id=command.transfer_id, reason="closed", retryable=answers.pop(0))]

    world.hooks.append(refuse)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run(2)
    assert world.last(ALICE).state is OrderState.ROUTING
    world.run(2)
    assert world.last(ALICE).reason is RejectReason.ROUTE_REFUSED
    assert len(world.sent(out.QuoteRoute)) == 2


def test_a_request_that_is_gone_holds_up_nobody_else():
    world = make_world()

    def gone(world, command):
        if isinstance(command, out.CommitCollateral) and 1 in command.request_ids:
            return [ev.CommitFailed(command_id=command.command_id, reason="gone", failure=CommitFailure.REQUEST_GONE)]
        return None

    world.hooks.append(gone)
    for account in (ALICE, BOB):
        world.order(account, "100")
        world.deposit(account, "100")
    world.run(6)
    minted(world, BOB)
    world.submit(ev.DepositWithdrawn(chain_id=CHAIN, gate=GATE, request_id=1))
    world.run(6)
    assert world.last(ALICE).state in (OrderState.PENDING_COLLATERAL, OrderState.REJECTED)


def test_stopped_transfer_raises_an_alert_and_goes_on_when_it_is_resolved():
    world = make_world()

    def stop(world, command):
        if isinstance(command, out.StartTransfer):
            state = TransferState.NEEDS_OPERATOR
            return [ev.TransferUpdated(transfer_id=command.transfer_id, state=state, reason="no fill")]
        return None

    world.hooks.append(stop)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    assert "TRANSFER" in world.alerts()
    world.hooks.clear()
    world.restart()
    world.run()
    minted(world)


def test_deposit_is_credited_at_the_finality_its_size_needs():
    tiers = (
        FinalityTier(amount=0, finality=Finality.CONFIRMED),
        FinalityTier(amount=amt("1000"), finality=Finality.FINAL),
    )
    world = make_world(SolverConfig(finality=tiers))
    world.order(ALICE, "100")
    seen = world.deposit(ALICE, "100", Finality.SEEN)
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
    world.submit(ev.DepositSeen(**_fields(seen) | {"finality": Finality.CONFIRMED}))
    assert world.last(ALICE).state is OrderState.ROUTING
    world.order(BOB, "2000")
    big = world.deposit(BOB, "2000", Finality.SAFE)
    assert world.last(BOB).state is OrderState.PENDING_COLLATERAL
    world.submit(ev.DepositSeen(**_fields(big) | {"finality": Finality.FINAL}))
    assert world.last(BOB).state is OrderState.ROUTING


def test_retracted_deposit_sends_its_order_back_to_wait():
    world = make_world()
    world.order(ALICE, "100")
    deposit = world.deposit(ALICE, "100")
    world.tick()
    world.submit(ev.DepositRetracted(chain_id=CHAIN, tx_hash=deposit.tx_hash, log_index=0))
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
    assert world.user_money() == 0
    world.play()
    assert world.sent(out.CommitCollateral) == []
    world.submit(deposit)
    world.run()
    minted(world)


def test_deposit_withdrawn_on_the_gate_cannot_come_again():
    world = make_world()
    deposit = world.deposit(ALICE, "100")
    world.submit(ev.DepositWithdrawn(chain_id=CHAIN, gate=GATE, request_id=1))
    world.submit(deposit)
    assert world.user_money() == 0


def _fields(event):
    return {name: getattr(event, name) for name in event.__struct_fields__}


REFUSALS = [
    ({"amount": 0}, RejectReason.AMOUNT_NOT_POSITIVE),
    ({"amount": -amt("5")}, RejectReason.AMOUNT_NOT_POSITIVE),
    ({"amount": amt("10.0000001")}, RejectReason.AMOUNT_PRECISION),
    ({"amount": amt("9.999999")}, RejectReason.AMOUNT_BELOW_MINIMUM),
    ({"amount": amt("1000.000001")}, RejectReason.AMOUNT_ABOVE_MAXIMUM),
    ({"index": "NONE"}, RejectReason.UNKNOWN_INDEX),
    ({"index": "OFF"}, RejectReason.INDEX_NOT_ACTIVE),
    ({"side": Side.SELL}, RejectReason.SELL_NOT_SUPPORTED),
    ({"expires_at": 5}, RejectReason.EXPIRY_IN_PAST),
    ({"max_price": -1}, RejectReason.BAD_LIMIT),
    ({"account": "8453:0x" + "a1" * 20}, RejectReason.WRONG_CHAIN),
    ({"account": "42161:alice"}, RejectReason.BAD_ACCOUNT),
    ({"client_order_id": "../etc"}, RejectReason.BAD_CLIENT_ORDER_ID),
]


@pytest.mark.parametrize(("change", "reason"), REFUSALS)
def test_the_door_refuses_with_a_reason(change, reason):
    world = make_world()
    world.create_index(min_order=amt("10"), max_order=amt("1000"))
    world.create_index("OFF", gate="0x" + "0f" * 20)
    world.submit(ev.IndexStateChanged(symbol="OFF", state=IndexState.PAUSED))
    values = {
        "client_order_id": "one",
        "account": ALICE,
        "side": Side.BUY,
        "index": "TOP2",
        "amount": amt("100"),
    }
    (answer,) = world.submit(ev.OrderSubmitted(**values | change))
    assert (answer.exec_type, answer.reason) == (ExecType.REJECTED, reason)
    assert answer.text
    world.deposit(ALICE, "100")
    world.run()
    assert world.commands == []


def test_same_client_order_id_gets_the_first_answer_again():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    first = world.told(out.IndexOrderReport)[0]
    world.order(ALICE, "777")
    assert world.told(out.IndexOrderReport)[-1] == first
    assert len(world.engine.pending()) == 0


def test_client_order_ids_of_two_accounts_do_not_meet():
    world = make_world()
    world.order(ALICE, "100")
    world.order(BOB, "100")
    assert [r.exec_type for r in world.told(out.IndexOrderReport)] == [ExecType.NEW, ExecType.NEW]


def test_cancel_before_routing_leaves_the_collateral_with_the_user():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.tick()
    world.cancel(ALICE)
    assert world.last(ALICE).exec_type is ExecType.CANCELLED
    world.play()
    assert world.sent(out.CommitCollateral) == []
    assert world.engine.pending() == ()
    world.order(ALICE, "100", "two")
    world.run()
    minted(world, client_order_id="two")


def test_a_cancel_before_service_delays_nobody_else():
    world = make_world()
    for account in (ALICE, BOB):
        world.order(account, "100")
        world.deposit(account, "100")
    world.tick()
    world.cancel(ALICE)
    world.run()
    minted(world, BOB)


def test_cancel_on_the_way_is_pending_and_then_refunds_all_but_the_routing_fee():
    world = make_world()
    world.hooks.append(lambda w, c: [] if isinstance(c, out.StartTransfer) else None)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.tick()
    world.play()
    world.cancel(ALICE)
    assert world.last(ALICE).exec_type is ExecType.PENDING_CANCEL
    world.hooks.clear()
    world.restart()
    world.run()
    report = world.last(ALICE)
    assert (report.exec_type, report.reason) == (ExecType.CANCELLED, RejectReason.CANCELLED_BY_USER)
    assert (report.refund, report.fees, report.units) == (amt("99.5"), amt("0.5"), 0)
    assert world.minted[1].units == 0


def test_cancel_after_engagement_mints_the_filled_part_and_refunds_the_rest():
    world = make_world()
    world.markets["BTCUSDC"].asks = [(amt("100000"), amt("0.0003"))]
    held = []

    def hold(world, command):
        if isinstance(command, out.PlaceAssetOrder):
            held.append(command)
            return []
        return None

    world.hooks.append(hold)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run(1)
    assert world.last(ALICE).state is OrderState.ENGAGED
    world.cancel(ALICE)
    assert world.last(ALICE).exec_type is ExecType.PENDING_CANCEL
    world.hooks.clear()
    world.inbox.extend(held)
    world.run()
    invoice = minted(world)
    assert amt("0.2") < invoice.units < amt("0.31")
    assert invoice.refund > amt("40")
    assert world.last(ALICE).reason is RejectReason.CANCELLED_BY_USER
    world.cancel(ALICE)
    assert world.last(ALICE).exec_type is ExecType.CANCEL_REJECTED


def test_cancel_of_an_unknown_order_is_refused():
    world = make_world()
    world.cancel(ALICE, "ghost")
    assert world.last(ALICE, "ghost").reason is RejectReason.UNKNOWN_ORDER


def test_order_without_collateral_expires():
    world = make_world()
    world.order(ALICE, "100", expires_at=world.now + 10 * SECOND)
    world.tick(11)
    assert world.last(ALICE).exec_type is ExecType.EXPIRED


def test_ready_order_that_expires_is_refunded():
    world = make_world()
    world.markets["ETHUSDC"].asks = []
    world.order(ALICE, "100", expires_at=world.now + 20 * SECOND)
    world.deposit(ALICE, "100")
    world.run(10)
    report = world.last(ALICE)
    assert (report.exec_type, report.refund) == (ExecType.EXPIRED, amt("99.5"))


def test_order_that_stays_too_long_is_reported_as_stuck_once():
    world = make_world()
    world.order(ALICE, "100", expires_at=world.now + 10_000 * SECOND)
    world.tick(1801)
    world.tick(1)
    stuck = [alert for alert in world.told(out.Alert) if alert.kind == "STUCK_ORDER"]
    assert len(stuck) == 1
    assert stuck[0].order_ids == (world.engine.order(ALICE, "one").order_id,)


def test_mint_that_is_reorganised_away_is_submitted_again():
    world = make_world()

    def never_final(world, command):
        return world.settle(command)[:2] if isinstance(command, out.SettleInvoice) else None

    world.hooks.append(never_final)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED
    settle = world.sent(out.SettleInvoice)[0]
    before = world.user_money()
    world.submit(ev.SettlementUpdated(command_id=settle.command_id, state=SettlementState.REORGED))
    assert world.last(ALICE).state is OrderState.MINT_SUBMITTED
    assert world.user_money() > before
    final = SettlementState.FINAL
    world.submit(ev.SettlementUpdated(command_id=settle.command_id, state=final, tx_hash="0xbb"))
    assert world.last(ALICE).state is OrderState.MINTED
    assert [r.final for r in world.told(out.InvoiceReport)] == [False, False, True]
    assert world.engine.pending() == ()


def test_reverted_settlement_is_signed_anew_for_the_same_request():
    world = make_world()
    reverts = [1]

    def revert(world, command):
        if isinstance(command, out.SettleInvoice) and reverts:
            reverts.pop()
            return [ev.SettlementUpdated(command_id=command.command_id, state=SettlementState.REVERTED)]
        return None

    world.hooks.append(revert)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run(5)
    minted(world)
    first, second = world.sent(out.SettleInvoice)
    assert first.command_id != second.command_id
    assert first.invoice.request_id == second.invoice.request_id
    assert first.invoice.units == second.invoice.units


def test_mint_that_times_out_but_lands_is_not_minted_twice():
    world = make_world()
    silent = []

    def silence(world, command):
        if isinstance(command, out.SettleInvoice) and not silent:
            silent.append(world.settle(command))
            world.answered[command.command_id] = silent[0]
            return []
        return None

    world.hooks.append(silence)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    assert world.last(ALICE).state is OrderState.MINT_SUBMITTED
    world.restart()
    world.play()
    minted(world)


def test_vetoed_invoice_is_not_settled():
    world = make_world()

    def veto(world, command):
        if isinstance(command, out.SignInvoice):
            return [ev.InvoiceVetoed(invoice_id=command.invoice.invoice_id, reason="units")]
        return None

    world.hooks.append(veto)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run(4)
    assert world.last(ALICE).state is OrderState.MINTABLE
    assert "INVOICE_VETOED" in world.alerts()
    assert world.sent(out.SettleInvoice) == []


def test_reject_of_a_signed_order_id_is_ignored_when_unknown():
    world = make_world()
    before = world.engine.dump()
    world.submit(ev.AssetOrderRejected(client_order_id="a-nobody", reject_class=RejectClass.OTHER))
    world.submit(ev.RouteQuoted(transfer_id="t-nobody", amount_in=1, amount_out=1))
    world.submit(ev.SettlementUpdated(command_id="st-nobody", state=SettlementState.FINAL))
    assert world.engine.dump() == before


def test_a_retraction_of_an_older_block_does_not_take_back_a_deposit_that_came_again():
    world = make_world()
    world.create_index()
    seen = world.deposit(ALICE, "100")
    again = msgspec.structs.replace(seen, block_hash="0xb2")
    world.submit(again)
    place = {"chain_id": seen.chain_id, "tx_hash": seen.tx_hash, "log_index": seen.log_index}
    world.submit(ev.DepositRetracted(**place, block_hash="0xb1"))
    assert next(iter(world.engine.state.lots.values())).state is LotState.CONFIRMED
    world.submit(ev.DepositRetracted(**place, block_hash="0xb2"))
    assert next(iter(world.engine.state.lots.values())).state is LotState.GONE
