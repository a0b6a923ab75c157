"""What a running development network tells the world: `devnet.json` in its run directory.

Addresses are in checksum form, chain ids are decimal keys, private keys are only named by their files.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from eth_typing import ChecksumAddress

from indexmaker_evm.devnet.errors import ManifestError

__all__ = [
    "Account",
    "Accounts",
    "ChainEndpoint",
    "Contracts",
    "DestinationContracts",
    "GateContracts",
    "Manifest",
    "OriginContracts",
    "read_manifest",
    "write_manifest",
]

MANIFEST_NAME = "devnet.json"


class ChainEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where one chain's node listens."""

    rpc: str
    ws: str


class GateContracts(msgspec.Struct, frozen=True, kw_only=True):
    """One index: its gate and the token the gate mints."""

    gate: ChecksumAddress
    token: ChecksumAddress


class OriginContracts(msgspec.Struct, frozen=True, kw_only=True):
    """Contracts on the chain where users deposit."""

    usdc: ChecksumAddress
    spoke_pool: ChecksumAddress
    across_route: ChecksumAddress
    route_id: int
    """Under which every gate lists `across_route`."""
    index_factory: ChecksumAddress
    gates: dict[str, GateContracts]


class DestinationContracts(msgspec.Struct, frozen=True, kw_only=True):
    """Contracts on the chain that collateral is bridged to."""

    usdc: ChecksumAddress
    spoke_pool: ChecksumAddress
    return_route: ChecksumAddress
    """Takes what venues withdraw, and bridges it to the keeper."""


class Contracts(msgspec.Struct, frozen=True, kw_only=True):
    """All contracts, by chain id in the JSON."""

    arbitrum: OriginContracts = msgspec.field(name="42161")
    base: DestinationContracts = msgspec.field(name="8453")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the network; the key file holds 0x-prefixed hex and is readable by its owner only."""

    address: ChecksumAddress
    private_key_file: str

    def private_key(self) -> str:
        """Read the key; do not log what this returns."""
        return Path(self.private_key_file).read_text().strip()


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts on the network.

    `deployer` is admin, guardian and curator of every gate and mints test dollars; `keeper` commits, settles, deploys
    indices and is a curator too; `router` is the hot wallet on both chains; `relayer` fills on both and is the
    SpokePools' dataworker; `venue` is the hot wallet that the venue pays withdrawals from, with its own money.
    """

    deployer: Account
    keeper: Account
    router: Account
    issuer: Account
    relayer: Account
    venue: Account
    users: list[Account]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    chains: dict[str, ChainEndpoint]
    contracts: Contracts
    accounts: Accounts


def write_manifest(manifest: Manifest, *, run_dir: Path) -> Path:
    """Replace `devnet.json` in `run_dir` at once, so that no reader sees half of it."""
    path = run_dir / MANIFEST_NAME
    partial = path.with_suffix(".json.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    os.replace(partial, path)  # noqa: PTH105 - same meaning, and atomic by its documentation
    return path


def read_manifest(path: Path) -> Manifest:
    """Read `devnet.json`; raises `ManifestError` when it is missing or not what this version writes."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ManifestError(f"{path} does not exist: start the development network first") from None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        message = f"{path} is not a manifest of this version ({error}): restart the development network"
        raise ManifestError(message) from error
