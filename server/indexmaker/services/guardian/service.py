"""The guardian's gRPC service."""

from __future__ import annotations

from typing import Any

import grpc.aio
import structlog

from indexmaker.api.solver.v1 import guardian_pb2 as pb
from indexmaker.api.solver.v1 import guardian_pb2_grpc as rpc
from indexmaker.connectors.errors import TransientError
from indexmaker.runtime import JournalError
from indexmaker.services.guardian.accounts import account_of
from indexmaker.services.guardian.judge import Judge
from indexmaker.services.guardian.reading import Reading
from indexmaker.services.guardian.register import Register
from indexmaker.services.guardian.signing import Signature
from indexmaker.services.solver.lots_root import lots_root

__all__ = ["GuardianServicer"]

_log = structlog.get_logger(__name__)
_Context = grpc.aio.ServicerContext[Any, Any]


class GuardianServicer(rpc.GuardianServiceServicer):
    """Judges and signs what it is sent."""

    def __init__(self, judge: Judge, *, reading: Reading, register: Register, signer: str, instance_id: str) -> None:
        self._judge = judge
        self._reading = reading
        self._register = register
        self._signer = signer
        self._instance_id = instance_id

    async def Sign(self, request: pb.SignRequest, context: _Context) -> pb.SignResponse:  # noqa: N802
        """A signature or a veto; UNAVAILABLE while a source cannot be read."""
        account = account_of(request)
        try:
            answer = await self._judge.sign(account)
        except JournalError as error:
            raise TransientError(f"the journal is not what it was: {error}") from None
        if isinstance(answer, Signature):
            _log.info("account_signed", invoice_id=account.invoice_id, digest=answer.digest)
            signature = pb.InvoiceSignature(
                signer=answer.signer, signature=answer.signature, lots_root=answer.lots_root, digest=answer.digest
            )
            return pb.SignResponse(signature=signature)
        _log.error("account_vetoed", invoice_id=account.invoice_id, findings=[one.text for one in answer])
        veto = pb.Veto(discrepancies=[pb.Discrepancy(check=one.check.value, text=one.text) for one in answer])
        return pb.SignResponse(veto=veto)

    async def Review(self, request: pb.ReviewRequest, context: _Context) -> pb.ReviewResponse:  # noqa: N802
        """Every check with what it found."""
        account = account_of(request)
        results = [
            pb.CheckResult(check=one.check.value, asked=one.asked, findings=one.findings)
            for one in await self._judge.review(account)
        ]
        return pb.ReviewResponse(results=results, lots_root=lots_root(account.lots))

    async def GetGuardian(  # noqa: N802
        self, request: pb.GetGuardianRequest, context: _Context
    ) -> pb.GetGuardianResponse:
        """Who it is."""
        return pb.GetGuardianResponse(
            signer=self._signer,
            sequence=self._reading.sequence,
            signed=len(self._register),
            instance_id=self._instance_id,
        )
