"""The life-cycle service that every plugin process serves."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc.aio
import msgspec
import structlog

from indexmaker.api.connector.v1 import connector_pb2 as pb
from indexmaker.api.connector.v1 import connector_pb2_grpc
from indexmaker.connectors.configuration import decode_configuration, diagnostic_of, json_schema
from indexmaker.connectors.connector import Connector, Context
from indexmaker.connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    ConfigurationRefusedError,
    Diagnostic,
)
from indexmaker.connectors.handshake import CONTRACT_MAX, CONTRACT_MIN, TOKEN_HEADER
from indexmaker.connectors.life import PluginLife, describe_failure
from indexmaker.connectors.manifest import Manifest
from indexmaker.connectors.roles import ROLE_NUMBERS

__all__ = ["ConnectorServicer"]

_log = structlog.get_logger("indexmaker.connectors.service")
_Call = grpc.aio.ServicerContext[Any, Any]
_SEVERITIES = {
    True: pb.Diagnostic.Severity.SEVERITY_ERROR,
    False: pb.Diagnostic.Severity.SEVERITY_WARNING,
}


class ConnectorServicer(connector_pb2_grpc.ConnectorServiceServicer):
    """Describe, Configure, Probe, Drain and Shutdown over a `Connector`.

    With a token, calls that change the plugin's life must carry it: only the process that started the plugin may.
    """

    def __init__(
        self,
        connector: Connector[Any],
        *,
        manifest: Manifest,
        context: Context,
        life: PluginLife,
        version: str = "",
        build_id: str = "",
        token: str = "",
    ) -> None:
        self._connector = connector
        self._manifest = manifest
        self._context = context
        self._life = life
        self._version = version
        self._build_id = build_id
        self._token = token
        self._configuring = asyncio.Lock()
        self._revision = 0
        self._in_force = b""

    async def Describe(self, request: pb.DescribeRequest, context: _Call) -> pb.DescribeResponse:  # noqa: N802
        """Say what the plugin is."""
        schema = json_schema(self._connector.configuration)
        return pb.DescribeResponse(
            name=self._manifest.name,
            version=self._version,
            contract_min=CONTRACT_MIN,
            contract_max=CONTRACT_MAX,
            roles=[ROLE_NUMBERS[role] for role in self._manifest.roles],
            capabilities=[
                pb.Capability(name=one.name, supported=one.supported, note=one.note)
                for one in self._connector.capabilities()
            ],
            configuration_schema=msgspec.json.encode(schema).decode(),
            build_id=self._build_id,
            instance_id=self._context.instance_id,
        )

    async def Configure(self, request: pb.ConfigureRequest, context: _Call) -> pb.ConfigureResponse:  # noqa: N802
        """Take a configuration in force or refuse it; one at a time."""
        self._authenticate(context)
        async with self._configuring:
            remarks = await self.configure(request.configuration.encode(), revision=request.revision)
        return pb.ConfigureResponse(
            accepted=not any(remark.error for remark in remarks),
            revision_in_force=self._revision,
            diagnostics=[
                pb.Diagnostic(
                    severity=_SEVERITIES[remark.error],
                    summary=remark.summary,
                    detail=remark.detail,
                    attribute=remark.attribute,
                )
                for remark in remarks
            ],
        )

    async def configure(self, text: bytes, *, revision: int) -> tuple[Diagnostic, ...]:
        """Offer a configuration to the connector; no remarks mean that it is in force.

        A revision in force may be offered again unchanged, which does nothing.
        """
        if revision <= self._revision:
            if revision == self._revision and text == self._in_force:
                return ()
            summary = f"revision {revision} is not newer than revision {self._revision}, which is in force"
            return (Diagnostic(summary=summary, detail="offer it with a higher revision"),)
        try:
            config = decode_configuration(self._connector.configuration, text)
            await self._connector.configure(config, context=self._context)
        except ConfigurationRefusedError as refusal:
            return self._refused(revision, refusal.diagnostics)
        except ConfigurationError as refusal:
            return self._refused(revision, (diagnostic_of(refusal),))
        except Exception as error:
            _log.error("configure raised", revision=revision, exc_info=error)
            summary = f"the plugin failed on this configuration: {describe_failure(error)}"
            return (Diagnostic(summary=summary, detail="the plugin's log has the details"),)
        self._revision, self._in_force = revision, text
        self._life.configured.set()
        _log.info("configuration in force", revision=revision)
        return ()

    def _refused(self, revision: int, remarks: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
        _log.warning(
            "configuration refused",
            revision=revision,
            in_force=self._revision,
            attributes=[remark.attribute for remark in remarks],
        )
        return remarks

    async def Probe(self, request: pb.ProbeRequest, context: _Call) -> pb.ProbeResponse:  # noqa: N802
        """Say whether the plugin can work."""
        probe, since = self._life.probe()
        return pb.ProbeResponse(
            state=pb.State.Value(f"STATE_{probe.state.name}"),
            reason=probe.reason,
            since_at=since,
            upstreams=[
                pb.Upstream(name=one.name, connected=one.connected, heard_at=one.heard_at) for one in probe.upstreams
            ],
            instance_id=self._context.instance_id,
        )

    async def Drain(  # type: ignore[override]  # noqa: N802 - writes instead of yielding
        self, request: pb.DrainRequest, context: _Call
    ) -> None:
        """Finish what is open, and tell how much is left as it changes."""
        self._authenticate(context)
        _log.info("draining", reason=request.reason)
        left = 0

        async def report(remaining: int) -> None:
            nonlocal left
            left = remaining
            await context.write(pb.DrainResponse(remaining=remaining))

        drained = await self.drain(deadline=request.deadline_at, report=report)
        last = dict(self._connector.last_sequences())
        await context.write(pb.DrainResponse(remaining=left, last_sequence=last, drained=drained))

    async def drain(self, *, deadline: int, report: Callable[[int], Awaitable[None]] | None = None) -> bool:
        """Drain the connector, reporting what is left; False when the deadline (UTC nanoseconds) came first."""
        self._life.draining = True
        seconds = max(0.0, (deadline - self._context.clock.now()) / 1e9)
        limit = asyncio.get_running_loop().time() + seconds
        progress = self._connector.drain(deadline=deadline)
        while True:
            try:
                # Only the connector's own waiting is cut short: a cancelled write would hang the call.
                async with asyncio.timeout_at(limit):
                    remaining = await anext(progress)
            except StopAsyncIteration:
                return True
            except TimeoutError:
                _log.warning("not drained by the deadline")
                return False
            if report is not None:
                await report(remaining)

    async def Shutdown(self, request: pb.ShutdownRequest, context: _Call) -> pb.ShutdownResponse:  # noqa: N802
        """End the process once this is answered."""
        self._authenticate(context)
        self._life.stopping.set()
        return pb.ShutdownResponse()

    def _authenticate(self, context: _Call) -> None:
        if not self._token:
            return
        given = [str(value) for key, value in context.invocation_metadata() or () if key == TOKEN_HEADER]
        if not any(hmac.compare_digest(value, self._token) for value in given):
            raise AuthenticationError("only the process that started this plugin may configure, drain or stop it")
