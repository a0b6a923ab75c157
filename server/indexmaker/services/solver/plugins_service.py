"""PluginService of the core: the supervisor's own service, passed through."""

from __future__ import annotations

import grpc.aio

from indexmaker.api.operations.v1 import operations_pb2 as pb
from indexmaker.api.operations.v1 import operations_pb2_grpc as rpc
from indexmaker.connectors.status import abort_with, error_of

__all__ = ["PluginsService"]

_Context = grpc.aio.ServicerContext[object, object]
_TIMEOUT = 30.0


class PluginsService(rpc.PluginServiceServicer):
    """Asks the supervisor that started this core."""

    def __init__(self, supervisor: grpc.aio.Channel) -> None:
        self._stub = rpc.PluginServiceStub(supervisor)

    async def ListProcesses(  # noqa: N802 - the name in the proto
        self, request: pb.ListProcessesRequest, context: _Context
    ) -> pb.ListProcessesResponse:
        """All processes with their state."""
        try:
            return await self._stub.ListProcesses(request, timeout=_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            await abort_with(context, error_of(error))

    async def RestartProcess(  # noqa: N802
        self, request: pb.RestartProcessRequest, context: _Context
    ) -> pb.RestartProcessResponse:
        """Restart a process."""
        try:
            return await self._stub.RestartProcess(request, timeout=_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            await abort_with(context, error_of(error))
