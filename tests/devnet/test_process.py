"""The network as a process: what it says, how it ends, what it keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.manifest import Manifest, read_manifest

pytestmark = pytest.mark.integration


def start(run_dir: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "indexmaker_evm.devnet", "--run-dir", str(run_dir), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ready(process: subprocess.Popen[str]) -> Manifest:
    assert process.stdout is not None
    return read_manifest(Path(json.loads(process.stdout.readline())["manifest"]))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is a Linux feature")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_node_outlives_the_network(tmp_path: Path, number: signal.Signals) -> None:
    with start(tmp_path) as process:
        ready(process)
        nodes = children(process.pid)
        assert len(nodes) == 2
        process.send_signal(number)
        status = process.wait(30)
    assert status == (0 if number is signal.SIGTERM else -number)
    assert all(gone(pid) for pid in nodes)


def test_a_node_that_dies_ends_the_network_with_a_message(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        ready(process)
        os.kill(children(process.pid)[0], signal.SIGKILL)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the node of chain" in errors
    assert "Traceback" not in errors


def test_a_taken_port_is_explained(tmp_path: Path) -> None:
    with start(tmp_path / "first") as first:
        port = ready(first).chains["42161"].rpc.rpartition(":")[2]
        with start(tmp_path / "second", "--arbitrum-port", port) as second:
            _, errors = second.communicate(timeout=30)
        first.terminate()
    assert second.returncode == 1
    assert f"port {port}" in errors


async def test_a_state_directory_keeps_requests_and_events_over_a_restart(tmp_path: Path) -> None:
    options = ("--state-dir", str(tmp_path / "state"))
    with start(tmp_path / "run", *options) as process:
        async with DevnetClient(ready(process)) as client:
            receipt = await client.deposit(client.manifest.accounts.users[0], symbol="TOP10", assets=10**6)
        process.terminate()
    with start(tmp_path / "run", *options) as process:
        async with DevnetClient(ready(process)) as client:
            assert (await client.request("TOP10", receipt.request_id)).amount == 10**6
            logs = await client.gate("TOP10").events.DepositRequest().get_logs(from_block=0)
        process.terminate()
    assert [entry["transactionHash"].to_0x_hex() for entry in logs] == [receipt.transaction_hash]


def test_other_indices_on_a_kept_state_are_refused(tmp_path: Path) -> None:
    options = ("--state-dir", str(tmp_path / "state"))
    with start(tmp_path / "run", *options) as process:
        ready(process)
        process.terminate()
    (tmp_path / "indices.json").write_text('[{"symbol": "ONE", "name": "One"}]')
    with start(tmp_path / "run", *options, "--indices", str(tmp_path / "indices.json")) as process:
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "TOP10" in errors
