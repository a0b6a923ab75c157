"""The demonstration from start to end: start everything, trade, crash, recover, sell, check."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from indexmaker.api.solver.v1 import invoices_pb2, solver_pb2
from indexmaker.config import load_settings
from indexmaker.connectors.supervision_service import serve_supervision
from indexmaker.connectors.supervisor import Supervisor
from indexmaker.connectors.table import News, ProcessEvent, ProcessStatus
from indexmaker.money import format_atoms, mul_floor, parse_atoms
from indexmaker.services.system import CORE, system_processes
from indexmaker_client import Client
from indexmaker_client.fix_messages import ExecutionReport
from indexmaker_demo.checks import Check, check_chain, check_invoices, check_journal, check_orders
from indexmaker_demo.crash import CrashFacts, check_venue, crash_facts, doubled_on_chain, solver_at_end
from indexmaker_demo.files import DemoFiles, free_port, system_configuration
from indexmaker_demo.progress import Progress
from indexmaker_demo.report import fees_of, order_row, plain
from indexmaker_demo.scenario import INDICES, ORDERS, SALE
from indexmaker_demo.trades import trades_of
from indexmaker_demo.users import PlacedOrder, User
from indexmaker_demo.world import EXCHANGE, manifest_of, world_processes
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.manifest import Manifest

__all__ = ["Demo", "Outcome"]

_TRADING_SECONDS = 150.0
_START_SECONDS = 60.0


@dataclass(slots=True)
class Outcome:
    """What came of it: the report, the checks, and the messages for printing."""

    report: dict[str, Any]
    checks: list[Check]
    shown: list[Any] = field(default_factory=list)
    """Invoices worth printing: one of each kind."""


class Demo:
    """One run in one folder."""

    def __init__(
        self,
        files: DemoFiles,
        progress: Progress,
        *,
        seed: int,
        also_kill: Sequence[str] = (),
        stay: bool = False,
    ) -> None:
        self._files = files
        self._progress = progress
        self._seed = seed
        self._also_kill = tuple(also_kill)
        self._stay = stay
        self._begun = time.monotonic()
        self._killed_at: datetime | None = None

    async def run(self) -> Outcome:
        """Everything; raises what stops it, with all processes ended."""
        files, progress = self._files, self._progress
        files.prepare()
        progress.begin("Starting two chains and a venue")
        port = free_port()
        world = Supervisor(
            world_processes(files, venue_port=port, seed=self._seed),
            run_dir=files.world,
            data_root=files.world / "data",
        )
        async with _running(world):
            manifest = manifest_of(world.facts("devnet"))
            progress.end(f"Arbitrum and Base on anvil, venue at {world.facts(EXCHANGE)['rest']}")
            return await self._system(world, manifest, venue_url=str(world.facts(EXCHANGE)["rest"]))

    async def _system(self, world: Supervisor, manifest: Manifest, *, venue_url: str) -> Outcome:
        files, progress = self._files, self._progress
        progress.begin("Starting the guardian, the core and its five plugins")
        fix_port = free_port()
        text = system_configuration(files, manifest, venue_url=venue_url, fix_port=fix_port)
        files.configuration.write_text(text)
        system = Supervisor(
            system_processes(load_settings(files.configuration), configuration=files.configuration),
            run_dir=files.run,
            data_root=files.run / "data",
        )
        core = f"unix:{files.run / CORE}.sock"
        async with serve_supervision(system), DevnetClient(manifest) as devnet, _running(system):
            async with Client(core) as client:
                pids = {row.pid for row in (*world.processes(), *system.processes())}
                progress.end(f"{len(pids) + 2} processes, {len(INDICES)} indices, core at {core}")
                placed, before = await self._trade(system, client, devnet, manifest, fix_port=fix_port)
                facts = await self._collect(client)
            checks = await check_chain(devnet, facts["invoices"], before=before)
            minted, redeemed = _by_kind(facts["invoices"])
            back = sum(1 for one in facts["transfers"] if one.source.startswith("VENUE:"))
            checks += await doubled_on_chain(
                devnet,
                transfers=len(facts["transfers"]) - back,
                returns=back,
                mints=len(minted),
                payments=len(redeemed),
            )
            mints = [await self._settlement(devnet, invoice) for invoice in minted]
            payments = [
                await self._settlement(devnet, invoice) | {"paid": invoice.paid, "returned": invoice.returned}
                for invoice in redeemed
            ]
            if self._stay:
                progress.fact(f"an invoice as a page: {facts['invoices'][0].page}")
                await self._linger(core)
            rows = (*world.processes(), *system.processes())
        progress.begin("Verifying the journal by replay, and the venue's books against ours")
        outcome = self._judge(facts, checks, placed=placed, mints=mints, payments=payments, rows=rows)
        progress.end(f"{outcome.report['journal']['events']} events")
        return outcome

    async def _trade(
        self, system: Supervisor, client: Client, devnet: DevnetClient, manifest: Manifest, *, fix_port: int
    ) -> tuple[list[PlacedOrder], dict[str, int]]:
        progress = self._progress
        url = f"ws://127.0.0.1:{fix_port}/fix"
        wallets = manifest.accounts.users
        users = [
            User(number, wallets[number], devnet=devnet, fix_url=url)
            for number in sorted({order.user for order in ORDERS})
        ]
        before = {user.account.partition(":")[2]: await user.dollars() for user in users}
        async with asyncio.timeout(_TRADING_SECONDS), AsyncExitStack() as sessions:
            for user in users:
                await sessions.enter_async_context(user)
            async with asyncio.TaskGroup() as tasks:
                killer = tasks.create_task(self._kill_in_batch(system, client))
                progress.begin("Depositing on Arbitrum and ordering over FIX")
                placed = [await users[order.user].place(order) for order in ORDERS]
                progress.end(f"{len(placed)} deposits, {len(placed)} orders of {len(users)} users")
                for name in self._also_kill:
                    system.kill(name)
                    progress.fact(f"[red]killed the plugin {name} with SIGKILL[/]")
                progress.begin("Routing, batching, minting")
                async with asyncio.TaskGroup() as following:
                    for number, user in enumerate(users):
                        wanted = {order.client_order_id for order in ORDERS if order.user == number}
                        following.create_task(user.follow(self._told, until=wanted))
                progress.end("all minted, confirmed, and invoiced")
                await killer
            await self._sell(users[SALE.user], client)
        return placed, before

    async def _sell(self, user: User, client: Client) -> None:
        """One user turns a part of what was bought into money again."""
        self._progress.begin(f"Selling {SALE.share} of {SALE.index}, and paying for it on Arbitrum")
        orders = [order for order in await client.orders() if order.terms.index == SALE.index]
        held = next(order.units for order in orders if f"42161:{order.terms.account.address}" == user.account)
        units = format_atoms(mul_floor(parse_atoms(held), parse_atoms(SALE.share)))
        await user.sell(SALE, units=units)
        await user.follow(self._told, until={SALE.client_order_id})
        order = next(one for one in await client.orders() if one.terms.client_order_id == SALE.client_order_id)
        self._progress.end(f"{order.paid} USDC paid for {order.units} {SALE.index}")

    async def _kill_in_batch(self, system: Supervisor, client: Client) -> None:
        """Kill the core when some orders of a batch are filled and others are still on their way."""
        async for report in client.watch():
            engaged = report.order.state == solver_pb2.INDEX_ORDER_STATE_ENGAGED
            if engaged and (left := await _orders_in_flight(client)):
                system.kill(CORE)
                self._killed_at = datetime.now(tz=UTC)
                fact = f"killed the core with SIGKILL in the middle of a batch, {left} orders at the venue"
                self._progress.fact(f"[red]{fact}[/]")
                break
        await _next_news(system, CORE, News.READY)
        self._progress.fact("core is back: journal replayed, venue and chains asked, batch goes on")

    def _told(self, report: ExecutionReport) -> None:
        sells = report.side == "SELL"
        self._progress.order(
            report.client_order_id,
            what=f"{report.index} for USDC" if sells else f"{report.amount} USDC of {report.index}",
            state=report.state,
            units=report.units,
            tx_hash=report.mint_tx_hash,
        )

    async def _linger(self, core: str) -> None:
        """Keep everything running until Ctrl-C or SIGTERM."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, asked.set)
        self._progress.begin("Everything keeps running; Ctrl-C goes on")
        self._progress.fact(f"in another terminal: .venv/bin/indexmaker order list --core {core}")
        await asked.wait()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        self._progress.end("")

    async def _collect(self, client: Client) -> dict[str, list[Any]]:
        return {
            "orders": await client.orders(),
            "invoices": await client.invoices(),
            "batches": await client.batches(),
            "transfers": await client.transfers(),
            "ledger": [await client.ledger()],
        }

    async def _settlement(self, devnet: DevnetClient, invoice: Any) -> dict[str, Any]:  # noqa: ANN401 - a proto message
        receipt = await devnet.arbitrum.w3.eth.get_transaction_receipt(invoice.mint_tx_hash)
        head = await devnet.arbitrum.w3.eth.block_number
        confirmations = head - receipt["blockNumber"] + 1
        return {
            "tx_hash": invoice.mint_tx_hash,
            "index": invoice.index,
            "units": invoice.units,
            "confirmations": confirmations,
        }

    def _judge(
        self,
        facts: dict[str, list[Any]],
        checks: list[Check],
        *,
        placed: list[PlacedOrder],
        mints: list[dict[str, Any]],
        payments: list[dict[str, Any]],
        rows: tuple[ProcessStatus, ...],
    ) -> Outcome:
        files = self._files
        solver = solver_at_end(files.solver_database)
        at_venue, doubled = check_venue(files.exchange_data, solver)
        journal = check_journal(files.solver_database)
        assert self._killed_at is not None
        crash = crash_facts(files.solver_database, killed_at=self._killed_at)
        ledger = facts["ledger"][0]
        checks = [
            *check_orders(facts["orders"]),
            *check_invoices(facts["invoices"], facts["batches"]),
            *checks,
            *at_venue,
            Check("every order was placed by the demonstration", len(facts["orders"]) == len(placed) + 1),
            Check("the ledger balances", ledger.balanced),
            Check("the journal replays to the same state", journal.verified, journal.detail),
            Check("the core was killed in the middle of a batch", crash.in_batch, f"{crash.unfinished} orders open"),
            *(
                Check(f"{name} was restarted", any(row.name == name and row.restarts > 0 for row in rows))
                for name in (CORE, *self._also_kill)
            ),
        ]
        report = self._report(facts, placed=placed, mints=mints, rows=rows, crash=crash, doubled=doubled, checks=checks)
        report["redemptions"] = payments
        report["journal"] = {"events": journal.events, "verified": journal.verified}
        return Outcome(report, checks, [kind[0] for kind in _by_kind(facts["invoices"]) if kind])

    def _report(
        self,
        facts: dict[str, list[Any]],
        *,
        placed: list[PlacedOrder],
        mints: list[dict[str, Any]],
        rows: tuple[ProcessStatus, ...],
        crash: CrashFacts,
        doubled: int,
        checks: list[Check],
    ) -> dict[str, Any]:
        ledger = facts["ledger"][0]
        orders = [order for batch in facts["batches"] for order in batch.asset_orders]
        once = [check for check in checks if "twice" in check.name or "once" in check.name]
        return {
            "version": 1,
            "ok": all(check.ok for check in checks),
            "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks],
            "elapsed_s": round(time.monotonic() - self._begun, 1),
            "processes": [{"name": row.name, "kind": row.kind, "restarts": row.restarts} for row in rows],
            "deposits": [
                {
                    "account": one.account,
                    "chain_id": one.deposit.chain_id,
                    "tx_hash": one.deposit.transaction_hash,
                    "amount": one.order.amount,
                }
                for one in placed
            ],
            "transfers": [
                {
                    "from": one.source,
                    "to": one.destination,
                    "amount_in": one.amount_in,
                    "amount_out": one.amount_out,
                    "fees": fees_of(one.fees),
                }
                for one in facts["transfers"]
            ],
            "orders": [order_row(order) for order in facts["orders"]],
            "batches": len(facts["batches"]),
            "asset_orders": len(orders),
            "fills": sum(order.fills for order in orders),
            "trades": trades_of(self._files.solver_database),
            "lots": sum(len(invoice.lots) for invoice in facts["invoices"]),
            "mints": mints,
            "invoices": [plain(invoice) for invoice in facts["invoices"]],
            "ledger": {"balanced": ledger.balanced, "postings": ledger.postings},
            "crash": {
                "killed_at": crash.killed_at.isoformat(),
                "recovered": crash.in_batch and all(check.ok for check in once),
                "duplicates": doubled,
                "journal_sequence": crash.sequence,
                "asset_orders_open": crash.unfinished,
            },
        }


def _by_kind(invoices: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Mint invoices and redemption invoices."""
    redeemed = [one for one in invoices if one.kind == invoices_pb2.INVOICE_KIND_REDEMPTION]
    return [one for one in invoices if one not in redeemed], redeemed


@asynccontextmanager
async def _running(supervisor: Supervisor) -> AsyncIterator[None]:
    """Everything of a supervisor, ready; ended in order afterwards."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(supervisor.run())
        try:
            async with asyncio.timeout(_START_SECONDS):
                await supervisor.wait_ready()
            yield
        finally:
            supervisor.stop()
        await running


async def _orders_in_flight(client: Client) -> int:
    """How many orders of an open batch have no end yet, once another one has; 0 when no batch is open any more."""
    while True:
        running = [batch for batch in await client.batches() if not batch.closed]
        if not running:
            return 0
        orders = [order for batch in running for order in batch.asset_orders]
        left = sum(1 for order in orders if order.status != "DONE")
        if left < len(orders):
            return left


async def _next_news(supervisor: Supervisor, name: str, news: News) -> ProcessEvent:
    """The next news of this kind about a process."""
    async for event in supervisor.events():
        if event.name == name and event.news is news:
            return event
    raise RuntimeError(f"{name} gave no news")
