"""A whole system in this process: the outside world, a core on a database file, and clients that sign their orders."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from indexmaker.api.solver.v1.solver_pb2 import IndexOrderReport, IndexOrderState
from indexmaker.config import Settings, load_settings
from indexmaker.connectors.testing import MockBridgeConfig, MockVenueConfig
from indexmaker.runtime import Head, Journal, Record
from indexmaker.services.guardian.process import GuardianProcess
from indexmaker.services.solver.process import SolverProcess
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.state import SolverState
from indexmaker.storage import Database, SqlJournal
from indexmaker_client import Client, Signer
from system.outside import GATE, Outside

CHAIN_ID = 42161
OpenJournal = Callable[[Database, str], Journal]
LEASE = 11
"""Seconds after which the lease of a core that died has ended."""

CONFIGURATION = """
run_directory = "{run}"
chain_plugin = "mock-chain"
bridge_plugin = "mock-bridge"
{more}
[core]
database = "sqlite:///{run}/solver.db"
{core}
[solver]
routing_window_ms = {window_ms}
aggregation_window_ms = {window_ms}
batch_interval_ms = {interval_ms}
book_max_age_ms = 10000

[guardian]
private_key = "file:{run}/guardian.key"

[venues.mock]
market_data = "mock-venue"
order_entry = "mock-venue"

[[indices]]
symbol = "TOP2"
name = "Two large ones"
chain_id = 42161
gate = "{gate}"
token = "0x{token}"
weights = {{ BTC = "0.6", ETH = "0.4" }}
reference_prices = {{ BTC = "50000", ETH = "2500" }}

[plugins.mock-venue]
plugin = "indexmaker.connectors.testing.venue:MockVenue"
config = {{ balances = {{ USDC = "1000000", BTC = "2", ETH = "30" }}, pairs = [
    {{ symbol = "BTCUSDC", base = "BTC", bid = "49990", ask = "50000" }},
    {{ symbol = "ETHUSDC", base = "ETH", bid = "2499", ask = "2500" }},
] }}

[plugins.mock-bridge]
plugin = "indexmaker.connectors.testing.bridge:MockBridge"

[plugins.mock-chain]
plugin = "indexmaker.connectors.testing.chain:MockChain"
"""


def write_configuration(
    run_dir: Path, *, core: str = "", more: str = "", tail: str = "", window_ms: int = 0, interval_ms: int = 20
) -> Path:
    """The configuration file of a system in `run_dir`, and the guardian's key that it refers to."""
    (run_dir / "guardian.key").write_text("0x" + "77" * 32 + "\n")
    text = CONFIGURATION.format(
        run=run_dir,
        gate=GATE,
        token="bb" * 20,
        core=core,
        more=more,
        window_ms=window_ms,
        interval_ms=interval_ms,
    )
    file = run_dir / "indexmaker.toml"
    file.write_text(text + tail)
    return file


def signer(number: int) -> Signer:
    """The key of user `number`, from 1."""
    return Signer(CHAIN_ID, "0x" + f"{number:02x}" * 32)


def name_of(state: IndexOrderState.ValueType) -> str:
    """A state by its name without prefix."""
    return IndexOrderState.Name(state).removeprefix("INDEX_ORDER_STATE_")


def state_of(report: IndexOrderReport) -> str:
    """The state that a report tells."""
    return name_of(report.order.state)


class HeardJournal(SqlJournal):
    """Sets `heard` when a group was written and, by then, applied."""

    def __init__(self, database: Database, engine: str, *, heard: asyncio.Event) -> None:
        super().__init__(database, engine)
        self._heard = heard

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        head = await super().append(records, epoch=epoch)
        asyncio.get_running_loop().call_soon(self._heard.set)
        return head


