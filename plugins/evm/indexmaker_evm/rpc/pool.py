"""Several nodes of one chain: asked in order, the failing ones rested for a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
import structlog

from indexmaker.connectors.clock import Clock
from indexmaker_evm.errors import NodeUnavailableError, RpcError, WrongChainError
from indexmaker_evm.rpc.hexadecimal import number
from indexmaker_evm.rpc.node import Call, Node, NodeFault

__all__ = ["NodeStatus", "RpcPool"]

log = structlog.get_logger(__name__)

T = TypeVar("T")
BATCH = 50
FAULTS_BEFORE_REST = 2
FIRST_REST_NS = 1_000_000_000
LONGEST_REST_NS = 60_000_000_000


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a node does."""

    name: str
    connected: bool
    heard_at: int
    """UTC nanoseconds of its last answer, 0 for none."""


class _Member:
    """A node and its record."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.checked = False
        self.faults = 0
        self.rest_until = 0
        self.heard_at = 0

    def answered(self, at: int) -> None:
        self.faults, self.rest_until, self.heard_at = 0, 0, at

    def failed(self, at: int) -> None:
        """Rest after a few faults in a row, twice as long each time; its chain id is checked again after."""
        self.faults += 1
        self.checked = False
        if self.faults >= FAULTS_BEFORE_REST:
            rest = FIRST_REST_NS << min(self.faults - FAULTS_BEFORE_REST, 10)
            self.rest_until = at + min(rest, LONGEST_REST_NS)


class RpcPool:
    """Calls to one chain through the first node that answers."""

    def __init__(self, nodes: Sequence[Node], *, chain_id: int, clock: Clock) -> None:
        self._members = [_Member(node) for node in nodes]
        self._chain_id = chain_id
        self._clock = clock

    def status(self) -> tuple[NodeStatus, ...]:
        """Every node, in the configured order."""
        return tuple(
            NodeStatus(name=m.node.name, connected=m.checked and not m.faults, heard_at=m.heard_at)
            for m in self._members
        )

    async def call(self, call: Call) -> Any:  # noqa: ANN401 - whatever the method answers
        """Ask the first healthy node.

        Raises:
            RpcError: a node refused.
            NodeUnavailableError: none answered.
            WrongChainError: a node serves another chain.
        """
        return await self._first(lambda node: node.call(call))

    async def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Ask all of one node, 50 to a message; a refused call is an `RpcError` in its place."""

        async def ask(node: Node) -> list[Any]:
            parts = [await node.batch(calls[i : i + BATCH]) for i in range(0, len(calls), BATCH)]
            return [outcome for part in parts for outcome in part]

        return await self._first(ask) if calls else []

    async def broadcast(self, call: Call) -> list[str | RpcError]:
        """Send to every node, resting or not; the answers of those that answered.

        Raises:
            NodeUnavailableError: none answered; whether one took it is not known.
        """
        outcomes: list[str | RpcError] = []
        faults: list[str] = []
        for member in self._members:
            try:
                await self._check(member)
                outcomes.append(await member.node.call(call))
            except RpcError as error:
                outcomes.append(error)
            except NodeFault as fault:
                self._note_fault(member, fault)
                faults.append(str(fault))
                continue
            member.answered(self._clock.now())
        if not outcomes:
            raise NodeUnavailableError(f"chain {self._chain_id}: no node answers: {'; '.join(faults)}")
        return outcomes

    async def close(self) -> None:
        """Close all connections."""
        for member in self._members:
            await member.node.close()

    async def _first(self, ask: Callable[[Node], Awaitable[T]]) -> T:
        faults: list[str] = []
        for member in self._in_order():
            try:
                await self._check(member)
                answer = await ask(member.node)
            except NodeFault as fault:
                self._note_fault(member, fault)
                faults.append(str(fault))
                continue
            except RpcError:
                member.answered(self._clock.now())
                raise
            member.answered(self._clock.now())
            return answer
        raise NodeUnavailableError(f"chain {self._chain_id}: no node answers: {'; '.join(faults)}")

    def _in_order(self) -> list[_Member]:
        """The healthy in their order; when all rest, all of them, the one due first in front."""
        now = self._clock.now()
        awake = [member for member in self._members if member.rest_until <= now]
        return awake or sorted(self._members, key=lambda member: member.rest_until)

    def _note_fault(self, member: _Member, fault: NodeFault) -> None:
        member.failed(self._clock.now())
        log.warning("node_fault", chain_id=self._chain_id, node=member.node.name, fault=str(fault))

    async def _check(self, member: _Member) -> None:
        if member.checked:
            return
        found = number(await member.node.call(Call("eth_chainId", ())))
        if found != self._chain_id:
            raise WrongChainError(member.node.name, expected=self._chain_id, found=found)
        member.checked = True
