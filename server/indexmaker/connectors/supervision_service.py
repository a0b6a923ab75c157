"""The supervisor's door for operators: lists and restarts processes over `<run dir>/supervisor.sock`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
from grpc_reflection.v1alpha import reflection

from indexmaker.api.connector.v1 import connector_pb2
from indexmaker.api.operations.v1 import operations_pb2 as pb
from indexmaker.api.operations.v1 import operations_pb2_grpc
from indexmaker.connectors.address import socket_address
from indexmaker.connectors.errors import NotFoundError, RejectedError, SupervisionError, UnknownProcessError
from indexmaker.connectors.interceptors import CallGuard
from indexmaker.connectors.supervisor import Supervisor
from indexmaker.connectors.table import ProcessStatus

__all__ = ["PluginServicer", "process_message", "serve_supervision", "supervisor_address"]

_Call = grpc.aio.ServicerContext[Any, Any]
_SERVICE = "indexmaker.api.operations.v1.PluginService"


def supervisor_address(run_dir: Path) -> str:
    """Where the supervisor of a run directory listens."""
    return socket_address(run_dir, "supervisor")


def process_message(status: ProcessStatus) -> pb.Process:
    """A row of the table as the proto has it."""
    state = status.state.name if status.state is not None else "UNSPECIFIED"
    return pb.Process(
        name=status.name,
        kind=status.kind,
        plugin=status.plugin,
        pid=status.pid,
        restarts=status.restarts,
        state=connector_pb2.State.Value(f"STATE_{state}"),
        reason=status.reason,
        address=status.address,
        instance_id=status.instance_id,
        since_at=status.since_at,
    )


class PluginServicer(operations_pb2_grpc.PluginServiceServicer):
    """Lists and restarts processes."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    async def ListProcesses(  # noqa: N802
        self, request: pb.ListProcessesRequest, context: _Call
    ) -> pb.ListProcessesResponse:
        """All processes, in start order."""
        rows = [process_message(status) for status in self._supervisor.processes()]
        return pb.ListProcessesResponse(processes=rows)

    async def RestartProcess(  # noqa: N802
        self, request: pb.RestartProcessRequest, context: _Call
    ) -> pb.RestartProcessResponse:
        """Replace a process in an orderly way; NOT_FOUND for an unknown name."""
        try:
            status = self._supervisor.restart(request.name)
        except UnknownProcessError as error:
            raise NotFoundError(str(error)) from None
        except SupervisionError as error:
            raise RejectedError(str(error)) from None
        return pb.RestartProcessResponse(process=process_message(status))


@asynccontextmanager
async def serve_supervision(supervisor: Supervisor) -> AsyncIterator[str]:
    """Serve the table on the supervisor's socket until the block ends; yields the address."""
    address = supervisor_address(supervisor.run_dir)
    server = grpc.aio.server(interceptors=[CallGuard(lambda: True)])
    operations_pb2_grpc.add_PluginServiceServicer_to_server(PluginServicer(supervisor), server)
    reflection.enable_server_reflection((_SERVICE, reflection.SERVICE_NAME), server)
    server.add_insecure_port(address)
    await server.start()
    try:
        yield address
    finally:
        await server.stop(1.0)
