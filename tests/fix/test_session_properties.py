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
    actions = {
        "connect": link.connect,
        "cut": link.cut,
        "client says": lambda: link.say(link.client),
        "gate says": lambda: link.say(link.gate),
        "to gate": lambda: link.carry(link.client),
        "to client": lambda: link.carry(link.gate),
        "lose to gate": lambda: link.carry(link.client, lose=True),
        "lose to client": lambda: link.carry(link.gate, lose=True),
        "client crashes": lambda: link.crash(link.client),
        "gate crashes": lambda: link.crash(link.gate),
        "time": lambda: link.pass_time(7),
    }
    for step in steps:
        actions[step]()


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
