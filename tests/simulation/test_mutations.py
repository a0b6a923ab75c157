"""An engine that was broken on purpose is found out: the rules have teeth."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import pytest

from indexmaker.identifiers import derived_id
from indexmaker.solver import events as ev
from indexmaker.solver.handlers import (
    arrivals,
    asset_orders,
    batches,
    clock,
    closing,
    collateral,
    fills,
    funding,
    house,
    settlement,
    sharing,
)
from indexmaker.solver.handlers.table import HANDLERS
from indexmaker.solver.state import LotState
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import OrderState
from simulation.runs import run

Mutation = Callable[[pytest.MonkeyPatch], None]


def nothing(*_, **__):
    """Instead of something that should be done."""


def trades_are_booked_as_often_as_they_are_told(patch):
    plain = HANDLERS[ev.ExecutionReported]

    def again(step, event):
        step.state.trades.pop(f"{event.venue}:{event.symbol}:{event.trade_id}", None)
        plain(step, event)

    patch.setitem(HANDLERS, ev.ExecutionReported, again)


def payments_of_trades_are_not_posted(patch):
    patch.setattr(fills, "_book", nothing)


def what_was_reserved_is_not_given_back(patch):
    plain = closing._release

    def keep(step, *args):
        step.post = nothing
        plain(step, *args)
        del step.post

    patch.setattr(closing, "_release", keep)


def a_mint_is_submitted_again_while_the_first_may_land(patch):
    def hurry(step):
        for order in step.orders_in(OrderState.MINT_SUBMITTED):
            if step.at - order.state_since > 2 * 10**9:
                order.settle_command = ""
                step.enter(order, OrderState.MINTABLE)
                settlement.renew_invoice(step, order)

    patch.setattr(clock, "retry_settlements", hurry)


def withdrawn_requests_are_still_counted(patch):
    patch.setitem(HANDLERS, ev.DepositWithdrawn, nothing)


def retracted_requests_are_still_counted(patch):
    patch.setitem(HANDLERS, ev.DepositRetracted, nothing)


def commands_are_not_kept_for_after_a_restart(patch):
    patch.setattr(Step, "await_answer", lambda self, command: True)


def answered_commands_are_never_forgotten(patch):
    patch.setattr(Step, "confirm", nothing)


def names_are_not_the_same_in_a_replay(patch):
    numbers = itertools.count()
    patch.setattr(Step, "name", lambda self, prefix, *parts: derived_id(prefix, next(numbers)))


def accounts_say_more_units_than_were_bought(patch):
    plain = settlement.build_invoice

    def more(*args, **options):
        invoice = plain(*args, **options)
        return msgspec.structs.replace(invoice, units=invoice.units + (10 if invoice.units else 0))

    patch.setattr(settlement, "build_invoice", more)


def refunds_are_a_little_short(patch):
    plain = settlement.build_invoice

    def less(*args, **options):
        invoice = plain(*args, **options)
        short = min(invoice.refund, 10**12)
        return msgspec.structs.replace(invoice, refund=invoice.refund - short, spent=invoice.spent + short)

    patch.setattr(settlement, "build_invoice", less)


def the_keeper_pays_without_booking_it(patch):
    plain = settlement._final_booking

    def most(*args):
        movement = plain(*args)
        kept = [one for one in movement.postings if not one.account.place.startswith(("keeper", "chain"))]
        return type(movement)(tuple(kept))

    patch.setattr(settlement, "_final_booking", most)


def expiries_are_not_heeded(patch):
    patch.setattr(clock, "_MAY_EXPIRE", ())


def silent_venues_are_not_asked(patch):
    patch.setattr(clock, "retry_and_query", nothing)


def a_second_order_of_a_leg_has_the_name_of_the_first(patch):
    patch.setattr(asset_orders, "derived_id", lambda prefix, *parts: derived_id(prefix, *parts[:2]))


def surplus_gets_lost(patch):
    patch.setattr(house, "put_back", nothing)


def one_request_pays_for_two_orders(patch):
    plain = funding.unbind

    def fund(step, order):
        plain_fund(step, order)
        lot = step.state.lots.get(order.lot_key)
        if lot is not None and lot.state is LotState.CONFIRMED:
            lot.order_id = ""

    plain_fund = funding.fund
    patch.setattr(
        collateral,
        "fund_account",
        lambda step, account: [
            fund(step, order) for order in step.orders_in(OrderState.PENDING_COLLATERAL) if order.account == account
        ],
    )
    patch.setattr(funding, "unbind", plain)


def arrivals_are_booked_as_announced(patch):
    plain = arrivals._arrive

    def announced(step, transfer, deposit):
        deposit.amount = transfer.quoted_out
        plain(step, transfer, deposit)

    patch.setattr(arrivals, "_arrive", announced)


def buyers_and_sellers_of_a_batch_get_more_than_there_is(patch):
    plain = sharing.given_by_venue

    def more(*args):
        given, unused = plain(*args)
        return {venue: quantity + quantity // 1000 for venue, quantity in given.items()}, unused

    patch.setattr(sharing, "given_by_venue", more)


def the_first_in_line_keep_everybody_else_out(patch):
    patch.setattr(batches, "_candidates", lambda step, orders: orders[:4])


MUTATIONS: list[tuple[Mutation, str, int]] = [
    (trades_are_booked_as_often_as_they_are_told, "doubled", 1),
    (payments_of_trades_are_not_posted, "none", 1),
    (what_was_reserved_is_not_given_back, "none", 1),
    (a_mint_is_submitted_again_while_the_first_may_land, "none", 1),
    (withdrawn_requests_are_still_counted, "none", 1),
    (retracted_requests_are_still_counted, "reorgs", 4),
    (commands_are_not_kept_for_after_a_restart, "crashes", 1),
    (answered_commands_are_never_forgotten, "none", 1),
    (names_are_not_the_same_in_a_replay, "none", 1),
    (accounts_say_more_units_than_were_bought, "none", 1),
    (refunds_are_a_little_short, "none", 1),
    (the_keeper_pays_without_booking_it, "none", 1),
    (expiries_are_not_heeded, "none", 1),
    (silent_venues_are_not_asked, "unknown", 1),
    (a_second_order_of_a_leg_has_the_name_of_the_first, "rejects", 1),
    (surplus_gets_lost, "none", 1),
    (one_request_pays_for_two_orders, "none", 1),
    (arrivals_are_booked_as_announced, "delays", 1),
    (buyers_and_sellers_of_a_batch_get_more_than_there_is, "none", 1),
    (the_first_in_line_keep_everybody_else_out, "books", 1),
]


@pytest.mark.parametrize(("mutation", "faults", "seed"), MUTATIONS, ids=lambda one: getattr(one, "__name__", one))
def test_a_broken_engine_is_found_out(mutation, faults, seed, monkeypatch):
    mutation(monkeypatch)
    found = run(seed, 2_500, faults).violation
    assert found is not None, mutation.__name__
