"""The follower against a chain that forks, a plugin that restarts and a client that crashes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evm.fake_chain import OURS, THEIRS, TOKEN, FakeChain
from evm.follower_world import CursorUnknownError, ReorgTooDeepError, World
from indexmaker_evm.events import Finality
from indexmaker_evm.follower.memory import BlockMemory
from indexmaker_evm.follower.watches import TransferWatch

WATCH = TransferWatch(token=TOKEN, recipients=frozenset({OURS}))

_blocks = st.lists(st.sampled_from([OURS, THEIRS]), min_size=1, max_size=3)
_moves = st.one_of(
    st.tuples(st.just("mine"), st.lists(_blocks, min_size=1, max_size=4)),
    st.tuples(st.just("leap"), st.integers(1, 30)),
    st.tuples(st.just("fork"), st.integers(1, 3), st.lists(_blocks, min_size=3, max_size=5), st.booleans()),
    st.tuples(st.just("settle")),
    st.tuples(st.just("poll")),
    st.tuples(st.just("step")),
    st.tuples(st.just("save")),
    st.tuples(st.just("crash")),
    st.tuples(st.just("restart")),
)


def _rewrite(chain: FakeChain, move: tuple[Any, ...]) -> None:
    """Change the chain; forks are not shorter than what they replace, and may carry the same transactions."""
    match move:
        case ("mine", blocks):
            for recipients in blocks:
                chain.mine(recipients)
        case ("leap", count):
            for _ in range(count):
                chain.mine(())
        case ("fork", depth, blocks, keep) if depth < len(chain.headers_now):
            gone = [log for log in chain.drop(depth) if keep and log.body.recipient == OURS]
            chain.mine([OURS] * len(gone), tx_hashes=[log.tx_hash for log in gone])
            for recipients in blocks:
                chain.mine(recipients)


async def _play(world: World, moves: list[tuple[Any, ...]]) -> None:
    for move in moves:
        match move:
            case ("settle",):
                await world.settle()
            case ("poll",):
                await world.poll()
            case ("step",):
                await world.step()
            case ("save",):
                world.client.save()
            case ("crash",):
                world.client.crash()
                world.start_session()
            case ("restart",):
                world.client.save()
                world.start_plugin()
            case _:
                _rewrite(world.chain, move)


@settings(max_examples=200, deadline=None)
@given(st.lists(_moves, min_size=6, max_size=40))
def test_whatever_happens_the_client_ends_with_the_logs_of_the_chain(moves: list[tuple[Any, ...]]) -> None:
    async def scenario() -> None:
        world = World([WATCH])
        await _play(world, moves)
        await world.settle()
        world.check()

    asyncio.run(scenario())


@settings(deadline=None)
@given(st.lists(_moves, max_size=15), st.integers(0, 12), st.lists(_moves, max_size=15))
def test_a_watch_added_later_is_filled_in_from_its_first_block(
    before: list[tuple[Any, ...]], from_block: int, after: list[tuple[Any, ...]]
) -> None:
    async def scenario() -> None:
        world = World([WATCH])
        await _play(world, before)
        late = TransferWatch(token=TOKEN, recipients=frozenset({THEIRS}), from_block=from_block + 1)
        world.watches.append(late)
        world.session.watch([late])
        await _play(world, after)
        await world.settle()
        world.check()

    asyncio.run(scenario())


async def test_a_deposit_is_seen_then_confirmed_then_safe_then_final() -> None:
    world = World([WATCH])
    await world.settle()
    world.chain.mine([OURS])
    levels = []
    for _ in range(8):
        await world.settle()
        ((_, finality),) = world.client.now.logs.values()
        levels.append(finality)
        world.chain.mine(())
    assert list(dict.fromkeys(levels)) == [Finality.SEEN, Finality.CONFIRMED, Finality.SAFE, Finality.FINAL]


async def test_blocks_that_left_the_chain_are_retracted_newest_first() -> None:
    world = World([WATCH])
    for _ in range(3):
        world.chain.mine([OURS, OURS])
    await world.settle()
    world.chain.drop(3)
    for _ in range(4):
        world.chain.mine(())
    await world.settle()
    assert world.client.retracted == [(3, 1), (3, 0), (2, 1), (2, 0), (1, 1), (1, 0)]
    assert world.client.now.logs == {}


async def test_a_cursor_that_left_the_chain_while_nobody_looked_is_undone_from_memory() -> None:
    world = World([WATCH])
    world.chain.mine([OURS])
    await world.settle()
    world.chain.drop(1)
    for _ in range(3):
        world.chain.mine(())
    world.start_plugin()
    await world.settle()
    assert world.client.retracted == [(1, 0)]


async def test_a_cursor_that_nobody_remembers_is_refused_with_advice() -> None:
    world = World([WATCH])
    world.chain.mine([OURS])
    await world.settle()
    world.chain.drop(1)
    world.chain.mine(())
    world.memory = BlockMemory(":memory:")
    world.start_plugin()
    await world.poll()
    with pytest.raises(CursorUnknownError, match="start the client anew"):
        await world.session.step()


async def test_a_rewrite_below_the_window_stops_the_chain() -> None:
    world = World([WATCH], window=4)
    for _ in range(10):
        world.chain.mine(())
    await world.settle()
    world.chain.drop(6)
    for _ in range(7):
        world.chain.mine(())
    with pytest.raises(ReorgTooDeepError, match="deeper than the 4 blocks"):
        await world.tracker.poll()


async def test_a_silent_node_is_asked_again() -> None:
    world = World([WATCH])
    world.chain.silent = True
    world.chain.mine([OURS])
    await world.settle()
    assert world.client.now.logs == {}
    world.chain.silent = False
    await world.settle()
    world.check()


async def test_an_old_history_is_read_in_ranges_and_the_tip_block_by_block() -> None:
    world = World([WATCH], window=4)
    for _ in range(60):
        world.chain.mine([OURS])
    await world.settle()
    world.check()
    assert world.client.now.cursor is not None
    assert world.client.now.cursor.block_hash == world.chain.tip.hash
