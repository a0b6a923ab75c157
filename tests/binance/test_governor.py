"""Request limits: never more in a window than the venue allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexmaker_binance.governor import Governor, Priority
from indexmaker_binance.time_offset import TimeOffset

SECOND = 10**9
LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 5},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 1000},
]


def governor() -> Governor:
    made = Governor()
    made.configure(LIMITS)
    return made


def wait(made: Governor, *, weight: int = 0, orders: int = 0, priority=Priority.ORDER, now: int = 0) -> int:
    return made.wait(weight=weight, orders=orders, priority=priority, now=now)


def test_full_window_waits_until_the_venues_clock_begins_the_next_one():
    made = governor()
    made.reserve(weight=100, orders=0, now=59 * SECOND)
    assert wait(made, weight=1, now=59 * SECOND) == SECOND


def test_what_an_earlier_window_held_does_not_count_in_the_next_one():
    made = governor()
    made.settle(made.reserve(weight=90, orders=0, now=0), {"X-MBX-USED-WEIGHT-1M": "100"}, now=0)
    assert wait(made, weight=1) > 0
    made.settle(made.reserve(weight=1, orders=0, now=60 * SECOND), {"X-MBX-USED-WEIGHT-1M": "1"}, now=60 * SECOND)
    assert wait(made, weight=99, now=60 * SECOND) == 0


def test_reads_leave_room_for_orders():
    made = governor()
    made.settle(made.reserve(weight=71, orders=0, now=0), {}, now=0)
    assert wait(made, weight=5, priority=Priority.BULK) > 0
    assert wait(made, weight=5, priority=Priority.ORDER) == 0


def test_count_of_the_venue_replaces_ours_and_includes_others():
    made = governor()
    made.settle(made.reserve(weight=1, orders=1, now=0), {"X-MBX-USED-WEIGHT-1M": "99"}, now=0)
    assert wait(made, weight=2) > 0
    assert wait(made, weight=1) == 0


def test_fills_give_back_room_for_orders():
    made = governor()
    for _ in range(5):
        charge = made.reserve(weight=0, orders=1, now=0)
    assert wait(made, orders=1) == 10 * SECOND
    for count in ("5", "5", "5", "5", "2"):
        made.settle(charge, {"X-MBX-ORDER-COUNT-10S": count}, now=0)
    assert wait(made, orders=3) == 0


def test_reply_of_an_earlier_window_does_not_fill_the_present_one():
    made = governor()
    charge = made.reserve(weight=100, orders=0, now=59 * SECOND)
    made.settle(charge, {}, now=61 * SECOND)
    assert wait(made, weight=100, now=61 * SECOND) == 0


def test_retry_after_is_obeyed_and_a_ban_lasts_two_minutes_at_least():
    made = governor()
    made.back_off(3_000, banned=False, now=0)
    assert wait(made, weight=1) == 3 * SECOND
    made.back_off(3_000, banned=True, now=0)
    assert wait(made, weight=1) == 120 * SECOND


@given(st.lists(st.tuples(st.integers(0, 8 * SECOND), st.integers(1, 40), st.sampled_from(Priority)), max_size=60))
def test_no_window_ever_holds_more_than_its_limit(requests):
    made, now, used = governor(), 0, {}
    for pause, weight, priority in requests:
        now += pause
        now += wait(made, weight=weight, priority=priority, now=now)
        charge = made.reserve(weight=weight, orders=0, now=now)
        minute = now // (60 * SECOND)
        used[minute] = used.get(minute, 0) + weight
        made.settle(charge, {"x-mbx-used-weight-1m": str(used[minute])}, now=now)
    assert all(total <= 100 for total in used.values())


def test_offset_is_taken_at_the_middle_of_the_round_trip_and_one_slow_reply_does_not_move_it():
    offset = TimeOffset()
    for _ in range(3):
        offset.add(sent=10 * SECOND, received=10 * SECOND + 200 * 10**6, server_ms=10_600)
    offset.add(sent=20 * SECOND, received=28 * SECOND, server_ms=20_500)
    assert offset.milliseconds == 500


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**9))
def test_timestamp_is_never_ahead_of_the_venue_when_the_way_back_is_the_slower_one(skew_ms, delay):
    offset = TimeOffset()
    sent = 1_700_000_000 * SECOND
    arrived = sent
    offset.add(sent=sent, received=sent + delay, server_ms=arrived // 10**6 + skew_ms)
    assert (sent // 10**6) + offset.milliseconds <= arrived // 10**6 + skew_ms
