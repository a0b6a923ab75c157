"""Whatever breaks in between, each application message arrives once, in order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fix.wire import Link

STEPS = st.lists(
    st.sampled_from(
        [
            "connect", "cut", "client says", "gate says", "to gate", "to client", "lose to gate", "lose to client",
            "client crashes", "gate crashes", "time",
        ]
    ),
    max_size=60,
)  # fmt: skip


def play(link, steps):
    for step in steps:
        match step:
            case "connect":
                link.connect()
            case "cut":
                link.cut()
            case "client says":
                link.say(link.client)
            case "gate says":
                link.say(link.gate)
            case "to gate":
                link.carry(link.client)
            case "to client":
                link.carry(link.gate)
            case "lose to gate":
                link.carry(link.client, lose=True)
            case "lose to client":
                link.carry(link.gate, lose=True)
            case "client crashes":
                link.cut()
                link.client.crash()
            case "gate crashes":
                link.cut()
                link.gate.crash()
            case "time":
                link.pass_time(7)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_each_message_arrives_once_and_in_order_over_losses_cuts_and_crashes(steps):
    link = Link()
    play(link, steps)
    link.settle()
    assert link.gate.got == [str(n + 1) for n in range(link.client.said)]
    assert link.client.got == [str(n + 1) for n in range(link.gate.said)]


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_no_interleaving_makes_the_sides_disagree_on_numbers(steps):
    link = Link()
    play(link, steps)
    link.settle()
    assert not [reason for reason in link.refusals if "too low" in reason or "NextExpected" in reason]
