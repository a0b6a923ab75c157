"""Across's names and messages: deposit ids and relay hashes that are known beforehand, calldata, and its two events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from indexmaker_evm.codecs import TRANSFER_TOPIC, word
from indexmaker_evm.contracts import artifact
from indexmaker_evm.follower.decoding import RawLog
from indexmaker_evm.rpc import address_text, number

__all__ = [
    "FILLED",
    "FILLED_RELAY",
    "REFUND_ROOT",
    "Fill",
    "Payment",
    "Refund",
    "Relay",
    "call_bridge",
    "call_claim",
    "call_fill_status",
    "call_owed",
    "deposit_id",
    "deposit_nonce",
    "pad_topic",
    "read_fill",
    "read_payments",
    "read_refunds",
]

FILLED: Final = 2
"""Value of `fillStatuses` for a relay that was paid out."""
_POOL = artifact("MiniSpokePool")
FILLED_RELAY: Final = "0x" + _POOL.topic("FilledRelay").hex()
REFUND_ROOT: Final = "0x" + _POOL.topic("ExecutedRelayerRefundRoot").hex()
_FILL_STATUSES = _POOL.selector("fillStatuses")
_OWED = _POOL.selector("getRelayerRefund")
_BRIDGE = artifact("AcrossRoute").selector("bridge")
_CLAIM = artifact("AcrossRoute").selector("claimRefund")
_RELAY_DATA = (
    "(bytes32,bytes32,bytes32,bytes32,bytes32,uint256,uint256,uint256,uint256,uint32,uint32,bytes)",
    "uint256",
)
_REFUND_DATA = ("uint256", "uint256[]", "address", "address[]", "bool", "address")
_NOBODY = bytes(32)
_FILL_WORDS = 15


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """What a relayer is asked to do: Across's `V3RelayData` without exclusivity and message. Amounts in units."""

    depositor: str
    recipient: str
    input_token: str
    output_token: str
    input_amount: int
    output_amount: int
    origin_chain_id: int
    destination_chain_id: int
    deposit_id: int
    fill_deadline: int

    def hash(self) -> bytes:
        """Its name in the destination's `fillStatuses`."""
        data = (
            _pad(self.depositor),
            _pad(self.recipient),
            _NOBODY,
            _pad(self.input_token),
            _pad(self.output_token),
            self.input_amount,
            self.output_amount,
            self.origin_chain_id,
            self.deposit_id,
            self.fill_deadline,
            0,
            b"",
        )
        return keccak(encode(_RELAY_DATA, [data, self.destination_chain_id]))


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """A relay was paid out."""

    relay_hash: bytes
    recipient: str
    amount: int
    tx_hash: str
    block_number: int


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """An expired deposit, or several in one sum, came back; `key` names this line of this event."""

    key: str
    amount: int
    tx_hash: str
    deferred: bool
    """The pool keeps it until it is claimed."""
    block_number: int = 0


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A token transfer to one of our contracts, in smallest units."""

    tx_hash: str
    log_index: int
    amount: int

    @property
    def key(self) -> str:
        """Names it for ever."""
        return f"{self.tx_hash}:{self.log_index}"


def deposit_nonce(transfer_id: str, *, round_number: int) -> int:
    """The nonce that a transfer deposits under; a new round begins only after a refund."""
    text = f"{transfer_id}/{round_number}" if round_number else transfer_id
    return int.from_bytes(keccak(text=text), "big")


def deposit_id(route: str, *, nonce: int) -> int:
    """The id that the SpokePool gives to a deposit of `route` under a nonce."""
    return int.from_bytes(keccak(_bytes(route) + _pad(route) + nonce.to_bytes(32, "big")), "big")


def call_bridge(*, amount: int, output: int, quote_timestamp: int, fill_deadline: int, nonce: int) -> bytes:
    """Calldata of `AcrossRoute.bridge`."""
    types = ["uint256", "uint256", "uint32", "uint32", "uint256"]
    return _BRIDGE + encode(types, [amount, output, quote_timestamp, fill_deadline, nonce])


def call_claim() -> bytes:
    """Calldata of `AcrossRoute.claimRefund`."""
    return _CLAIM


def call_owed(token: str, *, account: str) -> bytes:
    """Calldata of `SpokePool.getRelayerRefund`: what waits to be claimed."""
    return _OWED + _pad(token) + _pad(account)


def call_fill_status(relay_hash: bytes) -> bytes:
    """Calldata of `SpokePool.fillStatuses`."""
    return _FILL_STATUSES + relay_hash


def pad_topic(value: int) -> str:
    """A number as an indexed argument of an event."""
    return f"0x{value:064x}"


def read_fill(log: RawLog, *, destination_chain_id: int) -> Fill | None:
    """Read a `FilledRelay`; None for a relay with a message or exclusivity, which is not one of ours."""
    if len(log.data) != 32 * _FILL_WORDS:
        return None
    if any(word(log.data, index) for index in (6, 7, 10)):
        return None
    relay = Relay(
        depositor=_address(log.data, 8),
        recipient=_address(log.data, 9),
        input_token=_address(log.data, 0),
        output_token=_address(log.data, 1),
        input_amount=word(log.data, 2),
        output_amount=word(log.data, 3),
        origin_chain_id=number(log.topics[1]),
        destination_chain_id=destination_chain_id,
        deposit_id=number(log.topics[2]),
        fill_deadline=word(log.data, 5),
    )
    return Fill(
        relay_hash=relay.hash(),
        recipient=_address(log.data, 11),
        amount=word(log.data, 13),
        tx_hash=log.tx_hash,
        block_number=log.block_number,
    )


def read_refunds(log: RawLog, *, token: str, receiver: str) -> list[Refund]:
    """The lines of an `ExecutedRelayerRefundRoot` that pay `token` to `receiver`."""
    _, amounts, paid_token, receivers, deferred, _ = decode(_REFUND_DATA, log.data)
    if str(paid_token).lower() != token:
        return []
    return [
        Refund(
            key=f"{log.tx_hash}:{log.log_index}:{line}",
            amount=amount,
            tx_hash=log.tx_hash,
            deferred=deferred,
            block_number=log.block_number,
        )
        for line, (amount, address) in enumerate(zip(amounts, receivers, strict=True))
        if str(address).lower() == receiver
    ]


def read_payments(logs: Sequence[RawLog], *, token: str, receiver: str) -> list[Payment]:
    """Transfers of `token` to `receiver` among a transaction's logs."""
    return [
        Payment(tx_hash=log.tx_hash, log_index=log.log_index, amount=word(log.data, 0))
        for log in logs
        if log.address == token
        and len(log.topics) == 3
        and log.topics[0] == TRANSFER_TOPIC
        and address_text(log.topics[2]) == receiver
    ]


def _bytes(address: str) -> bytes:
    return bytes.fromhex(address.removeprefix("0x"))


def _pad(address: str) -> bytes:
    return _bytes(address).rjust(32, b"\0")


def _address(data: bytes, index: int) -> str:
    return address_text(data[32 * index : 32 * index + 32])
