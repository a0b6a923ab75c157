"""One running gateway: its store, its core, its sessions and its door, for as long as a configuration is in force."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

import structlog

from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.clock import Clock
from indexmaker_fix.configuration import FixConfig
from indexmaker_fix.core import Core
from indexmaker_fix.delivery import Delivery
from indexmaker_fix.desk import Desk
from indexmaker_fix.hub import Hub
from indexmaker_fix.listener import Listener, bound
from indexmaker_fix.store import Store, put_fact

__all__ = ["Gateway"]

_log = structlog.get_logger(__name__)

_PORT = "port"
_CHALLENGE_BYTES = 32


def _new_challenge() -> str:
    return secrets.token_hex(_CHALLENGE_BYTES)


class Gateway:
    """Everything that lives as long as one configuration."""

    def __init__(
        self,
        config: FixConfig,
        *,
        token: str,
        data_dir: Path,
        clock: Clock,
        new_challenge: Callable[[], str] = _new_challenge,
    ) -> None:
        self._config = config
        self._token = token
        self._path = data_dir / "fix.sqlite3"
        self._clock = clock
        self._new_challenge = new_challenge
        self.url = ""
        self.hub: Hub | None = None
        self.core: Core | None = None

    async def run(self) -> None:
        """Serve until cancelled."""
        store = Store(self._path)
        try:
            async with open_channel(self._config.core) as channel, asyncio.TaskGroup() as group:
                group.create_task(store.run(), name="store")
                core = Core(channel, token=self._token, timeout_seconds=self._config.core_timeout_seconds)
                hub = Hub(self._config, store=store, desk=Desk(core, clock=self._clock), clock=self._clock, group=group)
                listener = Listener(
                    self._config, hub, store=store, clock=self._clock, new_challenge=self._new_challenge
                )
                listening = bound(self._config, remembered=store.fact(_PORT))
                await store.commit([put_fact(_PORT, str(listening.getsockname()[1]))])
                async with listener.serving(listening) as url:
                    self.core, self.hub, self.url = core, hub, url
                    _log.info("listening", url=url, core=self._config.core)
                    await Delivery(core, hub, store).run()
        finally:
            store.close()
            self.url, self.hub, self.core = "", None, None
