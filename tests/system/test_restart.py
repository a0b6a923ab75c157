"""Orderly restarts of the core: what was open is said again in the same words, and clients miss nothing."""

from __future__ import annotations

import asyncio
from functools import partial

import grpc
import grpc.aio
import pytest

from indexmaker.api.solver.v1.solver_pb2 import IndexOrderReport, ReportCursor
from indexmaker.connectors.testing import Hold, MockBridgeConfig, MockVenueConfig
from indexmaker.runtime import Record, WriteFailedError
from indexmaker.solver.commands import PlaceAssetOrder, StartTransfer
from indexmaker_client import Client, Signer
from system.audit import check_books, check_invoices, check_journal, check_once
from system.crash import FailingJournal
from system.harness import LEASE, Core, System, signer, state_of, system
from system.outside import BALANCES, PAIRS

ALICE, BOB = signer(1), signer(2)


async def buy(core: Core, world: System, *, user: Signer = ALICE, name: str = "a-1") -> None:
    world.outside.deposit(user.account, "200")
    await core.client.submit(user, client_order_id=name, index="TOP2", amount="200")


async def audit(core: Core, world: System) -> None:
    await core.until("MINTED")
    await core.settled()
    check_once(world.outside)
    check_books(core.engine.ledger, world.outside.venue.book.balances)
    check_invoices(core.engine, world.outside)


async def test_orders_at_the_venue_are_sent_again_under_the_same_names_after_a_restart():
    venue = MockVenueConfig(pairs=PAIRS, balances=BALANCES, script=(Hold(), Hold()))
    async with system(venue=venue) as world:
        async with world.core() as core:
            await buy(core, world)
            await core.when(lambda _: len(world.outside.venue.sent) == 2)
        waiting = {one.command_id for one in core.engine.pending() if isinstance(one, PlaceAssetOrder)}
        assert waiting == {order.client_order_id for order in world.outside.venue.sent}
        async with world.core() as core:
            await audit(core, world)
        assert sorted(order.client_order_id for order in world.outside.venue.sent) == sorted(2 * list(waiting))
        with world.journal() as journal:
            check_journal(journal)


async def test_a_transfer_under_way_is_asked_for_again_under_the_same_name_after_a_restart():
    async with system(bridge=MockBridgeConfig(stop_at="MOVING")) as world:
        bridge = world.outside.bridge
        async with world.core() as core:
            await buy(core, world)
            await core.when(lambda _: bool(bridge.transfers))
        (waiting,) = [one for one in core.engine.pending() if isinstance(one, StartTransfer)]
        bridge.advance(waiting.transfer_id, "SENT")
        async with world.core() as core:
            await audit(core, world)
        assert [request.transfer_id for request in bridge.asked] == 2 * [waiting.transfer_id]


async def test_a_core_that_finds_all_its_plugins_away_starts_once_they_are_back():
    async with system() as world:
        async with world.core() as core:
            await buy(core, world)
        await world.outside.kill()
        async with asyncio.TaskGroup() as tasks:
            returning = tasks.create_task(world.outside.start())
            async with world.core() as core:
                await returning
                await audit(core, world)


async def test_deposits_and_index_survive_a_restart_without_doubles():
    async with system() as world:
        async with world.core() as core:
            world.outside.deposit(ALICE.account, "200")
            await core.when(lambda state: len(state.lots) == 1)
            before = core.engine.dump()
        async with world.core() as core:
            assert core.engine.dump() == before
            await core.client.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
            await audit(core, world)
            assert len(await core.client.deposits(ALICE.account)) == 1


def places(reports: list[IndexOrderReport]) -> list[tuple[int, int]]:
    return [(report.cursor.sequence, report.cursor.index) for report in reports]


async def collect(client: Client, count: int, *, after: ReportCursor | None = None) -> list[IndexOrderReport]:
    told: list[IndexOrderReport] = []
    async for report in client.watch(after=after):
        told.append(report)
        if len(told) == count:
            break
    return told


async def test_a_client_that_was_away_goes_on_from_its_cursor_also_on_another_core():
    async with system() as world:
        async with world.core() as core:
            await buy(core, world)
            early = await collect(core.client, 3)
            await core.until("MINTED")
        async with world.core() as core:
            everything = await core.until("MINTED")
            late = await collect(core.client, len(everything) - 3, after=early[-1].cursor)
            assert [*early, *late] == everything
            assert len(set(places(everything))) == len(everything)
            assert places(everything) == sorted(places(everything))
            await buy(core, world, user=BOB, name="b-1")
            following = await collect(core.client, 1, after=everything[-1].cursor)
            assert following[0].order.terms.client_order_id == "b-1"


async def test_a_client_that_watches_sees_each_report_once_while_cores_come_and_go():
    async with system() as world, Client(world.address) as client, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(collect_minted(client, 3))
        for number in (1, 2, 3):
            async with world.core() as core:
                await buy(core, world, name=f"a-{number}")
                await core.until("MINTED", count=number)
        async with world.core() as core:
            assert await core.until("MINTED", count=3) == await watching


async def collect_minted(client: Client, count: int) -> list[IndexOrderReport]:
    told: list[IndexOrderReport] = []
    async for report in client.watch():
        told.append(report)
        if [state_of(one) for one in told].count("MINTED") == count:
            break
    return told


async def test_a_client_may_watch_one_account_only():
    async with system() as world, world.core() as core:
        await buy(core, world)
        await buy(core, world, user=BOB, name="b-1")
        await core.until("MINTED", count=2)
        async for report in core.client.watch(accounts=[BOB.account]):
            assert report.order.terms.client_order_id == "b-1"
            if state_of(report) == "MINTED":
                break


async def test_a_cursor_from_the_future_is_refused():
    async with system() as world, world.core() as core:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(core.client.watch(after=ReportCursor(sequence=10**6)))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "the journal ends at" in (caught.value.details() or "")


async def test_a_core_whose_disk_fails_stops_and_tells_the_client_to_ask_the_next_one():
    def submission(record: Record) -> bool:
        return b'"OrderSubmitted"' in record.payload

    async with system() as world, Client(world.address) as client:
        world.outside.deposit(ALICE.account, "200")
        process = world.process(open_journal=partial(FailingJournal, falls=submission))
        running = asyncio.ensure_future(process.serve())
        await world.ready.wait()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await client.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(ExceptionGroup) as failure:
            await running
        assert failure.group_contains(WriteFailedError)
        world.ready.clear()
        world.outside.clock.advance(LEASE)
        async with world.core() as core:
            await core.client.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
            await audit(core, world)


async def test_a_core_that_waits_for_its_plugins_can_be_stopped_in_order():
    async with system() as world:
        await world.outside.kill()
        process = world.process()
        running = asyncio.ensure_future(process.serve())
        await asyncio.sleep(0)
        process.stop()
        await running
        assert not world.ready.is_set()
        await world.outside.start()
        async with world.core() as core:  # the lease was given back: nobody has to wait for its end
            await buy(core, world)
            await audit(core, world)
