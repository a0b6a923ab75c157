"""The chain service: requests in, the chains' answers out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc.aio
import structlog

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.chain.v1 import chain_pb2_grpc
from indexmaker.connectors.errors import ConnectorError, InvalidFieldError, NotFoundError, TransientError
from indexmaker.connectors.streams import BatchingQueue
from indexmaker.money import format_atoms
from indexmaker_evm import translation
from indexmaker_evm.chain import ServedChain
from indexmaker_evm.errors import ChainUnknownError, KeyMissingError
from indexmaker_evm.event_messages import events_response
from indexmaker_evm.follower.session import ChainSession, CursorMark, Delivery
from indexmaker_evm.transactions.commands import digest, prepare
from indexmaker_evm.transactions.journal import TransactionJournal
from indexmaker_evm.transactions.model import Transaction
from indexmaker_evm.views import read_views

__all__ = ["ChainServicer"]

log = structlog.get_logger(__name__)
_Context = grpc.aio.ServicerContext[Any, Any]
DELIVERIES_AT_ONCE = 32
NOBODY = "0x" + "0" * 40


class ChainServicer(chain_pb2_grpc.ChainServiceServicer):
    """Serves what `open` gave it; the host lets no call through before that."""

    def __init__(self) -> None:
        self._chains: Mapping[int, ServedChain] = {}
        self._journal: TransactionJournal | None = None
        self._instance_id = ""
        self.draining = False
        """Whether new commands are refused."""

    def open(self, chains: Mapping[int, ServedChain], *, journal: TransactionJournal, instance_id: str) -> None:
        """Begin to serve."""
        self._chains, self._journal, self._instance_id = chains, journal, instance_id

    async def ListChains(self, request: pb.ListChainsRequest, context: _Context) -> pb.ListChainsResponse:  # noqa: N802
        """The chains, each with its head; zeros before it was found."""
        response = pb.ListChainsResponse()
        for chain in self._chains.values():
            levels = chain.tracker.levels
            response.chains.add(
                chain_id=chain.config.chain_id,
                name=chain.config.name,
                latest_block=max(levels.latest, 0),
                safe_block=max(levels.safe, 0),
                final_block=max(levels.final, 0),
                sender=chain.manager.sender if chain.manager else "",
            )
        return response

    async def StreamEvents(  # type: ignore[override]  # noqa: N802 - a coroutine that writes, so tasks have an owner
        self, request_iterator: AsyncIterator[pb.StreamEventsRequest], context: _Context
    ) -> None:
        """Follow the asked chains until the client goes; a client that has said all goes on listening."""
        queue: BatchingQueue[Delivery] = BatchingQueue(DELIVERIES_AT_ONCE * 4)
        sessions: dict[int, ChainSession] = {}
        cursors: dict[int, CursorMark] | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(queue, context))
                async for request in request_iterator:
                    if cursors is None:
                        cursors = {c.chain_id: translation.cursor_of(c) for c in request.cursors}
                    for chain_id in self._new_chains(request, sessions, cursors):
                        sessions[chain_id] = self._session(chain_id, cursors.get(chain_id), queue)
                        self._add_watches(request, {chain_id: sessions[chain_id]})
                        tasks.create_task(sessions[chain_id].run())
        except BaseExceptionGroup as group:
            raise _first(group) from None

    async def Submit(self, request: pb.SubmitRequest, context: _Context) -> pb.SubmitResponse:  # noqa: N802
        """Send a command once."""
        chain = self._chain(request.chain_id)
        command_id = translation.command_id_of(request)
        command = translation.command_of(request)
        if chain.manager is None:
            raise KeyMissingError(request.chain_id)
        fingerprint = digest(request.chain_id, command)
        transaction = self._records.get(command_id)
        if transaction is None:
            if self.draining:
                raise TransientError("the plugin is finishing; send the command to its successor")
            call = await prepare(command, chain.tokens)
            transaction = await chain.manager.submit(command_id, call, digest=fingerprint)
        if transaction.digest != fingerprint:
            log.warning("command_id_reused", command_id=command_id, chain_id=request.chain_id)
        return pb.SubmitResponse(transaction=self._message(transaction))

    async def StreamTransactions(  # noqa: N802
        self, request: pb.StreamTransactionsRequest, context: _Context
    ) -> AsyncIterator[pb.StreamTransactionsResponse]:
        """Changes of transactions until the client goes."""
        sequence = request.from_sequence
        while True:
            seen = self._records.changed.count
            changes = self._records.changes(sequence)
            if not changes.transactions:
                await self._records.changed.after(seen)
                continue
            sequence = changes.next_sequence
            yield pb.StreamTransactionsResponse(
                instance_id=self._instance_id,
                next_sequence=sequence,
                transactions=[self._message(transaction) for transaction in changes.transactions],
            )

    async def GetTransaction(  # noqa: N802
        self, request: pb.GetTransactionRequest, context: _Context
    ) -> pb.GetTransactionResponse:
        """One transaction as it stands."""
        transaction = self._records.get(request.command_id)
        if transaction is None:
            raise NotFoundError(f"no command {request.command_id!r} was submitted here")
        return pb.GetTransactionResponse(transaction=self._message(transaction))

    async def Query(self, request: pb.QueryRequest, context: _Context) -> pb.QueryResponse:  # noqa: N802
        """Read contracts at one block."""
        chain = self._chain(request.chain_id)
        views = [translation.view_of(view) for view in request.views]
        reading = await read_views(views, block_number=request.block_number, rpc=chain.rpc, tokens=chain.tokens)
        return pb.QueryResponse(block_number=reading.block_number, values=reading.values)

    async def Estimate(self, request: pb.EstimateRequest, context: _Context) -> pb.EstimateResponse:  # noqa: N802
        """The cost of a command now; a command that would revert is refused with the reason."""
        chain = self._chain(request.transaction.chain_id)
        call = await prepare(translation.command_of(request.transaction), chain.tokens)
        sender = chain.manager.sender if chain.manager else NOBODY
        run = await chain.gas.dry_run(call, sender=sender)
        if run.revert:
            raise InvalidFieldError("transaction", f"it would revert: {run.revert}")
        return pb.EstimateResponse(gas=run.gas, cost_native=format_atoms(run.gas * run.fees.expected))

    # ---- private --------------------------------------------------------------------------------------------------

    @property
    def _records(self) -> TransactionJournal:
        assert self._journal is not None, "the host opens the gate after `open`"
        return self._journal

    def _chain(self, chain_id: int) -> ServedChain:
        try:
            return self._chains[chain_id]
        except KeyError:
            raise ChainUnknownError(chain_id, known=tuple(self._chains)) from None

    def _message(self, transaction: Transaction) -> pb.Transaction:
        chain = self._chains.get(transaction.chain_id)
        levels = chain.tracker.levels if chain else None
        return translation.transaction_message(transaction, levels=levels)

    def _new_chains(
        self,
        request: pb.StreamEventsRequest,
        sessions: Mapping[int, ChainSession],
        cursors: Mapping[int, CursorMark],
    ) -> list[int]:
        """Give known chains their watches, and name those that the request is the first to speak of."""
        self._add_watches(request, sessions)
        named = dict.fromkeys([*cursors, *(watch.chain_id for watch in request.watches)])
        return [chain_id for chain_id in named if chain_id not in sessions]

    def _add_watches(self, request: pb.StreamEventsRequest, sessions: Mapping[int, ChainSession]) -> None:
        for chain_id, session in sessions.items():
            watches = [translation.watch_of(w) for w in request.watches if w.chain_id == chain_id]
            if watches:
                session.watch(watches)

    def _session(self, chain_id: int, cursor: CursorMark | None, queue: BatchingQueue[Delivery]) -> ChainSession:
        chain = self._chain(chain_id)
        return ChainSession(
            chain.tracker,
            chain.source,
            chain.memory,
            confirmations=chain.config.confirmations,
            look_back=chain.config.look_back_blocks,
            cursor=cursor,
            deliver=queue.put,
        )

    async def _write(self, queue: BatchingQueue[Delivery], context: _Context) -> None:
        while True:
            deliveries = await queue.take(DELIVERIES_AT_ONCE)
            await context.write(events_response(deliveries, instance_id=self._instance_id))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that a client should be told of: one with a meaning before a defect."""
    meaningful = group.subgroup(ConnectorError)
    error: BaseException = meaningful or group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
