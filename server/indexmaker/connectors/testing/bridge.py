"""A scripted bridge: one route, a fixed fee, and transfers that go as far as the test lets them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import grpc.aio
import msgspec

from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker.api.bridge.v1 import bridge_pb2_grpc
from indexmaker.api.common.v1 import common_pb2
from indexmaker.connectors.clock import Clock, SystemClock
from indexmaker.connectors.connector import Capability, Connector, Context
from indexmaker.connectors.errors import NotFoundError, RejectedError
from indexmaker.connectors.manifest import Manifest, Role
from indexmaker.connectors.testing.changes import ChangeLog
from indexmaker.money import format_atoms, parse_atoms

__all__ = ["MockBridge", "MockBridgeConfig", "arrival_hash"]

_Call = grpc.aio.ServicerContext[Any, Any]
_STATE = pb.Transfer.State
_MINUTE = 60 * 10**9


class MockBridgeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A scripted bridge. `stop_at` is the name of the state at which new transfers halt, until `advance`.

    A transfer goes CREATED, MOVING, SENT; SENT waits for `ConfirmArrival`. One that returns, from `destination` to
    `source`, needs nobody's word and goes on to COMPLETED. With `repeat`, every change is told twice.
    """

    source: str = "EVM:ARBITRUM:USDC"
    destination: str = "VENUE:mock:USDC"
    fee: str = "0.1"
    stop_at: str = "SENT"
    repeat: bool = False
    pickup_chain_id: int = 8453
    pickup_address: str = "0x" + "77" * 20


def arrival_hash(transfer_id: str) -> str:
    """The transaction by which a scripted transfer reaches its destination, known once it is SENT."""
    return "0x" + hashlib.blake2b(transfer_id.encode(), digest_size=32).hexdigest()


class MockBridge(Connector[MockBridgeConfig]):
    """Moves nothing, exactly: amount in less the fee is amount out, and an id never makes a second transfer."""

    configuration = MockBridgeConfig
    manifest = Manifest(
        name="mock-bridge",
        summary="A scripted bridge for tests.",
        roles=(Role.BRIDGE,),
        target="indexmaker.connectors.testing.bridge:MockBridge",
    )

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.config = MockBridgeConfig()
        self.clock = clock or SystemClock()
        self.instance_id = ""
        self.transfers: dict[str, pb.Transfer] = {}
        self.changes: ChangeLog[pb.Transfer] = ChangeLog()

    def capabilities(self) -> Sequence[Capability]:
        """Transfers can be cancelled before they move."""
        return (Capability(name="bridge.cancel"),)

    async def configure(self, config: MockBridgeConfig, *, context: Context) -> None:
        """Take the fee, the route and where to halt."""
        self.config, self.instance_id = config, context.instance_id

    def register(self, server: grpc.aio.Server) -> None:
        """Serve the bridge."""
        bridge_pb2_grpc.add_BridgeServiceServicer_to_server(_Bridge(self), server)

    def start(self, request: pb.StartTransferRequest) -> pb.Transfer:
        """Start a transfer, or answer with the one of this id."""
        known = self.transfers.get(request.transfer_id)
        if known is not None:
            return known
        out = parse_atoms(request.amount_in) - parse_atoms(self.config.fee)
        if out < parse_atoms(request.min_amount_out or "0"):
            raise RejectedError(f"{format_atoms(out)} would arrive, {request.min_amount_out} is the least wanted")
        transfer = pb.Transfer(
            transfer_id=request.transfer_id,
            source=request.source,
            destination=request.destination,
            amount_in=request.amount_in,
            amount_out=format_atoms(out),
            fees=[self.fee()],
        )
        self.transfers[request.transfer_id] = transfer
        last = "COMPLETED" if self.returns(request.source) else "SENT"
        for state in ("CREATED", "MOVING", last):
            self.advance(request.transfer_id, state)
            if state == self.config.stop_at:
                break
        return transfer

    def returns(self, source: str) -> bool:
        """Whether a transfer from there leads back to the chain."""
        return source == self.config.destination

    def advance(self, transfer_id: str, state: str, *, reason: str = "") -> pb.Transfer:
        """Put a transfer into a state, by the proto's name without its prefix, and tell the followers."""
        transfer = self.find(transfer_id)
        transfer.state = _STATE.Value(f"STATE_{state}")
        transfer.reason = reason
        transfer.changed_at = self.clock.now()
        if state in ("SENT", "COMPLETED") and not transfer.hops:
            tx_hash = arrival_hash(transfer_id)
            hop = pb.Hop(source=transfer.source, destination=transfer.destination, destination_tx_hash=tx_hash)
            transfer.hops.append(hop)
        change = pb.Transfer()
        change.CopyFrom(transfer)
        for _ in range(2 if self.config.repeat else 1):
            self.changes.append(change)
        return transfer

    def find(self, transfer_id: str) -> pb.Transfer:
        """A transfer; raises `NotFoundError`."""
        try:
            return self.transfers[transfer_id]
        except KeyError:
            raise NotFoundError(f"no transfer was started as {transfer_id!r}") from None

    def fee(self) -> common_pb2.Fee:
        """The fee of every transfer."""
        return common_pb2.Fee(kind=common_pb2.FEE_KIND_BRIDGE_CAPITAL, asset="USDC", amount=self.config.fee)


