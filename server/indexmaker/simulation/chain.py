"""The simulated chain and its connector: blocks, finality, reorgs, users' requests and the keeper's transactions.

What the connector promises is kept here too: a transaction is called reverted only once it cannot land any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from indexmaker.simulation import chain_events as told
from indexmaker.simulation.chance import Chance
from indexmaker.simulation.faults import FaultKind
from indexmaker.simulation.gate import Contracts, KeeperCommand, Refused, Request, RequestKind, RequestState
from indexmaker.simulation.link import Link
from indexmaker.simulation.listings import SECOND
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.simulation.violation import Violation
from indexmaker.solver import events as ev
from indexmaker.solver.commands import (
    CommitCollateral,
    CommitRedemptions,
    PublishWeights,
    SettleInvoice,
    SettleRedemption,
)
from indexmaker.solver.vocabulary import Finality, SettlementState

__all__ = ["Chain"]

_BLOCK = SECOND
_DEPTHS = ((2, Finality.CONFIRMED), (6, Finality.SAFE), (15, Finality.FINAL))
_FINAL_DEPTH = 15
_NO_FEE_LIMIT = 2**128 - 1
_GIVEN_UP_AFTER = 45 * SECOND
"""When a transaction that was dropped is known to be lost."""
_RETOLD = 8
"""Requests whose state is told again when a session begins."""
_MAY_FAIL = ("SignatureExpired", "UnknownRequest", "NotPending")


@dataclass(slots=True)
class _Operation:
    """Something that waits for a block, or is in one. `refusal` is why it failed there."""

    ready_at: int
    request: Request | None = None
    cancels: bool = False
    command: KeeperCommand | None = None
    doomed: bool = False
    undo: Callable[[], None] | None = None
    refusal: str = ""
    block: int = 0
    block_hash: str = ""
    state: SettlementState = SettlementState.SUBMITTED


@dataclass(slots=True)
class _Block:
    number: int
    hash: str
    operations: list[_Operation] = field(default_factory=list)


class Chain:
    """The chain. Users call `file` and `cancel`; the core speaks through the link."""

    def __init__(self, scheduler: Scheduler, chance: Chance, link: Link) -> None:
        self.contracts = Contracts(scheduler)
        self.requests: dict[int, Request] = {}
        self._scheduler = scheduler
        self._chance = chance
        self._link = link
        self._mempool: list[_Operation] = []
        self._blocks: deque[_Block] = deque()
        self._height = 0
        self._final = 0
        """The highest block that was ever final: no reorg goes so deep."""
        self._forks = 0
        self._resume_at = 0
        self._transactions: dict[str, _Operation] = {}
        self._filed: dict[int, _Operation] = {}
        self._recent: deque[int] = deque(maxlen=_RETOLD)
        self._confirmed: set[str] = set()
        self._open: dict[str, None] = {}
        self.armed: deque[tuple[FaultKind, int]] = deque()
        self.reorganised = 0
        scheduler.after(_BLOCK, self._mine)

    @property
    def quiet(self) -> bool:
        """Nothing waits for a block, and every block with something in it is final."""
        return not self._mempool and not any(block.operations for block in self._blocks)

    def file(self, number: int, kind: RequestKind, *, gate: str, account: str, terms: tuple[int, int, int]) -> None:
        """A user puts collateral or index tokens into a gate; `terms` are amount, least result and highest fee (-1:
        no limit).
        """
        if number in self.requests:
            return
        amount, least, max_fee = terms
        request = Request(
            number=number,
            kind=kind,
            gate=gate,
            account=account,
            amount=amount,
            least=least,
            max_fee=_NO_FEE_LIMIT if max_fee < 0 else max_fee,
            tx_hash=f"0x{number:064x}",
        )
        self.requests[number] = request
        self._mempool.append(_Operation(ready_at=self._scheduler.now, request=request))

    def cancel(self, number: int) -> None:
        """A user takes a request back, if that is still possible when the block comes."""
        request = self.requests.get(number)
        if request is not None:
            self._mempool.append(_Operation(ready_at=self._scheduler.now, request=request, cancels=True))

    def reorganise(self, depth: int, *, drop_percent: int) -> None:
        """Take the newest blocks back; what was in them is mined again in its order.

        Requests that nobody called confirmed may be lost for good.
        """
        undone: list[_Operation] = []
        for _ in range(depth):
            if not self._blocks or self._height <= self._final:
                break
            block = self._blocks.pop()
            self._height -= 1
            for operation in reversed(block.operations):
                self._undo(operation, block)
                lost = self._chance.happens(drop_percent, "reorg", block.hash, self._forks)
                fresh = operation.request is not None and not operation.request.confirmed
                if lost and fresh and not operation.cancels:
                    continue
                undone.append(operation)
        self._forks += 1
        self.reorganised += 1
        self._mempool = undone[::-1] + self._mempool
        self._resume_at = self._scheduler.now + self._chance.between(SECOND, 4 * SECOND, "fork", self._forks)

    def requests_of(self, command_id: str) -> list[Request]:
        """The requests that a commit of the keeper names."""
        operation = self._transactions.get(command_id)
        command = operation.command if operation is not None else None
        if not isinstance(command, CommitCollateral | CommitRedemptions):
            return []
        return [request for one in command.request_ids for request in self.contracts.ever[command.gate, one]]

    def handle(self, command: KeeperCommand) -> None:
        """Send the keeper's transaction, once for each command id; what would fail now is refused without one."""
        known = self._transactions.get(command.command_id)
        if known is not None:
            self._answer(command, known)
            return
        operation = _Operation(ready_at=self._scheduler.now, command=command)
        self._transactions[command.command_id] = operation
        refusal = self._preflight(command)
        if refusal:
            operation.refusal = refusal
            operation.state = SettlementState.REVERTED
            self._answer(command, operation)
            return
        self._send(operation)
        self._answer(command, operation)

    def unanswered(self, command: KeeperCommand) -> None:
        """The call is made again; the id makes that harmless."""
        self._link.command(command)

    def resync(self) -> None:
        """A new session does not remember what was confirmed; it reads the last requests and transactions again."""
        self._confirmed.clear()
        for number in list(self._recent):
            operation = self._filed.get(number)
            if operation is not None and operation.request is not None:
                request = operation.request
                self._tell(request, told.seen(request, self._finality(operation.block)))
                if request.state is RequestState.CANCELLED:
                    self._tell(request, told.withdrawn(request))
        for command_id in list(self._open):
            self._tell_state(self._transactions[command_id])

    def _preflight(self, command: KeeperCommand) -> str:
        try:
            self.contracts.carry_out(command, now=self._scheduler.now)()
        except Refused as refused:
            self._check_refusal(command, str(refused))
            return str(refused)
        return ""

    def _check_refusal(self, command: KeeperCommand, text: str) -> None:
        """A settlement that breaks a rule of the contracts is the core's fault, and can never succeed."""
        if not isinstance(command, SettleInvoice | SettleRedemption):
            return
        if not text.startswith(_MAY_FAIL):
            raise Violation("GATE_REFUSES", f"{command.command_id} for {command.invoice.order_id}: {text}")
        if "SETTLED" in text:
            raise Violation("SECOND_SETTLEMENT", f"{command.command_id} for {command.invoice.order_id}: {text}")

    def _send(self, operation: _Operation) -> None:
        assert operation.command is not None
        self._open[operation.command.command_id] = None
        kind, delay = self.armed.popleft() if self.armed else (None, 0)
        if kind is FaultKind.DROPPED:
            self._scheduler.after(_GIVEN_UP_AFTER, self._lost, operation)
            return
        if kind is FaultKind.STUCK:
            operation.ready_at += delay
        operation.doomed = kind is FaultKind.REVERTED
        self._mempool.append(operation)

    def _lost(self, operation: _Operation) -> None:
        operation.refusal = "its nonce was used by another transaction of the same key"
        self._close(operation, SettlementState.REVERTED)
        self._tell_state(operation)

    def _mine(self) -> None:
        self._scheduler.after(_BLOCK, self._mine)
        now = self._scheduler.now
        if now < self._resume_at:
            return
        self._height += 1
        block = _Block(self._height, f"0x{self._height:x}.{self._forks}")
        self._blocks.append(block)
        ready = [operation for operation in self._mempool if operation.ready_at <= now]
        if ready:
            self._mempool = [operation for operation in self._mempool if operation.ready_at > now]
        for operation in ready:
            self._include(operation, block)
        self._final = max(self._final, self._height - _FINAL_DEPTH)
        for depth, finality in _DEPTHS:
            if len(self._blocks) > depth:
                for operation in self._blocks[-1 - depth].operations:
                    self._deeper(operation, finality)
        if len(self._blocks) > _FINAL_DEPTH + 1:
            self._blocks.popleft()

    def _include(self, operation: _Operation, block: _Block) -> None:
        request, command = operation.request, operation.command
        operation.block = block.number
        try:
            if command is not None:
                if operation.doomed:
                    raise Refused("out of gas")
                operation.undo = self.contracts.carry_out(command, now=self._scheduler.now)
            elif request is not None:
                operation.undo = self.contracts.cancel(request) if operation.cancels else self.contracts.file(request)
        except Refused as refused:
            if command is None:
                return
            if not operation.doomed:
                self._check_refusal(command, str(refused))
            operation.refusal = str(refused)
        block.operations.append(operation)
        operation.block_hash = block.hash
        if request is None:
            self._tell_weights(operation, Finality.SEEN)
            return
        if operation.cancels:
            self._tell(request, told.withdrawn(request))
        else:
            request.block_hash = block.hash
            self._filed[request.number] = operation
            self._recent.append(request.number)
            self._tell(request, told.seen(request, Finality.SEEN))
            self._tell(request, told.terms_of(request))

    def _undo(self, operation: _Operation, block: _Block) -> None:
        if operation.undo is not None:
            operation.undo()
            operation.undo = None
        landed = not operation.refusal
        operation.refusal = ""
        request, command = operation.request, operation.command
        if request is not None and not operation.cancels:
            self._filed.pop(request.number, None)
            self._tell(request, told.retracted(request, block.hash))
        elif isinstance(command, SettleInvoice | SettleRedemption):
            known = command.command_id in self._confirmed
            self._confirmed.discard(command.command_id)
            operation.state = SettlementState.SUBMITTED
            self._open[command.command_id] = None
            self._tell_settlement(operation, SettlementState.REORGED if known else SettlementState.SUBMITTED)
        elif command is not None:
            operation.state = SettlementState.SUBMITTED
            self._open[command.command_id] = None
            if isinstance(command, PublishWeights) and landed:
                self._link.tell(told.weights_retracted(command, block.hash), subject=command.gate)

    def _deeper(self, operation: _Operation, finality: Finality) -> None:
        if operation.command is None:
            if operation.request is not None and not operation.cancels:
                operation.request.confirmed = True
                self._tell(operation.request, told.seen(operation.request, finality))
            return
        self._tell_weights(operation, finality)
        if operation.refusal:
            if finality is Finality.FINAL:
                self._close(operation, SettlementState.REVERTED)
                self._tell_state(operation)
        elif finality is Finality.FINAL:
            self._close(operation, SettlementState.FINAL)
            self._tell_state(operation)
        else:
            operation.state = SettlementState.CONFIRMED
            self._tell_state(operation)

    def _close(self, operation: _Operation, state: SettlementState) -> None:
        assert operation.command is not None
        operation.state = state
        self._open.pop(operation.command.command_id, None)

    def _finality(self, block: int) -> Finality:
        depth = self._height - block
        reached = [finality for least, finality in _DEPTHS if depth >= least]
        return reached[-1] if reached else Finality.SEEN

    def _events(self, operation: _Operation, state: SettlementState) -> list[ev.SolverEvent]:
        assert operation.command is not None
        return told.of_transaction(operation.command, state, block=operation.block, reason=operation.refusal)

    def _answer(self, command: KeeperCommand, operation: _Operation) -> None:
        """The answer to the call itself; it may come after what the stream says."""
        if operation.state in (SettlementState.CONFIRMED, SettlementState.FINAL):
            self._confirmed.add(command.command_id)
        self._link.answer(command, *self._events(operation, operation.state))

    def _tell_state(self, operation: _Operation) -> None:
        self._tell_settlement(operation, operation.state)

    def _tell_settlement(self, operation: _Operation, state: SettlementState) -> None:
        assert operation.command is not None
        command_id = operation.command.command_id
        if state in (SettlementState.CONFIRMED, SettlementState.FINAL):
            self._confirmed.add(command_id)
        for event in self._events(operation, state):
            self._link.tell(event, subject=command_id)

    def _tell_weights(self, operation: _Operation, finality: Finality) -> None:
        if isinstance(operation.command, PublishWeights) and not operation.refusal:
            event = told.weights_published(operation.command, finality, operation.block_hash)
            self._link.tell(event, subject=operation.command.gate)

    def _tell(self, request: Request, event: ev.SolverEvent) -> None:
        """Everything that a gate says comes in its order."""
        self._link.tell(event, subject=request.gate)
