"""An order that bought nothing, against the real gate: everything comes back to its user's wallet."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker_client import Client, Signer
from indexmaker_evm.contracts import RequestState
from indexmaker_evm.devnet.client import DevnetClient

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@asynccontextmanager
async def running_system() -> AsyncIterator[Path]:
    """The demonstration, staying after its mints; its checks must hold at the end."""
    with tempfile.TemporaryDirectory(prefix="im-") as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "indexmaker.cli.app", "demo", "--stay", "--folder", folder),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        async with asyncio.timeout(200):
            while b"another terminal" not in (line := await process.stdout.readline()):
                assert line, "the demonstration ended before it was asked to"
        yield Path(folder)
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        assert process.returncode == 0


async def test_a_cancelled_order_without_fills_gets_its_whole_deposit_back_on_chain() -> None:
    async with running_system() as folder:
        devnet_file = folder / "devnet" / "devnet.json"
        async with DevnetClient.from_file(devnet_file) as devnet, Client(f"unix:{folder}/run/core.sock") as client:
            wallet = devnet.manifest.accounts.users[4]
            signer = Signer(42161, wallet.private_key())
            before = await devnet.usdc_balance(wallet.address)
            deposit = await devnet.deposit(wallet, symbol="CORE6", assets=100 * 10**6)
            await client.submit(signer, client_order_id="r-1", index="CORE6", amount="100", limit_price="1")
            async for report in client.watch(accounts=[signer.account]):
                if report.order.state == pb.INDEX_ORDER_STATE_READY and report.kind == pb.IndexOrderReport.KIND_STATE:
                    await client.cancel(signer, client_order_id="r-1")
                if report.order.state == pb.INDEX_ORDER_STATE_CANCELLED:
                    break
            assert await devnet.usdc_balance(wallet.address) == before
            assert (await devnet.request("CORE6", deposit.request_id)).state is RequestState.SETTLED
            assert (await client.ledger()).balanced
