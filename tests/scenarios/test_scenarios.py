"""Fifteen things that must go right, each named after what happens to a user.

Eleven play on the engine with a scripted world, where every second and every message is the test's own; what needs a
client on a real connection is in `test_clients.py`.
"""

from __future__ import annotations

import dataclasses

import pytest

from indexmaker.money import mul_ceil
from indexmaker.solver import SolverConfig, SolverEngine
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import Constituent, ExecType, OrderState, RejectClass, SettlementState
from solver.world import ALICE, BOB, CAROL, amt, instrument, make_world, market

WIDE = [f"A{number:02}" for number in range(81)]


def sent_value(world):
    """Collateral of all orders sent so far, at their limit prices."""
    return sum(mul_ceil(order.price, order.quantity) for order in world.sent(out.PlaceAssetOrder))


def wide_world(**options):
    """A world with an index of 81 assets in equal parts, 100 USDC a unit."""
    world = make_world(**options)
    for asset in WIDE:
        world.instruments[f"{asset}USDC"] = instrument(asset)
        world.markets[f"{asset}USDC"] = market("10")
    world.submit(ev.InstrumentsUpdated(venue="binance", instruments=tuple(world.instruments.values())))
    parts = tuple(Constituent(asset=asset, quantity=amt("0.12")) for asset in WIDE)
    world.create_index("WIDE", gate="0x" + "cd" * 20, constituents=parts)
    return world


def buy_wide(world, account, amount):
    world.deposit(account, amount, gate="0x" + "cd" * 20)
    world.order(account, amount, index="WIDE")


def buy(world, account, amount, index="TOP2", **limits):
    world.deposit(account, amount)
    world.order(account, amount, index=index, **limits)


def test_batch_demand_2500_cap_2000__orders_sent_sum_to_at_most_2000():
    world = make_world(SolverConfig(batch_budget=amt("2000")))
    for account in (ALICE, BOB, CAROL, ALICE, BOB):
        buy(world, account, "500", client_order_id=f"order-{world.requests}")
    world.tick()
    world.play()
    world.solve()
    assert amt("1900") < sent_value(world) <= amt("2000")


def test_20_usdc_order_on_an_index_of_81_assets_with_empty_inventory__waits_to_be_aggregated():
    world = wide_world()
    buy_wide(world, ALICE, "20")
    world.run()
    assert world.last(ALICE).state is OrderState.READY
    assert not world.sent(out.PlaceAssetOrder)
    for account in (BOB, CAROL):
        buy_wide(world, account, "500")
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED
    assert world.engine.order(ALICE, "one").invoice.spent <= amt("20")


def test_20_usdc_order_on_an_index_of_81_assets_with_empty_inventory__or_buys_within_the_stated_budget():
    world = wide_world(config=SolverConfig(inventory_budget=amt("6")))
    buy_wide(world, ALICE, "20")
    world.run()
    invoice = world.engine.order(ALICE, "one").invoice
    assert invoice is not None
    assert invoice.spent <= amt("20")
    for lot in world.engine.state.inventory:
        assert mul_ceil(lot.quantity, amt("10")) <= amt("6")


def test_20_usdc_order_on_an_index_of_81_assets__is_refunded_whole_when_no_company_comes():
    world = wide_world()
    buy_wide(world, ALICE, "20")
    world.run()
    world.tick(31)
    world.play()
    invoice = world.engine.order(ALICE, "one").invoice
    assert (invoice.refund, invoice.units) == (amt("20"), 0)
    assert sent_value(world) == 0


def test_in_flight_head_room_below_the_minimum__ready_orders_stay_queued():
    world = make_world(SolverConfig(in_flight_budget=amt("100")))
    buy(world, ALICE, "100")
    world.tick()
    world.play()
    world.solve()
    assert world.last(ALICE).state is OrderState.ENGAGED
    buy(world, BOB, "100")
    waiting = [command for command in world.inbox if isinstance(command, out.PlaceAssetOrder)]
    world.inbox = type(world.inbox)(c for c in world.inbox if c not in waiting)
    world.tick()
    world.play()
    for _ in range(3):
        world.solve()
    assert world.last(BOB).state is OrderState.READY
    world.inbox.extend(waiting)
    world.play()
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED
    assert world.last(BOB).state is OrderState.MINTED


def test_a_user_cancels_before_service__nobody_else_is_delayed():
    alone, together = make_world(), make_world()
    for world in (alone, together):
        if world is together:
            buy(world, ALICE, "100")
            world.cancel(ALICE)
        buy(world, BOB, "100")
        world.run(1)
        assert world.last(BOB).state is OrderState.MINTED
    assert together.last(ALICE).state is OrderState.CANCELLED
    assert together.now == alone.now


def test_cancel_while_engaged__filled_part_minted_rest_refunded():
    world = make_world(SolverConfig(order_budget=amt("60")))
    buy(world, ALICE, "100")
    world.tick()
    world.play()
    world.solve()
    assert world.last(ALICE).state is OrderState.ENGAGED
    world.cancel(ALICE)
    assert world.last(ALICE).exec_type is ExecType.PENDING_CANCEL
    world.play()
    world.run()
    invoice = world.engine.order(ALICE, "one").invoice
    assert world.last(ALICE).state is OrderState.MINTED
    assert invoice.units > 0
    assert amt("39") < invoice.refund < amt("61")
    assert invoice.spent + invoice.fee + invoice.refund == amt("100")


