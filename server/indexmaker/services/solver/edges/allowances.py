"""Leave for gates to take the keeper's collateral, which refunds and payments of redemptions are paid from."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict

import grpc
import structlog

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.chain.v1 import chain_pb2_grpc as rpc
from indexmaker.money import parse_atoms
from indexmaker.services.solver.edges.calls import keep_calling

__all__ = ["GateAllowances", "approval_of"]

_log = structlog.get_logger(__name__)

_ENOUGH = parse_atoms("1000000000000")
"""Approvals are without limit, but some tokens count them down. A trillion dollars are as good as no limit."""
_SECONDS = 60
_FAILED = (pb.Transaction.STATE_REVERTED, pb.Transaction.STATE_DROPPED)
_OVER = (pb.Transaction.STATE_CONFIRMED, pb.Transaction.STATE_FINAL, *_FAILED)
_TOLD = (pb.Transaction.STATE_MINED, *_OVER)
"""One block is enough: the payment has a later nonce of the same account, so a reorg cannot put it first."""


def approval_of(chain_id: int, gate: str, *, attempt: int = 1) -> pb.SubmitRequest:
    """The transaction that approves a gate; the same one for the same attempt, however often it is sent."""
    command_id = f"approve-{chain_id}-{gate.lower().removeprefix('0x')}" + (f"-{attempt}" if attempt > 1 else "")
    return pb.SubmitRequest(command_id=command_id, chain_id=chain_id, approve_gate=pb.ApproveGate(gate=gate))


class GateAllowances:
    """Approves each gate once. What counts is the allowance on chain, not what this process remembers of it: after a
    restart nothing is sent for a gate that has its allowance, and the attempts of before are found by their ids.
    """

    def __init__(self, stub: rpc.ChainServiceAsyncStub) -> None:
        self._stub = stub
        self._granted: set[tuple[int, str]] = set()
        self._turns: defaultdict[tuple[int, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._ends: dict[str, asyncio.Future[pb.Transaction]] = {}

    async def grant(self, chain_id: int, gate: str) -> bool:
        """Wait until the gate has its allowance; False when the chain refuses it, which a later call tries again."""
        place = (chain_id, gate.lower())
        async with self._turns[place]:
            if place not in self._granted:
                try:
                    if not await self._allowed(*place):
                        await self._approve(*place)
                    if await self._allowed(*place):
                        self._granted.add(place)
                except grpc.aio.AioRpcError as error:
                    _log.warning("gate_not_approved", chain_id=chain_id, gate=gate, reason=error.details())
            return place in self._granted

    def forget(self, chain_id: int, gate: str) -> None:
        """Look at the chain again before the next payment, because one failed."""
        self._granted.discard((chain_id, gate.lower()))

    def tell(self, transaction: pb.Transaction) -> None:
        """Hear what a transaction has come to; other transactions than approvals do not matter."""
        end = self._ends.get(transaction.command_id)
        if end is not None and not end.done() and transaction.state in _TOLD:
            end.set_result(transaction)

    async def _allowed(self, chain_id: int, gate: str) -> bool:
        listing = pb.ListChainsRequest()
        chains = await keep_calling(
            "ListChains", lambda: self._stub.ListChains(listing, wait_for_ready=True, timeout=_SECONDS)
        )
        owner = next((chain.sender for chain in chains.chains if chain.chain_id == chain_id), "")
        view = pb.View(token_allowance=pb.TokenAllowanceView(owner=owner, spender=gate))
        request = pb.QueryRequest(chain_id=chain_id, views=[view])
        answer = await keep_calling("Query", lambda: self._stub.Query(request, wait_for_ready=True, timeout=_SECONDS))
        return parse_atoms(answer.values[0]) >= _ENOUGH

    async def _approve(self, chain_id: int, gate: str) -> None:
        """Wait for the end of the first attempt that has none yet; earlier ones failed, or were revoked."""
        for attempt in itertools.count(1):
            request = approval_of(chain_id, gate, attempt=attempt)
            known = await self._known(request.command_id)
            if known is None or known.state not in _OVER:
                break
        end = self._ends[request.command_id] = asyncio.get_running_loop().create_future()
        self.tell(known or await self._sent(request))
        transaction = await end
        log = _log.warning if transaction.state in _FAILED else _log.info
        log("gate_approval", gate=gate, state=pb.Transaction.State.Name(transaction.state), reason=transaction.error)

    async def _known(self, command_id: str) -> pb.Transaction | None:
        request = pb.GetTransactionRequest(command_id=command_id)
        try:
            found = await keep_calling(
                "GetTransaction", lambda: self._stub.GetTransaction(request, timeout=_SECONDS, wait_for_ready=True)
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        return found.transaction

    async def _sent(self, request: pb.SubmitRequest) -> pb.Transaction:
        submitted = await keep_calling(
            "Submit", lambda: self._stub.Submit(request, wait_for_ready=True, timeout=_SECONDS)
        )
        return submitted.transaction
