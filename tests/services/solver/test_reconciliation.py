"""The ledger beside the outside: what is on its way explains, what stays unexplained halts."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.connectors.errors import TransientError
from indexmaker.runtime import Sequencer, SystemClock
from indexmaker.runtime.memory import MemoryJournal
from indexmaker.services.solver.reconciliation import Reconciler
from indexmaker.solver import SolverEngine
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.reconciliation import Expected, expected_positions, judge, moving_transfers
from indexmaker.solver.vocabulary import PositionStatus, TransferState
from solver.selling import TOKEN, pay_out, ready_to_sell, sale, sell_off
from solver.world import ALICE, CHAIN, GATE, amt, make_world

GATE_PLACE = f"gate:{CHAIN}:{GATE}"


def opening(world):
    """Expected positions by (place, asset)."""
    return {(one.place, one.asset): one for one in expected_positions(world.engine.state, world.engine.ledger)}


def test_an_equal_position_matches():
    assert judge(Expected(place="p", asset="A", amount=5), 5).status is PositionStatus.MATCHED


@given(amount=st.integers(-100, 100), less=st.integers(0, 50), more=st.integers(0, 50), outside=st.integers(-200, 200))
def test_a_position_is_explained_exactly_within_what_is_on_its_way(amount, less, more, outside):
    check = judge(Expected(place="p", asset="A", amount=amount, less=less, more=more, explanation="orders"), outside)
    within = amount - less <= outside <= amount + more
    assert (check.status is PositionStatus.UNEXPLAINED) is not within
    assert (check.status is PositionStatus.MATCHED) is (outside == amount)


def test_a_deposit_is_expected_in_its_gate_and_may_leave_it_while_its_commit_is_out():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    resting = opening(world)[GATE_PLACE, "USDC"]
    assert (resting.amount, resting.less, resting.more) == (amt("100"), 0, 0)
    world.tick()
    quote = world.inbox.popleft()
    for event in world.answer(quote):
        world.submit(event)
    leaving = opening(world)[GATE_PLACE, "USDC"]
    assert (leaving.amount, leaving.less) == (amt("100"), amt("100"))
    assert "commits" in leaving.explanation


def test_money_on_its_way_may_have_come_already():
    world = make_world()
    world.hooks.append(lambda w, c: [] if type(c).__name__ == "StartTransfer" else None)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.tick()
    world.play()
    venue = opening(world)["venue:binance", "USDC"]
    assert (venue.amount, venue.more) == (amt("1000"), amt("100"))
    assert (GATE_PLACE, "USDC") not in opening(world)


@pytest.mark.parametrize(
    ("held_back", "place", "asset", "why"),
    [
        (out.WithdrawCollateral, "venue:binance", "USDC", "payouts"),
        (out.SettleRedemption, f"keeper:{CHAIN}", "USDC", "settlements"),
        (out.SettleRedemption, GATE_PLACE, TOKEN, "settlements"),
    ],
)
def test_what_a_sale_sends_out_may_have_left_already(held_back, place, asset, why):
    world = ready_to_sell("4")
    world.hooks.append(lambda w, c: [] if isinstance(c, held_back) else None)
    sell_off(world, "4")
    pay_out(world)
    found = opening(world)[place, asset]
    assert found.less > 0
    assert why in found.explanation


def test_proceeds_on_their_way_may_have_come_already():
    world = ready_to_sell("4")
    world.hooks.append(lambda w, c: [] if isinstance(c, out.StartTransfer) and c.source.startswith("BINANCE") else None)
    sell_off(world, "4")
    pay_out(world)
    keeper = opening(world)[f"keeper:{CHAIN}", "USDC"]
    assert keeper.more == sale(world).payout_share
    assert keeper.less == 0


def test_a_live_order_may_be_executed_without_our_knowing_it_yet():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.tick()
    world.play()
    before = opening(world)["venue:binance", "USDC"].amount
    world.solve()
    venue = opening(world)
    assert venue["venue:binance", "USDC"].amount == before
    assert amt("90") < venue["venue:binance", "USDC"].less < amt("101")


def test_after_everything_is_settled_nothing_is_on_its_way():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "150")
    world.run()
    assert [one for one in opening(world).values() if one.less or one.more] == []
    invoice = world.engine.order(ALICE, "one").invoice
    keeper = opening(world)[f"keeper:{CHAIN}", "USDC"]
    assert keeper.amount == amt("1000") - invoice.refund


def test_units_in_circulation_are_what_was_minted_and_may_grow_by_a_mint_under_way():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.hooks.append(lambda w, c: [] if type(c).__name__ == "SettleInvoice" and not w.minted else None)
    world.run()
    supply = opening(world)["supply:TOP2", "token:TOP2"]
    invoice = world.engine.order(ALICE, "one").invoice
    assert (supply.amount, supply.less, supply.more) == (0, 0, invoice.units)
    world.hooks.clear()
    world.restart()
    world.run()
    supply = opening(world)["supply:TOP2", "token:TOP2"]
    assert (supply.amount, supply.less, supply.more) == (invoice.units, 0, 0)


def test_what_a_bridge_carries_is_what_left_the_gates_and_may_be_unknown_to_it_until_it_was_heard():
    world = make_world()
    world.hooks.append(lambda w, c: [] if type(c).__name__ == "StartTransfer" else None)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.tick()
    world.play()
    carried = opening(world)["bridge", "USDC"]
    assert (carried.amount, carried.less, carried.more) == (amt("100"), amt("100"), 0)
    ((transfer_id, asset),) = moving_transfers(world.engine.state)
    assert asset == "USDC"
    world.submit(ev.TransferUpdated(transfer_id=transfer_id, state=TransferState.IN_FLIGHT))
    assert opening(world)["bridge", "USDC"].less == 0
    world.hooks.clear()
    world.restart()
    world.run()
    assert ("bridge", "USDC") not in opening(world)


class Outside:
    """Places that answer what they are told to; each answer is given once, the last one for ever."""

    def __init__(self, **answers):
        self.answers = {place: list(found) for place, found in answers.items()}
        self.asked = dict.fromkeys(answers, 0)

    def sources(self):
        return {place.replace("_", ":"): self._source(place) for place in self.answers}

    def _source(self, place):
        async def ask():
            self.asked[place] += 1
            found = self.answers[place]
            answer = found.pop(0) if len(found) > 1 else found[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return ask


@asynccontextmanager
async def reconciling(outside):
    engine = SolverEngine()
    sequencer = Sequencer(engine, MemoryJournal("solver"), clock=SystemClock())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(sequencer.run())
        await sequencer.submit(
            ev.HouseCapital(place="venue:binance", asset="USDC", amount=amt("1000"), reference="opening")
        )
        yield engine, Reconciler(engine, sequencer, sources=outside.sources, interval=3600, pause=0)
        sequencer.stop()
        await running


async def test_a_venue_that_agrees_halts_nothing():
    outside = Outside(venue_binance=[{"USDC": amt("1000")}])
    async with reconciling(outside) as (engine, reconciler):
        found = await reconciler.compare()
        assert [check.status for check in found.checks] == [PositionStatus.MATCHED]
        assert engine.state.halted == ""
        assert outside.asked == {"venue_binance": 1}


async def test_a_difference_that_goes_away_by_itself_is_no_finding():
    outside = Outside(venue_binance=[{"USDC": amt("999")}, {"USDC": amt("1000")}])
    async with reconciling(outside) as (engine, reconciler):
        found = await reconciler.compare()
        assert [check.status for check in found.checks] == [PositionStatus.MATCHED]
        assert engine.state.halted == ""


@pytest.mark.parametrize(
    ("answer", "asset"),
    [
        ({"USDC": amt("999")}, "USDC"),
        ({"USDC": amt("1000"), "BTC": 1}, "BTC"),
        ({}, "USDC"),
    ],
)
async def test_a_difference_that_stays_halts_trading_and_names_the_place(answer, asset):
    outside = Outside(venue_binance=[answer])
    async with reconciling(outside) as (engine, reconciler):
        found = await reconciler.compare()
        bad = [check for check in found.checks if check.status is PositionStatus.UNEXPLAINED]
        assert [(check.place, check.asset) for check in bad] == [("venue:binance", asset)]
        assert engine.state.halted == f"reconciliation: {asset} at venue:binance"
        assert engine.state.reconciliation.differences == tuple(bad)


async def test_the_same_finding_is_journaled_once_while_trading_is_halted():
    outside = Outside(venue_binance=[{"USDC": 0}])
    async with reconciling(outside) as (_, reconciler):
        first = await reconciler.compare()
        second = await reconciler.compare()
        assert second.sequence == first.sequence


async def test_a_finding_after_a_resume_halts_again():
    outside = Outside(venue_binance=[{"USDC": 0}])
    async with reconciling(outside) as (engine, reconciler):
        await reconciler.compare()
        engine.state.halted = ""
        await reconciler.compare()
        assert engine.state.halted


async def test_a_place_that_cannot_be_asked_is_named_and_halts_nothing():
    outside = Outside(venue_binance=[TransientError("the venue is away")])
    async with reconciling(outside) as (engine, reconciler):
        found = await reconciler.compare()
        assert found.unasked == ("venue:binance: the venue is away",)
        assert found.checks == ()
        assert engine.state.halted == ""


async def test_of_a_chain_only_the_tokens_it_was_asked_for_are_judged():
    outside = Outside(keeper_42161=[{}])
    async with reconciling(outside) as (engine, reconciler):
        found = await reconciler.compare()
        assert found.checks == ()
        assert engine.state.halted == ""
