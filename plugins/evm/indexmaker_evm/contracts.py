"""The project's contracts for Python: artifacts, selectors and topics, and the EIP-712 messages of a gate.

Artifacts are compiled from `plugins/evm/contracts/src` and shipped with the package; no compiler is needed here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from importlib import resources
from typing import Any, Literal

import msgspec
from eth_account.messages import SignableMessage, encode_typed_data
from eth_typing import ABIElement, ChecksumAddress
from eth_utils.abi import abi_to_signature
from eth_utils.crypto import keccak

__all__ = [
    "Artifact",
    "ContractName",
    "Invoice",
    "Redemption",
    "RequestState",
    "Terms",
    "artifact",
    "digest",
    "invoice_message",
    "invoice_typed_data",
    "redemption_message",
    "redemption_typed_data",
    "role",
    "terms_message",
    "terms_typed_data",
]

ContractName = Literal["IndexToken", "IndexGate", "IndexFactory", "TestUSDC", "AcrossRoute", "MiniSpokePool"]


class RequestState(IntEnum):
    """State of a request in a gate, as the contract numbers it."""

    NONE = 0
    PENDING = 1
    COMMITTED = 2
    SETTLED = 3
    CANCELLED = 4
    DEFAULTED = 5


class Artifact(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A compiled contract; both bytecodes are 0x-prefixed hex."""

    contract_name: str
    abi: list[dict[str, Any]]
    bytecode: str
    deployed_bytecode: str
    solc_version: str
    input_sha256: str = msgspec.field(name="inputSha256")

    def selector(self, function: str) -> bytes:
        """The 4 bytes that call `function`; raises `KeyError` for an unknown or overloaded name."""
        return keccak(text=self._signature("function", function))[:4]

    def topic(self, event: str) -> bytes:
        """The 32 bytes that mark `event` in a log; raises `KeyError` for an unknown name."""
        return keccak(text=self._signature("event", event))

    def errors(self) -> dict[bytes, dict[str, Any]]:
        """Custom errors by their 4-byte selector, as ABI entries: what a revert's data is decoded with."""
        return {keccak(text=_signature_of(entry))[:4]: entry for entry in self._entries("error")}

    def _entries(self, kind: str) -> Iterator[dict[str, Any]]:
        return (entry for entry in self.abi if entry["type"] == kind)

    def _signature(self, kind: str, name: str) -> str:
        found = [entry for entry in self._entries(kind) if entry["name"] == name]
        if len(found) != 1:
            raise KeyError(f"{self.contract_name} has {len(found)} {kind}s named {name}")
        return _signature_of(found[0])


def _signature_of(entry: Mapping[str, Any]) -> str:
    element: ABIElement = entry  # type: ignore[assignment]  # an ABI entry as the compiler wrote it
    return abi_to_signature(element)


@functools.cache
def artifact(name: ContractName) -> Artifact:
    """Load a shipped artifact."""
    data = resources.files("indexmaker_evm").joinpath("artifacts", f"{name}.json").read_bytes()
    return msgspec.json.decode(data, type=Artifact)


