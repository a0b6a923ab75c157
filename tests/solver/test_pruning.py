"""What is over leaves the state after its time, and is not begun again when it is told again."""

from __future__ import annotations

import itertools

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.ledger import Ledger
from indexmaker.solver import SolverConfig
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.handlers.lots import close_request, is_closed
from indexmaker.solver.state import DepositLot, LotState, SolverState
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import Finality, OrderState
from solver.world import ALICE, BOB, CAROL, CHAIN, GATE, SECOND, amt, make_world

RETENTION = 600 * SECOND


def settled():
    """A world in which an order was minted and its mint is final, and the deposit that paid for it.

    Another order used up what its purchases had left to the house.
    """
    world = make_world(SolverConfig(retention_ns=RETENTION))
    deposit = world.deposit(ALICE, "100")
    world.order(ALICE, "100")
    world.run(6)
    world.deposit(BOB, "500")
    world.order(BOB, "500")
    world.run(6)
    assert world.engine.order(ALICE, "one").state is OrderState.MINTED
    return world, deposit


def test_a_settled_order_leaves_the_state_after_the_retention_time():
    world, _ = settled()
    order = world.engine.order(ALICE, "one")
    world.tick(RETENTION // SECOND // 2)
    assert world.engine.order(ALICE, "one") is order
    world.tick(RETENTION // SECOND)
    state = world.engine.state
    assert state.closed_orders == {order.order_id: OrderState.MINTED}
    assert order.order_id not in state.orders
    assert order.lot_key not in state.lots
    assert order.transfer_id not in state.transfers


def test_batches_go_when_nobody_holds_their_trades_any_more():
    world, _ = settled()
    lots = world.engine.order(ALICE, "one").lots
    world.deposit(CAROL, "500")
    world.order(CAROL, "500")
    world.run(6)
    world.tick(2 * RETENTION // SECOND)
    state = world.engine.state
    assert not {lot.batch_id for lot in lots} & state.batches.keys()
    assert not {f"{lot.venue}:{lot.symbol}:{lot.trade_id}" for lot in lots} & state.trades.keys()
    assert {order.batch_id for order in state.asset_orders.values()} <= state.batches.keys()


def test_without_a_retention_time_everything_stays():
    world, _ = settled()
    world.submit(ev.Configured(config=SolverConfig(retention_ns=0)))
    world.tick(100 * RETENTION // SECOND)
    assert world.engine.order(ALICE, "one") is not None


def test_what_is_told_again_about_a_pruned_order_has_no_effect():
    world, deposit = settled()
    skipped = ev.Tick | ev.BatchSolve | ev.Configured | ev.IndexCreated | ev.InstrumentsUpdated | ev.HouseCapital
    told = [event for event, _, _ in world.journal if not isinstance(event, skipped)]
    world.tick(2 * RETENTION // SECOND)
    assert world.engine.order(ALICE, "one") is None
    before = msgspec.json.decode(world.engine.dump())
    for event in told:
        outputs = world.submit(event)
        assert not [one for one in outputs if isinstance(one, out.Command | out.Alert)], event
    after = msgspec.json.decode(world.engine.dump())
    assert after["ledger"] == before["ledger"]
    for name in ("orders", "lots", "transfers", "batches", "asset_orders", "trades", "terms", "outbox"):
        assert after["state"][name] == before["state"][name]
    assert is_closed(Step(world.engine.state, Ledger(), sequence=0, at=0), CHAIN, GATE, deposit.request_id)


def test_a_client_order_id_cannot_be_used_again_after_its_order_was_pruned():
    world, _ = settled()
    world.tick(2 * RETENTION // SECOND)
    world.order(ALICE, "50")
    answer = world.last(ALICE)
    assert (answer.state, "used before" in answer.text) == (OrderState.MINTED, True)
    assert world.engine.order(ALICE, "one") is None


def test_an_order_stays_while_the_house_holds_a_part_of_its_trades():
    world, _ = settled()
    order = world.engine.order(BOB, "one")
    assert {lot.trade_id for lot in order.lots} & {lot.trade_id for lot in world.engine.state.inventory}
    world.tick(2 * RETENTION // SECOND)
    assert world.engine.order(BOB, "one") is order


def test_an_open_order_keeps_its_batch_and_everything_it_rests_on():
    world = make_world(SolverConfig(retention_ns=RETENTION, order_life_ns=100 * RETENTION))
    world.deposit(BOB, "100")
    world.order(BOB, "100")
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt("0.003"))]
    world.run(4)
    order = world.engine.order(BOB, "one")
    assert order.units > 0
    world.tick(2 * RETENTION // SECOND)
    assert {lot.batch_id for lot in order.lots} <= world.engine.state.batches.keys()
    assert order.transfer_id in world.engine.state.transfers
    assert order.lot_key in world.engine.state.lots


def lot(request_id: int) -> DepositLot:
    return DepositLot(
        key=f"{CHAIN}:0x{request_id}:0",
        sequence=1,
        chain_id=CHAIN,
        tx_hash=f"0x{request_id}",
        request_id=request_id,
        gate=GATE,
        account=ALICE,
        asset="USDC",
        amount=1,
        finality=Finality.FINAL,
        state=LotState.COMMITTED,
    )


@given(st.lists(st.integers(1, 40), max_size=60))
def test_closed_requests_are_remembered_as_runs_of_neighbours(ids):
    step = Step(SolverState(), Ledger(), sequence=1, at=1)
    for request_id in ids:
        close_request(step, lot(request_id))
    assert [one for one in range(50) if is_closed(step, CHAIN, GATE, one)] == sorted(set(ids))
    runs = step.state.closed_requests.get(f"{CHAIN}:{GATE}", [])
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(runs))