def test_one_reject_out_of_81_legs__that_leg_is_resized_and_the_others_go_on():
    world = wide_world()

    def rejecting(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "A40USDC" and not world.rejected:
            world.rejected = True
            rules = world.instruments["A40USDC"]
            world.instruments["A40USDC"] = type(rules)(**{**_fields(rules), "lot_step": amt("0.001")})
            refused = ev.AssetOrderRejected(
                client_order_id=command.client_order_id, reject_class=RejectClass.FILTER, reason="LOT_SIZE"
            )
            return [ev.InstrumentsUpdated(venue="binance", instruments=(world.instruments["A40USDC"],)), refused]
        return None

    world.rejected = False
    world.hooks.append(rejecting)
    buy_wide(world, ALICE, "1000")
    world.run()
    assert world.rejected
    invoice = world.engine.order(ALICE, "one").invoice
    assert world.last(ALICE).state is OrderState.MINTED
    assert len({lot.asset for lot in invoice.lots}) == 81
    assert invoice.spent > amt("950")


def _fields(rules):
    return {field.name: getattr(rules, field.name) for field in dataclasses.fields(rules)}


def journal_of_a_mint():
    world = make_world()
    buy(world, ALICE, "100")
    buy(world, BOB, "70")
    world.run()
    assert world.last(BOB).state is OrderState.MINTED
    return world.journal


@pytest.mark.parametrize("position", range(len(journal_of_a_mint())))
def test_killed_in_the_middle_of_a_batch_at_any_point__resumes_and_nothing_happens_twice(position):
    world = make_world()
    buy(world, ALICE, "100")
    buy(world, BOB, "70")
    submit, done = world.submit, 0

    def dying(event):
        nonlocal done
        done += 1
        outputs = submit(event)
        if done == position:
            world.restart()
        return outputs

    world.submit = dying
    world.run(4)
    for account, paid in ((ALICE, "100"), (BOB, "70")):
        invoice = world.engine.order(account, "one").invoice
        assert world.last(account).state is OrderState.MINTED
        assert invoice.spent + invoice.fee + invoice.refund == amt(paid)
    names = [order.client_order_id for order in world.sent(out.PlaceAssetOrder)]
    assert len(names) == len(set(names))
    assert len(world.minted) == 2, "the world refuses to settle a request twice"
    replayed = SolverEngine()
    for event, sequence, at in world.journal:
        replayed.apply(event, sequence=sequence, at=at)
    assert replayed.dump() == world.engine.dump()


def test_mint_times_out_but_lands__detected_and_not_minted_twice():
    world = make_world()

    def silent(world, command):
        if isinstance(command, out.SettleInvoice) and not world.landed:
            world.landed = world.settle(command)
            return [ev.SettlementUpdated(command_id=command.command_id, state=SettlementState.SUBMITTED)]
        return None

    world.landed = []
    world.hooks.append(silent)
    buy(world, ALICE, "100")
    world.run()
    assert world.last(ALICE).state is OrderState.MINT_SUBMITTED
    world.restart()
    again = [command for command in world.inbox if isinstance(command, out.SettleInvoice)]
    assert {command.command_id for command in again} == {world.sent(out.SettleInvoice)[0].command_id}
    world.inbox.clear()
    for event in world.landed:
        world.submit(event)
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED
    assert len(world.minted) == 1


def test_ask_side_of_one_asset_empty__only_its_indices_wait():
    world = make_world()
    world.create_index("SOLO", gate="0x" + "ee" * 20, constituents=(Constituent(asset="SOL", quantity=amt("1")),))
    world.markets["SOLUSDC"].asks = []
    buy(world, ALICE, "100")
    world.deposit(BOB, "100", gate="0x" + "ee" * 20)
    world.order(BOB, "100", index="SOLO")
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED
    assert world.last(BOB).state is OrderState.READY
    world.markets["SOLUSDC"] = market("200")
    world.run()
    assert world.last(BOB).state is OrderState.MINTED


def test_two_orders_contend_for_one_asset_another_is_free__the_unused_share_goes_to_whoever_can_use_it():
    world = make_world()
    pair = (Constituent(asset="BTC", quantity=amt("0.001")), Constituent(asset="SOL", quantity=amt("0.5")))
    world.create_index("PAIR", gate="0x" + "ee" * 20, constituents=pair)
    world.markets["BTCUSDC"] = market("100000", quantity="0.01")
    world.markets["SOLUSDC"] = market("200", quantity="1")
    buy(world, ALICE, "5000")
    world.deposit(BOB, "5000", gate="0x" + "ee" * 20)
    world.order(BOB, "5000", index="PAIR")
    world.tick()
    world.play()
    world.solve()
    world.play()
    alice, bob = world.engine.order(ALICE, "one"), world.engine.order(BOB, "one")
    assert bob.units <= amt("2"), "one SOL is enough for two units"
    assert bob.units > amt("1.9")
    assert alice.units > amt("7.9"), "of ten units' worth of BTC, Alice has all that Bob cannot use"


def test_99_5_percent_filled_residue_under_the_minimum_notional__minted_and_residue_refunded():
    world = make_world()

    def nearly(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "ETHUSDC" and not world.cut:
            world.cut = True
            offered = command.quantity * 996 // 1000
            world.markets["ETHUSDC"].asks = [(amt("4000"), offered - offered % amt("0.00001"))]
        return

    world.cut = False
    world.hooks.append(nearly)
    buy(world, ALICE, "1000")
    world.run(1)
    invoice = world.engine.order(ALICE, "one").invoice
    assert world.cut
    assert world.last(ALICE).state is OrderState.MINTED
    assert amt("990") < invoice.spent < amt("998")
    assert invoice.refund == amt("1000") - invoice.spent - invoice.fee
    assert len(world.sent(out.PlaceAssetOrder)) == 2, "no dust batch"
