"""What is outside of Index Maker, on this machine: two chains, and a venue with its own view of one of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from indexmaker.connectors.specs import Facts, ProcessSpec, plugin_process
from indexmaker_demo.files import DemoFiles
from indexmaker_evm.devnet.manifest import Manifest, read_manifest

__all__ = ["EXCHANGE", "HOUSE_CAPITAL", "WITHDRAWAL_FEE", "WITHDRAWAL_MINIMUM", "manifest_of", "world_processes"]

DEVNET, WATCHER, EXCHANGE = "devnet", "exchange-evm", "exchange"
HOUSE_CAPITAL = "2000"
"""USDC of the house at the venue before anything happens; it pays for surplus lots."""
WITHDRAWAL_FEE, WITHDRAWAL_MINIMUM = "0.5", "5"
"""USDC that the venue takes for a withdrawal, and the least that it sends."""

_BASE = "8453"


def manifest_of(facts: Mapping[str, Any]) -> Manifest:
    """The development network, once it is ready."""
    return read_manifest(Path(facts["manifest"]))


def world_processes(files: DemoFiles, *, venue_port: int, seed: int) -> tuple[ProcessSpec, ...]:
    """The chains, the venue's chain connector with its hot wallet, and the venue."""

    def watcher(facts: Facts) -> Mapping[str, Any]:
        manifest = manifest_of(facts[DEVNET])
        rpc, key = manifest.chains[_BASE].rpc, manifest.accounts.venue.private_key_file
        return {
            "chains": [{"chain_id": 8453, "name": "base", "rpc": [rpc], "poll_interval_ms": 300}],
            "signer": {"private_key": f"file:{key}"},
        }

    def exchange(facts: Facts) -> list[str]:
        usdc = manifest_of(facts[DEVNET]).contracts.base.usdc
        account = f"{files.api_key.read_text()}:file:{files.api_secret}:USDC={HOUSE_CAPITAL}"
        return [
            sys.executable,
            *("-m", "indexmaker.cli.app", "exchange", "serve"),
            *("--listen", f"127.0.0.1:{venue_port}"),
            *("--data", str(files.exchange_data)),
            *("--seed", str(seed)),
            *("--account", account),
            "--maker",
            *("--chain-plugin", f"unix:{files.world / WATCHER}.sock"),
            *("--chain", f"8453:{usdc}:1"),
            *("--wallet-plugin", f"unix:{files.world / WATCHER}.sock"),
            *("--withdrawals", f"8453:{WITHDRAWAL_FEE}:{WITHDRAWAL_MINIMUM}"),
            *("--withdraw-key", files.api_key.read_text()),
        ]

    return (
        ProcessSpec(
            name=DEVNET,
            kind="chain",
            argv=(
                sys.executable,
                *("-m", "indexmaker_evm.devnet"),
                *("--run-dir", str(files.root / "devnet")),
                *("--indices", str(files.indices)),
            ),
        ),
        plugin_process(WATCHER, plugin="evm", configuration=watcher, requires=(DEVNET,)),
        ProcessSpec(name=EXCHANGE, kind="venue", argv=exchange, requires=(DEVNET, WATCHER)),
    )
