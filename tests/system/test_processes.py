"""The core as a process of its own under the supervisor, killed in the middle of a batch."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import grpc.aio
import pytest

from indexmaker.api.orderentry.v1 import order_entry_pb2, order_entry_pb2_grpc
from indexmaker.config import Settings, load_settings
from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.supervisor import Supervisor
from indexmaker.connectors.table import News
from indexmaker.connectors.testing import arrival_hash
from indexmaker.ledger import OwnerKind
from indexmaker.money import parse_atoms
from indexmaker.runtime.verification import replay
from indexmaker.services.system import CORE, GUARDIAN, system_processes
from indexmaker.solver.engine import SolverEngine
from indexmaker.storage import Database, SqlJournal
from indexmaker_client import Client
from system.audit import check_books, check_journal
from system.harness import signer, state_of, write_configuration
from system.outside import GATE

pytestmark = pytest.mark.integration

T = TypeVar("T")
ALICE, BOB = signer(1), signer(2)
ORDERS = ((ALICE, "a-1", "150"), (BOB, "b-1", "250.5"))


async def eventually(look: Callable[[], Awaitable[T]], *, interval: float = 0.02) -> T:
    """The first answer that is not empty; a core that is away is asked again."""
    while True:
        try:
            if found := await look():
                return found
        except grpc.aio.AioRpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise
        await asyncio.sleep(interval)


@asynccontextmanager
async def supervised(run_dir: Path) -> AsyncIterator[tuple[Supervisor, Settings]]:
    file = write_configuration(run_dir)
    settings = load_settings(file)
    supervisor = Supervisor(
        system_processes(settings, configuration=file), run_dir=run_dir, data_root=run_dir / "data", probe_interval=0.1
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(supervisor.run())
        try:
            async with asyncio.timeout(60):
                await supervisor.wait_ready()
                yield supervisor, settings
        finally:
            supervisor.stop()
            await running


async def credit_transfers(client: Client, supervisor: Supervisor, venue: dict[str, Any]) -> None:
    """The venue credits what the bridge has sent."""

    async def quoted() -> list[Any]:
        return [one for one in await client.transfers() if one.amount_out]

    deposits = [
        {"deposit_id": one.transfer_id, "amount": one.amount_out, "tx_hash": arrival_hash(one.transfer_id)}
        for one in await eventually(quoted)
    ]
    await supervisor.configure("mock-venue", venue | {"deposits": deposits})


async def test_a_core_killed_in_the_middle_of_a_batch_mints_everything_once():
    with tempfile.TemporaryDirectory(prefix="im-") as scratch:
        async with supervised(Path(scratch)) as (supervisor, settings), Client(settings.socket(CORE)) as client:
            venue = settings.plugins["mock-venue"].config
            await supervisor.configure("mock-venue", venue | {"script": [{"type": "hold"}, {"type": "hold"}]})
            requests = [
                {"gate": GATE, "request_id": str(number), "controller": user.account.address, "amount": amount}
                for number, (user, _, amount) in enumerate(ORDERS, start=1)
            ]
            await supervisor.configure("mock-chain", {"deposits": requests})
            for user, name, amount in ORDERS:
                await client.submit(user, client_order_id=name, index="TOP2", amount=amount)
            async with asyncio.TaskGroup() as tasks:
                minted = tasks.create_task(until_minted(client))
                crediting = tasks.create_task(keep_crediting(client, supervisor, venue))
                await eventually(lambda: open_legs(client))
                before = await client.status()
                supervisor.kill(CORE)
                after = await eventually(lambda: another(client, before.instance_id))
                assert after.sequence >= before.sequence
                places = await minted
                crediting.cancel()
            assert len(places) == len(set(places))
            assert places == sorted(places)
            assert (await client.ledger()).balanced
            fills = [order for batch in await client.batches() for order in batch.asset_orders]
            assert len({order.client_order_id for order in fills}) == len(fills)
            assert {order.status for order in fills} == {"DONE"}
            spent = [await client.invoices(user.account) for user, _, _ in ORDERS]
            assert [len(invoices) for invoices in spent] == [1, 1]
            balances = await venue_balances(settings)
        check_database(settings, balances)


async def until_minted(client: Client) -> list[tuple[int, int]]:
    """Places of all reports until both orders are minted, as a client sees them over the core's death."""
    places, states = [], []
    async for report in client.watch():
        places.append((report.cursor.sequence, report.cursor.index))
        states.append(state_of(report))
        if states.count("MINTED") == len(ORDERS):
            break
    return places


async def keep_crediting(client: Client, supervisor: Supervisor, venue: dict[str, Any]) -> None:
    while True:
        await credit_transfers(client, supervisor, venue)
        await asyncio.sleep(0.05)


async def open_legs(client: Client) -> bool:
    """Whether both legs of a batch were sent to the venue, which answers neither."""
    return any(len(batch.asset_orders) == 2 and not batch.closed for batch in await client.batches())


async def another(client: Client, instance_id: str) -> Any:
    status = await client.status()
    return status if status.instance_id != instance_id else None


async def venue_balances(settings: Settings) -> dict[str, int]:
    async with open_channel(settings.socket("mock-venue")) as channel:
        request = order_entry_pb2.ListBalancesRequest()
        response = await order_entry_pb2_grpc.OrderEntryServiceStub(channel).ListBalances(request, timeout=5)
    return {one.asset: parse_atoms(one.free) for one in response.balances}


def check_database(settings: Settings, balances: dict[str, int]) -> None:
    """The journal holds, and its books agree with the venue's own."""
    engine = SolverEngine()
    with Database(settings.core.database) as database:
        check_journal(journal := SqlJournal(database, "solver"))
        replay(engine, journal)
    check_books(engine.ledger, balances)
    assert sum(atoms for account, atoms in engine.ledger if account.kind is OwnerKind.USER) == 0


async def test_a_guardian_without_a_usable_key_is_given_up_at_once_and_the_core_is_not_started():
    with tempfile.TemporaryDirectory(prefix="im-") as scratch:
        run_dir = Path(scratch)
        file = write_configuration(run_dir)
        (run_dir / "guardian.key").write_text("no key")
        supervisor = Supervisor(
            system_processes(load_settings(file), configuration=file), run_dir=run_dir, data_root=run_dir / "data"
        )
        starts = 0
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(30):
            running = tasks.create_task(supervisor.run())
            async for event in supervisor.events():
                starts += (event.name, event.news) == (GUARDIAN, News.STARTED)
                assert (event.name, event.news) != (CORE, News.STARTED)
                if (event.name, event.news) == (CORE, News.FAILED):
                    break
            supervisor.stop()
            await running
        assert starts == 1