class Core:
    """A core that runs, and a client of it."""

    def __init__(self, process: SolverProcess, client: Client, *, heard: asyncio.Event) -> None:
        self.process = process
        self.client = client
        self._heard = heard

    @property
    def engine(self) -> SolverEngine:
        """What the core thinks, to look into."""
        return self.process.engine

    async def when(self, happened: Callable[[SolverState], bool]) -> None:
        """Wait until the core's state is so; it is looked at after every commit."""
        while not happened(self.engine.state):
            self._heard.clear()
            await self._heard.wait()

    async def commits(self, count: int) -> None:
        """Wait for so many groups of events from now on."""
        for _ in range(count):
            self._heard.clear()
            await self._heard.wait()

    async def settled(self) -> None:
        """Wait until no command is open any more."""
        await self.when(lambda state: not state.outbox)

    async def until(self, *states: str, count: int = 1) -> list[IndexOrderReport]:
        """All reports up to the moment when so many orders have been told to be in one of these states."""
        told: list[IndexOrderReport] = []
        reached: set[tuple[str, str]] = set()
        async for report in self.client.watch():
            told.append(report)
            if state_of(report) in states:
                reached.add((report.order.terms.account.address, report.order.terms.client_order_id))
            if len(reached) == count:
                break
        return told


class System:
    """The outside world, and cores one after another. `ready` is set while a core takes orders."""

    def __init__(self, outside: Outside, settings: Settings) -> None:
        self.outside = outside
        self.settings = settings
        self.ready = asyncio.Event()

    @property
    def address(self) -> str:
        """Where clients find the core."""
        return self.settings.socket("core")

    def process(self, *, open_journal: OpenJournal = SqlJournal) -> SolverProcess:
        """A core that is not started yet."""
        return SolverProcess(
            self.settings,
            announce=lambda _facts: self.ready.set(),
            clock=self.outside.clock,
            open_journal=open_journal,
        )

    @asynccontextmanager
    async def core(self) -> AsyncIterator[Core]:
        """A core from its readiness to its orderly stop."""
        heard = asyncio.Event()
        process = self.process(open_journal=partial(HeardJournal, heard=heard))
        async with Client(self.address) as client, asyncio.TaskGroup() as tasks:
            tasks.create_task(process.serve())
            await self.ready.wait()
            try:
                yield Core(process, client, heard=heard)
            finally:
                self.ready.clear()
                process.stop()

    async def core_until(self, died: asyncio.Event, *, open_journal: OpenJournal) -> SolverEngine:
        """A core that is cut off in the middle of everything once `died` is set; returns what it thought."""
        process = self.process(open_journal=open_journal)
        running = asyncio.ensure_future(process.serve())
        dying = asyncio.ensure_future(died.wait())
        try:
            await asyncio.wait((running, dying), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.ready.clear()
            dying.cancel()
            running.cancel()
            await asyncio.wait((running,))
            self.outside.clock.advance(LEASE)
        if not running.cancelled():
            running.result()
        return process.engine

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[GuardianProcess]:
        """A guardian from its readiness to its orderly stop; it outlives the cores that ask it."""
        ready = asyncio.Event()
        process = GuardianProcess(self.settings, announce=lambda _facts: ready.set())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(process.serve())
            await ready.wait()
            try:
                yield process
            finally:
                process.stop()

    def pass_time(self, seconds: float) -> None:
        """Let time pass; the venue goes on quoting meanwhile."""
        self.outside.clock.advance(seconds)
        for pair in tuple(self.outside.venue.book.pairs.values()):
            self.outside.venue.quote(pair.symbol, bid=pair.bid, ask=pair.ask)

    @contextmanager
    def journal(self) -> Iterator[SqlJournal]:
        """The journal as it is on the disk."""
        with Database(self.settings.core.database) as database:
            yield SqlJournal(database, "solver")


@asynccontextmanager
async def system(
    *,
    venue: MockVenueConfig | None = None,
    bridge: MockBridgeConfig | None = None,
    reverts: tuple[str, ...] = (),
    guarded: bool = True,
    **options: Any,
) -> AsyncIterator[System]:
    """The outside world behind its sockets, in a run directory of its own; no core yet."""
    with tempfile.TemporaryDirectory(prefix="im-") as scratch:
        run_dir = Path(scratch)
        settings = load_settings(write_configuration(run_dir, **options))
        outside = Outside(run_dir)
        await outside.configure(venue=venue, bridge=bridge, reverts=reverts)
        await outside.start()
        try:
            async with asyncio.timeout(30):
                world = System(outside, settings)
                async with world.guarded() if guarded else nullcontext():
                    yield world
        finally:
            await outside.kill()
