"""One anvil process: ports, start, readiness, and an end that never outlives its owner."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
import structlog

from indexmaker_evm.devnet.accounts import MNEMONIC
from indexmaker_evm.devnet.errors import NodeFailedError, PortTakenError

__all__ = ["AnvilNode", "choose_port"]

HOST = "127.0.0.1"
READY_POLLS = 400
READY_POLL_SECONDS = 0.05
STOP_SECONDS = 10.0
_LAUNCHER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
if os.getppid() != int(sys.argv[1]):  # the owner died before the request was made
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes the node, which is then told to end when its owner does, however that happens. In a process of its own: code
between fork and exec may wait for ever for a lock of one of the owner's threads.
"""

log = structlog.get_logger(__name__)


def choose_port(wanted: int = 0) -> int:
    """Return `wanted` if it is free, or any free port for 0; raises `PortTakenError`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            raise PortTakenError(
                f"port {wanted} on {HOST} cannot be used ({error.strerror}): stop what listens there or choose another"
            ) from error
        port: int = probe.getsockname()[1]
        return port


class AnvilNode:
    """A running node; made by `start`."""

    def __init__(self, process: asyncio.subprocess.Process, *, chain_id: int, port: int, log_file: Path) -> None:
        self._process = process
        self._log_file = log_file
        self.chain_id = chain_id
        self.rpc = f"http://{HOST}:{port}"
        self.ws = f"ws://{HOST}:{port}"

    @classmethod
    async def start(
        cls,
        binary: Path,
        *,
        chain_id: int,
        port: int,
        log_file: Path,
        state_file: Path | None = None,
    ) -> AnvilNode:
        """Start a node that mines a block per transaction, and wait until it answers.

        With `state_file` the chain is loaded from it if it exists and saved to it when the node ends.

        Raises:
            NodeFailedError: the process ended or never answered; the message names its log.
        """
        arguments = [
            *("--host", HOST, "--port", str(port), "--chain-id", str(chain_id)),
            *("--slots-in-an-epoch", "1", "--mnemonic", MNEMONIC, "--quiet"),
            *(("--state", str(state_file)) if state_file else ()),
        ]
        with log_file.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *_launched(binary),
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C reaches the owner, who then ends the nodes
            )
        node = cls(process, chain_id=chain_id, port=port, log_file=log_file)
        try:
            await node._until_ready()
        except BaseException:
            await node.stop()
            raise
        log.info("node_ready", chain_id=chain_id, rpc=node.rpc, pid=process.pid)
        return node

    async def watch(self) -> None:
        """Wait for the process to end, which it should not: always raises `NodeFailedError`."""
        status = await self._process.wait()
        raise NodeFailedError(f"the node of chain {self.chain_id} ended with status {status}; see {self._log_file}")

    async def stop(self) -> None:
        """End the process, with time to save its state; idempotent."""
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            log.warning("node_killed", chain_id=self.chain_id)
            self._process.kill()
            await self._process.wait()

    async def _until_ready(self) -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(READY_POLLS):
                if self._process.returncode is not None:
                    raise NodeFailedError(
                        f"the node of chain {self.chain_id} ended at once with status "
                        f"{self._process.returncode}; see {self._log_file}"
                    )
                if await self._answers(session):
                    return
                await asyncio.sleep(READY_POLL_SECONDS)
        raise NodeFailedError(f"the node of chain {self.chain_id} does not answer; see {self._log_file}")

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
        try:
            async with session.post(self.rpc, json=call) as response:
                reply = await response.json()
        except (aiohttp.ClientError, TimeoutError):
            return False
        if int(reply["result"], 16) != self.chain_id:
            raise NodeFailedError(f"another chain answers at {self.rpc}: choose another port")
        return True


def _launched(binary: Path) -> tuple[str, ...]:
    if sys.platform != "linux":
        return (str(binary),)
    return (sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), str(binary))
