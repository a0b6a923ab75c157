"""The files of a demonstration: secrets, the configuration of the system, and where everything lies."""

from __future__ import annotations

import json
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexmaker_demo.scenario import INDICES
from indexmaker_evm.devnet.manifest import Manifest

__all__ = ["DemoFiles", "free_port", "system_configuration"]


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Paths below the demonstration's folder, all private to its user."""

    root: Path

    @property
    def world(self) -> Path:
        """Run directory of what is outside: chains and the venue."""
        return self.root / "world"

    @property
    def run(self) -> Path:
        """Run directory of the system."""
        return self.root / "run"

    @property
    def configuration(self) -> Path:
        """The system's configuration file."""
        return self.root / "indexmaker.toml"

    @property
    def indices(self) -> Path:
        """The indices that the development network deploys."""
        return self.root / "indices.json"

    @property
    def exchange_data(self) -> Path:
        """The venue's database."""
        return self.root / "exchange"

    @property
    def solver_database(self) -> Path:
        """The core's journal."""
        return self.root / "solver.db"

    @property
    def log(self) -> Path:
        """Everything that the processes log."""
        return self.root / "log.jsonl"

    @property
    def api_key(self) -> Path:
        """The solver's key at the venue."""
        return self.root / "api-key"

    @property
    def api_secret(self) -> Path:
        """The solver's secret at the venue."""
        return self.root / "api-secret"

    @property
    def invoice_secret(self) -> Path:
        """What the links of invoices are keyed with."""
        return self.root / "invoice-secret"

    def prepare(self) -> None:
        """Make the folders and fresh secrets."""
        for folder in (self.root, self.world, self.run, self.exchange_data):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for secret in (self.api_key, self.api_secret, self.invoice_secret):
            secret.touch(mode=0o600)
            secret.write_text(secrets.token_hex(32))
        self.indices.write_text(json.dumps([{"symbol": one.symbol, "name": one.name} for one in INDICES]))


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def system_configuration(files: DemoFiles, manifest: Manifest, *, venue_url: str, fix_port: int) -> str:
    """The configuration with which `indexmaker up` runs this very system."""
    origin, target = manifest.contracts.arbitrum, manifest.contracts.base
    arbitrum, base = manifest.chains["42161"].rpc, manifest.chains["8453"].rpc
    accounts = manifest.accounts
    plugins: dict[str, dict[str, Any]] = {
        "binance-market-data": {"environment": {"base": venue_url}},
        "binance-orders": {
            "environment": {"base": venue_url},
            "api_key": f"file:{files.api_key}",
            "api_secret": f"file:{files.api_secret}",
            "deposits_every_ms": 1000,
            "withdrawals": True,
            "withdrawals_every_ms": 1000,
        },
        "evm": {
            "chains": [
                {"chain_id": 42161, "name": "arbitrum", "rpc": [arbitrum], "confirmations": 2, "poll_interval_ms": 300}
            ],
            "signer": {"private_key": f"file:{accounts.keeper.private_key_file}"},
        },
        "across": {
            "origin": {
                "chain_id": 42161,
                "rpc": [arbitrum],
                "usdc": origin.usdc,
                "spoke_pool": origin.spoke_pool,
                "route": origin.across_route,
            },
            "destination": {"chain_id": 8453, "rpc": [base], "usdc": target.usdc, "spoke_pool": target.spoke_pool},
            "returns": {"route": target.return_route, "recipient": accounts.keeper.address},
            "router_key": f"file:{accounts.router.private_key_file}",
        },
        "fix": {"listen": f"127.0.0.1:{fix_port}", "core": f"unix:{files.run}/core.sock"},
    }
    lines = [
        f"run_directory = {_toml(str(files.run))}",
        f"route_id = {_toml(str(origin.route_id))}",
        f"index_factories = {_toml({'42161': origin.index_factory})}",
        "",
        "[core]",
        f"database = {_toml(f'sqlite:///{files.solver_database}')}",
        "",
        "[solver]",
        'deposit_finality = "CONFIRMED"',
        "batch_interval_ms = 500",
        "",
        "[guardian]",
        f"private_key = {_toml(f'file:{accounts.issuer.private_key_file}')}",
        "",
        "[invoices]",
        f"listen = {_toml(f'127.0.0.1:{free_port()}')}",
        f"secret = {_toml(f'file:{files.invoice_secret}')}",
        "",
        "[venues.binance]",
        'market_data = "binance-market-data"',
        'order_entry = "binance-orders"',
        "",
    ]
    for name, configuration in plugins.items():
        lines += [f"[plugins.{name}]", f"plugin = {_toml(name)}", f"config = {_toml(configuration)}"]
        lines += ['requires = ["core"]' if name == "fix" else "", ""]
    for index in INDICES:
        gate = origin.gates[index.symbol]
        lines += [
            "[[indices]]",
            f"symbol = {_toml(index.symbol)}",
            f"name = {_toml(index.name)}",
            "chain_id = 42161",
            f"gate = {_toml(gate.gate)}",
            f"token = {_toml(gate.token)}",
            'management_fee = "0.001"',
            f"weights = {_toml(index.weights)}",
            "",
        ]
    return "\n".join(lines)


def _toml(value: object) -> str:
    """A value as TOML writes it inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(str(key))} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
