"""Whole orders against scripted plugins: deposit, routing, batch, mint."""

from __future__ import annotations

from indexmaker.connectors.testing import Ambiguous, Fill, MockBridgeConfig, MockVenueConfig, Reject
from indexmaker.money import parse_atoms
from indexmaker.solver.state import AssetOrderState
from system.audit import check_books, check_invoices, check_once
from system.harness import Core, System, name_of, signer, state_of, system
from system.outside import BALANCES, PAIRS

ALICE, BOB = signer(1), signer(2)


def script(*outcomes: Ambiguous | Fill | Reject) -> MockVenueConfig:
    return MockVenueConfig(pairs=PAIRS, balances=BALANCES, script=outcomes)


async def buy(core: Core, world: System, *, name: str = "a-1", amount: str = "200") -> None:
    world.outside.deposit(ALICE.account, amount)
    await core.client.submit(ALICE, client_order_id=name, index="TOP2", amount=amount)


async def audit(core: Core, world: System) -> None:
    await core.settled()
    check_once(world.outside)
    check_books(core.engine.ledger, world.outside.venue.book.balances)
    check_invoices(core.engine, world.outside)


async def test_an_order_goes_from_its_deposit_to_its_mint():
    async with system() as world, world.core() as core:
        world.outside.deposit(ALICE.account, "200")
        await core.when(lambda state: len(state.lots) == 1)
        await core.client.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
        told = await core.until("MINTED")
        assert list(dict.fromkeys(map(state_of, told))) == [
            "PENDING_COLLATERAL",
            "ROUTING",
            "READY",
            "ENGAGED",
            "MINTABLE",
            "MINT_SUBMITTED",
            "MINTED",
        ]
        await audit(core, world)
        (invoice,) = await core.client.invoices(ALICE.account)
        parts = (
            invoice.assets_value,
            invoice.venue_fees,
            invoice.routing_fees,
            invoice.management_fee,
            invoice.rounding,
            invoice.refund,
        )
        assert sum(map(parse_atoms, parts)) == parse_atoms("200")
        assert invoice.final
        assert {lot.asset for lot in invoice.lots} == {"BTC", "ETH"}
        (status, stuck) = await core.client.status(), await core.client.stuck_orders()
        assert (status.pending_commands, stuck) == (0, [])


async def test_an_order_before_its_deposit_waits_for_it():
    async with system() as world, world.core() as core:
        order = await core.client.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
        assert name_of(order.state) == "PENDING_COLLATERAL"
        world.outside.deposit(ALICE.account, "200")
        await core.until("MINTED")
        await audit(core, world)


async def test_a_deposit_funds_its_owners_order_and_nobody_elses():
    async with system() as world, world.core() as core:
        await core.client.submit(BOB, client_order_id="b-1", index="TOP2", amount="200")
        await buy(core, world)
        await core.until("MINTED")
        (bobs,) = await core.client.orders(account=BOB.account)
        assert name_of(bobs.state) == "PENDING_COLLATERAL"
        assert not bobs.HasField("deposit")


async def test_a_deposit_larger_than_its_order_comes_back_with_the_mint():
    async with system() as world, world.core() as core:
        world.outside.deposit(ALICE.account, "300")
        await core.client.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
        await core.until("MINTED")
        await audit(core, world)
        (settled,) = world.outside.chain.told("request_settled")
        assert parse_atoms(settled.request_settled.back) >= parse_atoms("100")


async def test_one_refused_leg_is_bought_by_a_later_batch_and_the_other_leg_is_not_bought_twice():
    refusal = Reject(reject_class="OTHER", detail="no")
    async with system(venue=script(refusal)) as world, world.core() as core:
        await buy(core, world)
        await core.until("MINTED")
        await audit(core, world)
        names = [order.client_order_id for order in world.outside.venue.sent]
        refused, bought = world.outside.venue.sent[:2]
        assert len(names) == len(set(names))
        assert refused.client_order_id not in world.outside.venue.book.orders
        later = [order.symbol for order in world.outside.venue.sent[2:]]
        assert refused.symbol in later
        assert later.count(bought.symbol) == 0


async def test_an_order_whose_answer_was_lost_is_asked_for_and_not_sent_again():
    async with system(venue=script(Ambiguous(executed=True, silent=True))) as world, world.core() as core:
        await buy(core, world)
        await core.until("MINTED")
        await audit(core, world)
        lost = world.outside.venue.sent[0].client_order_id
        assert world.outside.venue.queries[lost] >= 1
        assert [order.client_order_id for order in world.outside.venue.sent].count(lost) == 1
        assert len(world.outside.venue.sent) == 2


async def test_an_order_that_never_reached_the_venue_is_given_up_after_several_questions_and_bought_anew():
    async with system(venue=script(Ambiguous(executed=False))) as world, world.core() as core:
        await buy(core, world)
        await core.when(lambda state: bool(state.asset_orders) and _asked(core, 1))
        for times in range(2, 6):
            world.pass_time(6)
            await core.when(lambda state, times=times: _asked(core, times))
        await core.until("MINTED")
        await audit(core, world)
        lost = world.outside.venue.sent[0]
        assert world.outside.venue.queries[lost.client_order_id] == 5
        assert lost.client_order_id not in world.outside.venue.book.orders
        assert [order.symbol for order in world.outside.venue.sent].count(lost.symbol) == 2


def _asked(core: Core, times: int) -> bool:
    """Whether an order was asked about so often and the venue has answered each time that it does not know it."""
    return any(
        order.queries >= times and (not order.query_command or order.state is AssetOrderState.DONE)
        for order in core.engine.state.asset_orders.values()
    )


async def test_executions_told_twice_are_booked_once():
    twice = Fill(parts=3, repeat=True)
    async with system(venue=script(twice, twice)) as world, world.core() as core:
        await buy(core, world)
        await core.until("MINTED")
        await audit(core, world)


async def test_a_bridge_that_tells_everything_twice_moves_nothing_twice():
    async with system(bridge=MockBridgeConfig(repeat=True)) as world, world.core() as core:
        await buy(core, world)
        await core.until("MINTED")
        await audit(core, world)
        assert len(world.outside.bridge.changes) == 2 * 4


async def test_a_commit_that_reverted_is_sent_again_as_another_transaction():
    async with system(reverts=("OutflowCapExceeded",)) as world, world.core() as core:
        await buy(core, world)
        await core.when(lambda state: any(order.attempts for order in state.orders.values()))
        world.pass_time(6)
        await core.until("MINTED")
        await audit(core, world)
        commits = [request for request in world.outside.chain.asked if request.HasField("commit")]
        assert len({request.command_id for request in commits}) == 2


async def test_a_settlement_that_reverted_is_signed_and_sent_again():
    async with system(reverts=("", "DeadlineExpired")) as world, world.core() as core:
        await buy(core, world)
        await core.when(lambda state: any(one.retry_at for one in state.orders.values()))
        world.pass_time(6)
        await core.until("MINTED")
        await audit(core, world)
        settlements = [request for request in world.outside.chain.asked if request.HasField("settle")]
        assert len({request.command_id for request in settlements}) == 2
