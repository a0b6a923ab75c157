"""Serves a connector inside the test's own process, over a real unix socket."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import msgspec

from indexmaker.api.connector.v1 import connector_pb2, connector_pb2_grpc
from indexmaker.connectors.address import socket_address
from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.clock import Clock, SystemClock
from indexmaker.connectors.connector import Connector, Context
from indexmaker.connectors.manifest import Manifest, Role
from indexmaker.connectors.serving import serving

__all__ = ["configured", "serve_connector"]


@asynccontextmanager
async def serve_connector(
    connector: type[Connector[Any]] | Connector[Any],
    config: Mapping[str, Any] | msgspec.Struct | None = None,
    *,
    data_dir: Path | None = None,
    roles: tuple[Role, ...] = (),
    clock: Clock | None = None,
    instance_id: str = "",
) -> AsyncIterator[grpc.aio.Channel]:
    """Serve a connector (a class, or an object to look into) and yield a channel to it.

    With a `config` it is configured first, and a refusal fails the test with every diagnostic; without one it waits
    to be configured. Pass the same `data_dir` twice to see what survives a restart.
    """
    served = connector() if isinstance(connector, type) else connector
    manifest = served.manifest or Manifest(
        name="under-test", summary="Under test.", roles=roles or tuple(Role), target="tests:Connector"
    )
    with tempfile.TemporaryDirectory(prefix="im-") as scratch:
        directory = data_dir or Path(scratch) / "data"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        context = Context(
            name=manifest.name,
            instance_id=instance_id or uuid.uuid4().hex,
            data_dir=directory,
            clock=clock or SystemClock(),
        )
        address = socket_address(Path(scratch), manifest.name)
        async with (
            serving(served, manifest=manifest, context=context, address=address),
            open_channel(address) as channel,
        ):
            if config is not None:
                await configured(channel, config)
            yield channel


async def configured(
    channel: grpc.aio.Channel, config: Mapping[str, Any] | msgspec.Struct, *, revision: int = 1
) -> connector_pb2.ConfigureResponse:
    """Configure a plugin over its channel; raises `AssertionError` with the diagnostics when it refuses."""
    text = msgspec.json.encode(config, enc_hook=lambda secret: secret.reference).decode()
    stub = connector_pb2_grpc.ConnectorServiceStub(channel)
    request = connector_pb2.ConfigureRequest(configuration=text, revision=revision)
    response = await stub.Configure(request, wait_for_ready=True, timeout=10)
    remarks = [f"{one.attribute}: {one.summary} {one.detail}" for one in response.diagnostics]
    assert response.accepted, f"the configuration was refused: {'; '.join(remarks)}"
    return response
