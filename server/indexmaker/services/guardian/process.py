"""The guardian as a process: read, answer, and end in order."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc.aio
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection

from indexmaker.api.solver.v1 import guardian_pb2, guardian_pb2_grpc
from indexmaker.config import ConfigurationFault, GuardianSettings, Settings
from indexmaker.connectors.address import check_address, private_directory
from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.datadir import held_data_dir
from indexmaker.connectors.errors import AddressError, ConfigurationError, TransientError
from indexmaker.connectors.interceptors import CallGuard
from indexmaker.connectors.secrets import SecretRef
from indexmaker.services.guardian.chain_watch import ChainWatch, SharedKeyError
from indexmaker.services.guardian.judge import Judge
from indexmaker.services.guardian.reading import Reading
from indexmaker.services.guardian.register import Register, RegisterDamagedError
from indexmaker.services.guardian.service import GuardianServicer
from indexmaker.services.guardian.signing import GuardianKey
from indexmaker.services.guardian.venue_watch import VenueWatch
from indexmaker.services.system import GUARDIAN
from indexmaker.solver.evidence import Evidence
from indexmaker.storage import Database, SqlJournal

__all__ = ["GuardianProcess"]

_log = structlog.get_logger(__name__)

_POLL_SECONDS = 1.0
"""Between looks at the journal; an account to judge is always judged by its very head."""


class GuardianProcess:
    """One guardian. `announce` is called once with the facts when the core may ask it."""

    def __init__(self, settings: Settings, *, announce: Callable[[dict[str, object]], None]) -> None:
        """Take the configuration and the key.

        Raises:
            ConfigurationFault: there is no table [guardian], its key cannot be used, or somebody else has it too.
        """
        if settings.guardian is None:
            raise ConfigurationFault("guardian.private_key is missing: add a table [guardian]")
        self._settings = settings
        self._announce = announce
        self._key = _key(settings, settings.guardian)
        self._data = settings.guardian.data_directory or settings.run_directory / GUARDIAN
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        await self.serve()

    def stop(self) -> None:
        """Have `serve` finish what is under way and return."""
        self._stop.set()

    async def serve(self) -> None:
        """Serve until `stop`.

        Raises:
            ConfigurationFault: an address, the data directory or the key cannot be used.
            DataDirBusyError: another guardian works in the data directory.
        """
        self._prepare_run_directory()
        async with AsyncExitStack() as stack:
            data = stack.enter_context(held_data_dir(self._data.absolute()))
            try:
                register = Register(data / "signed.jsonl")
            except RegisterDamagedError as error:
                raise ConfigurationFault(f"{error}: find out who altered it before anything is signed again") from None
            await self._serve(stack, data, register)

    def _prepare_run_directory(self) -> None:
        try:
            private_directory(self._settings.run_directory.absolute())
            check_address(f"unix:{Path(self._address().removeprefix('unix:')).absolute()}")
        except (OSError, AddressError) as error:
            raise ConfigurationFault(f"run_directory: {error}") from None

    async def _serve(self, stack: AsyncExitStack, data: Path, register: Register) -> None:
        database = stack.enter_context(Database(self._settings.core.database, read_only=True))
        reading = Reading(SqlJournal(database, Evidence.name), checkpoint=data / "journal.checkpoint")

        async def channel(plugin: str) -> grpc.aio.Channel:
            return await stack.enter_async_context(open_channel(self._settings.socket(plugin)))

        venues = {
            name: VenueWatch(name, await channel(venue.order_entry)) for name, venue in self._settings.venues.items()
        }
        chain = ChainWatch(
            await channel(self._settings.chain_plugin),
            gates=reading.gates,
            signer=self._key.address,
            file=data / "chain.json",
        )
        judge = Judge(
            self._key,
            database=self._settings.core.database,
            reading=reading,
            register=register,
            chain=chain,
            venues=venues,
        )
        instance_id = uuid.uuid4().hex
        servicer = GuardianServicer(
            judge, reading=reading, register=register, signer=self._key.address, instance_id=instance_id
        )
        server = self._server(servicer)
        stack.push_async_callback(server.stop, None)
        try:
            async with asyncio.TaskGroup() as tasks:
                works = [tasks.create_task(chain.run()), tasks.create_task(self._follow(judge))]
                await server.start()
                facts = {"ready": True, "address": self._address(), "instance": instance_id}
                self._announce(facts | {"signer": self._key.address})
                await self._stop.wait()
                await server.stop(grace=2)
                for work in works:
                    work.cancel()
        except ExceptionGroup as faults:
            raise _only(faults) from None
        chain.save()
        await asyncio.to_thread(reading.save)

    async def _follow(self, judge: Judge) -> None:
        """Keep up with the journal, so that there is little to read when an account comes."""
        while True:
            try:
                await judge.catch_up()
            except TransientError as error:
                _log.info("journal_awaited", reason=error.message)
            await asyncio.sleep(_POLL_SECONDS)

    def _address(self) -> str:
        return self._settings.socket(GUARDIAN)

    def _server(self, servicer: GuardianServicer) -> grpc.aio.Server:
        server = grpc.aio.server(interceptors=(CallGuard(lambda: True),), options=(("grpc.so_reuseport", 0),))
        guardian_pb2_grpc.add_GuardianServiceServicer_to_server(servicer, server)
        health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
        modules = (guardian_pb2, health_pb2)
        names = [service.full_name for module in modules for service in module.DESCRIPTOR.services_by_name.values()]
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
        try:
            server.add_insecure_port(self._address())
        except RuntimeError:
            raise ConfigurationFault(
                f"run_directory: {self._address()} cannot be listened on; is it taken by another process?"
            ) from None
        return server


def _only(faults: ExceptionGroup[Exception]) -> Exception:
    """What ended the process: a fault that a person must mend, or whatever it was."""
    fault: Exception = faults
    while isinstance(fault, ExceptionGroup) and len(fault.exceptions) == 1:
        fault = fault.exceptions[0]
    return ConfigurationFault(str(fault)) if isinstance(fault, SharedKeyError) else fault


def _key(settings: Settings, guardian: GuardianSettings) -> GuardianKey:
    for name, plugin in settings.plugins.items():
        if guardian.private_key in _texts(plugin.config):
            raise ConfigurationFault(
                f"guardian.private_key: plugin {name} has the same one; give the guardian a key of its own"
            )
    try:
        return GuardianKey(SecretRef(guardian.private_key).reveal())
    except (ValueError, ConfigurationError) as error:
        raise ConfigurationFault(f"guardian.private_key: {error}") from None


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - a plugin's configuration is its own business
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
