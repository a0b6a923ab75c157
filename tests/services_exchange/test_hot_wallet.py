"""The hot wallet pays each withdrawal once, whatever breaks, and reports what became of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from indexmaker.api.chain.v1 import chain_pb2
from indexmaker.exchange.commands import ReportWithdrawal, RequestWithdrawal
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import WithdrawalChanged
from indexmaker.exchange.listing import builtin_listing
from indexmaker.exchange.vocabulary import WithdrawalStatus
from indexmaker.exchange.withdrawals import Withdrawal
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.money import parse_atoms
from indexmaker.services.exchange.hot_wallet import HotWallet
from indexmaker.services.exchange.settings import AccountSetting, ChainSetting, WithdrawalSetting
from indexmaker.services.exchange.setup import set_up
from indexmaker.services.exchange.wallet import DepositWallet
from services_exchange.chain import TOKEN, serve_chain
from services_exchange.wallet_chain import SENDER, State, WalletChain

PHRASE = "test test test test test test test test test test test junk"
CHAIN = ChainSetting(chain_id=8453, token=TOKEN, confirmations=5)
TERMS = WithdrawalSetting(chain_id=8453, fee=parse_atoms("0.5"), minimum=parse_atoms("5"))
PERSON = "0x" + "12" * 20
USDC = 10**8
"""Ledger atoms of one USDC."""
S = WithdrawalStatus


class World:
    """An exchange whose user has 10 000 USDC, and its wallet's connector."""

    def __init__(self, engine: ExchangeEngine, sequencer: ExchangeSequencer, address: str) -> None:
        self.engine = engine
        self.sequencer = sequencer
        self.address = address
        self.chain = WalletChain()
        self.wallet = self.new_wallet()
        self.moved = asyncio.Event()
        sequencer.subscribe(lambda committed: self.wallet.observe(committed))
        sequencer.subscribe(lambda committed: self.moved.set())

    def new_wallet(self) -> HotWallet:
        return HotWallet(self.engine, self.sequencer, address=self.address, chains=[CHAIN], retry_seconds=0.02)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        async with serve_chain(self.chain, self.address):
            yield

    @asynccontextmanager
    async def paying(self) -> AsyncIterator[None]:
        """A life of the wallet; the engine outlives it, as its journal does."""
        self.wallet = self.new_wallet()
        task = asyncio.create_task(self.wallet.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def request(self, amount: int = 100 * USDC, *, address: str = PERSON) -> Withdrawal:
        command = RequestWithdrawal(account=1001, asset="USDC", network="BASE", address=address, amount=amount)
        answer = (await self.sequencer.submit(command)).outputs[0]
        assert isinstance(answer, WithdrawalChanged), answer
        withdrawal = self.engine.withdrawal(answer.withdrawal_id)
        assert withdrawal is not None
        return withdrawal

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.moved.clear()
                await self.moved.wait()

    async def reaches(self, withdrawal: Withdrawal, status: WithdrawalStatus) -> None:
        await self.until(lambda: withdrawal.status is status)


@pytest.fixture
async def world(engine: ExchangeEngine, sequencer: ExchangeSequencer, tmp_path: Path) -> World:
    await set_up(
        engine,
        sequencer,
        listing=builtin_listing(),
        accounts=[AccountSetting(key="user", secret="s", balances=(("USDC", parse_atoms("10000")),))],
        chains=[CHAIN],
        wallet=DepositWallet(PHRASE),
        withdrawals=[TERMS],
    )
    return World(engine, sequencer, f"unix:{tmp_path}/wallet.sock")


async def test_withdrawal_is_sent_less_its_fee_and_completed_once_it_is_confirmed(world: World) -> None:
    async with world.connected(), world.paying():
        withdrawal = await world.request()
        await world.reaches(withdrawal, S.SENT)
        sent = world.chain.submitted[withdrawal.command_id]
        assert (sent.transfer.token, sent.transfer.recipient, sent.transfer.amount) == (TOKEN, PERSON, "99.5")
        await world.chain.move(withdrawal.command_id, State.STATE_MINED)
        await world.chain.move(withdrawal.command_id, State.STATE_CONFIRMED)
        await world.reaches(withdrawal, S.COMPLETED)
    assert withdrawal.tx_hash == f"0x{1:064x}"
    assert world.engine.bucket("external.BASE", "USDC") == 99_5 * 10**7


async def test_transaction_that_pays_more_replaces_the_stuck_one(world: World) -> None:
    async with world.connected(), world.paying():
        withdrawal = await world.request()
        await world.reaches(withdrawal, S.SENT)
        world.chain.transactions[withdrawal.command_id].tx_hashes.append("0xbb")
        await world.chain.move(withdrawal.command_id, State.STATE_BROADCAST)
        await world.until(lambda: withdrawal.tx_hash == "0xbb")


@pytest.mark.parametrize("place", ["before", "after"])
async def test_lost_answer_is_followed_by_a_question_and_never_by_a_second_payment(world: World, place: str) -> None:
    world.chain.faults = [(place, grpc.StatusCode.UNAVAILABLE)]
    async with world.connected(), world.paying():
        withdrawal = await world.request()
        await world.reaches(withdrawal, S.SENT)
    assert len(world.chain.submitted) == 1
    assert world.engine.withdrawing(1001, "USDC") == 100 * USDC


async def test_what_was_under_way_is_taken_up_after_a_restart_and_sent_once(world: World) -> None:
    waiting, sent = await world.request(), await world.request(200 * USDC)
    async with world.connected():
        async with world.paying():
            await world.reaches(waiting, S.SENT)
            await world.reaches(sent, S.SENT)
            late = await world.request(300 * USDC)
            await world.reaches(late, S.SENT)
        await world.chain.move(sent.command_id, State.STATE_FINAL)
        async with world.paying():
            await world.reaches(sent, S.COMPLETED)
    assert len(world.chain.submitted) == 3
    assert (waiting.status, late.status) == (S.SENT, S.SENT)


async def test_payment_journaled_by_the_connector_but_not_by_us_is_recognised(world: World) -> None:
    """The process died between the connector's journal and ours."""
    async with world.connected():
        withdrawal = await world.request()
        world.chain.transactions[withdrawal.command_id] = chain_pb2.Transaction(
            command_id=withdrawal.command_id, chain_id=8453, state=State.STATE_BROADCAST, tx_hashes=["0xaa"]
        )
        async with world.paying():
            await world.reaches(withdrawal, S.SENT)
    assert withdrawal.tx_hash == "0xaa"
    assert not world.chain.submitted


async def test_connector_that_forgot_a_payment_is_not_told_to_pay_again(world: World) -> None:
    withdrawal = await world.request()
    report = ReportWithdrawal(withdrawal_id=withdrawal.withdrawal_id, status=S.SENT, tx_hash="0xaa")
    await world.sequencer.submit(report)
    async with world.connected(), world.paying():
        other = await world.request()
        await world.reaches(other, S.SENT)
    assert withdrawal.status is S.SENT
    assert list(world.chain.submitted) == [other.command_id]


async def test_wallet_waits_for_money_and_says_so_and_promises_nothing_twice(world: World) -> None:
    world.chain.balance = "150"
    async with world.connected(), world.paying():
        first, second = await world.request(), await world.request()
        await world.reaches(first, S.SENT)
        await world.until(lambda: second.reason != "")
        assert f"the hot wallet {SENDER} has 50.5 to pay 99.5" in second.reason
        world.chain.balance = "50.5"  # the first transfer is in a block
        await world.chain.move(first.command_id, State.STATE_MINED)
        assert second.status is S.PROCESSING
        world.chain.balance = "99.5"
        await world.reaches(second, S.SENT)
    assert second.reason == ""


async def test_wallet_does_not_pay_itself(world: World) -> None:
    async with world.connected(), world.paying():
        withdrawal = await world.request(address=SENDER)
        await world.reaches(withdrawal, S.FAILED)
    assert world.engine.balance(1001, "USDC")[0] == 10_000 * USDC
    assert not world.chain.submitted


async def test_transfer_that_would_fail_is_refused_and_the_money_comes_back(world: World) -> None:
    world.chain.refuses = "the recipient is blocked"
    async with world.connected(), world.paying():
        withdrawal = await world.request()
        await world.reaches(withdrawal, S.FAILED)
    assert withdrawal.reason == "the recipient is blocked"
    assert world.engine.balance(1001, "USDC")[0] == 10_000 * USDC


async def test_failed_transfer_is_given_back_only_when_its_block_stays(world: World) -> None:
    async with world.connected(), world.paying():
        withdrawal, other = await world.request(), await world.request()
        await world.reaches(other, S.SENT)
        await world.chain.move(withdrawal.command_id, State.STATE_REVERTED, confirmations=4, error="paused")
        await world.chain.move(other.command_id, State.STATE_FINAL)
        await world.reaches(other, S.COMPLETED)
        assert withdrawal.status is S.SENT
        await world.chain.move(withdrawal.command_id, State.STATE_REVERTED, silent=True, confirmations=5)
        await world.reaches(withdrawal, S.FAILED)
    assert (withdrawal.reason, world.engine.withdrawing(1001, "USDC")) == ("paused", 0)


async def test_transaction_whose_nonce_was_taken_never_moves_money(world: World) -> None:
    async with world.connected(), world.paying():
        withdrawal = await world.request()
        await world.reaches(withdrawal, S.SENT)
        await world.chain.move(withdrawal.command_id, State.STATE_DROPPED, error="its nonce was used")
        await world.reaches(withdrawal, S.FAILED)


async def test_connector_that_is_away_is_waited_for(world: World) -> None:
    async with world.paying():
        withdrawal = await world.request()
        await world.until(lambda: "UNAVAILABLE" in withdrawal.reason)
        async with world.connected():
            await world.reaches(withdrawal, S.SENT)
        await world.chain.move(withdrawal.command_id, State.STATE_FINAL)
        async with world.connected():
            await world.reaches(withdrawal, S.COMPLETED)
    assert len(world.chain.submitted) == 1
