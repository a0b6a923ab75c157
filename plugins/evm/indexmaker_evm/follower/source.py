"""Where blocks and logs come from: the interface that the follower needs, and the nodes behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from indexmaker.connectors.errors import InvalidFieldError
from indexmaker_evm.codecs import TRANSFER_TOPIC
from indexmaker_evm.errors import NodeUnavailableError, RpcError
from indexmaker_evm.events import ChainLog, Header
from indexmaker_evm.follower.decoding import NS, LogDecoder, RawLog
from indexmaker_evm.follower.gate_logs import FACTORY_TOPIC, GATE_TOPICS
from indexmaker_evm.follower.ranges import RangeSize
from indexmaker_evm.follower.watches import Watch, matches, node_filters
from indexmaker_evm.rpc import Call, RpcPool, number

__all__ = ["ChainSource", "Head", "NotReadyError", "RpcSource", "Span"]


class NotReadyError(Exception):
    """The node does not have, or no longer has, a block that was named; look again from the head on."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The newest block and the numbers of the "safe" and "finalized" ones; None where the node knows no such tag."""

    latest: Header
    safe: int | None
    final: int | None


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Logs of a range of blocks, in order; `last` may be less than was asked."""

    last: int
    logs: tuple[ChainLog, ...]


class ChainSource(Protocol):
    """A chain as the follower reads it.

    All raise `NotReadyError` (look again soon) and `NodeUnavailableError` (nobody answers).
    """

    async def head(self) -> Head:
        """The newest block and the tags."""

    async def header(self, number: int) -> Header:
        """The block at a height, on the chain as it is now."""

    async def headers(self, first: int, last: int) -> list[Header]:
        """The blocks at heights, on the chain as it is now; not checked to be linked."""

    async def header_by_hash(self, block_hash: str) -> Header:
        """A block, even if it has left the chain, as far as the node keeps it."""

    async def logs_of(self, headers: Sequence[Header], watches: Sequence[Watch]) -> list[tuple[ChainLog, ...]]:
        """Logs of these very blocks, block by block."""

    async def logs_between(self, first: int, last: int, watches: Sequence[Watch]) -> Span:
        """Logs of a range of blocks that are too old to change."""


class RpcSource:
    """The nodes of a pool as a `ChainSource`."""

    def __init__(self, rpc: RpcPool, decoder: LogDecoder) -> None:
        self._rpc = rpc
        self._decoder = decoder
        self._range = RangeSize()

    async def head(self) -> Head:
        """The newest block and the tags, in one message to one node."""
        calls = [_block(tag) for tag in ("latest", "safe", "finalized")]
        latest, safe, final = await self._rpc.batch(calls)
        if isinstance(latest, RpcError):
            raise NotReadyError(str(latest))
        return Head(latest=_header(latest), safe=_tag(safe), final=_tag(final))

    async def header(self, number: int) -> Header:
        """The block at a height."""
        return _header(await self._ask(_block(hex(number))))

    async def headers(self, first: int, last: int) -> list[Header]:
        """The blocks at heights."""
        calls = [_block(hex(height)) for height in range(first, last + 1)]
        return [_header(_ready(answer)) for answer in await self._rpc.batch(calls)]

    async def header_by_hash(self, block_hash: str) -> Header:
        """A block by its hash."""
        return _header(await self._ask(Call("eth_getBlockByHash", [block_hash, False])))

    async def logs_of(self, headers: Sequence[Header], watches: Sequence[Watch]) -> list[tuple[ChainLog, ...]]:
        """Logs by block hash, so that a fork between two requests cannot mix two chains."""
        filters = _filters(watches)
        calls = [Call("eth_getLogs", [{"blockHash": header.hash, **f}]) for header in headers for f in filters]
        answers = [_ready(answer) for answer in await self._rpc.batch(calls)]
        per_block: list[tuple[ChainLog, ...]] = []
        for index, header in enumerate(headers):
            raws = [raw for part in answers[index * len(filters) : (index + 1) * len(filters)] for raw in part]
            per_block.append(await self._decoded(map(RawLog.read, raws), {header.number: header.at}, watches))
        return per_block

    async def logs_between(self, first: int, last: int, watches: Sequence[Watch]) -> Span:
        """Logs by range, as many blocks at once as the node allows."""
        filters = _filters(watches)
        if not filters:
            return Span(last=last, logs=())
        while True:
            end = min(last, first + self._range.blocks - 1)
            asked = {"fromBlock": hex(first), "toBlock": hex(end)}
            answers = await self._rpc.batch([Call("eth_getLogs", [{**asked, **f}]) for f in filters])
            refusals = [answer for answer in answers if isinstance(answer, RpcError)]
            if not refusals:
                break
            if not self._range.refused(refusals[0].message, asked=end - first + 1):
                raise NotReadyError(str(refusals[0]))
        self._range.accepted()
        raws = [RawLog.read(raw) for part in answers for raw in _ready(part)]
        times = await self._times(raws)
        return Span(last=end, logs=await self._decoded(raws, times, watches))

    async def _times(self, raws: Sequence[RawLog]) -> dict[int, int]:
        """Times of the blocks whose logs do not carry them."""
        numbers = sorted({raw.block_number for raw in raws if not raw.block_at})
        calls = [_block(hex(height)) for height in numbers]
        headers = [_header(_ready(answer)) for answer in await self._rpc.batch(calls)]
        return {header.number: header.at for header in headers}

    async def _decoded(
        self, raws: Iterable[RawLog], times: dict[int, int], watches: Sequence[Watch]
    ) -> tuple[ChainLog, ...]:
        logs: dict[tuple[int, int], ChainLog] = {}
        for raw in raws:
            block_at = times.get(raw.block_number, raw.block_at)
            try:
                log = await self._decoder.decode(raw, block_at=block_at)
            except InvalidFieldError as error:  # the contract logged, so it exists: this node lags behind
                raise NodeUnavailableError(str(error)) from None
            if log is not None and matches(watches, log):
                logs[log.place] = log
        return tuple(logs[place] for place in sorted(logs))

    async def _ask(self, call: Call) -> Any:  # noqa: ANN401
        try:
            return await self._rpc.call(call)
        except RpcError as error:
            raise NotReadyError(str(error)) from None


def _filters(watches: Sequence[Watch]) -> list[dict[str, Any]]:
    return node_filters(watches, gate_topics=GATE_TOPICS, factory_topic=FACTORY_TOPIC, transfer_topic=TRANSFER_TOPIC)


def _block(tag: str) -> Call:
    """The request for a block's header, without its transactions' bodies."""
    return Call("eth_getBlockByNumber", [tag, False])


def _ready(answer: Any) -> Any:  # noqa: ANN401
    """Nodes behind one address are not equally far: an error or null here means "ask again"."""
    if answer is None or isinstance(answer, RpcError):
        raise NotReadyError(str(answer or "the node does not have the block"))
    return answer


def _header(block: dict[str, Any] | None) -> Header:
    if block is None or block.get("hash") is None:
        raise NotReadyError("the node does not have the block")
    return Header(
        number=number(block["number"]),
        hash=block["hash"].lower(),
        parent=block["parentHash"].lower(),
        at=number(block["timestamp"]) * NS,
    )


def _tag(answer: Any) -> int | None:  # noqa: ANN401
    return number(answer["number"]) if isinstance(answer, dict) else None
