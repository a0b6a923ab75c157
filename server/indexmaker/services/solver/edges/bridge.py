"""Transfers of collateral: quoted first, started once, followed to the venue's credit, or back to the chain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TypeAlias

import grpc
import structlog

from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker.api.bridge.v1 import bridge_pb2_grpc as rpc
from indexmaker.api.common.v1 import common_pb2
from indexmaker.connectors.streams import BatchingQueue
from indexmaker.money import format_atoms, parse_atoms
from indexmaker.services.solver.edges.calls import Post, keep_calling, keep_running
from indexmaker.services.solver.edges.funding import FundingEdge, WithdrawalTerms
from indexmaker.solver.commands import ConfirmArrival, QuoteRoute, StartTransfer
from indexmaker.solver.events import RouteQuoted, RouteRefused, TransferUpdated
from indexmaker.solver.handlers.payouts import WITHDRAWAL_FEE
from indexmaker.solver.vocabulary import FeeAmount, TransferState

__all__ = ["BridgeCommand", "BridgeEdge", "event_of_transfer", "venue_designation"]

_log = structlog.get_logger(__name__)

BridgeCommand: TypeAlias = QuoteRoute | StartTransfer | ConfirmArrival

_STATES = {
    pb.Transfer.STATE_CREATED: TransferState.ACCEPTED,
    pb.Transfer.STATE_MOVING: TransferState.IN_FLIGHT,
    pb.Transfer.STATE_SENT: TransferState.ARRIVED,
    pb.Transfer.STATE_COMPLETED: TransferState.COMPLETED,
    pb.Transfer.STATE_CANCELLED: TransferState.FAILED,
    pb.Transfer.STATE_REFUND_PENDING: TransferState.IN_FLIGHT,
    pb.Transfer.STATE_REFUNDED: TransferState.REFUNDED,
    pb.Transfer.STATE_NEEDS_OPERATOR: TransferState.NEEDS_OPERATOR,
}


def venue_designation(venue: str, asset: str) -> str:
    """Name of our account at a venue as an end of a route."""
    return f"VENUE:{venue}:{asset}"


def _fees(fees: list[common_pb2.Fee]) -> tuple[FeeAmount, ...]:
    return tuple(
        FeeAmount(
            kind=common_pb2.FeeKind.Name(fee.kind).removeprefix("FEE_KIND_").lower(),
            asset=fee.asset,
            amount=parse_atoms(fee.amount),
        )
        for fee in fees
    )


def event_of_transfer(transfer: pb.Transfer) -> TransferUpdated:
    """A transfer as the solver wants to hear of it."""
    return TransferUpdated(
        transfer_id=transfer.transfer_id,
        state=_STATES[transfer.state],
        amount_out=parse_atoms(transfer.amount_out or "0"),
        fees=_fees(list(transfer.fees)),
        hop_tx_hashes=tuple(
            tx_hash for hop in transfer.hops for tx_hash in (hop.source_tx_hash, hop.destination_tx_hash) if tx_hash
        ),
        reason=transfer.reason,
    )


class BridgeEdge:
    """One bridge plugin. `fundings` maps designations of venues to the edges that know their addresses."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        *,
        post: Post,
        fundings: Mapping[str, FundingEdge],
        max_fee_bps: int,
    ) -> None:
        self._stub = rpc.BridgeServiceStub(channel)
        self._post = post
        self._fundings = fundings
        self._max_fee_bps = max_fee_bps
        self._waiting: BatchingQueue[BridgeCommand] = BatchingQueue(maxsize=100_000)
        self._next = 0

    def dispatch(self, command: BridgeCommand) -> None:
        """Take a command; each is carried out on its own, so that one slow transfer delays no other."""
        self._waiting.put_nowait(command)

    async def run(self) -> None:
        """Carry out commands and follow transfers until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_running("bridge.StreamTransfers", self._follow))
            while True:
                for command in await self._waiting.take():
                    tasks.create_task(self._carry_out(command))

    async def _carry_out(self, command: BridgeCommand) -> None:
        try:
            if isinstance(command, QuoteRoute):
                await self._quote(command)
            elif isinstance(command, StartTransfer):
                await self._start(command)
            else:
                await self._confirm(command)
        except grpc.aio.AioRpcError as error:
            await self._refused(command, error)

    async def _quote(self, command: QuoteRoute) -> None:
        """Ask for the cost of the whole way; for one that starts at a venue, with the venue's own fee in front."""
        funding = self._fundings.get(command.source)
        terms = WithdrawalTerms(fee=0)
        if funding is not None:
            terms = await funding.withdrawal_terms(command.asset, command.amount)
        if terms.refusal:
            refused = RouteRefused(transfer_id=command.transfer_id, reason=terms.refusal, retryable=terms.later)
            await self._post(refused)
            return
        request = pb.QuoteTransferRequest(
            source=command.source,
            destination=command.destination,
            amount_in=format_atoms(command.amount - terms.fee),
            max_fee_bps=self._max_fee_bps,
        )
        quote = await keep_calling(
            "QuoteTransfer", lambda: self._stub.QuoteTransfer(request, wait_for_ready=True, timeout=30)
        )
        if funding is not None and quote.pickup_chain_id != funding.chain_id:
            reason = f"the route picks up on chain {quote.pickup_chain_id}, the venue sends to {funding.chain_id}"
            await self._post(RouteRefused(transfer_id=command.transfer_id, reason=reason))
            return
        fees = _fees(list(quote.fees))
        if terms.fee:
            fees = (FeeAmount(kind=WITHDRAWAL_FEE, asset=command.asset, amount=terms.fee), *fees)
        await self._post(
            RouteQuoted(
                transfer_id=command.transfer_id,
                amount_in=command.amount,
                amount_out=parse_atoms(quote.amount_out),
                fees=fees,
                expires_at=quote.expires_at,
                pickup_network=quote.pickup_network,
                pickup_address=quote.pickup_address,
            )
        )

    async def _start(self, command: StartTransfer) -> None:
        funding = self._fundings.get(command.destination)
        request = pb.StartTransferRequest(
            transfer_id=command.transfer_id,
            source=command.source,
            destination=command.destination,
            amount_in=format_atoms(command.amount),
            min_amount_out=format_atoms(command.min_out),
        )
        if funding is not None:
            request.destination_address = await funding.deposit_address(command.asset)
            request.destination_chain_id = funding.chain_id
        if command.source in self._fundings:
            request.source_tx_hash = command.commit_tx
        response = await keep_calling(
            "StartTransfer", lambda: self._stub.StartTransfer(request, wait_for_ready=True, timeout=30)
        )
        await self._post(event_of_transfer(response.transfer))

    async def _confirm(self, command: ConfirmArrival) -> None:
        request = pb.ConfirmArrivalRequest(
            transfer_id=command.transfer_id,
            external_id=command.external_id,
            amount=format_atoms(command.amount),
        )
        response = await keep_calling(
            "ConfirmArrival", lambda: self._stub.ConfirmArrival(request, wait_for_ready=True, timeout=30)
        )
        await self._post(event_of_transfer(response.transfer))

    async def _refused(self, command: BridgeCommand, error: grpc.aio.AioRpcError) -> None:
        reason = error.details() or error.code().name
        _log.warning("transfer_refused", transfer_id=command.transfer_id, code=error.code().name, reason=reason)
        if isinstance(command, QuoteRoute):
            await self._post(RouteRefused(transfer_id=command.transfer_id, reason=reason))
        else:
            state = TransferState.NEEDS_OPERATOR
            await self._post(TransferUpdated(transfer_id=command.transfer_id, state=state, reason=reason))

    async def _follow(self) -> None:
        request = pb.StreamTransfersRequest(from_sequence=self._next)
        call = self._stub.StreamTransfers(request, wait_for_ready=True)
        while isinstance(response := await call.read(), pb.StreamTransfersResponse):
            for transfer in response.transfers:
                await self._post(event_of_transfer(transfer))
            self._next = response.next_sequence
