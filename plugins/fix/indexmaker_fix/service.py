"""GatewayService: where clients connect, who is there, and how to send one away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc.aio

from indexmaker.api.gateway.v1 import gateway_pb2 as pb
from indexmaker.api.gateway.v1 import gateway_pb2_grpc as rpc
from indexmaker.connectors.errors import NotFoundError, TransientError
from indexmaker_fix.gateway import Gateway
from indexmaker_fix.hub import Hub
from indexmaker_fix.live_session import LiveSession
from indexmaker_fix.requests import account_message

__all__ = ["GatewayServicer"]

_Context = grpc.aio.ServicerContext[Any, Any]


class GatewayServicer(rpc.GatewayServiceServicer):
    """The gRPC face."""

    def __init__(self, gateway: Callable[[], Gateway | None]) -> None:
        """`gateway` gives the one in force."""
        self._gateway = gateway

    async def ListListeners(  # noqa: N802 - the name in the proto
        self, request: pb.ListListenersRequest, context: _Context
    ) -> pb.ListListenersResponse:
        """URLs; none while the door is shut."""
        gateway = self._gateway()
        return pb.ListListenersResponse(urls=[gateway.url] if gateway and gateway.url else [])

    async def ListSessions(  # noqa: N802
        self, request: pb.ListSessionsRequest, context: _Context
    ) -> pb.ListSessionsResponse:
        """Sessions, connected or remembered."""
        return pb.ListSessionsResponse(sessions=[_session(one) for one in self._hub().sessions])

    async def DisconnectSession(  # noqa: N802
        self, request: pb.DisconnectSessionRequest, context: _Context
    ) -> pb.DisconnectSessionResponse:
        """Log a session out; its connection closes when the client answers, or soon after."""
        session = self._hub().find(request.session_id)
        if session is None:
            raise NotFoundError(f"no session {request.session_id[:64]!r}")
        await session.logout(request.reason or "logged out by the operator")
        return pb.DisconnectSessionResponse()

    def _hub(self) -> Hub:
        gateway = self._gateway()
        if gateway is None or gateway.hub is None:
            raise TransientError("the gateway is starting")
        return gateway.hub


def _session(session: LiveSession) -> pb.Session:
    return pb.Session(
        session_id=session.session_id,
        account=account_message(session.account),
        connected=session.connected,
        next_outgoing=session.machine.next_out,
        next_incoming=session.machine.next_in,
        changed_at=session.changed_at,
    )
