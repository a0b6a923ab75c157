"""The contracts of the simulated chain: requests in escrow, index tokens, the keeper's wallet, and operations on them.

Every operation can be undone, since a reorg may take its block back. The rules are those of the contracts: what breaks
one fails, whoever sends it.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from indexmaker.simulation.pots import Pot
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.solver.commands import (
    CommitCollateral,
    CommitRedemptions,
    PublishWeights,
    SettleInvoice,
    SettleRedemption,
)

__all__ = ["Contracts", "KeeperCommand", "Refused", "Request", "RequestKind", "RequestState"]

KeeperCommand = CommitCollateral | CommitRedemptions | SettleInvoice | SettleRedemption | PublishWeights


class Refused(Exception):
    """A contract's rule that an operation breaks; the text begins with the contract's name of the error."""


class RequestKind(enum.Enum):
    """What a request brings to its gate."""

    DEPOSIT = enum.auto()
    REDEEM = enum.auto()


class RequestState(enum.Enum):
    """Where a request is in its life on the gate."""

    PENDING = enum.auto()
    COMMITTED = enum.auto()
    SETTLED = enum.auto()
    CANCELLED = enum.auto()


@dataclass(slots=True, eq=False)
class Request:
    """One request. `number` is the world's own name of it; `request_id` the gate's, from its inclusion on."""

    number: int
    kind: RequestKind
    gate: str
    account: str
    amount: int
    least: int
    max_fee: int
    tx_hash: str
    request_id: int = 0
    block_hash: str = ""
    state: RequestState = RequestState.PENDING
    confirmed: bool = False
    """It was called confirmed once: a reorg mines it again in its order."""


@dataclass(slots=True)
class Contracts:
    """Balances in atoms. `carried` is collateral by the transfer that a commit gave it to; the pots are for comparing
    with the books: escrows by gate, supply by gate, and the keeper's wallet.
    """

    scheduler: Scheduler
    escrows: dict[str, Pot] = field(default_factory=lambda: defaultdict(Pot))
    token_escrows: dict[str, Pot] = field(default_factory=lambda: defaultdict(Pot))
    supplies: dict[str, Pot] = field(default_factory=lambda: defaultdict(Pot))
    keeper: Pot = field(default_factory=Pot)
    wallet: int = 0
    """The keeper's collateral."""
    tokens: dict[tuple[str, str], int] = field(default_factory=dict)
    """Index tokens of users, by gate and account."""
    carried: dict[str, int] = field(default_factory=dict)
    requests: dict[tuple[str, int], Request] = field(default_factory=dict)
    ever: dict[tuple[str, int], list[Request]] = field(default_factory=lambda: defaultdict(list))
    """Every request that had this id at a time: a reorg may give the id to another."""
    last_id: dict[str, int] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    """Version of the weights on each gate."""
    refunded: int = 0
    refunds: int = 0
    minted: int = 0
    redeemed: int = 0
    paid: int = 0

    def file(self, request: Request) -> Callable[[], None]:
        """Take a request in; returns what undoes it."""
        gate = request.gate
        redeems = request.kind is RequestKind.REDEEM
        if redeems and self.tokens.get((gate, request.account), 0) < request.amount:
            raise Refused("ERC20InsufficientBalance: the owner has fewer tokens")
        self.last_id[gate] = request.request_id = self.last_id.get(gate, 0) + 1
        key = (gate, request.request_id)
        self.requests[key] = request
        if request not in self.ever[key]:
            self.ever[key].append(request)
        self._enter(request, RequestState.PENDING)
        if redeems:
            self._give(gate, request.account, -request.amount)

        def undo() -> None:
            del self.requests[key]
            self.last_id[gate] -= 1
            self._enter(request, RequestState.CANCELLED)
            if redeems:
                self._give(gate, request.account, request.amount)

        return undo

    def cancel(self, request: Request) -> Callable[[], None]:
        """The owner takes a request back that is not committed."""
        if self.requests.get((request.gate, request.request_id)) is not request:
            raise Refused(f"UnknownRequest: {request.request_id}")
        self._expect(request, RequestState.PENDING)
        self._enter(request, RequestState.CANCELLED)
        if request.kind is RequestKind.REDEEM:
            self._give(request.gate, request.account, request.amount)

        def undo() -> None:
            self._enter(request, RequestState.PENDING)
            if request.kind is RequestKind.REDEEM:
                self._give(request.gate, request.account, -request.amount)

        return undo

    def carry_out(self, command: KeeperCommand, *, now: int) -> Callable[[], None]:
        """Do what the keeper's transaction says; returns what undoes it."""
        match command:
            case CommitCollateral():
                return self._commit(command)
            case CommitRedemptions():
                return self._lock(command)
            case SettleInvoice():
                return self._settle(command, now)
            case SettleRedemption():
                return self._pay(command, now)
            case PublishWeights():
                return self._publish(command)

    def _request(self, gate: str, request_id: int, state: RequestState) -> Request:
        request = self.requests.get((gate, request_id))
        if request is None:
            raise Refused(f"UnknownRequest: {request_id}")
        self._expect(request, state)
        return request

    def _expect(self, request: Request, state: RequestState) -> None:
        if request.state is not state:
            raise Refused(f"NotPending: request {request.request_id} is {request.state.name}")

    def _commit(self, command: CommitCollateral) -> Callable[[], None]:
        found = [self._request(command.gate, one, RequestState.PENDING) for one in command.request_ids]
        for request in found:
            self._enter(request, RequestState.COMMITTED)
        self.carried[command.transfer_id] = sum(request.amount for request in found)

        def undo() -> None:
            del self.carried[command.transfer_id]
            for request in found:
                self._enter(request, RequestState.PENDING)

        return undo

    def _lock(self, command: CommitRedemptions) -> Callable[[], None]:
        found = [self._request(command.gate, one, RequestState.PENDING) for one in command.request_ids]
        for request in found:
            self._enter(request, RequestState.COMMITTED)

        def undo() -> None:
            for request in found:
                self._enter(request, RequestState.PENDING)

        return undo

    def _publish(self, command: PublishWeights) -> Callable[[], None]:
        before = self.weights.get(command.gate, 0)
        if command.version <= before:
            raise Refused(f"WeightsVersionNotNewer: {command.version}, {before} is there")
        self.weights[command.gate] = command.version

        def undo() -> None:
            self.weights[command.gate] = before

        return undo

    def _settle(self, command: SettleInvoice, now: int) -> Callable[[], None]:
        invoice = command.invoice
        request = self._request(command.gate, invoice.request_id, RequestState.COMMITTED)
        used = invoice.spent + invoice.fee
        if now > invoice.deadline:
            raise Refused("SignatureExpired: the deadline has passed")
        if used + invoice.refund != request.amount:
            raise Refused("InvoiceDoesNotBalance: spent, fee and back are not the deposit")
        if invoice.fee > request.max_fee:
            raise Refused("FeeAboveLimit: the request allows less")
        if (invoice.units == 0) != (used == 0):
            raise Refused("InvoiceMintsForNothing: units and payment do not go together")
        if invoice.units * request.amount < request.least * used:
            raise Refused("PriceBelowLimit: the request wants more units")
        if invoice.refund > self.wallet:
            raise Refused("ERC20InsufficientBalance: the keeper cannot pay the refund")
        self._settled(command, request, RequestState.SETTLED, 1)

        def undo() -> None:
            self._settled(command, request, RequestState.COMMITTED, -1)

        return undo

    def _settled(self, command: SettleInvoice, request: Request, state: RequestState, sign: int) -> None:
        invoice = command.invoice
        self._enter(request, state)
        self.wallet -= sign * invoice.refund
        self.minted += sign * invoice.units
        self.refunded += sign * invoice.refund
        self.refunds += sign if invoice.refund else 0
        self._give(request.gate, request.account, sign * invoice.units)
        done = sign > 0
        self.keeper.outside(command.command_id, -invoice.refund if done else 0, now=self.scheduler.now)
        self.supplies[request.gate].outside(command.command_id, invoice.units if done else 0, now=self.scheduler.now)

    def _pay(self, command: SettleRedemption, now: int) -> Callable[[], None]:
        invoice = command.invoice
        request = self._request(command.gate, invoice.request_id, RequestState.COMMITTED)
        if now > invoice.deadline:
            raise Refused("SignatureExpired: the deadline has passed")
        if invoice.burned + invoice.returned != request.amount:
            raise Refused("RedemptionDoesNotBalance: burned and returned are not the escrow")
        if invoice.fee > request.max_fee:
            raise Refused("FeeAboveLimit: the request allows less")
        if (invoice.burned > 0) != (invoice.paid > 0) or (invoice.fee and not invoice.burned):
            raise Refused("RedemptionPaysNothing: burned and paid do not go together")
        if invoice.paid * request.amount < request.least * invoice.burned:
            raise Refused("PriceBelowLimit: the request wants more")
        if invoice.paid > self.wallet:
            raise Refused("ERC20InsufficientBalance: the keeper cannot pay")
        self._paid(command, request, RequestState.SETTLED, 1)

        def undo() -> None:
            self._paid(command, request, RequestState.COMMITTED, -1)

        return undo

    def _paid(self, command: SettleRedemption, request: Request, state: RequestState, sign: int) -> None:
        invoice = command.invoice
        self._enter(request, state)
        self.wallet -= sign * invoice.paid
        self.redeemed += sign * invoice.burned
        self.paid += sign * invoice.paid
        self._give(request.gate, request.account, sign * (request.amount - invoice.burned))
        done = sign > 0
        self.keeper.outside(command.command_id, -invoice.paid if done else 0, now=self.scheduler.now)
        self.supplies[request.gate].outside(command.command_id, -invoice.burned if done else 0, now=self.scheduler.now)

    def _enter(self, request: Request, state: RequestState) -> None:
        """Put a request into a state; what it brought is in escrow until it is committed, or settled for tokens."""
        request.state = state
        held = request.amount if state is RequestState.PENDING else 0
        if request.kind is RequestKind.DEPOSIT:
            self.escrows[request.gate].outside(request.tx_hash, held, now=self.scheduler.now)
            return
        if state is RequestState.COMMITTED:
            held = request.amount
        self.token_escrows[request.gate].outside(request.tx_hash, held, now=self.scheduler.now)

    def _give(self, gate: str, account: str, units: int) -> None:
        self.tokens[gate, account] = self.tokens.get((gate, account), 0) + units
