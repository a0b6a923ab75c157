"""A core may die at any write of its journal: the next one brings every order to its mint, and does nothing twice."""

from __future__ import annotations

import asyncio
from functools import partial

import grpc.aio
import pytest

from indexmaker.api.solver.v1.solver_pb2 import IndexOrderReport
from indexmaker_client import Client
from system.audit import check_books, check_invoices, check_journal, check_once
from system.crash import DyingJournal, Falls, entry, tick_after
from system.harness import System, name_of, signer, state_of, system
from system.outside import SECOND

ORDERS = ((1, "a-1", "150"), (2, "b-1", "99.5"), (1, "a-2", "400.123456"))
WINDOW = 60
ENTRIES = 40
"""So many entries, ticks apart, has the journal of a run in which nobody dies."""
POINTS = [(number, written) for number in range(1, ENTRIES + 1) for written in (False, True)]
WORLD = {"window_ms": WINDOW * 1000, "core": "snapshot_every = 8"}


async def users(system: System) -> None:
    """Three orders with their collateral; whoever gets no answer asks again."""
    async with Client(system.address) as client:
        for number, name, amount in ORDERS:
            system.outside.deposit(signer(number).account, amount)
            while True:
                await system.ready.wait()
                try:
                    await client.submit(signer(number), client_order_id=name, index="TOP2", amount=amount)
                    break
                except grpc.aio.AioRpcError:
                    continue


async def watcher(system: System) -> list[IndexOrderReport]:
    """Reports as a client sees them over all restarts, until every order is minted."""
    told: list[IndexOrderReport] = []
    async with Client(system.address) as client:
        async for report in client.watch():
            told.append(report)
            states = [state_of(one) for one in told]
            if states.count("ROUTING") == len(ORDERS) and state_of(report) == "ROUTING":
                system.pass_time(WINDOW)  # all of them may share one transfer now
            if states.count("MINTED") == len(ORDERS):
                break
    return told


async def run_through(*deaths: Falls, written: bool) -> None:
    """A whole run in which one core after another dies, and the last one does not."""
    async with system(**WORLD) as world, asyncio.TaskGroup() as tasks:
        tasks.create_task(users(world))
        watching = tasks.create_task(watcher(world))
        for falls in deaths:
            if watching.done():
                break
            died = asyncio.Event()
            watching.add_done_callback(lambda _, died=died: died.set())
            await world.core_until(died, open_journal=partial(DyingJournal, falls=falls, written=written, died=died))
        async with world.core() as core:
            seen = await watching
            again = await core.until("MINTED", count=len(ORDERS))
            await core.settled()
            assert {name_of(order.state) for order in await core.client.orders()} == {"MINTED"}
            check_once(world.outside)
            check_books(core.engine.ledger, world.outside.venue.book.balances)
            check_invoices(core.engine, world.outside)
        with world.journal() as journal:
            check_journal(journal)
    assert [report.SerializeToString() for report in seen] == [report.SerializeToString() for report in again]


@pytest.mark.parametrize(("number", "written"), POINTS[::3])
async def test_a_core_that_dies_at_a_write_loses_and_repeats_nothing(number, written):
    await run_through(entry(number), written=written)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "written"), POINTS)
async def test_a_core_that_dies_at_any_write_loses_and_repeats_nothing(number, written):
    await run_through(entry(number), written=written)


@pytest.mark.parametrize("written", [False, True])
async def test_a_transfer_formed_by_the_clock_survives_the_core(written):
    await run_through(tick_after(WINDOW * SECOND), written=written)


@pytest.mark.parametrize("written", [False, True])
async def test_cores_that_die_one_after_another_still_get_there(written):
    await run_through(*map(entry, range(3, 15)), written=written)
