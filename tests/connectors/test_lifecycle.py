import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.connectors.lifecycle import (
    Alert,
    BecameReady,
    Broken,
    Exited,
    GiveUp,
    Kill,
    Life,
    Phase,
    Policy,
    Restart,
    SetTimer,
    Spawn,
    Start,
    Stop,
    Terminate,
    TimerFired,
    step,
)

SECOND = 10**9
POLICY = Policy()


class Walk:
    """A life with its history, and what a real process would allow next."""

    def __init__(self, policy=POLICY):
        self.policy, self.life, self.at, self.spawned, self.orders = policy, Life(), 0, False, []

    def take(self, event, *, after=0, roll=0.5):
        self.at += after
        self.life, orders = step(self.life, event, at=self.at, policy=self.policy, roll=roll)
        if isinstance(event, Exited):
            self.spawned = False
        for order in orders:
            if isinstance(order, Spawn):
                assert not self.spawned, "a second process beside a living one"
                self.spawned = True
        self.orders.extend(orders)
        return orders

    def fire(self, **more):
        return self.take(TimerFired(self.life.timer), **more)

    def crash_loop(self, times, *, every=0):
        for _ in range(times):
            if self.life.phase is Phase.BACKOFF:
                self.fire()
            self.take(Exited("exited with status 1"), after=every)


def started(policy=POLICY):
    walk = Walk(policy)
    walk.take(Start())
    return walk


def ready(policy=POLICY):
    walk = started(policy)
    walk.take(BecameReady())
    return walk


INPUTS = st.one_of(
    st.just(Start()),
    st.just(Stop()),
    st.just(Restart()),
    st.just(BecameReady()),
    st.just(Broken("hangs")),
    st.just(GiveUp("refused")),
    st.builds(Exited, st.just("gone"), st.booleans()),
    st.builds(TimerFired, st.integers(0, 30)),
)
STEPS = st.lists(
    st.tuples(INPUTS, st.booleans(), st.integers(0, 40 * SECOND), st.floats(0, 1, exclude_max=True)), max_size=60
)


@given(STEPS)
def test_whatever_happens_there_is_one_process_at_most_and_always_a_way_on(steps):
    walk = Walk()
    for event, current_timer, after, roll in steps:
        if isinstance(event, Exited | BecameReady | Broken | GiveUp) and not walk.spawned:
            continue  # a process that is not there says nothing
        if isinstance(event, TimerFired) and current_timer:
            event = TimerFired(walk.life.timer)
        before = walk.life
        orders = walk.take(event, after=after, roll=roll)
        assert walk.life.alive == walk.spawned
        for order in orders:
            if isinstance(order, SetTimer):
                assert order.timer == walk.life.timer
        if walk.life.phase is not before.phase and walk.life.phase in (
            Phase.STARTING,
            Phase.BACKOFF,
            Phase.STOPPING,
        ):
            assert any(isinstance(order, SetTimer) for order in orders), "nothing would ever move it on"
        if walk.life.phase is Phase.FAILED and before.phase is not Phase.FAILED:
            assert any(isinstance(order, Alert) for order in orders), "given up silently"


@given(STEPS)
def test_after_a_stop_nothing_is_started_until_somebody_asks(steps):
    walk = ready()
    walk.take(Stop())
    for event, current_timer, after, roll in steps:
        if isinstance(event, Start | Restart):
            continue
        if isinstance(event, Exited) and not walk.spawned:
            continue
        if isinstance(event, TimerFired) and current_timer:
            event = TimerFired(walk.life.timer)
        assert not any(isinstance(order, Spawn) for order in walk.take(event, after=after, roll=roll))


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_backoff_lies_between_its_bounds_and_its_ceiling_doubles(failures, roll):
    delay = POLICY.backoff(failures, roll)
    assert POLICY.backoff_first <= delay <= POLICY.backoff_cap
    assert delay <= POLICY.backoff_first * 2**failures


def test_backoff_uses_the_whole_range():
    assert POLICY.backoff(9, 0.0) == POLICY.backoff_first
    assert POLICY.backoff(9, 0.999999) > 0.99 * POLICY.backoff_cap


