"""Chains: deposits, redemptions and indices in; commits, mints, payments, deployments and weights out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

import grpc
import msgspec
import structlog

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.chain.v1 import chain_pb2_grpc as rpc
from indexmaker.connectors.streams import BatchingQueue
from indexmaker.money import format_atoms, parse_atoms
from indexmaker.services.solver.edges.allowances import GateAllowances
from indexmaker.services.solver.edges.calls import Post, converse, keep_calling, keep_running
from indexmaker.services.solver.edges.chain_indices import (
    event_of_index_transaction,
    events_of_deployment,
    events_of_weights,
    submission_of_index,
)
from indexmaker.services.solver.edges.chain_redemptions import (
    REDEMPTIONS,
    events_of_redemption,
    submission_of_redemption,
)
from indexmaker.solver.commands import (
    CommitCollateral,
    CommitRedemptions,
    DeployIndex,
    PublishWeights,
    SettleInvoice,
    SettleRedemption,
)
from indexmaker.solver.events import (
    CollateralCommitted,
    CommitFailed,
    DepositRetracted,
    DepositSeen,
    DepositTerms,
    DepositWithdrawn,
    SettlementUpdated,
    SolverEvent,
)
from indexmaker.solver.vocabulary import CommitFailure, Finality, SettlementState

__all__ = [
    "ChainCommand",
    "ChainEdge",
    "CursorStore",
    "FactoryAddress",
    "GateAddress",
    "event_of_transaction",
    "events_of_chain",
]

_log = structlog.get_logger(__name__)

ChainCommand: TypeAlias = (
    CommitCollateral | SettleInvoice | CommitRedemptions | SettleRedemption | DeployIndex | PublishWeights
)

_FINALITY = {
    pb.FINALITY_SEEN: Finality.SEEN,
    pb.FINALITY_CONFIRMED: Finality.CONFIRMED,
    pb.FINALITY_SAFE: Finality.SAFE,
    pb.FINALITY_FINAL: Finality.FINAL,
}
_SETTLEMENT = {
    pb.Transaction.STATE_JOURNALED: SettlementState.SUBMITTED,
    pb.Transaction.STATE_BROADCAST: SettlementState.SUBMITTED,
    pb.Transaction.STATE_MINED: SettlementState.SUBMITTED,
    pb.Transaction.STATE_CONFIRMED: SettlementState.CONFIRMED,
    pb.Transaction.STATE_FINAL: SettlementState.FINAL,
    pb.Transaction.STATE_REVERTED: SettlementState.REVERTED,
    pb.Transaction.STATE_DROPPED: SettlementState.REVERTED,
}
_GONE = ("NotPending", "UnknownRequest", "NotCommittable", "WrongState")
_SETTLED = (pb.Transaction.STATE_CONFIRMED, pb.Transaction.STATE_FINAL)


class GateAddress(NamedTuple):
    """Where an index takes deposits."""

    chain_id: int
    gate: str


class FactoryAddress(NamedTuple):
    """Where new indices are deployed."""

    chain_id: int
    factory: str


class CursorStore(Protocol):
    """Remembers how far the chains were read; saved only after the events up to there are journaled."""

    def load(self) -> Mapping[int, tuple[int, str]]:
        """Chain id -> (block number, block hash)."""
        ...

    async def save(self, cursors: Mapping[int, tuple[int, str]]) -> None:
        """Replace the cursors of these chains."""
        ...


def events_of_chain(event: pb.ChainEvent) -> list[SolverEvent]:
    """What a chain event tells the solver. Its own commits and mints it learns from their transactions."""
    body = event.WhichOneof("body")
    if body == "deposit_requested" and event.kind == pb.ChainEvent.KIND_RETRACT:
        return [
            DepositRetracted(
                chain_id=event.id.chain_id,
                tx_hash=event.id.tx_hash.lower(),
                log_index=event.id.log_index,
                block_hash=event.block_hash,
            )
        ]
    if body == "deposit_requested":
        request = event.deposit_requested
        return [
            DepositSeen(
                chain_id=event.id.chain_id,
                tx_hash=event.id.tx_hash.lower(),
                log_index=event.id.log_index,
                request_id=int(request.request_id),
                gate=event.contract.lower(),
                account=f"{event.id.chain_id}:{request.controller.lower()}",
                amount=parse_atoms(request.amount),
                finality=_FINALITY[event.finality],
                block_hash=event.block_hash,
            )
        ]
    if body == "request_terms" and event.kind != pb.ChainEvent.KIND_RETRACT:
        terms = event.request_terms
        return [
            DepositTerms(
                chain_id=event.id.chain_id,
                gate=event.contract.lower(),
                request_id=int(terms.request_id),
                min_units=parse_atoms(terms.min_units),
                max_fee=parse_atoms(terms.max_fee),
            )
        ]
    if body == "request_cancelled" and event.kind != pb.ChainEvent.KIND_RETRACT:
        request_id = int(event.request_cancelled.request_id)
        return [DepositWithdrawn(chain_id=event.id.chain_id, gate=event.contract.lower(), request_id=request_id)]
    if body in REDEMPTIONS:
        return events_of_redemption(event, _FINALITY[event.finality])
    if body == "weights_set":
        return events_of_weights(event, _FINALITY[event.finality])
    if body == "index_deployed":
        return events_of_deployment(event, _FINALITY[event.finality])
    return []


def event_of_transaction(command: ChainCommand, transaction: pb.Transaction) -> SolverEvent | None:
    """What the state of a command's transaction tells the solver; nothing while a commit is under way."""
    tx_hash = transaction.tx_hashes[-1].lower() if transaction.tx_hashes else ""
    if isinstance(command, SettleInvoice | SettleRedemption):
        return SettlementUpdated(
            command_id=command.command_id,
            state=_SETTLEMENT[transaction.state],
            tx_hash=tx_hash,
            block=transaction.block_number,
            confirmations=transaction.confirmations,
            reason=transaction.error,
        )
    if isinstance(command, DeployIndex | PublishWeights):
        return event_of_index_transaction(command, transaction, _SETTLEMENT[transaction.state])
    if transaction.state in _SETTLED:
        return CollateralCommitted(command_id=command.command_id, tx_hash=tx_hash)
    if transaction.state in (pb.Transaction.STATE_REVERTED, pb.Transaction.STATE_DROPPED):
        gone = any(name in transaction.error for name in _GONE)
        failure = CommitFailure.REQUEST_GONE if gone else CommitFailure.RETRYABLE
        return CommitFailed(command_id=command.command_id, reason=transaction.error, failure=failure)
    return None


