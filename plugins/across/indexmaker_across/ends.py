"""The two ends of a lane as the driver reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from indexmaker.connectors.errors import TransientError
from indexmaker_across.errors import RouteMismatchError
from indexmaker_across.lanes import Lane
from indexmaker_across.relay import (
    FILLED,
    FILLED_RELAY,
    REFUND_ROOT,
    Fill,
    Payment,
    Refund,
    call_fill_status,
    call_owed,
    pad_topic,
    read_fill,
    read_payments,
    read_refunds,
)
from indexmaker_across.usdc import DECIMALS
from indexmaker_evm.chain import ServedChain
from indexmaker_evm.codecs import call_balance_of, call_decimals, word
from indexmaker_evm.contracts import artifact
from indexmaker_evm.errors import NodeUnavailableError, RpcError
from indexmaker_evm.follower.decoding import RawLog
from indexmaker_evm.follower.ranges import RangeSize
from indexmaker_evm.rpc import Call, address_text, from_hex, number, to_hex

__all__ = ["Departure", "DepartureView", "Landing", "LandingView", "Receipt"]

_ROUTE = artifact("AcrossRoute")


class DepartureView(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the departure chain. Money is USDC in smallest units."""

    number: int
    timestamp: int
    """UTC seconds."""
    collateral: int
    """In the route contract."""
    owed: int = 0
    """Refunds to the route contract that wait in the SpokePool to be claimed."""