@given(STEPS, st.integers(1, 100))
def test_stale_timers_change_nothing(steps, age):
    walk = Walk()
    for event, _, after, roll in steps:
        walk.take(event, after=after, roll=roll) if not isinstance(event, Exited) or walk.spawned else None
        stale = TimerFired(walk.life.timer - age)
        assert step(walk.life, stale, at=walk.at, policy=POLICY, roll=roll) == (walk.life, ())


def test_a_crash_is_followed_by_a_wait_and_a_new_start():
    walk = ready()
    (timer,) = walk.take(Exited("killed by SIGKILL"), roll=0.0)
    assert (walk.life.phase, timer.delay) == (Phase.BACKOFF, POLICY.backoff_first)
    assert walk.life.reason == "killed by SIGKILL"
    assert isinstance(walk.fire()[0], Spawn)
    assert walk.life.starts == 2


def test_a_process_that_is_not_ready_in_time_is_killed_and_started_again():
    walk = started()
    assert walk.fire(after=POLICY.start_limit) == (Kill(),)
    walk.take(BecameReady())
    assert walk.life.phase is Phase.STARTING, "too late: it is being killed"
    walk.take(Exited("killed by SIGKILL"))
    assert walk.life.phase is Phase.BACKOFF
    assert walk.life.reason == "not ready within 30 s; killed by SIGKILL"


def test_crashing_too_often_within_the_window_gives_up_with_an_alert():
    walk = started()
    walk.crash_loop(POLICY.intensity)
    assert walk.life.phase is Phase.BACKOFF
    walk.crash_loop(1)
    assert walk.life.phase is Phase.FAILED
    assert isinstance(walk.orders[-1], Alert)
    assert "ended 6 times within 60 s" in walk.life.reason


def test_crashes_that_are_far_apart_never_give_up():
    walk = started()
    walk.crash_loop(50, every=POLICY.window // POLICY.intensity + 1)
    assert walk.life.phase is Phase.BACKOFF
    assert walk.life.failures == 50


def test_a_healthy_while_forgives_earlier_failures():
    walk = started()
    walk.crash_loop(3)
    walk.fire()
    walk.take(BecameReady())
    walk.take(Exited("gone"), after=POLICY.healthy_after)
    assert walk.life.failures == 1


def test_stop_asks_first_and_kills_after_the_grace():
    walk = ready()
    orders = walk.take(Stop())
    assert orders == (Terminate(), SetTimer(walk.life.timer, POLICY.stop_grace))
    assert walk.fire() == (Kill(),)
    walk.take(Exited("killed by SIGKILL"))
    assert walk.life.phase is Phase.STOPPED


def test_an_operators_restart_is_orderly_and_forgives_the_past():
    walk = started()
    walk.crash_loop(2)
    walk.fire()
    walk.take(BecameReady())
    assert walk.take(Restart())[0] == Terminate()
    assert isinstance(walk.take(Exited("exited with status 0"))[0], Spawn)
    assert (walk.life.failures, walk.life.ends) == (0, ())


def test_a_failed_process_can_be_restarted_by_an_operator():
    walk = started()
    walk.crash_loop(6)
    assert isinstance(walk.take(Restart())[0], Spawn)
    walk.take(BecameReady())
    assert walk.life.phase is Phase.READY


@pytest.mark.parametrize("event", [GiveUp("configuration refused"), Exited("exited with status 78", permanent=True)])
def test_what_another_start_would_not_mend_is_not_started_again(event):
    walk = started()
    walk.take(event)
    if walk.spawned:
        walk.take(Exited("exited with status 0"))
    assert walk.life.phase is Phase.FAILED


def test_what_is_required_but_given_up_fails_the_one_that_waits_for_it():
    walk = Walk()
    walk.take(GiveUp("it requires chain, which was given up"))
    assert walk.life.phase is Phase.FAILED


def test_equal_histories_give_equal_states():
    assert msgspec.json.encode(ready().life) == msgspec.json.encode(ready().life)
