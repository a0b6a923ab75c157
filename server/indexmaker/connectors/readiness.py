"""How the supervisor finds out that a process can work, and that it still can."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import grpc.aio
import msgspec

from indexmaker.api.connector.v1 import connector_pb2 as pb
from indexmaker.api.connector.v1 import connector_pb2_grpc
from indexmaker.connectors.errors import ConfigurationRefusedError, Diagnostic, HandshakeError
from indexmaker.connectors.handshake import TOKEN_HEADER, Handshake, parse_handshake
from indexmaker.connectors.process import RunningProcess

__all__ = ["PluginControl", "line_facts"]

_CALL_SECONDS = 5.0
_CONFIGURE_SECONDS = 20.0
_POLL_SECONDS = 0.05
_MISSES = 3
_WORKING = (pb.STATE_READY, pb.STATE_DEGRADED)


async def line_facts(process: RunningProcess) -> Mapping[str, Any]:
    """The readiness line of a plain process; raises `HandshakeError` when it says anything but ready."""
    line = await process.announcement()
    facts = msgspec.json.decode(line, type=dict[str, Any])
    if facts.get("ready") is not True:
        raise HandshakeError(f"it said {line[:200].decode('utf-8', 'replace')!r}, which is not ready")
    return facts


class PluginControl:
    """The supervisor's side of one plugin process."""

    def __init__(self, channel: grpc.aio.Channel, *, address: str, token: str) -> None:
        self._stub = connector_pb2_grpc.ConnectorServiceStub(channel)
        self._address = address
        self._metadata = ((TOKEN_HEADER, token),)

    async def shake_hands(self, process: RunningProcess) -> Handshake:
        """Read the first line and make sure that this very process answers at its address."""
        handshake = parse_handshake(await process.announcement(), expected_address=self._address)
        request = pb.DescribeRequest()
        said = await self._stub.Describe(request, timeout=_CALL_SECONDS, wait_for_ready=True)
        if said.instance_id != handshake.instance:
            raise HandshakeError(f"another process answers at {self._address}; stop it")
        return handshake

    async def configure(self, configuration: bytes, *, revision: int) -> tuple[Diagnostic, ...]:
        """Offer a JSON configuration; warnings come back, a refusal raises `ConfigurationRefusedError`."""
        request = pb.ConfigureRequest(configuration=configuration.decode(), revision=revision)
        response = await self._stub.Configure(request, timeout=_CONFIGURE_SECONDS, metadata=self._metadata)
        remarks = tuple(
            Diagnostic(
                summary=one.summary,
                attribute=one.attribute,
                detail=one.detail,
                error=one.severity == pb.Diagnostic.SEVERITY_ERROR,
            )
            for one in response.diagnostics
        )
        if not response.accepted:
            raise ConfigurationRefusedError(remarks or (Diagnostic(summary="refused without a reason"),))
        return remarks

    async def wait_until_working(self) -> pb.ProbeResponse:
        """Probe until READY or DEGRADED; the caller limits the time. A FAILED plugin raises `HandshakeError`."""
        while True:
            probe = await self._stub.Probe(pb.ProbeRequest(), timeout=_CALL_SECONDS)
            if probe.state in _WORKING:
                return probe
            if probe.state == pb.STATE_FAILED:
                raise HandshakeError(f"it says that it has failed: {probe.reason}")
            await asyncio.sleep(_POLL_SECONDS)

    async def watch(self, changed: Callable[[pb.ProbeResponse], None], *, interval: float, limit: float) -> str:
        """Probe every `interval` seconds and tell of changes; returns why the plugin is of no use any more.

        A plugin that misses three probes in a row (each may take `limit` seconds) counts as hung.
        """
        seen: tuple[int, str] | None = None
        misses = 0
        while misses < _MISSES:
            await asyncio.sleep(interval)
            try:
                probe = await self._stub.Probe(pb.ProbeRequest(), timeout=limit)
            except grpc.aio.AioRpcError:
                misses += 1
                continue
            misses = 0
            if probe.state == pb.STATE_FAILED:
                return f"it says that it has failed: {probe.reason}"
            if (probe.state, probe.reason) != seen:
                seen = (probe.state, probe.reason)
                changed(probe)
        return f"it has not answered {_MISSES} probes in a row"
