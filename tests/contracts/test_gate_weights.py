"""Weights of an index, as its curator publishes them."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3.logs import DISCARD

from contracts.gate_world import HOUR, GateWorld, reverts

pytestmark = pytest.mark.integration

WHOLE = 10**18


def symbol(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


BTC, ETH = symbol("BTC"), symbol("ETH")
ASSETS, PARTS = [BTC, ETH], [WHOLE * 6 // 10, WHOLE * 4 // 10]


def test_the_event_carries_every_weight_and_the_gate_keeps_their_root(world: GateWorld) -> None:
    start = world.now() + 2 * HOUR
    receipt = world.send(world.gate.functions.setWeights(1, ASSETS, PARTS, start), world.admin)
    (event,) = world.gate.events.WeightsSet().process_receipt(receipt, errors=DISCARD)
    assert dict(event["args"]) == {"version": 1, "effectiveTime": start, "assets": ASSETS, "weights": PARTS}
    root = keccak(encode(["bytes32[]", "uint256[]"], [ASSETS, PARTS]))
    assert world.gate.functions.weights().call() == [1, root, start]


def test_without_a_time_they_hold_as_soon_as_the_gate_allows(world: GateWorld) -> None:
    world.send(world.gate.functions.setWeights(1, ASSETS, PARTS, 0), world.admin)
    assert world.gate.functions.weights().call()[2] == world.now() + HOUR


def test_versions_only_rise_and_may_be_left_out(world: GateWorld) -> None:
    publish = world.gate.functions.setWeights
    world.send(publish(7, ASSETS, PARTS, 0), world.admin)
    for version in (0, 6, 7):
        with reverts("IndexGate", "WeightsVersionNotNewer"):
            world.send(publish(version, ASSETS, PARTS, 0), world.admin)
    world.send(publish(9, ASSETS, PARTS, 0), world.admin)


def test_only_the_curator_publishes(world: GateWorld) -> None:
    for stranger in (world.keeper, world.issuer, world.user):
        with reverts("IndexGate", "AccessControlUnauthorizedAccount"):
            world.send(world.gate.functions.setWeights(1, ASSETS, PARTS, 0), stranger)


def test_holders_hear_of_weights_before_they_hold(world: GateWorld) -> None:
    with reverts("IndexGate", "WeightsTooEarly"):
        world.send(world.gate.functions.setWeights(1, ASSETS, PARTS, world.now() + HOUR - 10), world.admin)


@pytest.mark.parametrize(
    ("assets", "parts", "error"),
    [
        ([], [], "WeightsMalformed"),
        ([BTC], PARTS, "WeightsMalformed"),
        ([ETH, BTC], PARTS, "WeightsNotAscending"),
        ([BTC, BTC], PARTS, "WeightsNotAscending"),
        ([b"\0" * 32, BTC], PARTS, "WeightsNotAscending"),
        ([BTC, ETH], [WHOLE, 0], "WeightIsZero"),
        ([BTC, ETH], [WHOLE // 2, WHOLE // 2 - 1], "WeightsDoNotAddUp"),
        ([BTC, ETH], [WHOLE // 2, WHOLE // 2 + 1], "WeightsDoNotAddUp"),
    ],
)
def test_weights_that_are_no_division_of_one_are_refused(
    world: GateWorld, assets: list[bytes], parts: list[int], error: str
) -> None:
    with reverts("IndexGate", error):
        world.send(world.gate.functions.setWeights(1, assets, parts, 0), world.admin)
