"""A chain connector with a key: it keeps a journal of transactions that a test moves on."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from indexmaker.api.chain.v1 import chain_pb2, chain_pb2_grpc

SENDER = "0x" + "5e" * 20
State = chain_pb2.Transaction.State


class WalletChain(chain_pb2_grpc.ChainServiceServicer):
    """The journal outlives a server, as the file of a real connector does."""

    def __init__(self) -> None:
        self.balance = "1000"
        self.sender = SENDER
        self.submitted: dict[str, chain_pb2.SubmitRequest] = {}
        self.transactions: dict[str, chain_pb2.Transaction] = {}
        self.changes: list[str] = []
        self.changed = asyncio.Condition()
        self.faults: list[tuple[str, grpc.StatusCode]] = []
        """("before" or "after" it is journaled, the code) for the next submissions."""
        self.refuses = ""

    async def ListChains(self, request: Any, context: Any) -> chain_pb2.ListChainsResponse:  # noqa: N802
        return chain_pb2.ListChainsResponse(chains=[chain_pb2.ChainInfo(chain_id=8453, sender=self.sender)])

    async def Query(self, request: chain_pb2.QueryRequest, context: Any) -> chain_pb2.QueryResponse:  # noqa: N802
        assert request.views[0].token_balance.holder == self.sender
        return chain_pb2.QueryResponse(block_number=1, values=[self.balance])

    async def Submit(self, request: chain_pb2.SubmitRequest, context: Any) -> chain_pb2.SubmitResponse:  # noqa: N802
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and fault[0] == "before":
            await context.abort(fault[1], "not now")
        if request.command_id not in self.transactions:
            self.submitted[request.command_id] = request
            number = len(self.submitted)
            transaction = chain_pb2.Transaction(
                command_id=request.command_id,
                chain_id=request.chain_id,
                state=State.STATE_REVERTED if self.refuses else State.STATE_BROADCAST,
                tx_hashes=[] if self.refuses else [f"0x{number:064x}"],
                error=self.refuses,
            )
            self.transactions[request.command_id] = transaction
            await self._note(request.command_id)
        if fault is not None:
            await context.abort(fault[1], "the answer is lost")
        return chain_pb2.SubmitResponse(transaction=self.transactions[request.command_id])

    async def GetTransaction(self, request: Any, context: Any) -> chain_pb2.GetTransactionResponse:  # noqa: N802
        if request.command_id not in self.transactions:
            await context.abort(grpc.StatusCode.NOT_FOUND, "not submitted here")
        return chain_pb2.GetTransactionResponse(transaction=self.transactions[request.command_id])

    async def StreamTransactions(self, request: Any, context: Any) -> Any:  # noqa: N802
        sequence = request.from_sequence
        while True:
            async with self.changed:
                await self.changed.wait_for(lambda at=sequence: len(self.changes) > at)
            for command_id in self.changes[sequence:]:
                sequence += 1
                yield chain_pb2.StreamTransactionsResponse(
                    next_sequence=sequence, transactions=[self.transactions[command_id]]
                )

    async def move(self, command_id: str, state: Any, *, silent: bool = False, **changes: Any) -> None:
        """What the chain says next of a transaction; `silent` changes make no news."""
        transaction = self.transactions[command_id]
        transaction.state = state
        for name, value in changes.items():
            setattr(transaction, name, value)
        if not silent:
            await self._note(command_id)

    async def _note(self, command_id: str) -> None:
        async with self.changed:
            self.changes.append(command_id)
            self.changed.notify_all()
