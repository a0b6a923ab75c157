"""A node with a mempool, in memory: it loses messages, forks, and wants 10 % more for a replacement."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from indexmaker_evm.errors import NodeUnavailableError, RpcError
from indexmaker_evm.events import Header, Levels
from indexmaker_evm.follower.headers import HeaderRing
from indexmaker_evm.rpc import Call
from indexmaker_evm.signal import Signal
from indexmaker_evm.signer import Envelope, SignedTransaction

SENDER = "0x" + "0a" * 20


class FakeSigner:
    address = SENDER

    def sign(self, envelope: Envelope) -> SignedTransaction:
        raw = msgspec.msgpack.encode(envelope)
        return SignedTransaction(raw=raw, tx_hash="0x" + hashlib.sha256(raw).hexdigest())


class FakeTracker:
    """What the manager needs of a tracker, always up to date."""

    def __init__(self, node: FakeNode) -> None:
        self._node = node
        self.chain_id = 1
        self.window = 6
        self.moved = Signal()
        self.started = True
        self.ring = HeaderRing(window=6)
        self.ring.restart([Header(number=0, hash="0x0", parent="0x", at=0)])

    @property
    def levels(self) -> Levels:
        latest = len(self._node.blocks) - 1
        return Levels(latest=latest, safe=max(latest - 1, 0), final=max(latest - 3, 0))

    def nudge(self) -> None:
        self.moved.fire()


@dataclass
class FakeNode:
    """Answers as an `RpcPool`. Every block holds the transactions whose turn it is."""

    blocks: list[list[Envelope]] = field(default_factory=lambda: [[]])
    mempool: dict[int, Envelope] = field(default_factory=dict)
    mined_ever: list[Envelope] = field(default_factory=list)
    base_fee: int = 100
    lose_messages: bool = False
    reverting: frozenset[bytes] = frozenset()

    @property
    def used(self) -> int:
        return sum(map(len, self.blocks))

    def mine(self) -> None:
        block: list[Envelope] = []
        while (turn := self.used + len(block)) in self.mempool and self.mempool[turn].max_fee >= self.base_fee:
            block.append(self.mempool.pop(turn))
        self.blocks.append(block)
        self.mined_ever += block

    def fork(self, depth: int) -> None:
        """The last blocks are replaced by empty ones; what was in them is forgotten."""
        depth = min(depth, len(self.blocks) - 1)
        self.blocks[len(self.blocks) - depth :] = [[] for _ in range(depth)]

    def forget(self) -> None:
        self.mempool.clear()

    async def call(self, call: Call) -> Any:
        answer = self._answer(call)
        if isinstance(answer, RpcError):
            raise answer
        return answer

    async def batch(self, calls: Sequence[Call]) -> list[Any]:
        return [self._answer(call) for call in calls]

    async def broadcast(self, call: Call) -> list[str | RpcError]:
        if self.lose_messages:
            raise NodeUnavailableError("lost")
        return [self._take(msgspec.msgpack.decode(bytes.fromhex(call.parameters[0][2:]), type=Envelope))]

    def _take(self, envelope: Envelope) -> str | RpcError:
        if envelope.nonce < self.used:
            return _refusal("nonce too low: next nonce 7, tx nonce 3")
        if envelope.max_fee < self.base_fee:
            return _refusal("max fee per gas less than block base fee")
        waiting = self.mempool.get(envelope.nonce)
        if waiting == envelope:
            return _refusal("already known")
        if waiting is not None and envelope.max_fee * 10 < waiting.max_fee * 11:
            return _refusal("replacement transaction underpriced")
        self.mempool[envelope.nonce] = envelope
        return "0x"

    def _answer(self, call: Call) -> Any:
        match call.method, call.parameters:
            case "eth_getTransactionReceipt", [tx_hash]:
                return self._receipt(tx_hash)
            case "eth_getTransactionCount", _:
                return hex(self.used)
            case "eth_getBlockByNumber", _:
                return {"hash": "0x0", "baseFeePerGas": hex(self.base_fee)}
            case "eth_maxPriorityFeePerGas", _:
                return "0x1"
            case "eth_getBalance", _:
                return hex(10**20)
            case "eth_estimateGas" | "eth_call", [request, _]:
                if bytes.fromhex(request["data"][2:]) in self.reverting:
                    return RpcError("eth_estimateGas", code=3, message="execution reverted: no", data=None)
                return "0x5208"
        raise AssertionError(call)

    def _receipt(self, tx_hash: str) -> dict[str, str] | None:
        for number, block in enumerate(self.blocks):
            for envelope in block:
                if FakeSigner().sign(envelope).tx_hash == tx_hash:
                    return {
                        "transactionHash": tx_hash,
                        "blockNumber": hex(number),
                        "status": "0x0" if envelope.data in self.reverting else "0x1",
                        "gasUsed": "0x5208",
                        "effectiveGasPrice": hex(self.base_fee),
                    }
        return None


def _refusal(message: str) -> RpcError:
    return RpcError("eth_sendRawTransaction", code=-32000, message=message)
