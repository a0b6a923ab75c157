"""How orders end otherwise: cancelled, expired, stuck; and mints that are late, reverted or reorganised away."""

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import (
    ExecType,
    OrderState,
    RejectClass,
    RejectReason,
    SettlementState,
)
from solver.world import ALICE, BOB, SECOND, amt, make_world


def minted(world, account=ALICE, client_order_id="one"):
    report = world.last(account, client_order_id)
    assert report.state is OrderState.MINTED, report
    return world.engine.order(account, client_order_id).invoice


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


def test_cancel_on_the_way_is_pending_and_then_refunds_everything_at_the_houses_cost():
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
    assert (report.refund, report.fees, report.units) == (amt("100"), 0, 0)
    # The gate refuses an invoice that charges for nothing.
    assert (world.minted[1].units, world.minted[1].spent, world.minted[1].fee) == (0, 0, 0)


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
    assert (report.exec_type, report.refund, report.fees) == (ExecType.EXPIRED, amt("100"), 0)


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
