"""Deposit addresses: derived from one mnemonic, so that only the mnemonic needs to be kept."""

from __future__ import annotations

import os
from pathlib import Path

from eth_account import Account
from eth_utils.exceptions import ValidationError

from indexmaker.connectors.secrets import SecretRef, redactor
from indexmaker.services.exchange.errors import SettingError

__all__ = ["DepositWallet", "open_wallet"]

_FILE = "deposit-mnemonic"


class DepositWallet:
    """Addresses of a BIP-39 mnemonic on the path m/44'/60'/0'/0/n, the same on every EVM chain."""

    def __init__(self, mnemonic: str) -> None:
        Account.enable_unaudited_hdwallet_features()
        self._mnemonic = mnemonic
        self.address(0)

    def __repr__(self) -> str:
        return "DepositWallet()"

    def address(self, number: int) -> str:
        """The address of a number, in lower case; raises `SettingError` for a mnemonic that is none."""
        try:
            account = Account.from_mnemonic(self._mnemonic, account_path=f"m/44'/60'/0'/0/{number}")
        except (ValueError, ValidationError):
            raise SettingError("the deposit mnemonic is not a valid BIP-39 phrase") from None
        return str(account.address).lower()


def open_wallet(reference: SecretRef | None, *, data: Path | None) -> DepositWallet:
    """The wallet of a given mnemonic, else that of the data directory, where a new one is made at the first start."""
    if reference is not None:
        return DepositWallet(reference.reveal())
    if data is None:
        return DepositWallet(_new_mnemonic())
    path = data / _FILE
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(_new_mnemonic() + "\n")
            file.flush()
            os.fsync(file.fileno())
    return DepositWallet(SecretRef(f"file:{path}").reveal())


def _new_mnemonic() -> str:
    Account.enable_unaudited_hdwallet_features()
    _, mnemonic = Account.create_with_mnemonic()
    redactor.learn(mnemonic)
    return str(mnemonic)
