"""A scripted chain: events that the test emits, and transactions that are mined as it says."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc.aio
import msgspec

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.chain.v1 import chain_pb2_grpc
from indexmaker.api.common.v1 import common_pb2
from indexmaker.connectors.connector import Capability, Connector, Context
from indexmaker.connectors.errors import NotFoundError
from indexmaker.connectors.manifest import Manifest, Role
from indexmaker.connectors.testing.chain_logs import logs_of
from indexmaker.connectors.testing.changes import ChangeLog

__all__ = ["MockChain", "MockChainConfig", "ScriptedRedemption", "ScriptedRequest"]

_UNLIMITED = "1" + "0" * 27

_Call = grpc.aio.ServicerContext[Any, Any]


class ScriptedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A user's deposit request at a gate; emitted once for each id."""

    gate: str
    request_id: str
    controller: str
    amount: str


class ScriptedRedemption(msgspec.Struct, frozen=True, kw_only=True):
    """A user's redemption request at a gate; emitted once for each id. A limit left out is not told."""

    gate: str
    request_id: str
    controller: str
    units: str
    min_amount: str = ""
    max_fee: str = ""


class MockChainConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A scripted chain. `reverts` are errors of the next transactions, one each; an empty one lets it pass.

    Approvals of gates have reverts of their own. A new revision emits its new deposits and appends its reverts. `views`
    answers `Query`, in order; by default an allowance is what was approved here, and everything else "0".
    """

    chain_id: int = 42161
    name: str = "arbitrum"
    sender: str = "0x" + "5e" * 20
    deposits: tuple[ScriptedRequest, ...] = ()
    reverts: tuple[str, ...] = ()
    approval_reverts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


class MockChain(Connector[MockChainConfig]):
    """Emits events to every watcher, final at once, and mines each transaction in a block of its own.

    What passes (a commit, a settlement, a transfer) is followed by the events that a gate or token would log.
    """

    configuration = MockChainConfig
    manifest = Manifest(
        name="mock-chain",
        summary="A scripted chain for tests.",
        roles=(Role.CHAIN,),
        target="indexmaker.connectors.testing.chain:MockChain",
    )

    def __init__(self) -> None:
        self.config = MockChainConfig()
        self.instance_id = ""
        self.block = 1
        self.events: ChangeLog[pb.ChainEvent] = ChangeLog()
        self.transactions: dict[str, pb.Transaction] = {}
        self.changes: ChangeLog[pb.Transaction] = ChangeLog()
        self.approved: set[str] = set()
        """Gates that may take the sender's collateral."""
        self._reverts: deque[str] = deque()
        self._approval_reverts: deque[str] = deque()
        self._requested: set[str] = set()

    def capabilities(self) -> Sequence[Capability]:
        """No forks: nothing is ever retracted, unless the test emits it."""
        return (Capability(name="chain.forks", supported=False),)

    async def configure(self, config: MockChainConfig, *, context: Context) -> None:
        """Take the script and emit its new deposits."""
        self.config, self.instance_id = config, context.instance_id
        self._reverts.extend(config.reverts)
        self._approval_reverts.extend(config.approval_reverts)
        for request in config.deposits:
            self.deposit(request)

    def register(self, server: grpc.aio.Server) -> None:
        """Serve the chain."""
        chain_pb2_grpc.add_ChainServiceServicer_to_server(_Chain(self), server)

    def deposit(self, request: ScriptedRequest) -> None:
        """A user asks for index tokens; once for each request id."""
        if request.request_id in self._requested:
            return
        self._requested.add(request.request_id)
        body = pb.DepositRequested(
            request_id=request.request_id,
            controller=request.controller,
            owner=request.controller,
            amount=request.amount,
        )
        self.emit(pb.ChainEvent(contract=request.gate, deposit_requested=body))

    def redeem(self, request: ScriptedRedemption) -> None:
        """A user gives index tokens for sale; once for each request id."""
        if request.request_id in self._requested:
            return
        self._requested.add(request.request_id)
        body = pb.RedemptionRequested(
            request_id=request.request_id,
            controller=request.controller,
            owner=request.controller,
            units=request.units,
        )
        self.emit(pb.ChainEvent(contract=request.gate, redemption_requested=body))
        if request.min_amount or request.max_fee:
            terms = pb.RedemptionTerms(
                request_id=request.request_id, min_amount=request.min_amount or "0", max_fee=request.max_fee or "0"
            )
            self.emit(pb.ChainEvent(contract=request.gate, redemption_terms=terms))

    def emit(self, event: pb.ChainEvent) -> pb.ChainEvent:
        """Put an event into a new block; what the test leaves out (id, block, kind, finality) is filled in."""
        self.block += 1
        made = pb.ChainEvent(
            id=common_pb2.LogId(chain_id=self.config.chain_id, tx_hash=f"0x{self.block:064x}", log_index=0),
            block_number=self.block,
            block_hash=f"0x{self.block:064x}",
            kind=pb.ChainEvent.KIND_APPLY,
            finality=pb.FINALITY_FINAL,
        )
        made.MergeFrom(event)
        self.events.append(made)
        return made

    def submit(self, request: pb.SubmitRequest) -> pb.Transaction:
        """Mine a transaction, or answer with the state of the first of this id."""
        known = self.transactions.get(request.command_id)
        if known is not None:
            return known
        approval = request.WhichOneof("command") == "approve_gate"
        script = self._approval_reverts if approval else self._reverts
        error = script.popleft() if script else ""
        self.block += 1
        transaction = pb.Transaction(
            command_id=request.command_id,
            chain_id=request.chain_id,
            state=pb.Transaction.STATE_REVERTED if error else pb.Transaction.STATE_FINAL,
            nonce=len(self.transactions),
            tx_hashes=[f"0x{self.block:064x}"],
            block_number=self.block,
            confirmations=1,
            cost_native="0.0001",
            error=error,
        )
        self.transactions[request.command_id] = transaction
        if approval and not error:
            self.approved.add(request.approve_gate.gate.lower())
        if not error:
            for number, event in enumerate(logs_of(request)):
                event.id.tx_hash, event.id.log_index = transaction.tx_hashes[0], number
                self.emit(event)
        self.changes.append(transaction)
        return transaction


