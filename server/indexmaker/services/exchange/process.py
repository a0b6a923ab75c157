"""The exchange as one process: database, engine, gateway, makers, deposits and hot wallet, in order."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.listing import builtin_listing
from indexmaker.gateways.binance import (
    BinanceGateway,
    Credential,
    Credentials,
    Limits,
    RateLimits,
    Venue,
)
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.runtime import (
    Clock,
    Journal,
    Lease,
    LeaseKeeper,
    MemoryJournal,
    Sequencer,
    SystemClock,
    this_process,
)
from indexmaker.services.exchange.cursors import CursorFile
from indexmaker.services.exchange.deposits import DepositWatcher
from indexmaker.services.exchange.errors import AddressInUseError
from indexmaker.services.exchange.hot_wallet import HotWallet
from indexmaker.services.exchange.makers import MarketMakers
from indexmaker.services.exchange.operators import operator_face
from indexmaker.services.exchange.settings import ExchangeSettings, Listen
from indexmaker.services.exchange.setup import MAKER_ACCOUNT, set_up
from indexmaker.services.exchange.wallet import open_wallet
from indexmaker.storage import Database, SqlJournal, SqlLeases, upgrade

__all__ = ["Endpoints", "serve"]

_log = structlog.get_logger(__name__)

_MAKER_INTERVAL = 0.5
_GOODBYE_SECONDS = 2.0
_DATABASE = "exchange.sqlite"
_CURSORS = "chain-cursors.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where clients reach the exchange."""

    rest: str
    stream: str
    ws_api: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Storage:
    journal: Journal
    lease: Lease | None = None
    keeper: LeaseKeeper | None = None


async def serve(settings: ExchangeSettings, *, announce: Callable[[Endpoints], None], stop: asyncio.Event) -> None:
    """Run the exchange until `stop` is set; `announce` is called once clients can trade.

    Raises:
        AddressInUseError: the address is taken; nothing else was touched.
        ExchangeProcessError, RuntimeFault, StorageError: the exchange cannot start, or cannot go on.
    """
    listener = _bind(settings.listen)
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listener.close)
        storage = await _open_storage(settings, stack, clock=clock)
        engine = ExchangeEngine()
        sequencer: ExchangeSequencer = Sequencer(engine, storage.journal, clock=clock, lease=storage.lease)
        credentials = Credentials()
        venue = Venue(
            engine=engine,
            sequencer=sequencer,
            clock=clock,
            credentials=credentials,
            limits=RateLimits(Limits(), clock=clock),
        )
        gateway = BinanceGateway(venue)
        makers = MarketMakers(engine, sequencer, account=MAKER_ACCOUNT, seed=settings.seed)
        sequencer.subscribe(makers.observe)
        wallet = HotWallet(engine, sequencer, address=settings.wallet_plugin, chains=settings.chains)
        sequencer.subscribe(wallet.observe)
        await sequencer.recover()
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(sequencer.run())
            if storage.keeper is not None:
                group.create_task(storage.keeper.run())
            await _configure(settings, venue)
            gateway.start()
            timed = [group.create_task(gateway.run())]
            if settings.makers:
                await makers.open()
                timed.append(group.create_task(makers.run(interval=_MAKER_INTERVAL)))
            if settings.chain_plugin and settings.chains:
                timed.append(group.create_task(_watcher(settings, venue).run()))
            if settings.wallet_plugin:
                timed.append(group.create_task(wallet.run()))
            runner = web.AppRunner(gateway.application, access_log=None, shutdown_timeout=_GOODBYE_SECONDS)
            await runner.setup()
            try:
                await web.SockSite(runner, listener).start()
                endpoints = _endpoints(settings.listen, listener)
                _log.info("exchange_ready", rest=endpoints.rest, markets=len(engine.markets))
                async with operator_face(engine, sequencer, data=settings.data):
                    announce(endpoints)
                    await stop.wait()
                    _log.info("exchange_stopping")
            finally:
                for task in timed:
                    task.cancel()
                await runner.cleanup()
            sequencer.stop()
            await writer
            if storage.keeper is not None:
                storage.keeper.stop()
    _log.info("exchange_stopped", sequence=sequencer.sequence)


def _bind(listen: Listen) -> socket.socket:
    try:
        family = socket.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((listen.host, listen.port), family=family, backlog=128)
    except OSError as error:
        raise AddressInUseError(
            f"cannot listen on {listen.host}:{listen.port}: {error.strerror or error}. "
            "Stop what listens there, or choose another --listen HOST:PORT"
        ) from error


async def _open_storage(settings: ExchangeSettings, stack: contextlib.AsyncExitStack, *, clock: Clock) -> _Storage:
    if settings.data is None:
        return _Storage(journal=MemoryJournal(ExchangeEngine.name))
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = settings.data / _DATABASE
    await asyncio.to_thread(upgrade, place)
    database = stack.enter_context(Database(place))
    keeper = LeaseKeeper(SqlLeases(database), engine=ExchangeEngine.name, holder=this_process("exchange"), clock=clock)
    lease = await keeper.acquire()
    return _Storage(journal=SqlJournal(database, ExchangeEngine.name), lease=lease, keeper=keeper)


async def _configure(settings: ExchangeSettings, venue: Venue) -> None:
    wallet = None
    if settings.chains:
        wallet = await asyncio.to_thread(open_wallet, settings.mnemonic, data=settings.data)
    numbers = await set_up(
        venue.engine,
        venue.sequencer,
        listing=builtin_listing(),
        accounts=settings.accounts,
        chains=settings.chains,
        wallet=wallet,
        withdrawals=settings.withdrawals,
    )
    for account in settings.accounts:
        venue.credentials.add(
            Credential(account=numbers[account.key], key=account.key, secret=account.secret, withdraw=account.withdraw)
        )


def _watcher(settings: ExchangeSettings, venue: Venue) -> DepositWatcher:
    return DepositWatcher(
        venue.engine,
        venue.sequencer,
        address=settings.chain_plugin,
        chains=settings.chains,
        cursors=CursorFile(settings.data / _CURSORS if settings.data is not None else None),
    )


def _endpoints(listen: Listen, listener: socket.socket) -> Endpoints:
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    place = f"{host}:{listener.getsockname()[1]}"
    return Endpoints(rest=f"http://{place}", stream=f"ws://{place}", ws_api=f"ws://{place}/ws-api/v3")
