"""The venue's side of funding: where to send collateral, and what the venue says it received."""

from __future__ import annotations

from collections.abc import Callable

import grpc

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.money import parse_atoms
from indexmaker.services.solver.edges.calls import Post, keep_calling, keep_running
from indexmaker.solver.events import VenueDepositSeen

__all__ = ["FundingEdge"]


class FundingEdge:
    """`since` gives the time from which deposits matter, asked each time the stream starts."""

    def __init__(
        self, venue: str, channel: grpc.aio.Channel, *, chain_id: int, post: Post, since: Callable[[], int]
    ) -> None:
        self._venue = venue
        self._stub = rpc.FundingServiceStub(channel)
        self._chain_id = chain_id
        self._post = post
        self._since = since

    @property
    def chain_id(self) -> int:
        """The chain on which collateral is sent to the venue."""
        return self._chain_id

    async def deposit_address(self, asset: str) -> str:
        """Where the venue wants the asset to be sent; asked anew each time, since venues rotate addresses."""
        request = pb.GetDepositAddressRequest(asset=asset, chain_id=self._chain_id)
        response = await keep_calling(
            "GetDepositAddress", lambda: self._stub.GetDepositAddress(request, wait_for_ready=True, timeout=30)
        )
        return response.address

    async def run(self) -> None:
        """Keep the deposit stream alive until cancelled."""
        await keep_running(f"{self._venue}.StreamDeposits", self._session)

    async def _session(self) -> None:
        call = self._stub.StreamDeposits(pb.StreamDepositsRequest(since_at=self._since()), wait_for_ready=True)
        while isinstance(response := await call.read(), pb.StreamDepositsResponse):
            for deposit in response.deposits:
                await self._post(
                    VenueDepositSeen(
                        venue=self._venue,
                        asset=deposit.amount.asset,
                        amount=parse_atoms(deposit.amount.amount),
                        tx_hash=deposit.tx_hash.lower(),
                        deposit_id=deposit.deposit_id,
                        credited=deposit.status == pb.VenueDeposit.STATUS_CREDITED,
                    )
                )
