"""Doubled events, restarts at every position, replays: nothing is lost and nothing happens twice."""

import pytest

from indexmaker.solver import SolverEngine, StateError
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import OrderState
from solver.world import ALICE, BOB, CAROL, SECOND, amt, make_world


def script(world):
    """A busy session: three orders, a cancel, a leg that fills partly, surplus, a second batch, mints."""
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt("0.11")), (amt("4300"), amt("100"))]
    for account, amount in ((ALICE, "100"), (BOB, "900.123457"), (CAROL, "333.333333")):
        world.order(account, amount)
        world.deposit(account, amount)
    yield
    world.tick()
    yield
    world.solve()
    yield
    world.cancel(CAROL)
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt("100"))]
    yield
    for _ in range(5):
        world.tick()
        yield
        world.solve()
        yield


def run(world):
    for _ in script(world):
        world.play()
    return world


def outcome(world):
    """What was done in the outside world, and what everybody has now."""
    money = {str(account): balance for account, balance in world.engine.ledger}
    trades = [(t.symbol, t.price, t.quantity) for t in world.venue_trades]
    return money, trades, world.minted, world.bought


def test_the_script_is_a_busy_one():
    world = run(make_world())
    states = [world.last(account).state for account in (ALICE, BOB, CAROL)]
    assert states == [OrderState.MINTED] * 3
    assert len([r for r in world.told(out.BatchReport) if r.closed and r.orders]) >= 2
    assert world.engine.pending() == ()


def test_every_event_told_twice_changes_nothing_the_second_time():
    world = make_world(duplicate=True)
    run(world)
    assert world.last(BOB).state is OrderState.MINTED


def test_replay_of_the_journal_gives_the_same_state_and_the_same_commands():
    world = run(make_world())
    fresh = SolverEngine()
    outputs = []
    for event, sequence, at in world.journal:
        outputs.extend(fresh.apply(event, sequence=sequence, at=at))
    assert fresh.dump() == world.engine.dump()
    assert [o for o in outputs if isinstance(o, out.Command)] == world.commands


def test_a_dump_loaded_at_every_position_goes_on_as_if_nothing_had_happened():
    world = run(make_world())
    engine = SolverEngine()
    for event, sequence, at in world.journal:
        loaded = SolverEngine()
        loaded.load(engine.dump())
        assert loaded.dump() == engine.dump()
        assert loaded.pending() == engine.pending()
        outputs = engine.apply(event, sequence=sequence, at=at)
        assert list(loaded.apply(event, sequence=sequence, at=at)) == list(outputs)
        assert loaded.dump() == engine.dump()
        engine = loaded
    assert engine.dump() == world.engine.dump()


class Kill(Exception):
    """The process dies here."""


class KilledWorld:
    """Dies before, or after, the answer to the n-th command; the deed itself may be done or not."""

    def __init__(self, *, at, deed_done):
        self.world = make_world()
        self.left = at
        self.deed_done = deed_done
        self.world.hooks.append(self._maybe_die)

    def _maybe_die(self, world, command):
        self.left -= 1
        if self.left:
            return
        if self.deed_done:
            world.answered[command.command_id] = world._perform(command)
        raise Kill

    def run(self):
        for _ in script(self.world):
            while True:
                try:
                    self.world.play()
                    break
                except Kill:
                    self.world.restart()
        return self.world


COMMANDS = len(run(make_world()).commands)


@pytest.mark.parametrize("deed_done", [True, False], ids=["after the deed", "before the deed"])
@pytest.mark.parametrize("at", range(1, COMMANDS + 1))
def test_killed_at_any_command_everybody_gets_the_same_and_nothing_is_done_twice(at, deed_done):
    expected = outcome(run(make_world()))
    killed = KilledWorld(at=at, deed_done=deed_done).run()
    money, trades, minted, bought = outcome(killed)
    assert (money, bought) == (expected[0], expected[3])
    assert sorted(trades) == sorted(expected[1])
    assert minted.keys() == expected[2].keys()
    for request, invoice in minted.items():
        assert (invoice.units, invoice.spent) == (expected[2][request].units, expected[2][request].spent)
    assert killed.engine.pending() == ()


def test_answers_that_come_late_or_again_after_everything_is_over_change_nothing():
    world = run(make_world())
    before = world.engine.dump()
    ledger = world.engine.ledger.state()
    for event, _, _ in list(world.journal):
        if not isinstance(event, ev.Tick | ev.BatchSolve):
            world.submit(event)
    assert world.engine.ledger.state() == ledger
    assert world.engine.dump() == before


def test_silent_venue_is_asked_and_the_order_is_not_sent_again():
    world = make_world()
    world.hooks.append(lambda w, c: [] if isinstance(c, out.PlaceAssetOrder) else None)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run(1)
    placed = len(world.sent(out.PlaceAssetOrder))
    for command in world.sent(out.PlaceAssetOrder):
        world.answered[command.client_order_id] = world.execute(command)
    world.tick(10)
    world.play()
    assert len(world.sent(out.PlaceAssetOrder)) == placed
    assert len(world.sent(out.QueryAssetOrder)) == placed
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED


def test_order_accepted_before_a_crash_is_asked_about_after_it():
    world = make_world()

    def accept_only(world, command):
        if isinstance(command, out.PlaceAssetOrder):
            world.answered[command.client_order_id] = world.execute(command)
            return world.answered[command.client_order_id][:1]
        return None

    world.hooks.append(accept_only)
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run(1)
    assert {type(c) for c in world.engine.pending()} == {out.QueryAssetOrder}
    world.restart()
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED


def test_deposit_made_while_the_solver_was_down_is_used_when_it_is_told():
    world = make_world()
    world.order(ALICE, "100")
    world.restart()
    world.now += 600 * SECOND
    world.deposit(ALICE, "100")
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED


@pytest.mark.parametrize("data", [b"", b"{}", b'{"version":99}', b"\xff\xfe"])
def test_foreign_bytes_are_not_loaded(data):
    with pytest.raises(StateError, match="replay the journal"):
        SolverEngine().load(data)
