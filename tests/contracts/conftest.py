"""One node for the session; every test sees the freshly deployed world."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest
from web3 import HTTPProvider, Web3

from contracts.gate_world import GateWorld, rpc
from indexmaker_evm.devnet.accounts import MNEMONIC
from indexmaker_evm.devnet.binary import find_anvil
from indexmaker_evm.devnet.errors import AnvilNotFoundError
from indexmaker_evm.devnet.node import choose_port


@pytest.fixture(scope="session")
def node() -> Iterator[Web3]:
    try:
        binary = find_anvil()
    except AnvilNotFoundError as error:
        pytest.skip(str(error))
    port = choose_port()
    arguments = ("--port", str(port), "--chain-id", "42161", "--mnemonic", MNEMONIC, "--quiet")
    with subprocess.Popen([binary, *arguments]) as process:
        w3 = Web3(HTTPProvider(f"http://127.0.0.1:{port}"))
        try:
            for _ in range(400):
                if w3.is_connected():
                    break
                time.sleep(0.05)
            yield w3
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def deployed(node: Web3) -> GateWorld:
    return GateWorld.build(node)


@pytest.fixture
def world(deployed: GateWorld) -> Iterator[GateWorld]:
    snapshot = rpc(deployed.w3, "evm_snapshot")
    yield deployed
    rpc(deployed.w3, "evm_revert", snapshot)
