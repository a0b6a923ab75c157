"""Money is where the journal says, whatever goes wrong on the way: in = out + fees + receivables."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from across.session import OPERATOR, USDC, Session
from across.world import CONFIG, START, Killed
from indexmaker_across import events as ev
from indexmaker_across.errors import CancelTooLateError, NotResolvableError
from indexmaker_across.quotes import Charges
from indexmaker_across.transfer import Phase, Transfer, position

OPERATIONS = st.lists(
    st.sampled_from(
        ["step"] * 8
        + ["mine"] * 4
        + ["fill"] * 3
        + ["revert", "expire", "refund", "refund_sum", "retry", "accept", "arrive", "cancel", "restart"]
        + ["second", "return", "withdraw", "defer", "claim"]
        + ["fault:transient", "fault:refused", "fault:killed_before", "fault:killed_after", "die_before", "die_after"]
    ),
    max_size=60,
)


async def play(operations: list[str], directory: Path) -> None:
    session = Session(directory)
    await session.start("t-1", dollars=100)
    for operation in operations:
        try:
            await session.perform(operation)
        except Killed:
            session.restart()
        transfers = session.transfers()
        assert all(position(t).total == t.terms.amount for t in transfers)
        brought = session.world.receipts.keys()
        there = [t for t in transfers if not t.returns or t.collected or t.terms.source_tx in brought]
        early = 70 * USDC if brought and not any(t.returns for t in transfers) else 0
        assert session.world.total == sum(t.amount for t in there) + early
        assert session.world.payments <= len(transfers)
    await session.settle()
    world, where = session.world, session.where()
    owed = sum(deposit.owed for deposit in world.deposits.values())
    kept = sum(world.unclaimed.values())
    unasked = 0 if "b-1" in session.started else world.back_route
    at_routes = world.route + world.back_route - unasked
    assert (where.at_source, where.receivable, where.in_wallet) == (at_routes, owed + kept, world.wallet)
    assert (where.delivered, where.fees) == (world.venue + world.keeper, world.spent)
    ends = {transfer.phase for transfer in session.transfers()}
    assert ends <= {Phase.SENT, Phase.COMPLETED, Phase.CANCELLED, Phase.REFUNDED}
    assert all(t.received == t.output for t in session.transfers() if t.phase in (Phase.SENT, Phase.COMPLETED))
    session.journal.close()


@settings(max_examples=200, deadline=None)
@given(operations=OPERATIONS)
def test_no_fault_loses_or_doubles_money(operations: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(play(operations, Path(directory)))


async def finish(session: Session) -> Transfer:
    await session.settle()
    return session.transfers()[0]


async def test_a_transfer_waits_for_its_collateral_and_then_for_an_operator(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    session.world.route = 0
    await session.perform("step")
    assert session.transfers()[0].phase is Phase.CREATED
    session.world.time += CONFIG.limits.collateral_s + 1
    await session.perform("step")
    late = session.transfers()[0]
    assert late.alarm
    assert "collateral" in late.reason
    session.world.route = 100 * USDC
    await session.perform("step")
    assert session.transfers()[0].deposit is None, "an operator has been called, so nothing moves by itself"
    session.desk.resolve("t-1", ev.Retried(**OPERATOR))
    assert (await finish(session)).phase is Phase.SENT


async def test_collateral_of_one_transfer_does_not_carry_another(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    await session.start("t-2", dollars=100)
    session.world.route = 100 * USDC
    session.world.faults = ["transient", "transient"]
    for _ in range(3):
        await session.perform("step")
    assert [t.phase for t in session.transfers()] == [Phase.BRIDGING, Phase.CREATED]


async def test_a_payment_that_reverted_is_paid_again_only_when_an_operator_says_so(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    for operation in ("step", "step", "mine", "step", "fill", "step", "revert", "step", "mine", "step"):
        await session.perform(operation)
    failed = session.transfers()[0]
    assert (failed.phase, failed.alarm, session.world.venue) == (Phase.PAYING, True, 0)
    session.desk.resolve("t-1", ev.Retried(**OPERATOR))
    assert (await finish(session)).phase is Phase.SENT
    assert session.world.payments == 1


async def test_a_failed_transaction_that_is_not_final_is_not_tried_again(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    for operation in ("step", "step", "revert", "step"):
        await session.perform(operation)
    (command_id,) = session.world.records
    final = session.world.records[command_id]
    session.world.records[command_id] = msgspec.structs.replace(final, open=True)
    with pytest.raises(NotResolvableError, match="not final"):
        session.desk.resolve("t-1", ev.Retried(**OPERATOR))
    session.world.records[command_id] = final
    session.desk.resolve("t-1", ev.Retried(**OPERATOR))
    assert (await finish(session)).phase is Phase.SENT


async def test_a_cancel_while_the_chains_are_asked_stops_the_deposit(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    session.world.on_look = lambda: session.desk.cancel("t-1")
    await session.perform("step")
    assert (session.transfers()[0].phase, session.transfers()[0].deposit) == (Phase.CANCELLED, None)


async def test_a_cancel_while_another_transfer_is_sent_stops_the_deposit(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    await session.perform("step")
    await session.start("t-2", dollars=100)
    session.world.on_submit = lambda: session.desk.cancel("t-2")
    await session.perform("step")
    assert [t.phase for t in session.transfers()] == [Phase.BRIDGING, Phase.CANCELLED]


async def test_a_refund_is_booked_for_one_transfer_only(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    for operation in ("step", "step", "mine", "step", "expire", "step", "refund", "step"):
        await session.perform(operation)
    await session.start("t-2", dollars=100)
    for operation in ("step", "step", "mine", "step", "expire", "step", "restart", "step", "step"):
        await session.perform(operation)
    assert [t.phase for t in session.transfers()] == [Phase.REFUNDED, Phase.REFUND_PENDING]


async def test_what_the_nodes_refuse_is_tried_a_few_times_and_then_an_operator_is_called(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    session.world.faults = ["refused"] * 5
    for _ in range(20):
        await session.perform("step")
        session.world.time += 20
    stuck = session.transfers()[0]
    assert (stuck.phase, stuck.alarm, len(session.world.records)) == (Phase.CREATED, True, 5)


async def test_a_refund_can_be_tried_again_under_a_new_deposit(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    for operation in ("step", "step", "mine", "step", "expire", "step", "refund", "step"):
        await session.perform(operation)
    refunded = session.transfers()[0]
    assert (refunded.phase, session.world.route) == (Phase.REFUNDED, 100 * USDC)
    session.desk.resolve("t-1", ev.Retried(**OPERATOR))
    assert (await finish(session)).phase is Phase.SENT
    assert len(session.world.deposits) == 2


async def test_one_refund_event_pays_back_several_deposits(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    await session.start("t-2", dollars=250)
    for operation in ("step", "step", "mine", "step", "expire", "step", "refund_sum", "step", "step"):
        await session.perform(operation)
    assert [t.phase for t in session.transfers()] == [Phase.REFUNDED, Phase.REFUNDED]


async def test_a_fill_after_the_deadline_was_thought_missed_still_counts(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    for operation in ("step", "step", "mine", "step", "expire", "step"):
        await session.perform(operation)
    assert session.transfers()[0].phase is Phase.REFUND_PENDING
    session.world.time = START  # the destination's chain was rewritten
    await session.perform("fill")
    assert (await finish(session)).phase is Phase.SENT


async def test_only_what_is_created_can_be_cancelled(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    await session.start("t-2", dollars=100)
    assert session.desk.cancel("t-2").phase is Phase.CANCELLED
    await session.perform("step")
    with pytest.raises(CancelTooLateError):
        session.desk.cancel("t-1")


def test_fees_by_kind_of_nothing_quoted_are_the_relayers_capital() -> None:
    assert Charges().scaled_to(7) == Charges(capital=7)
