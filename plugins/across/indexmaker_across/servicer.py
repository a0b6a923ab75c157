"""The bridge service: requests in, the desk's answers out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc.aio

from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker.api.bridge.v1 import bridge_pb2_grpc
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker_across import translation
from indexmaker_across.router import Router
from indexmaker_across.transfer import Transfer
from indexmaker_across.usdc import read_usdc

__all__ = ["BridgeServicer"]

_Context = grpc.aio.ServicerContext[Any, Any]


class BridgeServicer(bridge_pb2_grpc.BridgeServiceServicer):
    """Serves what `open` gave it; the host lets no call through before that."""

    def __init__(self) -> None:
        self._opened: Router | None = None
        self._instance_id = ""

    def open(self, router: Router, *, instance_id: str) -> None:
        """Begin to serve."""
        self._opened, self._instance_id = router, instance_id

    async def ListRoutes(self, request: pb.ListRoutesRequest, context: _Context) -> pb.ListRoutesResponse:  # noqa: N802
        """The routes."""
        return pb.ListRoutesResponse(routes=translation.route_messages(self._router.config))

    async def QuoteTransfer(  # noqa: N802
        self, request: pb.QuoteTransferRequest, context: _Context
    ) -> pb.QuoteTransferResponse:
        """What a transfer would cost now."""
        config = self._router.config
        returns = translation.is_return(request.source, request.destination, config=config)
        amount = read_usdc(request.amount_in, field="amount_in")
        promise = await self._router.desk.quote(
            request.source, request.destination, amount=amount, cap_bps=request.max_fee_bps, returns=returns
        )
        return translation.quote_message(promise, config=config, lanes=self._router.lanes, returns=returns)

    async def StartTransfer(  # noqa: N802
        self, request: pb.StartTransferRequest, context: _Context
    ) -> pb.StartTransferResponse:
        """Start a transfer once."""
        router = self._router
        terms = translation.terms_of(request, config=router.config, lanes=router.lanes)
        return pb.StartTransferResponse(transfer=self._message(await router.desk.start(terms)))

    async def StreamTransfers(  # noqa: N802
        self, request: pb.StreamTransfersRequest, context: _Context
    ) -> AsyncIterator[pb.StreamTransfersResponse]:
        """Changes of transfers until the client goes."""
        journal = self._router.journal
        sequence = request.from_sequence
        while True:
            seen = journal.changed.count
            changes = journal.changes(sequence)
            if not changes.transfers:
                await journal.changed.after(seen)
                continue
            sequence = changes.next_sequence
            yield pb.StreamTransfersResponse(
                instance_id=self._instance_id,
                next_sequence=sequence,
                transfers=[self._message(transfer) for transfer in changes.transfers],
            )

    async def GetTransfer(  # noqa: N802
        self, request: pb.GetTransferRequest, context: _Context
    ) -> pb.GetTransferResponse:
        """One transfer as it stands."""
        return pb.GetTransferResponse(transfer=self._message(self._router.desk.get(request.transfer_id)))

    async def CancelTransfer(  # noqa: N802
        self, request: pb.CancelTransferRequest, context: _Context
    ) -> pb.CancelTransferResponse:
        """Stop a transfer that has not sent anything."""
        return pb.CancelTransferResponse(transfer=self._message(self._router.desk.cancel(request.transfer_id)))

    async def ConfirmArrival(  # noqa: N802
        self, request: pb.ConfirmArrivalRequest, context: _Context
    ) -> pb.ConfirmArrivalResponse:
        """The venue has credited the money."""
        if not request.external_id:
            raise InvalidFieldError("external_id", "give the destination's id of the credit")
        transfer = self._router.desk.confirm_arrival(
            request.transfer_id,
            external_id=request.external_id,
            amount=read_usdc(request.amount, field="amount"),
        )
        return pb.ConfirmArrivalResponse(transfer=self._message(transfer))

    async def ResolveTransfer(  # noqa: N802
        self, request: pb.ResolveTransferRequest, context: _Context
    ) -> pb.ResolveTransferResponse:
        """An operator's decision."""
        decision = translation.decision_of(request)
        return pb.ResolveTransferResponse(
            transfer=self._message(self._router.desk.resolve(request.transfer_id, decision))
        )

    @property
    def _router(self) -> Router:
        assert self._opened is not None, "the host opens the gate after `open`"
        return self._opened

    def _message(self, transfer: Transfer) -> pb.Transfer:
        return translation.transfer_message(transfer, config=self._router.config)
