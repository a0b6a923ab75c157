"""Gates may take the keeper's collateral before their first settlement, and are approved once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import grpc.aio
import pytest

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.chain.v1 import chain_pb2_grpc as rpc
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.connectors.testing import MockChain, MockChainConfig, serve_connector
from indexmaker.services.solver.edges.allowances import GateAllowances, approval_of
from indexmaker.services.solver.edges.chain import ChainEdge, GateAddress

CHAIN = 42161
GATE = "0x" + "aB" * 20
OTHER = "0x" + "cd" * 20


class Watched(MockChain):
    """Remembers what it was asked to send, and tells when a gate is approved."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.news = asyncio.Event()

    def submit(self, request: pb.SubmitRequest) -> pb.Transaction:
        self.asked.append(request.command_id)
        transaction = super().submit(request)
        self.news.set()
        return transaction

    async def until_approved(self, *gates: str) -> None:
        while not self.approved >= {gate.lower() for gate in gates}:
            self.news.clear()
            await self.news.wait()


class NoCursors:
    """A core that has read nothing yet."""

    def load(self) -> dict[int, tuple[int, str]]:
        return {}

    async def save(self, cursors: object) -> None:
        raise AssertionError("there is nothing to read")


@contextmanager
def running(edge: ChainEdge) -> Iterator[None]:
    task = asyncio.ensure_future(edge.run())
    try:
        yield
    finally:
        task.cancel()


async def post(_event: object) -> None:
    return None


def allowances(channel: grpc.aio.Channel) -> GateAllowances:
    return GateAllowances(rpc.ChainServiceStub(channel))


def test_an_attempt_has_one_id_however_the_gate_is_spelled() -> None:
    ids = {approval_of(CHAIN, one).command_id for one in (GATE, GATE.lower())}
    assert len(ids) == 1
    others = (approval_of(8453, GATE), approval_of(CHAIN, OTHER), approval_of(CHAIN, GATE, attempt=2))
    assert ids.isdisjoint(one.command_id for one in others)
    assert all(len(one) <= 64 for one in ids)


async def test_a_gate_is_approved_once_however_many_ask_for_it() -> None:
    chain = Watched()
    async with serve_connector(chain, MockChainConfig()) as channel:
        asking = allowances(channel)
        assert await asyncio.gather(*(asking.grant(CHAIN, gate) for gate in (GATE, GATE.lower(), GATE))) == [True] * 3
    assert len(chain.asked) == 1


async def test_a_gate_that_has_its_allowance_is_left_alone_after_a_restart() -> None:
    chain = Watched()
    async with serve_connector(chain, MockChainConfig()) as channel:
        await allowances(channel).grant(CHAIN, GATE)
        assert await allowances(channel).grant(CHAIN, GATE)
    assert len(chain.asked) == 1


@pytest.mark.parametrize("restarts", [False, True])
async def test_an_approval_that_reverted_is_tried_again_under_the_next_id(restarts: bool) -> None:
    chain = Watched()
    async with serve_connector(chain, MockChainConfig(approval_reverts=("out of gas",))) as channel:
        asking = allowances(channel)
        assert not await asking.grant(CHAIN, GATE)
        assert await (allowances(channel) if restarts else asking).grant(CHAIN, GATE)
    assert chain.asked == [approval_of(CHAIN, GATE, attempt=attempt).command_id for attempt in (1, 2)]


async def test_an_allowance_that_was_taken_back_is_given_again_once_a_payment_failed() -> None:
    chain = Watched()
    async with serve_connector(chain, MockChainConfig()) as channel:
        asking = allowances(channel)
        await asking.grant(CHAIN, GATE)
        chain.approved.clear()
        asking.forget(CHAIN, GATE)
        assert await asking.grant(CHAIN, GATE)
    assert len(chain.asked) == 2


class Refusing(Watched):
    """Refuses every approval for good."""

    def submit(self, request: pb.SubmitRequest) -> pb.Transaction:
        raise InvalidFieldError("approve_gate.gate", "there is no gate")


async def test_a_gate_that_the_chain_refuses_is_told_from_one_that_may_pay() -> None:
    async with serve_connector(Refusing(), MockChainConfig()) as channel:
        assert not await allowances(channel).grant(CHAIN, GATE)


async def test_an_index_that_becomes_known_later_has_its_gate_approved() -> None:
    chain, known = Watched(), {GateAddress(CHAIN, GATE)}
    async with serve_connector(chain, MockChainConfig()) as channel, asyncio.timeout(10):
        edge = ChainEdge(channel, post=post, commit=post, gates=lambda: known, cursors=NoCursors())
        with running(edge):
            edge.gates_changed()
            await chain.until_approved(GATE)
            known.add(GateAddress(CHAIN, OTHER))
            edge.gates_changed()
            await chain.until_approved(GATE, OTHER)
    assert sorted(chain.asked) == sorted(approval_of(CHAIN, gate).command_id for gate in (GATE, OTHER))
