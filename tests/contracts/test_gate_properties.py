"""Whatever everybody does in whatever order, the gate stays solvent and each request ends once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3.exceptions import ContractCustomError

from contracts.gate_world import HOUR, TOKEN, USDC, GateWorld, rpc
from indexmaker_evm.contracts import RequestState

pytestmark = pytest.mark.integration

ENDS = {RequestState.SETTLED, RequestState.CANCELLED, RequestState.DEFAULTED}
ACTIONS = ("request", "cancel", "commit", "settle", "default", "pay", "bond", "give_back", "pause", "unpause")

LIKELY = ("request", "request", "commit", "commit", "settle", "settle", "default")

steps = st.lists(
    st.tuples(st.sampled_from(ACTIONS + LIKELY), st.integers(1, 4), st.integers(1, 5_000 * USDC)),
    min_size=10,
    max_size=40,
)


class Play:
    """Tries each step, keeps what each accepted one should have done, and compares with the chain."""

    def __init__(self, world: GateWorld) -> None:
        self.world = world
        self.minted = 0
        self.ended: Counter[int] = Counter()
        self.start = self._everything()
        for number in range(1, 5):
            self._request(0, number * 1_000 * USDC)
        world.commit(1, 2, 3)

    def attempt(self, action: str, request_id: int, amount: int) -> None:
        steps: dict[str, Callable[[int, int], None]] = {name: getattr(self, f"_{name}") for name in ACTIONS}
        try:
            steps[action](request_id, amount)
        except ContractCustomError:
            return  # refused: the invariants must hold all the same

    def check(self) -> None:
        gate = self.world.gate.functions
        requests = [gate.requests(i).call() for i in range(1, gate.lastRequestId().call() + 1)]
        by_state = Counter[int]()
        for request in requests:
            by_state[request[1]] += request[5]
        assert gate.solvent().call()
        assert gate.escrowed().call() == by_state[RequestState.PENDING]
        assert gate.committed().call() == by_state[RequestState.COMMITTED]
        assert gate.unpaid().call() == sum(request[8] for request in requests)
        assert self.world.token.functions.totalSupply().call() == self.minted
        assert set(self.ended.values()) <= {1}
        assert self._everything() == self.start

    def _everything(self) -> int:
        """Dollars move between these places and nowhere else."""
        places = (*self.world.accounts, self.world.gate.address, self.world.route.address)
        return sum(self.world.balance(place) for place in places)

    def _request(self, _: int, amount: int) -> None:
        self.world.request(amount)

    def _cancel(self, request_id: int, _: int) -> None:
        before = self.world.balance(self.world.user)
        self.world.send(self.world.gate.functions.cancel(request_id), self.world.user)
        self.ended[request_id] += 1
        amount = self.world.gate.functions.requests(request_id).call()[5]
        assert self.world.balance(self.world.user) == before + amount

    def _commit(self, request_id: int, _: int) -> None:
        self.world.commit(request_id)

    def _settle(self, request_id: int, amount: int) -> None:
        total = self.world.gate.functions.requests(request_id).call()[5]
        used = min(amount, total)
        out = used * TOKEN // USDC
        self.world.settle(self.world.invoice(request_id, spent=used, back=total - used, out=out))
        self.ended[request_id] += 1
        self.minted += out

    def _default(self, request_id: int, _: int) -> None:
        self.world.pass_time(HOUR // 2)
        self.world.send(self.world.gate.functions.markDefault(request_id), self.world.other)
        self.ended[request_id] += 1

    def _pay(self, request_id: int, _: int) -> None:
        self.world.send(self.world.gate.functions.payDefault(request_id), self.world.other)

    def _bond(self, _: int, amount: int) -> None:
        self.world.send(self.world.gate.functions.postBond(amount), self.world.keeper)

    def _give_back(self, _: int, __: int) -> None:
        idle = self.world.balance(self.world.route.address)
        self.world.send(self.world.route.functions.giveBack(self.world.gate.address, idle), self.world.router)
        self.world.send(self.world.gate.functions.bookSurplus(), self.world.other)

    def _pause(self, _: int, __: int) -> None:
        self.world.pause()

    def _unpause(self, _: int, __: int) -> None:
        self.world.send(self.world.gate.functions.unpause(), self.world.admin)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
def test_any_order_of_moves_keeps_the_books(world: GateWorld, steps: list[tuple[str, int, int]]) -> None:
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
def test_from_any_state_every_depositor_gets_out_while_paused(
    world: GateWorld, steps: list[tuple[str, int, int]]
) -> None:
    snapshot = rpc(world.w3, "evm_snapshot")
    try:
        play = Play(world)
        for step in steps:
            play.attempt(*step)
        play.attempt("pause", 1, 1)
        world.pass_time(HOUR + 1)
        gate = world.gate.functions
        world.send(gate.postBond(gate.committed().call() + gate.unpaid().call()), world.keeper)
        for request_id in range(1, gate.lastRequestId().call() + 1):
            for action in ("cancel", "default", "pay"):
                play.attempt(action, request_id, 0)
            assert RequestState(world.state(request_id)) in ENDS
        assert gate.unpaid().call() == gate.escrowed().call() == gate.committed().call() == 0
        play.check()
    finally:
        rpc(world.w3, "evm_revert", snapshot)
