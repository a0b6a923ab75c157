"""What carrying collateral costs, asked of the bridge without starting anything."""

from __future__ import annotations

from collections.abc import Mapping

import grpc.aio

from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker.api.bridge.v1 import bridge_pb2_grpc as rpc
from indexmaker.connectors.errors import RejectedError, TransientError
from indexmaker.money import format_atoms, parse_atoms
from indexmaker.services.solver.edges.calls import is_passing
from indexmaker.services.solver.edges.funding import FundingEdge
from indexmaker.solver.state import Index
from indexmaker.solver.vocabulary import Side

__all__ = ["RouteCosts"]

_TIMEOUT = 10.0


class RouteCosts:
    """Asks as the core does before it charges: from the gates to the venue for a buy, back for a sale."""

    def __init__(self, channel: grpc.aio.Channel, *, fundings: Mapping[str, FundingEdge], max_fee_bps: int) -> None:
        self._stub = rpc.BridgeServiceStub(channel)
        self._fundings = fundings
        self._max_fee_bps = max_fee_bps

    async def __call__(self, index: Index, side: Side, value: int) -> int:
        """Cost of carrying `value`, the venue's own fee included, in atoms of the collateral.

        Raises:
            RejectedError: the route would not carry it.
            TransientError: nobody answers at the moment.
        """
        source, destination, venue_fee = index.custody, index.destination, 0
        if side is Side.SELL:
            source, destination = destination, source
            venue_fee = await self._withdrawal_fee(source, index.collateral, value)
        request = pb.QuoteTransferRequest(
            source=source,
            destination=destination,
            amount_in=format_atoms(value - venue_fee),
            max_fee_bps=self._max_fee_bps,
        )
        try:
            quote = await self._stub.QuoteTransfer(request, timeout=_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            text = f"the route cannot be quoted: {error.details() or error.code().name}"
            raise (TransientError(text) if is_passing(error) else RejectedError(text)) from error
        return value - parse_atoms(quote.amount_out)

    async def _withdrawal_fee(self, designation: str, asset: str, value: int) -> int:
        funding = self._fundings.get(designation)
        if funding is None:
            return 0
        terms = await funding.withdrawal_terms(asset, value)
        if terms.refusal:
            text = f"the venue would not pay it out: {terms.refusal}"
            raise TransientError(text) if terms.later else RejectedError(text)
        return terms.fee