class _Bridge(bridge_pb2_grpc.BridgeServiceServicer):
    def __init__(self, bridge: MockBridge) -> None:
        self._bridge = bridge

    async def ListRoutes(self, request: pb.ListRoutesRequest, context: _Call) -> pb.ListRoutesResponse:  # noqa: N802
        config = self._bridge.config
        ends = (config.source, config.destination)
        routes = [
            pb.Route(source=one, destination=other, hops=[one, other], min_amount="1", max_amount="1000000")
            for one, other in (ends, ends[::-1])
        ]
        return pb.ListRoutesResponse(routes=routes)

    async def QuoteTransfer(  # noqa: N802
        self, request: pb.QuoteTransferRequest, context: _Call
    ) -> pb.QuoteTransferResponse:
        bridge = self._bridge
        out = parse_atoms(request.amount_in, field="amount_in") - parse_atoms(bridge.config.fee)
        quote = pb.QuoteTransferResponse(
            quote_id=f"quote-{request.amount_in}",
            amount_out=format_atoms(out),
            fees=[bridge.fee()],
            expires_at=bridge.clock.now() + _MINUTE,
            expected_ms=1000,
        )
        if bridge.returns(request.source):
            quote.pickup_network = "BASE"
            quote.pickup_chain_id = bridge.config.pickup_chain_id
            quote.pickup_address = bridge.config.pickup_address
        return quote

    async def StartTransfer(  # noqa: N802
        self, request: pb.StartTransferRequest, context: _Call
    ) -> pb.StartTransferResponse:
        return pb.StartTransferResponse(transfer=self._bridge.start(request))

    async def StreamTransfers(  # type: ignore[override]  # noqa: N802
        self, request: pb.StreamTransfersRequest, context: _Call
    ) -> None:
        async for following, transfers in self._bridge.changes.follow(request.from_sequence):
            await context.write(
                pb.StreamTransfersResponse(
                    instance_id=self._bridge.instance_id, next_sequence=following, transfers=transfers
                )
            )

    async def GetTransfer(self, request: pb.GetTransferRequest, context: _Call) -> pb.GetTransferResponse:  # noqa: N802
        return pb.GetTransferResponse(transfer=self._bridge.find(request.transfer_id))

    async def CancelTransfer(  # noqa: N802
        self, request: pb.CancelTransferRequest, context: _Call
    ) -> pb.CancelTransferResponse:
        transfer = self._bridge.find(request.transfer_id)
        if transfer.state == _STATE.STATE_CREATED:
            self._bridge.advance(request.transfer_id, "CANCELLED", reason="cancelled on request")
        return pb.CancelTransferResponse(transfer=transfer)

    async def ConfirmArrival(  # noqa: N802
        self, request: pb.ConfirmArrivalRequest, context: _Call
    ) -> pb.ConfirmArrivalResponse:
        transfer = self._bridge.find(request.transfer_id)
        if transfer.state == _STATE.STATE_SENT:
            self._bridge.advance(request.transfer_id, "COMPLETED")
        return pb.ConfirmArrivalResponse(transfer=transfer)

    async def ResolveTransfer(  # noqa: N802
        self, request: pb.ResolveTransferRequest, context: _Call
    ) -> pb.ResolveTransferResponse:
        retry = request.action == pb.ResolveTransferRequest.ACTION_RETRY_HOP
        transfer = self._bridge.find(request.transfer_id)
        if transfer.state == _STATE.STATE_NEEDS_OPERATOR:
            self._bridge.advance(request.transfer_id, "MOVING" if retry else "REFUNDED", reason=request.note)
        return pb.ResolveTransferResponse(transfer=transfer)
