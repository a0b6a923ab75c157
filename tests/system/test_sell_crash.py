"""A core may die at any write of its journal while units are sold: the next one pays for them, and pays once."""

from __future__ import annotations

import asyncio
from functools import partial

import grpc.aio
import pytest

from indexmaker.api.solver.v1.solver_pb2 import IndexOrderReport
from indexmaker.money import parse_atoms
from indexmaker_client import Client
from system.audit import check_books, check_journal
from system.crash import DyingJournal, Falls, entry
from system.harness import System, name_of, signer, state_of, system

USER = signer(1)
BOUGHT = 31
"""The entry, ticks apart, from which on units are sold."""
ENTRIES = 54
"""The one at which they are paid for, when nobody dies."""
POINTS = [(number, written) for number in range(BOUGHT, ENTRIES + 1) for written in (False, True)]


async def until_answered(system: System, ask) -> None:
    """Whoever gets no answer asks again."""
    while True:
        await system.ready.wait()
        try:
            await ask()
            return
        except grpc.aio.AioRpcError:
            continue


async def holder(system: System, *, bought: asyncio.Event) -> None:
    """Buys, and sells a part of it as soon as it is there."""
    async with Client(system.address) as client:
        system.outside.deposit(USER.account, "400")
        buy = {"client_order_id": "buy", "index": "TOP2", "amount": "400"}
        await until_answered(system, lambda: client.submit(USER, **buy))
        await bought.wait()
        system.outside.redeem(USER.account, "2.5")
        sale = {"client_order_id": "sale", "index": "TOP2", "units": "2"}
        await until_answered(system, lambda: client.sell(USER, **sale))


async def watcher(system: System, *, bought: asyncio.Event) -> list[IndexOrderReport]:
    """Reports as a client sees them over all restarts, until the sale is paid."""
    told: list[IndexOrderReport] = []
    async with Client(system.address) as client:
        async for report in client.watch():
            told.append(report)
            if state_of(report) == "MINTED":
                bought.set()
            if state_of(report) == "PAID":
                break
    return told


async def run_through(*deaths: Falls, written: bool) -> None:
    bought = asyncio.Event()
    async with system(core="snapshot_every = 8") as world, asyncio.TaskGroup() as tasks:
        tasks.create_task(holder(world, bought=bought))
        watching = tasks.create_task(watcher(world, bought=bought))
        for falls in deaths:
            if watching.done():
                break
            died = asyncio.Event()
            watching.add_done_callback(lambda _, died=died: died.set())
            await world.core_until(died, open_journal=partial(DyingJournal, falls=falls, written=written, died=died))
        async with world.core() as core:
            seen = await watching
            again = await core.until("PAID")
            await core.settled()
            assert {name_of(order.state) for order in await core.client.orders()} == {"MINTED", "PAID"}
            invoice = next(one for one in await core.client.invoices() if one.paid)
            check_books(core.engine.ledger, world.outside.venue.book.balances)
            check_paid_once(world, paid=invoice.paid, burned=invoice.burned)
        with world.journal() as journal:
            check_journal(journal)
    assert [report.SerializeToString() for report in seen] == [report.SerializeToString() for report in again]


def check_paid_once(world: System, *, paid: str, burned: str) -> None:
    """One lock, one withdrawal, one transfer back, one payment; and the payment says what the invoice says."""
    outside = world.outside
    assert len(outside.chain.told("redemption_committed")) == 1
    (settled,) = [event.redemption_settled for event in outside.chain.told("redemption_settled")]
    assert (settled.paid, settled.burned) == (paid, burned)
    assert parse_atoms(settled.burned) + parse_atoms(settled.returned) == parse_atoms("2.5")
    back = [one for one in outside.bridge.transfers.values() if one.source.startswith("VENUE:")]
    assert len(back) == 1


@pytest.mark.parametrize(("number", "written"), POINTS[::5])
async def test_a_core_that_dies_during_a_sale_pays_once(number, written):
    await run_through(entry(number), written=written)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "written"), POINTS)
async def test_a_core_that_dies_at_any_write_of_a_sale_pays_once(number, written):
    await run_through(entry(number), written=written)


@pytest.mark.parametrize("written", [False, True])
async def test_cores_that_die_one_after_another_during_a_sale_pay_once(written):
    await run_through(*map(entry, range(BOUGHT, BOUGHT + 12)), written=written)
