"""The guardian's process: asked for the signature of every account; without it nothing is minted or paid."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import grpc
import structlog

from indexmaker.api.solver.v1 import guardian_pb2 as pb
from indexmaker.api.solver.v1 import guardian_pb2_grpc as rpc
from indexmaker.connectors.streams import BatchingQueue
from indexmaker.services.guardian.accounts import mint_message, redemption_message
from indexmaker.services.solver.edges.calls import Post, keep_calling
from indexmaker.solver.commands import SignInvoice, SignRedemption
from indexmaker.solver.events import InvoiceSigned, InvoiceVetoed, SolverEvent

__all__ = ["GuardianEdge", "SigningCommand"]

_log = structlog.get_logger(__name__)

_SECONDS = 60.0
SigningCommand: TypeAlias = SignInvoice | SignRedemption


class GuardianEdge:
    """Hands accounts to the guardian until it has signed or vetoed them, however long it is away."""

    def __init__(self, channel: grpc.aio.Channel, *, post: Post) -> None:
        self._stub = rpc.GuardianServiceStub(channel)
        self._post = post
        self._waiting: BatchingQueue[SigningCommand] = BatchingQueue(maxsize=100_000)

    def dispatch(self, command: SigningCommand) -> None:
        """Take an account to be signed."""
        self._waiting.put_nowait(command)

    async def run(self) -> None:
        """Ask for signatures until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                for command in await self._waiting.take():
                    tasks.create_task(self._ask(command))

    async def _ask(self, command: SigningCommand) -> None:
        request = _request_of(command)
        try:
            response = await keep_calling(
                "guardian.Sign", lambda: self._stub.Sign(request, wait_for_ready=True, timeout=_SECONDS)
            )
        except grpc.aio.AioRpcError as error:
            reason = f"the guardian refuses to judge it: {error.details() or error.code().name}"
            await self._post(InvoiceVetoed(invoice_id=command.invoice.invoice_id, reason=reason))
            return
        await self._post(_event_of(command.invoice.invoice_id, response))


def _request_of(command: SigningCommand) -> pb.SignRequest:
    if isinstance(command, SignInvoice):
        return pb.SignRequest(mint=mint_message(command.invoice))
    return pb.SignRequest(redemption=redemption_message(command.invoice))


def _event_of(invoice_id: str, response: pb.SignResponse) -> SolverEvent:
    if response.WhichOneof("answer") == "signature":
        signed = response.signature
        return InvoiceSigned(
            invoice_id=invoice_id,
            signer=signed.signer,
            signature=signed.signature,
            lots_root=signed.lots_root,
            digest=signed.digest,
        )
    faults = [f"{one.check}: {one.text}" for one in response.veto.discrepancies]
    _log.error("invoice_vetoed", invoice_id=invoice_id, faults=faults)
    return InvoiceVetoed(invoice_id=invoice_id, reason="; ".join(faults) or "no reason given")
