"""Sell orders as clients and operators see them."""

from __future__ import annotations

import pytest

from indexmaker.money import parse_atoms
from indexmaker.services.solver.redemption_views import payout_view, redemption_view, stuck_owner
from indexmaker.services.solver.views import order_view, report_view
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import SettlementState, WithdrawalState
from solver.selling import holder, pay_out, ready_to_sell, sale, sell_off
from solver.world import ALICE


def silent(kind):
    return lambda world, command: [] if isinstance(command, kind) else None


def sold(*hooks):
    world = ready_to_sell("4")
    world.hooks.extend(hooks)
    sell_off(world, "4")
    pay_out(world)
    return world


def owner(world) -> str:
    return stuck_owner(world.engine.state, sale(world))


def test_tokens_are_awaited_from_the_user_and_their_lock_from_the_chain():
    world = holder()
    world.sell(ALICE, "2")
    assert owner(world) == "user"
    world.hooks.append(silent(out.CommitRedemptions))
    world.redeem(ALICE, "2")
    pay_out(world)
    assert owner(world) == "chain"


def failed(world, command):
    if isinstance(command, out.WithdrawCollateral):
        return [ev.WithdrawalUpdated(command_id=command.command_id, state=WithdrawalState.FAILED)]
    return None


@pytest.mark.parametrize(
    ("hook", "who"),
    [
        (silent(out.QuoteRoute), "router"),
        (silent(out.WithdrawCollateral), "venue"),
        (silent(out.StartTransfer), "router"),
        (failed, "operator"),
        (silent(out.SignRedemption), "guardian"),
        (silent(out.SettleRedemption), "chain"),
    ],
)
def test_whoever_holds_a_payout_up_is_named(hook, who):
    assert owner(sold(hook)) == who


def test_a_vetoed_redemption_is_an_operators():
    def veto(world, command):
        if isinstance(command, out.SignRedemption):
            return [ev.InvoiceVetoed(invoice_id=command.invoice.invoice_id, reason="no")]
        return None

    assert owner(sold(veto)) == "operator"


def test_a_sale_shows_what_it_brought_and_what_is_paid():
    world = sold()
    order = sale(world)
    view = order_view(world.engine.state, order)
    fees = sum(parse_atoms(fee.amount) for fee in view.fees)
    assert parse_atoms(view.assets_value) == order.proceeds == parse_atoms(view.paid) + fees
    assert (view.units, view.returned, view.deposit_amount) == ("4", "0", "4")
    assert view.deposit.tx_hash == order.redemption.request_tx


def test_reports_of_a_sale_show_its_proceeds():
    world = sold()
    view = report_view(7, 0, world.last(ALICE, "sale"))
    assert parse_atoms(view.order.assets_value) == sale(world).proceeds
    assert parse_atoms(view.order.paid) == sale(world).redemption.paid


def test_tokens_show_the_bucket_that_they_are_in():
    world = ready_to_sell("4")
    (lot,) = world.engine.state.token_lots.values()
    assert dict(redemption_view(world.engine.state, lot).buckets) == {"committed": "4"}
    sell_off(world, "4")
    pay_out(world)
    assert dict(redemption_view(world.engine.state, lot).buckets) == {"burned": "4"}


def test_a_payout_shows_every_cost_by_kind():
    world = sold()
    (payout,) = world.engine.state.payouts.values()
    view = payout_view(world.engine.state, payout)
    assert len(view.fees) == 2
    assert parse_atoms(view.amount_in) - parse_atoms(view.amount_out) == sum(
        parse_atoms(fee.amount) for fee in view.fees
    )
    assert view.client_order_ids == ["sale"]


def test_a_payment_that_the_chain_refused_waits_for_its_next_signature():
    def refuse(world, command):
        if isinstance(command, out.SettleRedemption):
            return [ev.SettlementUpdated(command_id=command.command_id, state=SettlementState.REVERTED)]
        return None

    assert owner(sold(refuse)) == "guardian"