def _submission_of(command: ChainCommand) -> pb.SubmitRequest:
    if isinstance(command, DeployIndex | PublishWeights):
        return submission_of_index(command)
    if isinstance(command, CommitRedemptions | SettleRedemption):
        return submission_of_redemption(command)
    request = pb.SubmitRequest(command_id=command.command_id, chain_id=command.chain_id)
    if isinstance(command, CommitCollateral):
        request.commit.gate = command.gate
        request.commit.request_ids.extend(map(str, command.request_ids))
        request.commit.route_id = command.route
        return request
    invoice = command.invoice
    request.settle.CopyFrom(
        pb.SettleRequest(
            gate=command.gate,
            request_id=str(invoice.request_id),
            spent=format_atoms(invoice.spent),
            fee=format_atoms(invoice.fee),
            back=format_atoms(invoice.refund),
            out=format_atoms(invoice.units),
            lots_root=command.lots_root,
            deadline=invoice.deadline // 1_000_000_000,
            signer=command.signer,
            signature=command.signature,
        )
    )
    return request


def _factory_watch(one: FactoryAddress) -> pb.Watch:
    return pb.Watch(chain_id=one.chain_id, factory=pb.FactoryWatch(factory=one.factory))


class ChainEdge:
    """One chain plugin. `gates` is asked of the engine when a stream starts and after `gates_changed`.

    `commit` hands an event in and returns once it is durable: a cursor must not run ahead of its events.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        *,
        post: Post,
        commit: Post,
        gates: Callable[[], Iterable[GateAddress]],
        cursors: CursorStore,
        factories: Iterable[FactoryAddress] = (),
    ) -> None:
        self._stub = rpc.ChainServiceStub(channel)
        self._post = post
        self._commit = commit
        self._gates = gates
        self._cursors = cursors
        self._factories = sorted(factories)
        self._gates_changed = asyncio.Event()
        self._covered: set[GateAddress] | None = None
        self._waiting: BatchingQueue[ChainCommand] = BatchingQueue(maxsize=100_000)
        self._commands: dict[str, ChainCommand] = {}
        self._confirmed: set[str] = set()
        self._allowances = GateAllowances(self._stub)
        self._gates_found = asyncio.Event()
        self._next = 0

    def dispatch(self, command: ChainCommand) -> None:
        """Take a command; its transaction is followed to the end."""
        self._commands[command.command_id] = command
        self._waiting.put_nowait(command)

    def gates_changed(self) -> None:
        """Watch new gates too, and let them take what their settlements will bring."""
        self._gates_changed.set()
        self._gates_found.set()

    async def run(self) -> None:
        """Keep the streams alive and send transactions until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_running("chain.StreamEvents", self._follow_events))
            tasks.create_task(keep_running("chain.StreamTransactions", self._follow_transactions))
            tasks.create_task(self._approve_gates(tasks))
            while True:
                for command in await self._waiting.take():
                    tasks.create_task(self._submit(command))

    async def _submit(self, command: ChainCommand) -> None:
        request = _submission_of(command)
        if isinstance(command, SettleRedemption) or (isinstance(command, SettleInvoice) and command.invoice.refund):
            await self._allowances.grant(command.chain_id, command.gate)  # without it, the chain says why it reverts
        try:
            response = await keep_calling("Submit", lambda: self._stub.Submit(request, wait_for_ready=True, timeout=60))
        except grpc.aio.AioRpcError as error:
            refusal = pb.Transaction(
                command_id=command.command_id,
                state=pb.Transaction.STATE_REVERTED,
                error=error.details() or error.code().name,
            )
            await self.tell(refusal)
            return
        await self.tell(response.transaction)

    async def _approve_gates(self, tasks: asyncio.TaskGroup) -> None:
        begun: set[GateAddress] = set()
        while True:
            await self._gates_found.wait()
            self._gates_found.clear()
            for gate in sorted(set(self._gates()) - begun):
                begun.add(gate)
                tasks.create_task(self._allowances.grant(*gate))

    async def tell(self, transaction: pb.Transaction) -> None:
        """Hand in what a transaction of ours has come to; one that loses its confirmation was reorganised away."""
        self._allowances.tell(transaction)
        command = self._commands.get(transaction.command_id)
        if command is None or (event := event_of_transaction(command, transaction)) is None:
            return
        if isinstance(event, SettlementUpdated) and isinstance(command, SettleInvoice | SettleRedemption):
            if event.state is SettlementState.REVERTED:
                self._allowances.forget(command.chain_id, command.gate)
            settled = event.state in (SettlementState.CONFIRMED, SettlementState.FINAL)
            if event.command_id in self._confirmed and not settled:
                self._confirmed.discard(event.command_id)
                await self._post(msgspec.structs.replace(event, state=SettlementState.REORGED))
            elif settled:
                self._confirmed.add(event.command_id)
        await self._post(event)

    async def _follow_transactions(self) -> None:
        call = self._stub.StreamTransactions(
            pb.StreamTransactionsRequest(from_sequence=self._next), wait_for_ready=True
        )
        while isinstance(response := await call.read(), pb.StreamTransactionsResponse):
            for transaction in response.transactions:
                await self.tell(transaction)
            self._next = response.next_sequence

    async def _follow_events(self) -> None:
        call = self._stub.StreamEvents(wait_for_ready=True)
        await converse(call, write=self._watch(call), read=self._read_events(call))

    async def _watch(self, call: grpc.aio.StreamStreamCall[pb.StreamEventsRequest, pb.StreamEventsResponse]) -> None:
        cursors = [
            pb.Cursor(chain_id=chain_id, block_number=number, block_hash=block_hash)
            for chain_id, (number, block_hash) in sorted(self._cursors.load().items())
        ]
        if self._covered is None:  # gates of before this process are read up to the cursors
            self._covered = set(self._gates())
        watched: set[GateAddress] = set()
        first = True
        while True:
            self._gates_changed.clear()
            new = sorted(set(self._gates()) - watched)
            if new or first:
                watched.update(new)
                watches = [self._watch_of(one) for one in new]
                watches += [_factory_watch(one) for one in self._factories if first]
                await call.write(pb.StreamEventsRequest(cursors=cursors if first else [], watches=watches))
                first = False
            await self._gates_changed.wait()

    def _watch_of(self, gate: GateAddress) -> pb.Watch:
        """A gate that is new to this process may have deposits below the cursor: it is read from the first block."""
        from_block = 0 if self._covered is not None and gate in self._covered else 1
        return pb.Watch(chain_id=gate.chain_id, from_block=from_block, gate=pb.GateWatch(gate=gate.gate))

    async def _read_events(
        self, call: grpc.aio.StreamStreamCall[pb.StreamEventsRequest, pb.StreamEventsResponse]
    ) -> None:
        while isinstance(response := await call.read(), pb.StreamEventsResponse):
            told = [event for one in response.events for event in events_of_chain(one)]
            await asyncio.gather(*map(self._commit, told))
            if response.cursors:
                await self._cursors.save({one.chain_id: (one.block_number, one.block_hash) for one in response.cursors})