class LandingView(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the landing chain."""

    number: int
    timestamp: int
    filled: frozenset[str]
    """Relay hashes that were paid out."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction in a block."""

    block_number: int
    succeeded: bool
    payments: tuple[Payment, ...]
    """To the route contract."""


class Departure:
    """The chain with the route contract. All raise `TransientError` when no node can tell."""

    def __init__(self, chain: ServedChain, lane: Lane) -> None:
        self.chain = chain
        self._lane = lane
        self._range = RangeSize()

    async def survey(self) -> int:
        """Check that the route contract is the configured one; return its fee cap in basis points.

        Raises:
            RouteMismatchError: it is not.
        """
        lane, places = self._lane, self._lane.places
        expected = {
            "token": (places.usdc, lane.token),
            "spokePool": (places.pool, lane.pool),
            "recipient": (places.recipient, lane.recipient),
            "router": ("router_key", lane.router),
            "outputToken": (places.output_usdc, lane.output_token),
        }
        names = [*expected, "destinationChainId", "maxFeeBps"]
        answers = await _words(self.chain, [(lane.route, _ROUTE.selector(name)) for name in names])
        for name, (place, address) in expected.items():
            found = address_text(f"{answers[names.index(name)]:064x}")
            if found != address:
                raise RouteMismatchError(place, configured=address, found=found)
        if answers[-2] != lane.landing_chain_id:
            configured = str(lane.landing_chain_id)
            raise RouteMismatchError(places.destination, configured=configured, found=str(answers[-2]))
        await _check_decimals(self.chain, lane.token, place=places.usdc)
        return answers[-1]

    async def look(self) -> DepartureView:
        """The newest block, the route contract's balance and its unclaimed refunds."""
        lane = self._lane
        block, balance, owed = await _batch(
            self.chain,
            [
                _LATEST,
                _eth_call(lane.token, call_balance_of(lane.route)),
                _eth_call(lane.pool, call_owed(lane.token, account=lane.route)),
            ],
        )
        return DepartureView(
            number=number(block["number"]),
            timestamp=number(block["timestamp"]),
            collateral=word(from_hex(balance), 0),
            owed=word(from_hex(owed), 0),
        )

    async def receipt(self, tx_hash: str) -> Receipt | None:
        """A transaction of somebody else's; None while it is in no block."""
        try:
            answer = await self.chain.rpc.call(Call("eth_getTransactionReceipt", [tx_hash]))
        except RpcError as error:
            raise NodeUnavailableError(f"chain {self.chain.config.chain_id}: {error}") from None
        if answer is None or answer.get("blockNumber") is None:
            return None
        logs = [RawLog.read(log) for log in answer["logs"]]
        return Receipt(
            block_number=number(answer["blockNumber"]),
            succeeded=number(answer["status"]) == 1,
            payments=tuple(read_payments(logs, token=self._lane.token, receiver=self._lane.route)),
        )

    async def refunds(self, first: int, last: int) -> list[Refund]:
        """Refunds to the route contract in a range of blocks."""
        topics = [REFUND_ROOT, pad_topic(self.chain.config.chain_id)]
        logs = await _logs(self.chain, self._range, self._lane.pool, topics, first, last)
        token, receiver = self._lane.token, self._lane.route
        return [refund for log in logs for refund in read_refunds(log, token=token, receiver=receiver)]


class Landing:
    """The chain with the recipient. All raise `TransientError` when no node can tell."""

    def __init__(self, chain: ServedChain, lane: Lane) -> None:
        self.chain = chain
        self._lane = lane
        self._range = RangeSize()

    async def survey(self) -> None:
        """Check that the dollars are dollars; raises `RouteMismatchError`."""
        await _check_decimals(self.chain, self._lane.output_token, place=self._lane.places.output_usdc)

    async def look(self, relay_hashes: Sequence[str]) -> LandingView:
        """The newest block, and which relays were paid out in it or before."""
        pool = self._lane.output_pool
        calls = [_eth_call(pool, call_fill_status(from_hex(relay_hash))) for relay_hash in relay_hashes]
        block, *statuses = await _batch(self.chain, [_LATEST, *calls])
        filled = {h for h, status in zip(relay_hashes, statuses, strict=True) if word(from_hex(status), 0) == FILLED}
        return LandingView(
            number=number(block["number"]), timestamp=number(block["timestamp"]), filled=frozenset(filled)
        )

    async def fill(self, deposit_id: str, *, relay_hash: str, first: int, last: int) -> Fill | None:
        """The event of a relay that was paid out to the recipient; None while a node does not show it."""
        topics = [FILLED_RELAY, pad_topic(self._lane.departure_chain_id), deposit_id]
        logs = await _logs(self.chain, self._range, self._lane.output_pool, topics, first, last)
        for log in logs:
            fill = read_fill(log, destination_chain_id=self.chain.config.chain_id)
            if fill and to_hex(fill.relay_hash) == relay_hash and fill.recipient == self._lane.recipient:
                return fill
        return None


_LATEST = Call("eth_getBlockByNumber", ["latest", False])


def _eth_call(contract: str, data: bytes) -> Call:
    return Call("eth_call", [{"to": contract, "data": to_hex(data)}, "latest"])


async def _batch(chain: ServedChain, calls: Sequence[Call]) -> list[Any]:
    answers = await chain.rpc.batch(calls)
    for call, answer in zip(calls, answers, strict=True):
        if answer == "0x":
            contract = call.parameters[0]["to"]
            raise TransientError(f"chain {chain.config.chain_id}: at {contract} is no such contract, or not yet")
        if answer is None or isinstance(answer, RpcError):
            raise NodeUnavailableError(f"chain {chain.config.chain_id}: a node cannot tell ({answer or 'null'})")
    return answers


async def _words(chain: ServedChain, calls: Sequence[tuple[str, bytes]]) -> list[int]:
    answers = await _batch(chain, [_eth_call(contract, data) for contract, data in calls])
    return [word(from_hex(answer), 0) for answer in answers]


async def _check_decimals(chain: ServedChain, token: str, *, place: str) -> None:
    (decimals,) = await _words(chain, [(token, call_decimals())])
    if decimals != DECIMALS:
        raise RouteMismatchError(place, configured=f"a token of {DECIMALS} decimals", found=f"{decimals} decimals")


async def _logs(
    chain: ServedChain, size: RangeSize, contract: str, topics: Sequence[str], first: int, last: int
) -> list[RawLog]:
    logs: list[RawLog] = []
    while first <= last:
        end = min(last, first + size.blocks - 1)
        span: Mapping[str, Any] = {"fromBlock": hex(first), "toBlock": hex(end)}
        try:
            answer = await chain.rpc.call(Call("eth_getLogs", [{**span, "address": contract, "topics": topics}]))
        except RpcError as error:
            if size.refused(error.message, asked=end - first + 1):
                continue
            raise TransientError(f"chain {chain.config.chain_id}: {error}") from None
        size.accepted()
        logs += map(RawLog.read, answer)
        first = end + 1
    return logs
