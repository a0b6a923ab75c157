"""Plugins that die and come back as new instances: streams resume, nothing is lost and nothing is done twice."""

from __future__ import annotations

import pytest

from indexmaker.connectors.testing import Fill, Hold, MockBridgeConfig, MockVenueConfig
from indexmaker.solver.state import SolverState, TransferStage
from indexmaker.solver.vocabulary import OrderState
from system.audit import check_books, check_invoices, check_once
from system.harness import Core, System, signer, system
from system.outside import BALANCES, PAIRS

ALICE = signer(1)
PLUGINS = ("mock-venue", "mock-bridge", "mock-chain")


def held(*outcomes: Hold | Fill) -> MockVenueConfig:
    return MockVenueConfig(pairs=PAIRS, balances=BALANCES, script=outcomes)


async def buy(core: Core, world: System, *, name: str = "a-1") -> None:
    world.outside.deposit(ALICE.account, "200")
    await core.client.submit(ALICE, client_order_id=name, index="TOP2", amount="200")


async def audit(core: Core, world: System) -> None:
    await core.until("MINTED")
    await core.settled()
    check_once(world.outside)
    check_books(core.engine.ledger, world.outside.venue.book.balances)
    check_invoices(core.engine, world.outside)


def in_state(*states: OrderState):
    def holds(state: SolverState) -> bool:
        return any(order.state in states for order in state.orders.values())

    return holds


async def test_deposits_made_while_the_chain_plugin_was_away_are_seen_once():
    async with system() as world, world.core() as core:
        world.outside.deposit(ALICE.account, "100")
        await core.when(lambda state: len(state.lots) == 1)
        await world.outside.kill("mock-chain")
        world.outside.deposit(ALICE.account, "200")
        await world.outside.start("mock-chain")
        await core.when(lambda state: len(state.lots) == 2)
        for name, amount in (("a-1", "100"), ("a-2", "200")):
            await core.client.submit(ALICE, client_order_id=name, index="TOP2", amount=amount)
        await core.until("MINTED", count=2)
        await audit(core, world)
        assert len(core.engine.state.lots) == 2


@pytest.mark.parametrize("plugin", PLUGINS)
async def test_an_order_waits_for_a_plugin_that_is_away_and_goes_on_when_it_is_back(plugin):
    async with system() as world, world.core() as core:
        await world.outside.kill(plugin)
        await buy(core, world)
        await world.outside.start(plugin)
        await audit(core, world)


async def test_a_transfer_that_moves_while_its_plugin_is_away_is_not_started_again():
    async with system(bridge=MockBridgeConfig(stop_at="MOVING")) as world, world.core() as core:
        await buy(core, world)
        await core.when(lambda state: any(one.last is not None for one in state.transfers.values()))
        (transfer_id,) = world.outside.bridge.transfers
        await world.outside.kill("mock-bridge")
        world.outside.bridge.advance(transfer_id, "SENT")
        await world.outside.start("mock-bridge")
        await audit(core, world)
        assert [request.transfer_id for request in world.outside.bridge.asked] == [transfer_id]


async def test_a_credit_while_the_venue_plugin_was_away_completes_its_transfer():
    async with system(bridge=MockBridgeConfig(stop_at="MOVING")) as world, world.core() as core:
        await buy(core, world)
        await core.when(lambda state: any(one.stage is TransferStage.MOVING for one in state.transfers.values()))
        await core.when(lambda _: bool(world.outside.bridge.transfers))
        (transfer_id,) = world.outside.bridge.transfers
        await world.outside.kill("mock-venue")
        world.outside.bridge.advance(transfer_id, "SENT")
        await world.outside.start("mock-venue")
        await audit(core, world)


async def test_an_order_executed_while_the_plugin_was_away_is_found_and_not_sent_again():
    async with system(venue=held(Hold(), Hold())) as world, world.core() as core:
        await buy(core, world)
        venue = world.outside.venue
        while len(venue.sent) < 2:
            venue.arrived.clear()
            await venue.arrived.wait()
        await world.outside.kill("mock-venue")
        for order in venue.sent:
            venue.book.place(order, Fill(parts=2))
        await world.outside.start("mock-venue")
        await audit(core, world)
        assert len(venue.sent) == 2


async def test_an_order_lost_with_its_plugin_is_bought_by_a_later_batch():
    async with system(venue=held(Hold(), Fill())) as world, world.core() as core:
        await buy(core, world)
        venue = world.outside.venue
        await core.when(lambda state: any(one.executed for one in state.asset_orders.values()))
        await world.outside.kill("mock-venue")
        await world.outside.start("mock-venue")
        lost = venue.sent[0].client_order_id
        for times in range(1, 6):
            await core.when(lambda state, times=times: state.asset_orders[lost].queries >= times)
            await core.when(lambda state: not state.asset_orders[lost].query_command)
            world.pass_time(6)
        await audit(core, world)
        assert lost not in venue.book.orders
        assert [order.symbol for order in venue.sent] == [
            venue.sent[0].symbol,
            venue.sent[1].symbol,
            venue.sent[0].symbol,
        ]


async def test_nothing_is_bought_on_books_that_have_grown_old():
    async with system() as world, world.core() as core:
        await buy(core, world)
        await core.until("MINTED")
        bought = len(world.outside.venue.sent)
        world.outside.clock.advance(11)
        await buy(core, world, name="a-2")
        await core.when(in_state(OrderState.READY))
        await core.commits(6)
        assert len(world.outside.venue.sent) == bought
        world.pass_time(0)
        await core.until("MINTED", count=2)
        await audit(core, world)


async def test_all_plugins_may_be_replaced_at_once_in_the_middle_of_a_batch():
    async with system(venue=held(Fill(), Hold())) as world, world.core() as core:
        await buy(core, world)
        await core.when(lambda state: any(one.executed for one in state.asset_orders.values()))
        await world.outside.kill()
        for order in world.outside.venue.sent:
            world.outside.venue.book.place(order, Fill())
        await world.outside.start()
        await audit(core, world)
