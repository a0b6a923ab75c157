"""Keys that sign transactions. A key never leaves its signer and never shows in a repr, log or error."""

from __future__ import annotations

from typing import Protocol

import msgspec
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.exceptions import ValidationError

from indexmaker.connectors.errors import ConfigurationError

__all__ = ["Envelope", "LocalSigner", "SignedTransaction", "Signer", "from_key", "from_keystore"]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An EIP-1559 transaction before it is signed; amounts are in wei."""

    chain_id: int
    nonce: int
    to: str
    data: bytes
    gas: int
    max_fee: int
    priority_fee: int


class SignedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes to broadcast, and the hash under which they will be known."""

    raw: bytes
    tx_hash: str


class Signer(Protocol):
    """A key, wherever it lives."""

    @property
    def address(self) -> str:
        """The sender, lower case."""

    def sign(self, envelope: Envelope) -> SignedTransaction:
        """Sign; the same envelope gives the same bytes."""


class LocalSigner:
    """A key in this process."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    @property
    def address(self) -> str:
        """The sender, lower case."""
        return str(self._account.address).lower()

    def sign(self, envelope: Envelope) -> SignedTransaction:
        """Sign with the deterministic nonce of RFC 6979."""
        signed = self._account.sign_transaction(
            {
                "type": 2,
                "chainId": envelope.chain_id,
                "nonce": envelope.nonce,
                "to": bytes.fromhex(envelope.to.removeprefix("0x")),
                "data": envelope.data,
                "value": 0,
                "gas": envelope.gas,
                "maxFeePerGas": envelope.max_fee,
                "maxPriorityFeePerGas": envelope.priority_fee,
            }
        )
        return SignedTransaction(raw=bytes(signed.raw_transaction), tx_hash="0x" + bytes(signed.hash).hex())


def from_key(text: str) -> LocalSigner:
    """A signer of a hexadecimal private key; raises `ConfigurationError` without repeating it."""
    try:
        return LocalSigner(Account.from_key(text.strip()))
    except (ValueError, TypeError, ValidationError):
        raise ConfigurationError(
            "signer.private_key", "not a private key", "32 bytes of hexadecimal are needed, with or without 0x"
        ) from None


def from_keystore(document: str, *, passphrase: str) -> LocalSigner:
    """A signer of an encrypted keystore (Web3 Secret Storage); takes about a second of computing.

    Raises:
        ConfigurationError: the document is not a keystore, or the passphrase is wrong.
    """
    try:
        key = Account.decrypt(document, passphrase)
        return LocalSigner(Account.from_key(key))
    except (ValueError, KeyError, TypeError, NotImplementedError):
        raise ConfigurationError(
            "signer.keystore", "cannot be opened", "check the file (Web3 Secret Storage, version 3) and the passphrase"
        ) from None
