"""The network's accounts: derived from anvil's public test mnemonic, the same on every start."""

from __future__ import annotations

import os
from pathlib import Path

from eth_account import Account as EthAccount

from indexmaker_evm.devnet.manifest import Account, Accounts

__all__ = ["MNEMONIC", "write_accounts"]

MNEMONIC = "test test test test test test test test test test test junk"
"""Known to everybody: its keys must never hold anything of value."""
NAMES = ("deployer", "keeper", "router", "issuer", "relayer", "user0", "user1", "user2", "user3", "user4", "venue")


def write_accounts(run_dir: Path) -> Accounts:
    """Write one key file (mode 0600) for each account into `run_dir/keys`, and name them."""
    EthAccount.enable_unaudited_hdwallet_features()
    keys = run_dir / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    accounts = {name: _write_key(keys / name, index) for index, name in enumerate(NAMES)}
    return Accounts(
        deployer=accounts["deployer"],
        keeper=accounts["keeper"],
        router=accounts["router"],
        issuer=accounts["issuer"],
        relayer=accounts["relayer"],
        venue=accounts["venue"],
        users=[account for name, account in accounts.items() if name.startswith("user")],
    )


def _write_key(path: Path, index: int) -> Account:
    signer = EthAccount.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"0x{signer.key.hex()}\n")
    return Account(address=signer.address, private_key_file=str(path.resolve()))
