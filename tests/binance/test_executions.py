"""Every trade once and before the end of its order, whatever is lost, repeated or late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.money import ATOMS
from indexmaker_binance.executions import ExecutionLedger, Missing
from indexmaker_binance.order_messages import Fill, OrderState, Status

NEW, PART, FILLED, CANCELED = (
    Status.ORDER_STATUS_NEW,
    Status.ORDER_STATUS_PARTIALLY_FILLED,
    Status.ORDER_STATUS_FILLED,
    Status.ORDER_STATUS_CANCELED,
)


def order(number: int, executed: int, status, quantity: int = 10) -> OrderState:
    return OrderState(
        symbol="BTCUSDC",
        client_order_id=f"o-{number}",
        order_id=number,
        buy=True,
        status=status,
        price=ATOMS,
        quantity=quantity,
        executed=executed,
        value=executed,
        at=0,
    )


def fill(trade_id: int, order_id: int, quantity: int) -> Fill:
    return Fill(
        trade_id=trade_id,
        order_id=order_id,
        price=ATOMS,
        quantity=quantity,
        commission=0,
        commission_asset="BTC",
        maker=False,
        at=0,
    )


def trades(reports) -> list[str]:
    return [trade.trade_id for report in reports for trade in report.trades]


def test_trade_at_or_before_the_cursor_is_not_told_again():
    ledger = ExecutionLedger({"BTCUSDC": 5})
    reports = ledger.settle([(order(1, 4, PART), [fill(5, 1, 1), fill(6, 1, 3)])])
    assert trades(reports) == ["6"]
    assert [report.executed_quantity for report in reports] == ["0.000000000000000004"] * 2


def test_trades_of_several_orders_are_told_in_the_venues_order():
    ledger = ExecutionLedger({})
    reports = ledger.settle(
        [(order(1, 4, FILLED, 4), [fill(1, 1, 1), fill(3, 1, 3)]), (order(2, 2, PART), [fill(2, 2, 2)])]
    )
    assert trades(reports) == ["1", "2", "3"]
    assert [report.status for report in reports[3:]] == [FILLED, PART]


def test_end_with_unknown_trades_is_held_until_they_are_known():
    ledger = ExecutionLedger({})
    ledger.offer(order(1, 0, NEW), None)
    end = order(1, 3, CANCELED)
    assert ledger.offer(end, None) == Missing(end)
    reports = ledger.settle([(end, [fill(1, 1, 3)])])
    assert [report.status for report in reports] == [PART, CANCELED]


def test_late_event_of_an_ended_order_is_not_told():
    ledger = ExecutionLedger({})
    ledger.settle([(order(1, 10, FILLED), [fill(1, 1, 10)])])
    assert ledger.offer(order(1, 0, NEW), None) is None
    assert ledger.offer(order(1, 10, FILLED), fill(1, 1, 10)) is None
    ledger.note(order(1, 0, NEW))
    assert not ledger.open_orders


def test_order_known_only_from_its_placement_is_compared_later():
    ledger = ExecutionLedger({})
    ledger.note(order(1, 10, FILLED))
    assert [known.order_id for known in ledger.open_orders] == [1]
    assert ledger.behind(order(1, 10, FILLED))


@st.composite
def histories(draw):
    """Events of a few orders as the venue makes them: (order, fill or None), with global trade ids."""
    running = dict.fromkeys(range(1, draw(st.integers(2, 4))), 0)
    events = [(order(number, 0, NEW), None) for number in running]
    trade_id = 0
    for _ in range(draw(st.integers(0, 12))):
        if not running:
            break
        number = draw(st.sampled_from(sorted(running)))
        if draw(st.integers(0, 4)) == 0:
            events.append((order(number, running.pop(number), CANCELED), None))
            continue
        trade_id += draw(st.integers(1, 3))
        size = draw(st.integers(1, 10 - running[number]))
        running[number] += size
        state = order(number, running[number], FILLED if running[number] == 10 else PART)
        events.append((state, fill(trade_id, number, size)))
        if running[number] == 10:
            del running[number]
    return events


@given(histories(), st.data())
def test_each_trade_once_and_none_after_the_end(events, data):
    ledger, reports, told = ExecutionLedger({}), [], []

    def venue(number: int, upto: int):
        seen = [pair for pair in events[:upto] if pair[0].order_id == number]
        return seen[-1][0], [done for _, done in seen if done is not None]

    for upto, event in enumerate(events, 1):
        fate = data.draw(st.sampled_from(["come", "come", "come", "lost", "twice", "reconcile"]))
        deliveries = {"lost": [], "twice": [event] * 2}.get(fate, [event])
        if fate == "reconcile":
            reports += ledger.settle([venue(event[0].order_id, upto)])
        for state, done in deliveries:
            answer = ledger.offer(state, done)
            if isinstance(answer, Missing):
                reports += ledger.settle([venue(state.order_id, upto)])
            elif answer is not None:
                reports.append(answer)
    numbers = {state.order_id for state, _ in events}
    for number in numbers:
        reports += ledger.settle([venue(number, len(events))])
    told = [int(one) for one in trades(reports)]
    assert sorted(told) == sorted(done.trade_id for _, done in events if done is not None)
    assert len(set(told)) == len(told)
    for number in numbers:
        mine = [report for report in reports if report.client_order_id == f"o-{number}"]
        ends = [index for index, report in enumerate(mine) if report.status in (FILLED, CANCELED)]
        assert not ends or not any(report.trades for report in mine[ends[0] + 1 :])
        assert mine[-1].status == venue(number, len(events))[0].status
    assert all(report.status != pb.ORDER_STATUS_UNSPECIFIED for report in reports)
