"""Raw logs into logs of interest."""

from __future__ import annotations

from typing import Any

import msgspec

from indexmaker.money import format_atoms, units_to_atoms
from indexmaker_evm import codecs
from indexmaker_evm.events import Body, ChainLog, TokenTransfer
from indexmaker_evm.follower.gate_logs import FACTORY_TOPIC, GATE_TOPICS, factory_body, gate_body
from indexmaker_evm.rpc import address_text, from_hex, number
from indexmaker_evm.tokens import Tokens

__all__ = ["LogDecoder", "RawLog", "transfer_body"]

NS = 1_000_000_000


class RawLog(msgspec.Struct, frozen=True, kw_only=True):
    """A log as a node tells it."""

    address: str
    topics: tuple[str, ...]
    data: bytes
    block_number: int
    block_hash: str
    tx_hash: str
    log_index: int
    block_at: int
    """UTC nanoseconds; 0 when the node does not say."""

    @classmethod
    def read(cls, log: dict[str, Any]) -> RawLog:
        """Read one entry of an `eth_getLogs` answer."""
        timestamp = log.get("blockTimestamp")
        return cls(
            address=log["address"].lower(),
            topics=tuple(log["topics"]),
            data=from_hex(log["data"]),
            block_number=number(log["blockNumber"]),
            block_hash=log["blockHash"].lower(),
            tx_hash=log["transactionHash"].lower(),
            log_index=number(log["logIndex"]),
            block_at=number(timestamp) * NS if timestamp else 0,
        )


class LogDecoder:
    """Reads logs of gates, factories and transfers; anything else is nothing."""

    def __init__(self, tokens: Tokens, *, chain_id: int) -> None:
        self._tokens = tokens
        self._chain_id = chain_id

    async def decode(self, raw: RawLog, *, block_at: int) -> ChainLog | None:
        """The log in the plugin's own words, or None."""
        body: Body | None = None
        if raw.topics and raw.topics[0] in GATE_TOPICS:
            body = gate_body(raw.topics, raw.data, await self._tokens.gate(raw.address))
        elif raw.topics and raw.topics[0] == FACTORY_TOPIC:
            body = factory_body(raw.topics, raw.data)
        elif len(raw.topics) == 3 and raw.topics[0] == codecs.TRANSFER_TOPIC:
            body = transfer_body(raw, decimals=await self._tokens.decimals(raw.address))
        if body is None:
            return None
        return ChainLog(
            chain_id=self._chain_id,
            tx_hash=raw.tx_hash,
            log_index=raw.log_index,
            block_number=raw.block_number,
            block_hash=raw.block_hash,
            block_at=block_at,
            contract=raw.address,
            body=body,
        )


def transfer_body(raw: RawLog, *, decimals: int) -> TokenTransfer:
    """An ERC-20 `Transfer`."""
    return TokenTransfer(
        token=raw.address,
        sender=address_text(raw.topics[1]),
        recipient=address_text(raw.topics[2]),
        amount=_amount(raw.data, 0, decimals),
    )


def _amount(data: bytes, index: int, decimals: int) -> str:
    return format_atoms(units_to_atoms(codecs.word(data, index), decimals))
