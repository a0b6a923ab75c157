"""The two ends of the bridge as the driver reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from indexmaker.connectors.errors import TransientError
from indexmaker_across.config import AcrossConfig, address_of
from indexmaker_across.errors import RouteMismatchError
from indexmaker_across.relay import (
    FILLED,
    FILLED_RELAY,
    REFUND_ROOT,
    Fill,
    Refund,
    call_fill_status,
    pad_topic,
    read_fill,
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

__all__ = ["Addresses", "Destination", "DestinationView", "Origin", "OriginView"]

_ROUTE = artifact("AcrossRoute")


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Every contract and account that belongs to the bridge, lower case."""

    route: str
    origin_usdc: str
    origin_pool: str
    destination_usdc: str
    destination_pool: str
    wallet: str

    @classmethod
    def read(cls, config: AcrossConfig, *, wallet: str) -> Addresses:
        """From the configuration; raises `ConfigurationError`."""
        origin, destination = config.origin, config.destination
        return cls(
            route=address_of(origin.route, place="origin.route"),
            origin_usdc=address_of(origin.usdc, place="origin.usdc"),
            origin_pool=address_of(origin.spoke_pool, place="origin.spoke_pool"),
            destination_usdc=address_of(destination.usdc, place="destination.usdc"),
            destination_pool=address_of(destination.spoke_pool, place="destination.spoke_pool"),
            wallet=wallet,
        )

    def ours(self) -> frozenset[str]:
        """Where no payment may go."""
        return frozenset(msgspec.structs.astuple(self))


class OriginView(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the origin."""

    number: int
    timestamp: int
    """UTC seconds."""
    collateral: int
    """USDC in the route contract, smallest units."""


class DestinationView(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the destination."""

    number: int
    timestamp: int
    filled: frozenset[str]
    """Relay hashes that were paid out."""


class Origin:
    """The chain with the route contract. All raise `TransientError` when no node can tell."""

    def __init__(self, chain: ServedChain, addresses: Addresses, *, destination_chain_id: int) -> None:
        self.chain = chain
        self._addresses = addresses
        self._destination_chain_id = destination_chain_id
        self._range = RangeSize()

    async def survey(self) -> int:
        """Check that the route contract is the configured one; return its fee cap in basis points.

        Raises:
            RouteMismatchError: it is not.
        """
        at = self._addresses
        expected = {
            "token": ("origin.usdc", at.origin_usdc),
            "spokePool": ("origin.spoke_pool", at.origin_pool),
            "recipient": ("router_key", at.wallet),
            "router": ("router_key", at.wallet),
            "outputToken": ("destination.usdc", at.destination_usdc),
        }
        names = [*expected, "destinationChainId", "maxFeeBps"]
        answers = await _words(self.chain, [(at.route, _ROUTE.selector(name)) for name in names])
        for name, (place, address) in expected.items():
            found = address_text(f"{answers[names.index(name)]:064x}")
            if found != address:
                raise RouteMismatchError(place, configured=address, found=found)
        if answers[-2] != self._destination_chain_id:
            configured = str(self._destination_chain_id)
            raise RouteMismatchError("destination.chain_id", configured=configured, found=str(answers[-2]))
        await _check_decimals(self.chain, at.origin_usdc, place="origin.usdc")
        return answers[-1]

    async def look(self) -> OriginView:
        """The newest block, and the route contract's balance."""
        block, balance = await _batch(
            self.chain, [_LATEST, _eth_call(self._addresses.origin_usdc, call_balance_of(self._addresses.route))]
        )
        return OriginView(
            number=number(block["number"]),
            timestamp=number(block["timestamp"]),
            collateral=word(from_hex(balance), 0),
        )

    async def refunds(self, first: int, last: int) -> list[Refund]:
        """Refunds to the route contract in a range of blocks."""
        topics = [REFUND_ROOT, pad_topic(self.chain.config.chain_id)]
        logs = await _logs(self.chain, self._range, self._addresses.origin_pool, topics, first, last)
        token, receiver = self._addresses.origin_usdc, self._addresses.route
        return [refund for log in logs for refund in read_refunds(log, token=token, receiver=receiver)]


class Destination:
    """The chain with the hot wallet. All raise `TransientError` when no node can tell."""

    def __init__(self, chain: ServedChain, addresses: Addresses, *, origin_chain_id: int) -> None:
        self.chain = chain
        self._addresses = addresses
        self._origin_chain_id = origin_chain_id
        self._range = RangeSize()

    async def survey(self) -> None:
        """Check that the dollars are dollars; raises `RouteMismatchError`."""
        await _check_decimals(self.chain, self._addresses.destination_usdc, place="destination.usdc")

    async def look(self, relay_hashes: Sequence[str]) -> DestinationView:
        """The newest block, and which relays were paid out in it or before."""
        pool = self._addresses.destination_pool
        calls = [_eth_call(pool, call_fill_status(from_hex(relay_hash))) for relay_hash in relay_hashes]
        block, *statuses = await _batch(self.chain, [_LATEST, *calls])
        filled = {h for h, status in zip(relay_hashes, statuses, strict=True) if word(from_hex(status), 0) == FILLED}
        return DestinationView(
            number=number(block["number"]), timestamp=number(block["timestamp"]), filled=frozenset(filled)
        )

    async def fill(self, deposit_id: str, *, relay_hash: str, first: int, last: int) -> Fill | None:
        """The event of a relay that was paid out to the hot wallet; None while a node does not show it."""
        topics = [FILLED_RELAY, pad_topic(self._origin_chain_id), deposit_id]
        logs = await _logs(self.chain, self._range, self._addresses.destination_pool, topics, first, last)
        for log in logs:
            fill = read_fill(log, destination_chain_id=self.chain.config.chain_id)
            if fill and to_hex(fill.relay_hash) == relay_hash and fill.recipient == self._addresses.wallet:
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
