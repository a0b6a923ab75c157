"""What a client watches, as filters for a node and as an exact test. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from indexmaker_evm.events import ChainLog, IndexDeployed, TokenTransfer

__all__ = ["FactoryWatch", "GateWatch", "TransferWatch", "Watch", "matches", "node_filters"]


class GateWatch(msgspec.Struct, frozen=True, kw_only=True, tag="gate"):
    """All events of a gate. `from_block` 0 means: from where the client is."""

    gate: str
    from_block: int = 0

    def takes(self, log: ChainLog) -> bool:
        """Whether the log is what this watch is for."""
        return log.contract == self.gate and not isinstance(log.body, TokenTransfer)


class TransferWatch(msgspec.Struct, frozen=True, kw_only=True, tag="transfers"):
    """Transfers of a token to addresses. `from_block` 0 means: from where the client is."""

    token: str
    recipients: frozenset[str]
    from_block: int = 0

    def takes(self, log: ChainLog) -> bool:
        """Whether the log is what this watch is for."""
        return (
            log.contract == self.token and isinstance(log.body, TokenTransfer) and log.body.recipient in self.recipients
        )


class FactoryWatch(msgspec.Struct, frozen=True, kw_only=True, tag="factory"):
    """New indices of a factory. `from_block` 0 means: from where the client is."""

    factory: str
    from_block: int = 0

    def takes(self, log: ChainLog) -> bool:
        """Whether the log is what this watch is for."""
        return log.contract == self.factory and isinstance(log.body, IndexDeployed)


Watch = GateWatch | TransferWatch | FactoryWatch


def matches(watches: Iterable[Watch], log: ChainLog) -> bool:
    """Whether any watch takes the log, at its height."""
    return any(log.block_number >= watch.from_block and watch.takes(log) for watch in watches)


def node_filters(
    watches: Sequence[Watch], *, gate_topics: Sequence[str], factory_topic: str, transfer_topic: str
) -> list[dict[str, Any]]:
    """At most three `eth_getLogs` filters that together cover all watches (they may let through more)."""
    gates = sorted({watch.gate for watch in watches if isinstance(watch, GateWatch)})
    factories = sorted({watch.factory for watch in watches if isinstance(watch, FactoryWatch)})
    transfers = [watch for watch in watches if isinstance(watch, TransferWatch)]
    filters: list[dict[str, Any]] = []
    if gates:
        filters.append({"address": gates, "topics": [list(gate_topics)]})
    if factories:
        filters.append({"address": factories, "topics": [factory_topic]})
    if transfers:
        recipients = sorted({recipient for watch in transfers for recipient in watch.recipients})
        padded = ["0x" + recipient.removeprefix("0x").rjust(64, "0") for recipient in recipients]
        tokens = sorted({watch.token for watch in transfers})
        filters.append({"address": tokens, "topics": [transfer_topic, None, padded]})
    return filters
