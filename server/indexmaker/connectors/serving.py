"""Serves one connector on one address: its roles, its life cycle, health and reflection."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import msgspec
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from indexmaker.api.connector.v1 import connector_pb2_grpc
from indexmaker.connectors.address import check_address, private_directory, socket_path
from indexmaker.connectors.connector import Connector, Context
from indexmaker.connectors.connector_service import ConnectorServicer
from indexmaker.connectors.errors import AddressError
from indexmaker.connectors.health import ProbeHealth
from indexmaker.connectors.interceptors import CallGuard
from indexmaker.connectors.life import PluginLife
from indexmaker.connectors.manifest import Manifest
from indexmaker.connectors.roles import CONNECTOR_SERVICE, ROLE_SERVICES

__all__ = ["Serving", "build_id", "serving"]

_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.max_send_message_length", 64 * 1024 * 1024),
)
_STOP_GRACE_SECONDS = 1.0


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """A connector that is being served."""

    address: str
    life: PluginLife
    service: ConnectorServicer


def build_id(connector: type) -> str:
    """Hash of the file that holds a connector's class; empty when it has none."""
    try:
        source = inspect.getfile(connector)
    except (TypeError, OSError):
        return ""
    return hashlib.blake2b(Path(source).read_bytes(), digest_size=6).hexdigest()


@asynccontextmanager
async def serving(
    connector: Connector[Any],
    *,
    manifest: Manifest,
    context: Context,
    address: str,
    version: str = "",
    token: str = "",
    credentials: grpc.ServerCredentials | None = None,
) -> AsyncIterator[Serving]:
    """Serve a connector until the block ends, and run its work once it is configured.

    A network address needs `credentials` (mutual TLS); a unix socket lies in a directory that only we may enter.

    Raises:
        AddressError: The address cannot or must not be used.
    """
    life = PluginLife(connector, clock=context.clock)
    service = ConnectorServicer(
        connector,
        manifest=manifest,
        context=context,
        life=life,
        version=version,
        build_id=build_id(type(connector)),
        token=token,
    )
    server = grpc.aio.server(interceptors=[CallGuard(life.configured.is_set)], options=_OPTIONS)
    roles = [ROLE_SERVICES[role] for role in manifest.roles]
    connector_pb2_grpc.add_ConnectorServiceServicer_to_server(service, server)
    health_pb2_grpc.add_HealthServicer_to_server(ProbeHealth(life, services=[*roles, CONNECTOR_SERVICE]), server)
    connector.register(server)
    names = (*roles, CONNECTOR_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    _bind(server, address, credentials)
    await server.start()
    try:
        async with asyncio.TaskGroup() as group:
            work = group.create_task(life.work())
            yield Serving(address=address, life=life, service=service)
            life.stopping.set()
            work.cancel()
    finally:
        await server.stop(_STOP_GRACE_SECONDS)


def _bind(server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None) -> None:
    check_address(address)
    path = socket_path(address)
    if path is not None:
        private_directory(path.parent)
    elif credentials is None:
        raise AddressError(f"{address} is a network address, which needs mutual TLS; use unix:/path for a local plugin")
    try:
        if credentials is None:
            server.add_insecure_port(address)
        else:
            server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise AddressError(f"cannot listen on {address}: {error}") from None