class _Chain(chain_pb2_grpc.ChainServiceServicer):
    def __init__(self, chain: MockChain) -> None:
        self._chain = chain

    async def ListChains(self, request: pb.ListChainsRequest, context: _Call) -> pb.ListChainsResponse:  # noqa: N802
        chain = self._chain
        info = pb.ChainInfo(
            chain_id=chain.config.chain_id,
            name=chain.config.name,
            latest_block=chain.block,
            safe_block=chain.block,
            final_block=chain.block,
            sender=chain.config.sender,
        )
        return pb.ListChainsResponse(chains=[info])

    async def StreamEvents(  # type: ignore[override]  # noqa: N802
        self, requests: AsyncIterator[pb.StreamEventsRequest], context: _Call
    ) -> None:
        """Each watch is followed by itself, from its block or the cursor on."""
        chain, writing = self._chain, asyncio.Lock()
        passed: dict[int, int] = {}

        async def follow(watch: pb.Watch, after: int) -> None:
            async for _, events in chain.events.follow():
                fitting = [event for event in events if event.block_number > after and _fits(event, watch)]
                if not fitting:
                    continue
                last = fitting[-1]
                cursor = pb.Cursor(chain_id=watch.chain_id, block_number=last.block_number, block_hash=last.block_hash)
                async with writing:
                    await context.write(
                        pb.StreamEventsResponse(instance_id=chain.instance_id, events=fitting, cursors=[cursor])
                    )

        async with asyncio.TaskGroup() as group:
            async for request in requests:
                passed.update({cursor.chain_id: cursor.block_number for cursor in request.cursors})
                for watch in request.watches:
                    after = watch.from_block - 1 if watch.from_block else passed.get(watch.chain_id, 0)
                    group.create_task(follow(watch, after))

    async def Submit(self, request: pb.SubmitRequest, context: _Call) -> pb.SubmitResponse:  # noqa: N802
        return pb.SubmitResponse(transaction=self._chain.submit(request))

    async def StreamTransactions(  # type: ignore[override]  # noqa: N802
        self, request: pb.StreamTransactionsRequest, context: _Call
    ) -> None:
        async for following, transactions in self._chain.changes.follow(request.from_sequence):
            await context.write(
                pb.StreamTransactionsResponse(
                    instance_id=self._chain.instance_id, next_sequence=following, transactions=transactions
                )
            )

    async def GetTransaction(  # noqa: N802
        self, request: pb.GetTransactionRequest, context: _Call
    ) -> pb.GetTransactionResponse:
        known = self._chain.transactions.get(request.command_id)
        if known is None:
            raise NotFoundError(f"no transaction was submitted as {request.command_id!r}")
        return pb.GetTransactionResponse(transaction=known)

    async def Query(self, request: pb.QueryRequest, context: _Call) -> pb.QueryResponse:  # noqa: N802
        given = self._chain.config.views
        values = [given[n] if n < len(given) else self._unscripted(view) for n, view in enumerate(request.views)]
        return pb.QueryResponse(block_number=request.block_number or self._chain.block, values=values)

    def _unscripted(self, view: pb.View) -> str:
        return _UNLIMITED if view.token_allowance.spender.lower() in self._chain.approved else "0"

    async def Estimate(self, request: pb.EstimateRequest, context: _Call) -> pb.EstimateResponse:  # noqa: N802
        return pb.EstimateResponse(gas=100_000, cost_native="0.0001")


def _fits(event: pb.ChainEvent, watch: pb.Watch) -> bool:
    if event.id.chain_id != watch.chain_id:
        return False
    if watch.WhichOneof("target") == "gate":
        return event.contract == watch.gate.gate
    if watch.WhichOneof("target") == "factory":
        return event.contract == watch.factory.factory
    transfer = event.token_transfer
    wanted = watch.transfers
    return event.HasField("token_transfer") and (
        transfer.token == wanted.token and transfer.recipient in wanted.recipients
    )
