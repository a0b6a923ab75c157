"""Operators decide on large withdrawals, by the command line, while the exchange runs."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from indexmaker.exchange.commands import RequestWithdrawal
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.listing import builtin_listing
from indexmaker.exchange.vocabulary import WithdrawalStatus
from indexmaker.exchange.withdrawals import Withdrawal
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.money import parse_atoms
from indexmaker.services.exchange.operators import SOCKET, operator_face
from indexmaker.services.exchange.settings import AccountSetting, ChainSetting, WithdrawalSetting
from indexmaker.services.exchange.setup import set_up
from indexmaker.services.exchange.wallet import DepositWallet

PHRASE = "test test test test test test test test test test test junk"
CHAIN = ChainSetting(chain_id=8453, token="0x" + "cc" * 20)
TERMS = WithdrawalSetting(
    chain_id=8453, fee=parse_atoms("0.5"), minimum=parse_atoms("5"), approve_above=parse_atoms("50")
)
USDC = 10**8


@pytest.fixture
def data() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="im-") as folder:  # pytest's own is too long for a socket
        yield Path(folder)


@pytest.fixture
async def waiting(engine: ExchangeEngine, sequencer: ExchangeSequencer, data: Path) -> AsyncIterator[Withdrawal]:
    """A withdrawal of 100 USDC that waits for an operator, in an exchange that is served."""
    await set_up(
        engine,
        sequencer,
        listing=builtin_listing(),
        accounts=[AccountSetting(key="user", secret="s", balances=(("USDC", parse_atoms("1000")),))],
        chains=[CHAIN],
        wallet=DepositWallet(PHRASE),
        withdrawals=[TERMS],
    )
    for amount in (100, 20):
        await sequencer.submit(
            RequestWithdrawal(
                account=1001, asset="USDC", network="BASE", address="0x" + "12" * 20, amount=amount * USDC
            )
        )
    withdrawal = engine.withdrawal(1)
    assert withdrawal is not None
    async with operator_face(engine, sequencer, data=data):
        yield withdrawal


async def command(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output, errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "indexmaker.cli.app", "exchange", "withdrawals", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


async def post(data: Path, path: str, body: bytes) -> tuple[int, dict[str, object]]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(data / SOCKET))) as session,
        session.post(f"http://exchange{path}", data=body) as answer,
    ):
        return answer.status, await answer.json()


async def test_waiting_withdrawal_is_listed_approved_and_goes_to_the_wallet(
    waiting: Withdrawal, data: Path, engine: ExchangeEngine
) -> None:
    code, out, _ = await command("list", "--data", str(data), "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, [(row["amount"], row["status"]) for row in rows]) == (
        0,
        [("100", "AWAITING_APPROVAL"), ("20", "PROCESSING")],
    )
    code, out, _ = await command("approve", "1", "--data", str(data), "--operator", "ann")
    assert (code, "PROCESSING" in out) == (0, True)
    assert waiting.status is WithdrawalStatus.PROCESSING
    assert [order.withdrawal_id for order in engine.pending()] == [1, 2]
    code, _, errors = await command("approve", "1", "--data", str(data))
    assert code == 1
    assert "it is decided already" in errors


async def test_refused_withdrawal_is_given_back_with_the_reason(
    waiting: Withdrawal, data: Path, engine: ExchangeEngine
) -> None:
    code, _, _ = await command("reject", "1", "--data", str(data), "--reason", "a sanctioned address")
    assert code == 0
    assert (waiting.status, waiting.reason) == (WithdrawalStatus.REJECTED, "a sanctioned address")
    assert engine.balance(1001, "USDC")[0] == 980 * USDC


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/withdrawals/9/approve", b'{"operator":"ann"}', 404),
        ("/withdrawals/1/approve", b'{"operator":" "}', 400),
        ("/withdrawals/1/reject", b'{"operator":"ann"}', 400),
        ("/withdrawals/1/approve", b"{", 400),
    ],
)
async def test_decision_without_a_name_or_a_reason_is_none(
    waiting: Withdrawal, data: Path, path: str, body: bytes, status: int
) -> None:
    answered, content = await post(data, path, body)
    assert (answered, list(content)) == (status, ["error"])
    assert waiting.status is WithdrawalStatus.AWAITING_APPROVAL


async def test_wrong_directory_is_told(data: Path) -> None:
    code, _, errors = await command("list", "--data", str(data))
    assert code == 2
    assert f"no exchange is served from {data}" in errors
