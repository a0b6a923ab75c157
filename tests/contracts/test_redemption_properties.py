"""Whatever is done with redemptions and deposits in whatever order, tokens and money stay accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3.exceptions import ContractCustomError

from contracts.gate_world import HOUR, TOKEN, USDC, GateWorld, rpc
from contracts.redeeming import (
    commit_redemptions,
    hold_tokens,
    redeem,
    redemption,
    settle_redemption,
    tokens_of,
)
from indexmaker_evm.contracts import RequestState

pytestmark = pytest.mark.integration

PENDING_OR_COMMITTED = (RequestState.PENDING, RequestState.COMMITTED)
REDEEM = 1
ACTIONS = ("redeem", "deposit", "cancel", "commit", "commit_deposit", "settle", "mint", "default", "pause", "unpause")
LIKELY = ("redeem", "redeem", "commit", "commit", "settle", "settle", "default")
HELD = 100

steps = st.lists(
    st.tuples(st.sampled_from(ACTIONS + LIKELY), st.integers(2, 7), st.integers(1, 20 * TOKEN)),
    min_size=10,
    max_size=40,
)


class Play:
    """Tries each step, keeps what each accepted one should have done, and compares with the chain."""

    def __init__(self, world: GateWorld) -> None:
        self.world = world
        hold_tokens(world, HELD)
        self.supply = HELD * TOKEN
        self.ended: Counter[int] = Counter()
        self.money = self._everything()
        for number in range(1, 5):
            redeem(world, number * TOKEN)
        commit_redemptions(world, 2, 3)

    def attempt(self, action: str, request_id: int, amount: int) -> None:
        steps: dict[str, Callable[[int, int], None]] = {name: getattr(self, f"_{name}") for name in ACTIONS}
        try:
            steps[action](request_id, amount)
        except ContractCustomError:
            return  # refused: the invariants must hold all the same

    def check(self) -> None:
        gate = self.world.gate.functions
        requests = [gate.requests(i).call() for i in range(1, gate.lastRequestId().call() + 1)]
        locked = sum(r[5] for r in requests if r[2] == REDEEM and r[1] in PENDING_OR_COMMITTED)
        assert gate.solvent().call()
        assert gate.sharesEscrowed().call() == locked == tokens_of(self.world, self.world.gate.address)
        assert self.world.token.functions.totalSupply().call() == self.supply
        assert tokens_of(self.world, self.world.user) == self.supply - locked
        assert set(self.ended.values()) <= {1}
        assert self._everything() == self.money

    def _everything(self) -> int:
        """Dollars move between these places and nowhere else."""
        places = (*self.world.accounts, self.world.gate.address, self.world.route.address)
        return sum(self.world.balance(place) for place in places)

    def _amount(self, request_id: int) -> int:
        return int(self.world.gate.functions.requests(request_id).call()[5])

    def _redeem(self, _: int, amount: int) -> None:
        redeem(self.world, amount)

    def _deposit(self, _: int, amount: int) -> None:
        self.world.request(amount * USDC // TOKEN + 1)

    def _cancel(self, request_id: int, _: int) -> None:
        self.world.send(self.world.gate.functions.cancel(request_id), self.world.user)
        self.ended[request_id] += 1

    def _commit(self, request_id: int, _: int) -> None:
        commit_redemptions(self.world, request_id)

    def _commit_deposit(self, request_id: int, _: int) -> None:
        self.world.commit(request_id)

    def _settle(self, request_id: int, amount: int) -> None:
        total = self._amount(request_id)
        burned = min(amount, total)
        paid = burned * USDC // TOKEN + 1 if burned else 0
        before = self.world.balance(self.world.user)
        told = redemption(self.world, request_id, burned=burned, returned=total - burned, paid=paid)
        settle_redemption(self.world, told)
        assert self.world.balance(self.world.user) == before + paid
        self.ended[request_id] += 1
        self.supply -= burned

    def _mint(self, request_id: int, _: int) -> None:
        spent = self._amount(request_id)
        self.world.settle(self.world.invoice(request_id, spent=spent, out=spent))
        self.ended[request_id] += 1
        self.supply += spent

    def _default(self, request_id: int, _: int) -> None:
        self.world.pass_time(HOUR // 2)
        self.world.send(self.world.gate.functions.markDefault(request_id), self.world.other)
        self.ended[request_id] += 1

    def _pause(self, _: int, __: int) -> None:
        self.world.pause()

    def _unpause(self, _: int, __: int) -> None:
        self.world.send(self.world.gate.functions.unpause(), self.world.admin)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
def test_any_order_of_moves_keeps_tokens_and_money(world: GateWorld, steps: list[tuple[str, int, int]]) -> None:
    snapshot = rpc(world.w3, "evm_snapshot")
    try:
        play = Play(world)
        for number, step in enumerate(steps):
            play.attempt(*step)
            if number % 4 == 3:
                play.check()
        play.check()
    finally:
        rpc(world.w3, "evm_revert", snapshot)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
def test_from_any_state_every_holder_gets_the_tokens_back_while_paused(
    world: GateWorld, steps: list[tuple[str, int, int]]
) -> None:
    snapshot = rpc(world.w3, "evm_snapshot")
    try:
        play = Play(world)
        for step in steps:
            play.attempt(*step)
        play.attempt("pause", 1, 1)
        world.pass_time(HOUR + 1)
        for request_id in range(2, world.gate.functions.lastRequestId().call() + 1):
            for action in ("cancel", "default"):
                play.attempt(action, request_id, 0)
        assert world.gate.functions.sharesEscrowed().call() == 0
        assert tokens_of(world, world.user) == play.supply
    finally:
        rpc(world.w3, "evm_revert", snapshot)
