"""Quotes as plain asynchronous calls."""

from __future__ import annotations

import grpc.aio

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import quotes_pb2 as pb
from indexmaker.api.solver.v1 import quotes_pb2_grpc as rpc
from indexmaker.api.solver.v1 import solver_pb2
from indexmaker_client.signer import Signer

__all__ = ["Quotes"]

_TIMEOUT = 20.0
_SIDES = {"BUY": solver_pb2.INDEX_SIDE_BUY, "SELL": solver_pb2.INDEX_SIDE_SELL}


class Quotes:
    """Part of a `Client`: `client.quotes`. Sides are "BUY" (amount in USDC) and "SELL" (amount in index tokens)."""

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self._stub = rpc.QuoteServiceStub(channel)
        self._metadata = metadata

    async def indicative(self, *, side: str, index: str, amount: str) -> pb.Quote:
        """What an order would get on the books of this moment."""
        request = pb.GetQuoteRequest(index=index, side=_SIDES[side], amount=amount)
        response = await self._stub.GetQuote(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.quote

    async def binding(
        self, signer: Signer, *, client_quote_id: str, side: str, index: str, amount: str
    ) -> pb.BindingQuote:
        """Have capacity held for an order; the same client quote id again gives the first answer."""
        owner = signer.account
        request = pb.RequestBindingQuoteRequest(
            account=common_pb2.AccountId(chain_id=owner.chain_id, address=owner.address),
            client_quote_id=client_quote_id,
            index=index,
            side=_SIDES[side],
            amount=amount,
            signature=signer.sign_quote(client_quote_id=client_quote_id, side=side, index=index, amount=amount),
        )
        response = await self._stub.RequestBindingQuote(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.quote

    async def get(self, quote_id: str) -> pb.BindingQuote:
        """A binding quote as it stands."""
        request = pb.GetBindingQuoteRequest(quote_id=quote_id)
        response = await self._stub.GetBindingQuote(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.quote
