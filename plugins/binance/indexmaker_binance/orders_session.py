"""Everything that the orders connector holds for one configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from random import Random
from typing import Any

import structlog

from indexmaker.connectors.connector import Context
from indexmaker_binance.account_orders import AccountOrders
from indexmaker_binance.api import VenueApi
from indexmaker_binance.assets import AssetNames
from indexmaker_binance.catalogue import Catalogue
from indexmaker_binance.client import Credentials, VenueClient
from indexmaker_binance.commissions import Commissions
from indexmaker_binance.configuration import OrdersConfig
from indexmaker_binance.environment import Endpoints
from indexmaker_binance.errors import BinanceError
from indexmaker_binance.execution_hub import ExecutionHub, Noted
from indexmaker_binance.execution_stream import ExecutionStream
from indexmaker_binance.funding import Funding
from indexmaker_binance.order_journal import OrderJournal
from indexmaker_binance.placement import Placement, PlacementSettings
from indexmaker_binance.sessions import keep_reading
from indexmaker_binance.sockets import Backoff, opened
from indexmaker_binance.user_stream import UserStream
from indexmaker_binance.withdrawal_journal import WithdrawalJournal
from indexmaker_binance.withdrawals import Withdrawals, WithdrawalSettings

__all__ = ["OrdersSession"]

_log = structlog.get_logger(__name__)


class OrdersSession:
    """One account in one environment."""

    def __init__(
        self, config: OrdersConfig, endpoints: Endpoints, credentials: Credentials, *, context: Context
    ) -> None:
        self.config = config
        self.endpoints = endpoints
        self.names = AssetNames(config.asset_aliases)
        client = VenueClient(
            endpoints,
            credentials=credentials,
            timeout_ms=config.request_timeout_ms,
            recv_window_ms=config.recv_window_ms,
        )
        self.api = VenueApi(client, endpoints, clock=context.clock)
        self.catalogue = Catalogue(self.api, venue=config.venue, names=self.names)
        self.commissions = Commissions(self.api)
        self.funding = Funding(self.api, names=self.names, networks=config.networks)
        self.hub = ExecutionHub()
        self.orders = AccountOrders(self.api, names=self.names, retry_ms=config.retry_ms)
        # Ids of one world mean nothing in another.
        self.journal = OrderJournal(context.data_dir / f"orders-{endpoints.world}.sqlite")
        self._withdrawal_journal = WithdrawalJournal(context.data_dir / f"withdrawals-{endpoints.world}.sqlite")
        self.withdrawals = Withdrawals(
            self.api,
            self._withdrawal_journal,
            WithdrawalSettings(
                enabled=config.withdrawals,
                doubt_ms=config.recv_window_ms + 3 * config.request_timeout_ms + config.withdrawal_doubt_ms,
            ),
            names=self.names,
            networks=config.networks,
        )
        self.placement = Placement(
            self.api,
            self.orders,
            self.journal,
            self.catalogue,
            PlacementSettings(
                recv_window_ms=config.recv_window_ms,
                request_timeout_ms=config.request_timeout_ms,
                retry_ms=config.retry_ms,
                query_unseen=config.query_unseen,
            ),
            names=self.names,
            noted=lambda order: self.hub.send(Noted(order)),
        )
        self._random = Random()  # noqa: S311 - spreads reconnects
        self.user_stream = UserStream(
            lambda: opened(endpoints.ws_api, endpoints, timeout_ms=config.request_timeout_ms),
            self.api,
            self.hub,
            names=self.names,
            backoff=Backoff(random=self._random),
            answer_ms=config.request_timeout_ms,
        )
        self.ready = asyncio.Event()
        self.closed = asyncio.Event()
        self._measured = asyncio.Event()
        self.trouble = "the instruments are being read"
        self._work: asyncio.Queue[Coroutine[Any, Any, None]] = asyncio.Queue()
        self.under_way = 0

    def execution_stream(self, cursors: Mapping[str, int]) -> ExecutionStream:
        """For a new listener."""
        return ExecutionStream(
            self.orders,
            self.placement,
            self.journal,
            cursors=cursors,
            retry_ms=self.config.retry_ms,
            reconcile_every_ms=self.config.reconcile_every_ms,
        )

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Carry an instruction out, whatever happens to the call that brought it."""
        self.under_way += 1
        self._work.put_nowait(work)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(self._measure_time, every_ms=self.config.time_every_ms))
            await self._measured.wait()  # before, nothing can be signed
            group.create_task(self._keep(self._refresh, every_ms=self.config.instruments_every_ms))
            group.create_task(self.user_stream.run())
            await self.ready.wait()
            while True:
                group.create_task(self._counted(await self._work.get()))

    async def close(self) -> None:
        """End all streams and the connection."""
        self.closed.set()
        self.hub.close()
        while not self._work.empty():
            self._work.get_nowait().close()
        await self.api.close()
        self.journal.close()
        self._withdrawal_journal.close()

    async def _counted(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self.under_way -= 1

    async def _keep(self, read: Callable[[], Coroutine[Any, Any, None]], *, every_ms: int) -> None:
        await keep_reading(read, every_ms=every_ms, backoff=Backoff(random=self._random))

    async def _measure_time(self) -> None:
        _log.debug("time measured", offset_ms=await self.api.measure_time())
        self._measured.set()

    async def _refresh(self) -> None:
        try:
            await self.catalogue.refresh()
        except BinanceError as error:
            self.trouble = f"the instruments cannot be read: {error}"
            raise
        self.trouble = ""
        self.ready.set()
