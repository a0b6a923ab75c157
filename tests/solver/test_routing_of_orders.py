"""Collateral on its way: shared transfers, fees, refusals, and what the venue says it has."""

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import (
    CommitFailure,
    ExecType,
    OrderState,
    RejectReason,
    TransferState,
)
from solver.world import ALICE, BOB, CHAIN, GATE, amt, make_world


def minted(world, account=ALICE, client_order_id="one"):
    report = world.last(account, client_order_id)
    assert report.state is OrderState.MINTED, report
    return world.engine.order(account, client_order_id).invoice


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


def with_terms(world, *, min_units="0", max_fee="1000"):
    seen = world.deposit(ALICE, "100")
    place = {"chain_id": seen.chain_id, "gate": seen.gate, "request_id": seen.request_id}
    world.submit(ev.DepositTerms(**place, min_units=amt(min_units), max_fee=amt(max_fee)))
    world.order(ALICE, "100")


def test_a_request_whose_own_fee_limit_is_too_low_is_not_committed():
    world = make_world()
    with_terms(world, max_fee="0")
    world.run(5)
    report = world.last(ALICE)
    assert (report.exec_type, report.reason) == (ExecType.REJECTED, RejectReason.FEE_ABOVE_LIMIT)
    assert world.sent(out.CommitCollateral) == []


def test_a_request_with_a_minimum_that_no_market_gives_is_refunded_and_not_traded():
    world = make_world()
    with_terms(world, min_units="1000000000000000000000000")
    world.run(5)
    assert world.last(ALICE).state is OrderState.READY
    assert world.sent(out.PlaceAssetOrder) == []
    world.cancel(ALICE)
    world.run(5)
    assert world.minted[1].refund == amt("100")


def test_a_request_with_limits_that_can_be_kept_is_minted():
    world = make_world()
    with_terms(world, min_units="0.1", max_fee="5")
    world.run(10)
    assert world.last(ALICE).state is OrderState.MINTED
