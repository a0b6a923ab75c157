"""What the exchange process is told at its start, and the forms in which it is told on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from indexmaker.connectors.secrets import SecretRef
from indexmaker.money import MoneyError, parse_atoms
from indexmaker.services.exchange.errors import SettingError

__all__ = [
    "AccountSetting",
    "ChainSetting",
    "ExchangeSettings",
    "Listen",
    "WithdrawalSetting",
    "parse_account",
    "parse_chain",
    "parse_listen",
    "parse_withdrawals",
]

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_CONFIRMATIONS = 12
_NETWORKS = {1: "ETH", 10: "OPTIMISM", 56: "BSC", 137: "MATIC", 8453: "BASE", 42161: "ARBITRUM"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSetting:
    """A user's API key, the play money it starts with, in 10**-18 per asset, and whether it may `withdraw`."""

    key: str
    secret: str = field(repr=False)
    balances: tuple[tuple[str, int], ...] = ()
    withdraw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSetting:
    """A chain over which USDC arrives. `confirmations` 1 credits a deposit as soon as it is in a block.

    `from_block` is where watching begins when nothing was watched before.
    """

    chain_id: int
    token: str
    confirmations: int = _CONFIRMATIONS
    from_block: int = 0

    @property
    def network(self) -> str:
        """The venue's name of the chain."""
        return _NETWORKS.get(self.chain_id, f"EVM{self.chain_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalSetting:
    """Terms on which USDC leaves over a chain, in 10**-18. 0 for `maximum` and `approve_above` means no limit."""

    chain_id: int
    fee: int
    minimum: int
    maximum: int = 0
    approve_above: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where to listen; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """Everything the process needs. Without `data` nothing survives it.

    `chain_plugin` is the address of a chain connector; without it no deposits arrive. `mnemonic` is the wallet whose
    addresses take deposits; without it one is made, and kept in `data`. `wallet_plugin` is the address of the chain
    connector whose key is the hot wallet; nobody else may use that key.
    """

    listen: Listen = Listen()
    data: Path | None = None
    seed: int = 0
    accounts: tuple[AccountSetting, ...] = ()
    makers: bool = False
    chain_plugin: str = ""
    chains: tuple[ChainSetting, ...] = ()
    mnemonic: SecretRef | None = None
    wallet_plugin: str = ""
    withdrawals: tuple[WithdrawalSetting, ...] = ()


def parse_listen(text: str) -> Listen:
    """Read `HOST:PORT`; raises `SettingError`."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise SettingError(f"--listen {text!r} is not HOST:PORT, such as 127.0.0.1:9000 (port 0: any free one)")
    return Listen(host=host.strip("[]"), port=int(port))


def parse_account(text: str) -> AccountSetting:
    """Read `KEY:SECRET[:ASSET=AMOUNT,...]`, where SECRET may be `file:/path` or `env:NAME`; raises `SettingError`."""
    key, _, rest = text.partition(":")
    secret, _, balances = rest.partition(":")
    if secret in ("file", "env"):
        place, _, balances = balances.partition(":")
        secret = SecretRef(f"{secret}:{place}").reveal() if place else ""
    if not key or not secret:
        raise SettingError("--account is not KEY:SECRET[:ASSET=AMOUNT,...] (SECRET may be file:/path or env:NAME)")
    return AccountSetting(key=key, secret=secret, balances=tuple(_balances(balances)))


def _balances(text: str) -> list[tuple[str, int]]:
    found = []
    for part in text.split(",") if text else ():
        asset, _, amount = part.partition("=")
        try:
            found.append((asset, parse_atoms(amount, field=asset)))
        except MoneyError as error:
            raise SettingError(f"--account: balance {error}") from None
    return found


def parse_chain(text: str) -> ChainSetting:
    """Read `CHAIN_ID:TOKEN[:CONFIRMATIONS[:FROM_BLOCK]]`; raises `SettingError`."""
    chain_id, token, *more = text.split(":")[:4] if ":" in text else (text, "")
    numbers = [chain_id, *more]
    if not _ADDRESS.match(token) or not all(number.isdecimal() for number in numbers) or text.count(":") > 3:
        raise SettingError(
            f"--chain {text!r} is not CHAIN_ID:TOKEN[:CONFIRMATIONS[:FROM_BLOCK]], such as 8453:0x8335..."
        )
    confirmations = int(more[0]) if more else _CONFIRMATIONS
    from_block = int(more[1]) if len(more) > 1 else 0
    if confirmations < 1:
        raise SettingError(f"--chain {text!r}: at least one confirmation is needed")
    return ChainSetting(chain_id=int(chain_id), token=token.lower(), confirmations=confirmations, from_block=from_block)


def parse_withdrawals(text: str) -> WithdrawalSetting:
    """Read `CHAIN_ID:FEE:MINIMUM[:MAXIMUM[:APPROVE_ABOVE]]`, amounts in whole USDC; raises `SettingError`."""
    chain_id, *amounts = text.split(":")
    try:
        if not chain_id.isdecimal() or not 2 <= len(amounts) <= 4:
            raise MoneyError(f"{text!r} is not CHAIN_ID:FEE:MINIMUM[:MAXIMUM[:APPROVE_ABOVE]]")
        numbers = [parse_atoms(amount) for amount in amounts]
    except MoneyError as error:
        raise SettingError(f"--withdrawals: {error}; write for example 8453:0.5:5") from None
    return WithdrawalSetting(
        chain_id=int(chain_id),
        fee=numbers[0],
        minimum=numbers[1],
        maximum=numbers[2] if len(numbers) > 2 else 0,
        approve_above=numbers[3] if len(numbers) > 3 else 0,
    )
