"""The plugin: takes its configuration, runs the router, and says how it does."""

from __future__ import annotations

from collections.abc import Sequence

import grpc.aio

from indexmaker.api.bridge.v1 import bridge_pb2_grpc
from indexmaker.connectors.connector import Capability, Connector, Context, Probe, State, Upstream
from indexmaker.connectors.errors import ConfigurationError
from indexmaker_across.config import AcrossConfig
from indexmaker_across.router import Router
from indexmaker_across.servicer import BridgeServicer
from indexmaker_evm.signer import LocalSigner, from_key

__all__ = ["AcrossConnector"]


class AcrossConnector(Connector[AcrossConfig]):
    """Carries collateral from the route contract to a venue's deposit address, and back to who pays redemptions."""

    configuration = AcrossConfig

    def __init__(self) -> None:
        self._router: Router | None = None
        self._servicer = BridgeServicer()

    def capabilities(self) -> Sequence[Capability]:
        """What the bridge service can do."""
        return (
            Capability("bridge.transfer", note="route contract, Across, hot wallet, venue"),
            Capability("bridge.cancel", note="until the deposit is planned"),
            Capability("bridge.resolve"),
            Capability("bridge.reverse", note="venue, route contract, Across, keeper; where `returns` is configured"),
        )

    async def configure(self, config: AcrossConfig, *, context: Context) -> None:
        """Take the first configuration; a different one later needs a new process, as journals and keys do."""
        if self._router is not None:
            if config != self._router.config:
                raise ConfigurationError("", "chains and keys cannot change while running", "restart the plugin")
            return
        if config.origin.chain_id == config.destination.chain_id:
            raise ConfigurationError("destination.chain_id", "is the origin's", "a bridge has two ends")
        self._router = Router(config, _signer(config), context.data_dir, clock=context.clock)
        self._servicer.open(self._router, instance_id=context.instance_id)

    async def run(self) -> None:
        """Run the router until cancelled."""
        assert self._router is not None, "run follows an accepted configuration"
        await self._router.run()

    def register(self, server: grpc.aio.Server) -> None:
        """Add the bridge service."""
        bridge_pb2_grpc.add_BridgeServiceServicer_to_server(self._servicer, server)

    def probe(self) -> Probe:
        """FAILED when a chain cannot be followed any more, DEGRADED when one cannot be reached."""
        if self._router is None:
            return Probe(state=State.STARTING, reason="not configured yet")
        upstreams = tuple(
            Upstream(name=f"{name} {node.name}", connected=node.connected, heard_at=node.heard_at)
            for name, chain in self._router.chains.items()
            for node in chain.rpc.status()
        )
        state, reason = _judge(self._router)
        return Probe(state=state, reason=reason, upstreams=upstreams)


def _judge(router: Router) -> tuple[State, str]:
    for chain in router.chains.values():
        if chain.tracker.failure is not None:
            return State.FAILED, chain.tracker.failure.message
    for driver in router.drivers:
        if driver.route_cap_bps is None:
            return State.STARTING, driver.blind or "the route contract was not read yet"
    silent = [name for name, chain in router.chains.items() if not chain.reachable]
    if silent:
        return State.DEGRADED, f"no node answers at the {' and the '.join(silent)}"
    blind = [driver.blind for driver in router.drivers if driver.blind]
    if blind:
        return State.DEGRADED, blind[0]
    return State.READY, ""


def _signer(config: AcrossConfig) -> LocalSigner:
    try:
        return from_key(config.router_key.reveal())
    except ConfigurationError as error:
        raise ConfigurationError("router_key", error.summary, error.detail) from None
