"""Logs of gates and factories in the plugin's own words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from indexmaker.money import format_atoms, units_to_atoms
from indexmaker_evm.codecs import word
from indexmaker_evm.contracts import artifact
from indexmaker_evm.events import (
    Body,
    DepositRequested,
    IndexDeployed,
    RedemptionCancelled,
    RedemptionCommitted,
    RedemptionDefaulted,
    RedemptionRequested,
    RedemptionSettled,
    RedemptionTerms,
    RequestCancelled,
    RequestCommitted,
    RequestDefaulted,
    RequestSettled,
    RequestTerms,
    WeightsSet,
)
from indexmaker_evm.rpc import address_text, number
from indexmaker_evm.tokens import GateTokens

__all__ = ["FACTORY_TOPIC", "GATE_TOPICS", "factory_body", "gate_body"]

_LARGEST = 10**46
"""Atoms; 29 digits before the point are all that a decimal may have."""
_LATEST = 253_402_300_799
"""Unix seconds of the last moment that calendars can tell, in the year 9999."""
_WORD = 32

_Topics = Sequence[str]
_Reader = Callable[[_Topics, bytes, GateTokens], Body]


def gate_body(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    """One of a gate's events; the first topic is one of `GATE_TOPICS`."""
    return _READERS[topics[0]](topics, data, tokens)


def factory_body(topics: _Topics, data: bytes) -> IndexDeployed:
    """A factory's `IndexCreated`; the first topic is `FACTORY_TOPIC`."""
    start = word(data, 0)
    length = word(data[start:], 0)
    symbol = data[start + _WORD : start + _WORD + length].decode(errors="replace")
    return IndexDeployed(symbol=symbol, gate=address_text(topics[1]), token=address_text(topics[2]))


def _deposit(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    return DepositRequested(
        controller=address_text(topics[1]),
        owner=address_text(topics[2]),
        request_id=_id(topics[3]),
        amount=_amount(data, 1, tokens.asset_decimals),
    )


def _terms(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    return RequestTerms(
        request_id=_id(topics[1]),
        min_units=_limit(data, 0, tokens.share_decimals),
        max_fee=_limit(data, 1, tokens.asset_decimals),
    )


def _cancelled(topics: _Topics, _: bytes, __: GateTokens) -> Body:
    return RequestCancelled(request_id=_id(topics[1]))


def _committed(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    amount = _amount(data, 0, tokens.asset_decimals)
    return RequestCommitted(request_id=_id(topics[1]), route_id=_id(topics[2]), amount=amount)


def _settled(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    return RequestSettled(
        request_id=_id(topics[1]),
        controller=address_text(topics[2]),
        spent=_amount(data, 0, tokens.asset_decimals),
        fee=_amount(data, 1, tokens.asset_decimals),
        back=_amount(data, 2, tokens.asset_decimals),
        out=_amount(data, 3, tokens.share_decimals),
        lots_root=_hash(data, 4),
        invoice_hash=_hash(data, 5),
    )


def _defaulted(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    return RequestDefaulted(
        request_id=_id(topics[1]),
        controller=address_text(topics[2]),
        amount=_amount(data, 0, tokens.asset_decimals),
    )


def _redemption(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    return RedemptionRequested(
        controller=address_text(topics[1]),
        owner=address_text(topics[2]),
        request_id=_id(topics[3]),
        units=_amount(data, 1, tokens.share_decimals),
    )


def _redemption_terms(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    return RedemptionTerms(
        request_id=_id(topics[1]),
        min_amount=_limit(data, 0, tokens.asset_decimals),
        max_fee=_limit(data, 1, tokens.asset_decimals),
    )


def _redemption_cancelled(topics: _Topics, _: bytes, __: GateTokens) -> Body:
    return RedemptionCancelled(request_id=_id(topics[1]))


def _redemption_committed(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    return RedemptionCommitted(
        request_id=_id(topics[1]), units=_amount(data, 0, tokens.share_decimals), settle_by=_time(data, 1)
    )


def _redemption_settled(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    return RedemptionSettled(
        request_id=_id(topics[1]),
        controller=address_text(topics[2]),
        burned=_amount(data, 0, tokens.share_decimals),
        returned=_amount(data, 1, tokens.share_decimals),
        paid=_amount(data, 2, tokens.asset_decimals),
        fee=_amount(data, 3, tokens.asset_decimals),
        lots_root=_hash(data, 4),
        redemption_hash=_hash(data, 5),
    )


def _redemption_defaulted(topics: _Topics, data: bytes, tokens: GateTokens) -> Body:
    return RedemptionDefaulted(request_id=_id(topics[1]), units=_amount(data, 0, tokens.share_decimals))


def _weights(topics: _Topics, data: bytes, _: GateTokens) -> Body:
    symbols, parts = (_array(data, word(data, index)) for index in (1, 2))
    weights = tuple(
        (_symbol(symbol), format_atoms(int.from_bytes(part, "big")))
        for symbol, part in zip(symbols, parts, strict=True)
    )
    return WeightsSet(version=_id(topics[1]), effective_at=_time(data, 0), weights=weights)


_ARTIFACT = artifact("IndexGate")
_READERS: Final[dict[str, _Reader]] = {
    "0x" + _ARTIFACT.topic(event).hex(): reader
    for event, reader in {
        "DepositRequest": _deposit,
        "RequestTerms": _terms,
        "RequestCancelled": _cancelled,
        "RequestCommitted": _committed,
        "Settled": _settled,
        "RequestDefaulted": _defaulted,
        "RedeemRequest": _redemption,
        "RedemptionTerms": _redemption_terms,
        "RedemptionCancelled": _redemption_cancelled,
        "RedemptionCommitted": _redemption_committed,
        "RedemptionSettled": _redemption_settled,
        "RedemptionDefaulted": _redemption_defaulted,
        "WeightsSet": _weights,
    }.items()
}
GATE_TOPICS: Final = tuple(_READERS)
FACTORY_TOPIC: Final = "0x" + artifact("IndexFactory").topic("IndexCreated").hex()


def _id(topic: str) -> str:
    return str(number(topic))


def _amount(data: bytes, index: int, decimals: int) -> str:
    return format_atoms(units_to_atoms(word(data, index), decimals))


def _limit(data: bytes, index: int, decimals: int) -> str:
    """A limit that its user may set to anything up to 2**256 - 1."""
    return format_atoms(min(units_to_atoms(word(data, index), decimals), _LARGEST))


def _time(data: bytes, index: int) -> int:
    return min(word(data, index), _LATEST)


def _hash(data: bytes, index: int) -> str:
    return "0x" + data[_WORD * index : _WORD * (index + 1)].hex()


def _array(data: bytes, start: int) -> list[bytes]:
    """The words of a dynamic array at an offset."""
    length = word(data[start:], 0)
    first = start + _WORD
    return [data[first + _WORD * index : first + _WORD * (index + 1)] for index in range(length)]


def _symbol(padded: bytes) -> str:
    """A symbol as text; one that is none as its hexadecimal, so that nobody takes it for an asset."""
    text = padded.rstrip(b"\0")
    return text.decode() if text.isascii() and text.decode().isprintable() else "0x" + padded.hex()
