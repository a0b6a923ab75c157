"""The transaction manager against a node that loses, forks and forgets: each command is sent once or never."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evm.fake_node import FakeNode, FakeSigner, FakeTracker
from indexmaker_evm.errors import FeeLimitError, JournalMismatchError
from indexmaker_evm.transactions.commands import PreparedCall
from indexmaker_evm.transactions.gas import GasStation
from indexmaker_evm.transactions.journal import TransactionJournal
from indexmaker_evm.transactions.manager import TransactionManager
from indexmaker_evm.transactions.model import Transaction, TxState

SECOND = 10**9
BUMP_AFTER = 30 * SECOND
TARGET = "0x" + "0b" * 20


class Desk:
    """A manager with its journal and node; time stands still until told."""

    def __init__(self, *, max_fee: int = 10**12) -> None:
        self.node = FakeNode()
        self.journal = TransactionJournal(":memory:")
        self.max_fee = max_fee
        self.time = SECOND
        self.submitted: set[str] = set()
        self.restart()

    def now(self) -> int:
        return self.time

    def restart(self) -> None:
        rpc: Any = self.node
        tracker: Any = FakeTracker(self.node)
        self.manager = TransactionManager(
            rpc,
            self.journal,
            FakeSigner(),
            tracker,
            GasStation(rpc, chain_id=1, max_fee=self.max_fee),
            confirmations=2,
            resend_after_ns=10 * SECOND,
            bump_after_ns=BUMP_AFTER,
            clock=self,
        )

    async def submit(self, command_id: str) -> Transaction:
        call = PreparedCall(to=TARGET, data=command_id.encode())
        self.submitted.add(command_id)
        return await self.manager.submit(command_id, call, digest=b"")

    async def settle(self) -> None:
        """Enough blocks and time for everything that is possible."""
        self.node.lose_messages = False
        for _ in range(4 * len(self.submitted) + 16):
            self.time += BUMP_AFTER
            await self.manager.reconcile()
            self.node.mine()
        await self.manager.reconcile()

    def state(self, command_id: str) -> Transaction:
        transaction = self.journal.get(command_id)
        assert transaction is not None
        return transaction


_moves = st.one_of(
    st.tuples(st.just("submit"), st.sampled_from("abcdef")),
    st.tuples(st.just("lose"), st.booleans()),
    st.tuples(st.just("fork"), st.integers(1, 3)),
    st.tuples(st.just("fees"), st.sampled_from([50, 100, 400])),
    st.sampled_from([("mine",), ("forget",), ("restart",), ("look",), ("wait",)]),
)


async def _play(desk: Desk, move: tuple[Any, ...]) -> None:
    match move:
        case ("submit", command_id):
            await desk.submit(command_id)
        case ("lose", lost):
            desk.node.lose_messages = lost
        case ("fork", depth):
            desk.node.fork(depth)
        case ("fees", base_fee):
            desk.node.base_fee = base_fee
        case ("mine",):
            desk.node.mine()
        case ("forget",):
            desk.node.forget()
        case ("restart",):
            desk.restart()
        case ("look",):
            await desk.manager.reconcile()
        case ("wait",):
            desk.time += BUMP_AFTER


@settings(max_examples=200, deadline=None)
@given(st.lists(_moves, min_size=5, max_size=40))
def test_whatever_happens_each_command_ends_in_exactly_one_final_transaction(moves: list[tuple[Any, ...]]) -> None:
    async def scenario() -> None:
        desk = Desk()
        for move in moves:
            await _play(desk, move)
        await desk.settle()
        mined = [envelope.data.decode() for block in desk.node.blocks for envelope in block]
        assert sorted(mined) == sorted(desk.submitted)
        for command_id in desk.submitted:
            assert desk.state(command_id).state is TxState.FINAL
            assert not desk.state(command_id).open

    asyncio.run(scenario())


@settings(max_examples=100, deadline=None)
@given(st.lists(_moves, min_size=5, max_size=30))
def test_a_command_keeps_its_nonce_and_each_raise_is_at_least_a_tenth(moves: list[tuple[Any, ...]]) -> None:
    async def scenario() -> None:
        desk = Desk()
        nonces: dict[str, int | None] = {}
        for move in moves:
            await _play(desk, move)
            for command_id in desk.submitted:
                transaction = desk.state(command_id)
                assert nonces.setdefault(command_id, transaction.nonce) == transaction.nonce
                for before, after in zip(transaction.attempts, transaction.attempts[1:], strict=False):
                    assert after.max_fee * 100 >= before.max_fee * 110
                    assert after.priority_fee * 100 >= before.priority_fee * 110
        assert sorted(n for n in nonces.values() if n is not None) == list(range(len(nonces)))

    asyncio.run(scenario())


async def test_a_command_that_would_revert_takes_no_nonce_and_stays_refused() -> None:
    desk = Desk()
    desk.node.reverting = frozenset({b"bad"})
    refused = await desk.submit("bad")
    assert (refused.state, refused.nonce, refused.open) == (TxState.REVERTED, None, False)
    assert "execution reverted: no" in refused.error
    desk.node.reverting = frozenset()
    assert await desk.submit("bad") == refused
    assert (await desk.submit("good")).nonce == 0


async def test_a_transaction_whose_block_left_the_chain_waits_again() -> None:
    desk = Desk()
    await desk.submit("a")
    desk.node.mine()
    await desk.manager.reconcile()
    assert desk.state("a").state is TxState.MINED
    desk.node.fork(1)
    await desk.manager.reconcile()
    assert desk.state("a").state is TxState.BROADCAST
    assert desk.state("a").block_number == 0
    desk.node.mine()
    await desk.manager.reconcile()
    assert desk.state("a").state is TxState.MINED


async def test_a_revert_on_chain_costs_gas_and_says_why() -> None:
    desk = Desk()
    await desk.submit("a")
    desk.node.reverting = frozenset({b"a"})
    desk.node.mine()
    await desk.manager.reconcile()
    reverted = desk.state("a")
    assert (reverted.state, reverted.cost_wei) == (TxState.REVERTED, 21_000 * 100)
    assert "execution reverted: no" in reverted.error


async def test_a_nonce_that_somebody_else_used_drops_the_command_once_that_is_final() -> None:
    desk = Desk()
    desk.node.lose_messages = True
    await desk.submit("a")
    stranger = Desk()
    await stranger.submit("other")
    desk.node.mempool = stranger.node.mempool
    desk.node.mine()
    await desk.manager.reconcile()
    assert desk.state("a").state is TxState.JOURNALED
    for _ in range(4):
        desk.node.mine()
    await desk.manager.reconcile()
    assert desk.state("a").state is TxState.DROPPED


async def test_fees_above_the_limit_are_refused_before_anything_is_journaled() -> None:
    desk = Desk(max_fee=150)
    with pytest.raises(FeeLimitError):
        await desk.submit("a")
    assert desk.journal.get("a") is None


async def test_a_journal_of_another_chain_is_not_used() -> None:
    desk = Desk()
    desk.journal.genesis(1, current="0xelse")
    with pytest.raises(JournalMismatchError, match="remove this plugin's data directory"):
        await desk.submit("a")


async def test_changes_are_told_from_a_sequence_on_each_transaction_once_as_it_stands() -> None:
    desk = Desk()
    await desk.submit("a")
    first = desk.journal.changes(0)
    assert [t.command_id for t in first.transactions] == ["a"]
    assert desk.journal.changes(first.next_sequence).transactions == ()
    await desk.submit("b")
    desk.node.mine()
    await desk.manager.reconcile()
    later = desk.journal.changes(first.next_sequence)
    assert {t.command_id: t.state for t in later.transactions} == {"a": TxState.MINED, "b": TxState.MINED}
    assert desk.journal.changes(later.next_sequence).next_sequence == later.next_sequence
