"""The solver as a process: recover, connect the edges, serve, and end in order."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import grpc.aio
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection

from indexmaker.api.operations.v1 import operations_pb2, operations_pb2_grpc
from indexmaker.api.solver.v1 import (
    collateral_pb2,
    collateral_pb2_grpc,
    indices_pb2,
    indices_pb2_grpc,
    invoices_pb2,
    invoices_pb2_grpc,
    quotes_pb2,
    quotes_pb2_grpc,
    solver_pb2,
    solver_pb2_grpc,
)
from indexmaker.config import ConfigurationFault, Settings
from indexmaker.connectors.address import check_address, private_directory
from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.errors import AddressError, ConfigurationError
from indexmaker.connectors.interceptors import CallGuard
from indexmaker.connectors.secrets import SecretRef
from indexmaker.runtime import Clock, Journal, LeaseKeeper, Sequencer, SystemClock, this_process
from indexmaker.services.solver.alert_log import log_alerts
from indexmaker.services.solver.authentication import TokenInterceptor
from indexmaker.services.solver.bootstrap import Bootstrap, index_template
from indexmaker.services.solver.dispatcher import Dispatcher
from indexmaker.services.solver.edges import (
    BridgeEdge,
    ChainEdge,
    FundingEdge,
    GuardianEdge,
    MarketDataEdge,
    OrderEntryEdge,
)
from indexmaker.services.solver.edges.bridge import venue_designation
from indexmaker.services.solver.edges.chain import FactoryAddress, GateAddress
from indexmaker.services.solver.edges.holdings import bridge_source, chain_sources, venue_source
from indexmaker.services.solver.indices_service import IndicesService
from indexmaker.services.solver.invoice_pages import InvoicePages
from indexmaker.services.solver.invoices import InvoiceBook, InvoiceRecorder, project_invoices
from indexmaker.services.solver.invoices_service import InvoicesService
from indexmaker.services.solver.nav import NavDesk, NavRecorder
from indexmaker.services.solver.new_indices import NewIndices
from indexmaker.services.solver.operations_service import OperationsService, RunFacts
from indexmaker.services.solver.orders_service import OrdersService
from indexmaker.services.solver.plugins_service import PluginsService
from indexmaker.services.solver.quotes_service import QuotesService
from indexmaker.services.solver.read_services import CollateralService
from indexmaker.services.solver.reconciliation import Reconciler, Source
from indexmaker.services.solver.reports import project
from indexmaker.services.solver.rhythm import Rhythm
from indexmaker.services.solver.route_costs import RouteCosts
from indexmaker.services.system import GUARDIAN
from indexmaker.solver.accounts import venue_place
from indexmaker.solver.commands import SolverCommand, SolverReport
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import SolverEvent
from indexmaker.solver.reconciliation import BRIDGE, moving_transfers
from indexmaker.storage import (
    ChainCursors,
    Database,
    InvoiceArchive,
    NavHistory,
    ReportLog,
    ReportRecorder,
    SqlJournal,
    SqlLeases,
    upgrade,
)

__all__ = ["SolverProcess"]

_log = structlog.get_logger(__name__)

_HOUR = 3_600_000_000_000
_Output = SolverCommand | SolverReport


class SolverProcess:
    """One core. `announce` is called once with the addresses when clients may come.

    Time and the journal can be given, so that a test may let time pass and stop the core at any write.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        announce: Callable[[dict[str, object]], None],
        clock: Clock | None = None,
        open_journal: Callable[[Database, str], Journal] = SqlJournal,
    ) -> None:
        if settings.guardian is None:
            raise ConfigurationFault("guardian.private_key is missing: add a table [guardian]")
        if not settings.venues:
            raise ConfigurationFault("no table [venues.NAME]: the solver needs a venue to trade on")
        self._settings = settings
        self._announce = announce
        self._token = _secret("core.token", settings.core.token) if settings.core.token else ""
        self._pages = _pages(settings, token=self._token)
        self._clock = clock or SystemClock()
        self._open_journal = open_journal
        self._engine = SolverEngine()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        await self.serve()

    @property
    def engine(self) -> SolverEngine:
        """The engine that it runs, to be read only."""
        return self._engine

    def stop(self) -> None:
        """Have `serve` finish what is under way and return."""
        self._stop.set()

    async def serve(self) -> None:
        """Serve until `stop`; cancelled, it leaves everything as a crash would.

        Raises:
            ConfigurationFault: an address cannot be used, or the run directory is not private.
            LeaseHeldError: another core works on this journal.
            StorageError: the database cannot be used.
        """
        self._prepare_run_directory()
        upgrade(self._settings.core.database)
        async with AsyncExitStack() as stack:
            database = stack.enter_context(Database(self._settings.core.database))
            await self._serve(stack, database)

    async def _serve(self, stack: AsyncExitStack, database: Database) -> None:
        engine, clock = self._engine, self._clock
        instance_id = uuid.uuid4().hex
        started_at = clock.now()
        keeper = LeaseKeeper(
            SqlLeases(database), engine=engine.name, holder=this_process(f"solver-{instance_id[:8]}"), clock=clock
        )
        lease = await keeper.acquire()
        journal = self._open_journal(database, engine.name)
        sequencer: Sequencer[SolverEvent, _Output] = Sequencer(
            engine,
            journal,
            clock=clock,
            lease=lease,
            snapshot_every=self._settings.core.snapshot_every or 1 << 62,
        )
        log = ReportLog(database, engine.name)
        recorder: ReportRecorder[SolverEvent, _Output] = ReportRecorder(log, project=project)
        sequencer.subscribe(recorder)
        archive = InvoiceArchive(database, engine.name)
        issuer: InvoiceRecorder = ReportRecorder(archive, project=project_invoices)
        sequencer.subscribe(issuer)
        book = InvoiceBook(engine, archive, issuer, page=self._pages.link if self._pages else lambda _id: "")

        async def channel(plugin: str) -> grpc.aio.Channel:
            return await stack.enter_async_context(open_channel(self._settings.socket(plugin)))

        rules_changed = {venue: asyncio.Event() for venue in self._settings.venues}
        markets: dict[str, MarketDataEdge] = {}
        entries: dict[str, OrderEntryEdge] = {}
        fundings: dict[str, FundingEdge] = {}
        holdings: dict[str, Source] = {}
        for venue, terms in self._settings.venues.items():
            markets[venue] = MarketDataEdge(venue, await channel(terms.market_data), rules_changed=rules_changed[venue])
            orders = await channel(terms.order_entry)
            holdings[venue_place(venue)] = venue_source(orders)
            entries[venue] = OrderEntryEdge(
                venue,
                orders,
                post=sequencer.post,
                cursors=partial(_trade_cursors, engine, venue),
                open_orders=partial(_open_orders, engine, venue),
            )
            fundings[venue_designation(venue, terms.quote_asset)] = FundingEdge(
                venue,
                orders,
                chain_id=terms.funding_chain_id,
                post=sequencer.post,
                since=lambda: _deposits_since(engine, clock.now()),
            )
        chain_channel = await channel(self._settings.chain_plugin)
        chain = ChainEdge(
            chain_channel,
            post=sequencer.post,
            commit=sequencer.submit,
            gates=lambda: {GateAddress(one.chain_id, one.gate) for one in engine.state.indices.values()},
            cursors=ChainCursors(database, engine.name),
            factories=[FactoryAddress(*one) for one in self._settings.index_factories.items()],
        )
        bridge_channel = await channel(self._settings.bridge_plugin)
        max_fee_bps = self._settings.solver.max_routing_fee_bps
        bridge = BridgeEdge(
            bridge_channel,
            post=sequencer.post,
            fundings=fundings,
            max_fee_bps=self._settings.solver.max_routing_fee_bps,
        )
        guardian = GuardianEdge(await channel(GUARDIAN), post=sequencer.post)
        dispatcher = Dispatcher(venues=entries, fundings=fundings, chain=chain, bridge=bridge, guardian=guardian)
        sequencer.subscribe(dispatcher)
        bootstrap = Bootstrap(
            self._settings,
            engine,
            sequencer,
            entries=entries,
            markets=markets,
            chain=chain,
            holdings=lambda: chain_sources(chain_channel, engine.indices()),
        )
        rhythm = Rhythm(
            engine, markets, clock=clock, submit=sequencer.submit, interval_ms=self._settings.solver.batch_interval_ms
        )

        reconciler = Reconciler(
            engine,
            sequencer,
            sources=lambda: {
                **holdings,
                **chain_sources(chain_channel, engine.indices()),
                BRIDGE: bridge_source(bridge_channel, moving_transfers(engine.state)),
            },
            interval=self._settings.solver.reconcile_interval_seconds,
        )

        desk = NavDesk(engine, markets, clock=clock)
        history = NavHistory(database, engine.name)
        values = NavRecorder(desk, history)
        indices = IndicesService(
            engine,
            sequencer,
            template=index_template(self._settings),
            factories=self._settings.index_factories,
            desk=desk,
            history=history,
        )
        quotes = QuotesService(
            engine,
            sequencer,
            markets,
            clock=clock,
            route_cost=RouteCosts(bridge_channel, fundings=fundings, max_fee_bps=max_fee_bps),
        )
        facts = RunFacts(instance_id=instance_id, started_at=started_at, replayed=0)
        supervisor = await channel("supervisor")
        server = self._server(
            orders=OrdersService(engine, sequencer, recorder),
            indices=indices,
            quotes=quotes,
            operations=OperationsService(engine, sequencer, recorder, reconciler=reconciler, facts=facts),
            plugins=PluginsService(supervisor),
            invoices=InvoicesService(book),
        )
        stack.push_async_callback(server.stop, None)  # on failure too, nobody must be left waiting for an answer
        if self._pages is not None:
            await stack.enter_async_context(self._pages.serving(book.get))
        leasing = (await stack.enter_async_context(asyncio.TaskGroup())).create_task(keeper.run())
        recovered = await sequencer.recover(needed_from=min(log.head(), archive.head()))
        facts.replayed = recovered.replayed
        sequencer.subscribe(log_alerts)
        sequencer.subscribe(values)
        sequencer.subscribe(NewIndices(engine, chain=chain, markets=markets))
        dispatcher.resend(engine.pending())
        async with asyncio.TaskGroup() as tasks:
            writing = [tasks.create_task(one.run()) for one in (sequencer, recorder, issuer)]
            runs = [market.run() for market in markets.values()]
            runs += [entry.run() for entry in entries.values()]
            runs += [funding.run() for funding in fundings.values()]
            runs += [chain.run(), bridge.run(), guardian.run()]
            edges = [tasks.create_task(run) for run in runs]
            edges.append(tasks.create_task(bootstrap.run(rules_changed)))
            await self._until(bootstrap.done)
            edges.append(tasks.create_task(rhythm.run()))
            edges.append(tasks.create_task(reconciler.run()))
            edges.append(tasks.create_task(values.run()))
            await server.start()
            if not self._stop.is_set():
                self._announce({"ready": True, "address": self._local_address(), "instance": instance_id})
            await self._stop.wait()
            indices.release()
            await recorder.release()  # a watching client would make the server wait for nothing
            await server.stop(grace=2)
            for edge in edges:
                edge.cancel()
            sequencer.stop()
            await writing[0]
            recorder.stop()
            issuer.stop()
            await asyncio.gather(*writing[1:])
            keeper.stop()
            await leasing

    async def _until(self, ready: asyncio.Event) -> None:
        """Wait until ready, or until asked to stop."""
        waits = [asyncio.ensure_future(ready.wait()), asyncio.ensure_future(self._stop.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _prepare_run_directory(self) -> None:
        """Whoever may open the socket needs no token, so nobody else may get there."""
        try:
            private_directory(self._settings.run_directory.absolute())
            check_address(f"unix:{Path(self._local_address().removeprefix('unix:')).absolute()}")
        except (OSError, AddressError) as error:
            raise ConfigurationFault(f"run_directory: {error}") from None

    def _local_address(self) -> str:
        return self._settings.socket("core")

    def _server(
        self,
        *,
        orders: OrdersService,
        indices: IndicesService,
        quotes: QuotesService,
        operations: OperationsService,
        plugins: PluginsService,
        invoices: InvoicesService,
    ) -> grpc.aio.Server:
        # Without SO_REUSEPORT: a second process on the same port must fail, not share the calls.
        interceptors = (TokenInterceptor(self._token), CallGuard(lambda: True))
        server = grpc.aio.server(interceptors=interceptors, options=(("grpc.so_reuseport", 0),))
        solver_pb2_grpc.add_SolverServiceServicer_to_server(orders, server)
        indices_pb2_grpc.add_IndexServiceServicer_to_server(indices, server)
        quotes_pb2_grpc.add_QuoteServiceServicer_to_server(quotes, server)
        collateral_pb2_grpc.add_CollateralServiceServicer_to_server(CollateralService(self._engine), server)
        invoices_pb2_grpc.add_InvoiceServiceServicer_to_server(invoices, server)
        operations_pb2_grpc.add_OperationsServiceServicer_to_server(operations, server)
        operations_pb2_grpc.add_PluginServiceServicer_to_server(plugins, server)
        health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
        modules = (solver_pb2, indices_pb2, quotes_pb2, collateral_pb2, invoices_pb2, operations_pb2, health_pb2)
        names = [service.full_name for module in modules for service in module.DESCRIPTOR.services_by_name.values()]
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
        _bind(server, "run_directory", self._local_address())
        if self._token:
            _bind(server, "core.listen", self._settings.core.listen)
        return server


def _pages(settings: Settings, *, token: str) -> InvoicePages | None:
    if settings.invoices is None:
        return None
    secret = _secret("invoices.secret", settings.invoices.secret)
    return InvoicePages(settings.invoices, secret=secret, token=token)


def _secret(place: str, reference: str) -> str:
    """What a reference in the configuration leads to."""
    try:
        return SecretRef(reference).reveal()
    except (ValueError, ConfigurationError) as error:
        raise ConfigurationFault(f"{place}: {error}") from None


def _bind(server: grpc.aio.Server, place: str, address: str) -> None:
    try:
        server.add_insecure_port(address)
    except RuntimeError:
        raise ConfigurationFault(
            f"{place}: {address} cannot be listened on; is it taken by another process? Stop that one or choose another"
        ) from None


def _trade_cursors(engine: SolverEngine, venue: str) -> list[tuple[str, str]]:
    """Per symbol with orders, the last trade id known; "0" before the first."""
    last: dict[str, int] = {order.symbol: 0 for order in engine.state.asset_orders.values() if order.venue == venue}
    last |= {
        name.partition(":")[2]: floor
        for name, floor in engine.state.trade_floors.items()
        if name.startswith(f"{venue}:")
    }
    for batch in engine.state.batches.values():
        for leg in (leg for leg in batch.legs if leg.venue == venue):
            for fill in (*leg.fills, *leg.late):
                last[leg.symbol] = max(last.get(leg.symbol, 0), int(fill.trade_id))
    return [(symbol, str(trade_id)) for symbol, trade_id in sorted(last.items())]


def _open_orders(engine: SolverEngine, venue: str) -> list[tuple[str, str]]:
    """Client order id and symbol of every order whose end is not known."""
    return [
        (order.client_order_id, order.symbol)
        for order in engine.state.asset_orders.values()
        if order.venue == venue and order.done_quantity < 0 and order.state.value != "DONE"
    ]


def _deposits_since(engine: SolverEngine, now: int) -> int:
    """An hour before the oldest order that is not ended, or before now."""
    open_since = [order.state_since for order in engine.state.orders.values() if not order.state.final]
    return min([now, *open_since]) - _HOUR