def role(name: Literal["KEEPER", "ISSUER", "CURATOR", "GUARDIAN", "CREATOR"]) -> bytes:
    """The 32-byte id of a gate's role; CREATOR is a factory's."""
    return keccak(text=f"{name}_ROLE")


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with one request's money. `spent + fee + back` is the request's amount.

    Money is in the asset's smallest unit (USDC: 10**-6), `out` in 10**-18 tokens, `deadline` in UTC seconds.
    """

    request_id: int
    spent: int
    fee: int
    back: int
    out: int
    lots_root: bytes
    deadline: int

    def as_tuple(self) -> tuple[int, int, int, int, int, bytes, int]:
        """The argument of `settle` and `invoiceHash`."""
        return (self.request_id, self.spent, self.fee, self.back, self.out, self.lots_root, self.deadline)


class Redemption(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with one request's tokens. `burned + returned` is the request's amount; units as in `Invoice`."""

    request_id: int
    burned: int
    returned: int
    paid: int
    fee: int
    lots_root: bytes
    deadline: int

    def as_tuple(self) -> tuple[int, int, int, int, int, bytes, int]:
        """The argument of `settleRedemption` and `redemptionHash`."""
        return (self.request_id, self.burned, self.returned, self.paid, self.fee, self.lots_root, self.deadline)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit order signed by its owner; units as in `Invoice`.

    `nonce` is `key << 64 | counter` where the counter is the gate's next one for this owner and key.
    """

    owner: ChecksumAddress
    controller: ChecksumAddress
    assets: int
    min_out: int
    max_fee: int
    nonce: int
    deadline: int

    def as_tuple(self) -> tuple[ChecksumAddress, ChecksumAddress, int, int, int, int, int]:
        """The argument of `requestBySig` and `termsHash`."""
        return (
            self.owner,
            self.controller,
            self.assets,
            self.min_out,
            self.max_fee,
            self.nonce,
            self.deadline,
        )


_DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_INVOICE_FIELDS = [
    {"name": "requestId", "type": "uint256"},
    {"name": "spent", "type": "uint256"},
    {"name": "fee", "type": "uint256"},
    {"name": "back", "type": "uint256"},
    {"name": "out", "type": "uint256"},
    {"name": "lotsRoot", "type": "bytes32"},
    {"name": "deadline", "type": "uint256"},
]
_REDEMPTION_FIELDS = [
    {"name": "requestId", "type": "uint256"},
    {"name": "burned", "type": "uint256"},
    {"name": "returned", "type": "uint256"},
    {"name": "paid", "type": "uint256"},
    {"name": "fee", "type": "uint256"},
    {"name": "lotsRoot", "type": "bytes32"},
    {"name": "deadline", "type": "uint256"},
]
_TERMS_FIELDS = [
    {"name": "owner", "type": "address"},
    {"name": "controller", "type": "address"},
    {"name": "assets", "type": "uint256"},
    {"name": "minOut", "type": "uint256"},
    {"name": "maxFee", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]


def invoice_typed_data(invoice: Invoice, *, chain_id: int, gate: str) -> dict[str, Any]:
    """The EIP-712 document that an issuer signs for one gate on one chain."""
    return _typed_data("Invoice", _INVOICE_FIELDS, invoice.as_tuple(), chain_id=chain_id, gate=gate)


def redemption_typed_data(redemption: Redemption, *, chain_id: int, gate: str) -> dict[str, Any]:
    """The EIP-712 document that an issuer signs for one gate on one chain."""
    return _typed_data("Redemption", _REDEMPTION_FIELDS, redemption.as_tuple(), chain_id=chain_id, gate=gate)


def terms_typed_data(terms: Terms, *, chain_id: int, gate: str) -> dict[str, Any]:
    """The EIP-712 document that a depositor signs for one gate on one chain."""
    return _typed_data("Terms", _TERMS_FIELDS, terms.as_tuple(), chain_id=chain_id, gate=gate)


def invoice_message(invoice: Invoice, *, chain_id: int, gate: str) -> SignableMessage:
    """What `eth_account` signs for an invoice."""
    return encode_typed_data(full_message=invoice_typed_data(invoice, chain_id=chain_id, gate=gate))


def redemption_message(redemption: Redemption, *, chain_id: int, gate: str) -> SignableMessage:
    """What `eth_account` signs for a redemption."""
    return encode_typed_data(full_message=redemption_typed_data(redemption, chain_id=chain_id, gate=gate))


def terms_message(terms: Terms, *, chain_id: int, gate: str) -> SignableMessage:
    """What `eth_account` signs for a deposit order."""
    return encode_typed_data(full_message=terms_typed_data(terms, chain_id=chain_id, gate=gate))


def digest(message: SignableMessage) -> bytes:
    """The 32 bytes under the signature; equal to the gate's `invoiceHash`, `redemptionHash` or `termsHash`."""
    return keccak(b"\x19" + message.version + message.header + message.body)


def _typed_data(
    primary: str,
    fields: Sequence[Mapping[str, str]],
    values: Sequence[object],
    *,
    chain_id: int,
    gate: str,
) -> dict[str, Any]:
    return {
        "types": {"EIP712Domain": _DOMAIN_FIELDS, primary: fields},
        "primaryType": primary,
        "domain": {"name": "IndexGate", "version": "1", "chainId": chain_id, "verifyingContract": gate},
        "message": {field["name"]: value for field, value in zip(fields, values, strict=True)},
    }
