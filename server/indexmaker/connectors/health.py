"""The standard gRPC health service, answered from the plugin's own judgement."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import grpc.aio
from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1 import health_pb2_grpc

from indexmaker.connectors.connector import State
from indexmaker.connectors.errors import NotFoundError
from indexmaker.connectors.life import PluginLife

__all__ = ["ProbeHealth"]

_Call = grpc.aio.ServicerContext[Any, Any]
_WATCH_SECONDS = 0.5


class ProbeHealth(health_pb2_grpc.HealthServicer):  # type: ignore[misc]
    """SERVING while the plugin is READY or DEGRADED, for the empty name and for each of its services."""

    def __init__(self, life: PluginLife, *, services: Collection[str]) -> None:
        self._life = life
        self._services = {"", *services}

    async def Check(self, request: pb.HealthCheckRequest, context: _Call) -> pb.HealthCheckResponse:  # noqa: N802
        """The status now; NOT_FOUND for a service that is not served here."""
        if request.service not in self._services:
            raise NotFoundError(f"service {request.service!r} is not served here")
        return pb.HealthCheckResponse(status=self._status())

    async def Watch(self, request: pb.HealthCheckRequest, context: _Call) -> None:  # noqa: N802
        """The status now and whenever it changes, seen within half a second; ends with the process."""
        last = None
        while not self._life.stopping.is_set():
            known = request.service in self._services
            status = self._status() if known else pb.HealthCheckResponse.SERVICE_UNKNOWN
            if status != last:
                await context.write(pb.HealthCheckResponse(status=status))
                last = status
            try:
                await asyncio.wait_for(self._life.stopping.wait(), _WATCH_SECONDS)
            except TimeoutError:
                continue

    def _status(self) -> int:
        probe, _ = self._life.probe()
        healthy = probe.state in (State.READY, State.DEGRADED)
        return int(pb.HealthCheckResponse.SERVING if healthy else pb.HealthCheckResponse.NOT_SERVING)
