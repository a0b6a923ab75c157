"""What the door refuses: with which words, and without a trace."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.api.solver.v1 import solver_pb2_grpc as rpc
from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.errors import AuthenticationError, InvalidFieldError, NotFoundError, RejectedError
from indexmaker.connectors.status import error_of
from indexmaker_client import Client
from system.harness import Core, System, name_of, signer, system

ALICE, BOB = signer(1), signer(2)


def request(**changes: str) -> pb.SubmitIndexOrderRequest:
    """An order of Alice's, signed as it stands with the changes."""
    terms = {"client_order_id": "a-1", "index": "TOP2", "amount": "200"} | changes
    account = common_pb2.AccountId(chain_id=ALICE.account.chain_id, address=ALICE.account.address)
    return pb.SubmitIndexOrderRequest(
        terms=pb.IndexOrderTerms(account=account, side=pb.INDEX_SIDE_BUY, **terms),
        signature=ALICE.sign_order(**terms),
    )


@pytest.fixture
async def world() -> AsyncIterator[System]:
    async with system() as made:
        yield made


async def refusal(world: System, given: pb.SubmitIndexOrderRequest) -> grpc.aio.AioRpcError:
    """The error on a request that must change nothing."""
    async with world.core() as core, open_channel(world.address) as channel:
        before = (await sequence(core), core.engine.dump())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await rpc.SolverServiceStub(channel).SubmitIndexOrder(given, timeout=5)
        assert (await sequence(core), core.engine.dump()) == before
    with world.journal() as journal:
        assert not [entry for entry in journal.read() if b'"OrderSubmitted"' in entry.payload]
    return caught.value


async def sequence(core: Core) -> int:
    return int((await core.client.status()).sequence)


@pytest.mark.parametrize("amount", ["-1", "", "1e3", "ten", "0.0000000000000000001"])
async def test_an_amount_that_is_no_positive_decimal_is_refused_by_its_field(world, amount):
    error = await refusal(world, request(amount=amount))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    meant = error_of(error)
    assert isinstance(meant, InvalidFieldError)
    assert meant.field == "terms.amount"


async def test_terms_altered_after_signing_are_refused(world):
    given = request()
    given.terms.amount = "2000"
    error = await refusal(world, given)
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert isinstance(error_of(error), AuthenticationError)


async def test_an_altered_signature_is_refused(world):
    given = request()
    given.signature = given.signature[:-6] + ("0" if given.signature[-6] != "0" else "1") + given.signature[-5:]
    assert isinstance(error_of(await refusal(world, given)), AuthenticationError)


async def test_an_order_in_another_users_name_is_refused(world):
    given = request()
    given.terms.account.address = BOB.account.address
    assert isinstance(error_of(await refusal(world, given)), AuthenticationError)


async def test_another_user_can_neither_cancel_nor_see_an_order_as_his(world):
    async with world.core() as core, open_channel(world.address) as channel:
        await core.client.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
        before = core.engine.dump()
        stub = rpc.SolverServiceStub(channel)
        alice = common_pb2.AccountId(chain_id=42161, address=ALICE.account.address)
        forged = pb.CancelIndexOrderRequest(
            account=alice, client_order_id="a-1", signature=BOB.sign_cancel(client_order_id="a-1")
        )
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.CancelIndexOrder(forged, timeout=5)
        assert isinstance(error_of(caught.value), AuthenticationError)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await core.client.cancel(BOB, client_order_id="a-1")
        assert isinstance(error_of(caught.value), NotFoundError)
        assert core.engine.dump() == before
        assert await core.client.orders(account=BOB.account) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"index": "TOP3"}, "no index 'TOP3'"),
        ({"amount": "200.0000001"}, "6 decimals"),
        ({"amount": "0"}, "above zero"),
        ({"amount": "9.999999"}, "the least is 10"),
        ({"amount": "100000.000001"}, "the most is 100000"),
    ],
)
async def test_an_order_that_breaks_a_rule_is_rejected_with_the_rule_and_takes_no_collateral(world, changes, reason):
    async with world.core() as core, open_channel(world.address) as channel:
        world.outside.deposit(ALICE.account, "200")
        response = await rpc.SolverServiceStub(channel).SubmitIndexOrder(request(**changes), timeout=5)
        assert name_of(response.order.state) == "REJECTED"
        assert reason in response.order.reason
        await core.when(lambda state: len(state.lots) == 1)
        (lot,) = core.engine.state.lots.values()
        assert not lot.order_id
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await core.client.cancel(ALICE, client_order_id="a-1")
        assert isinstance(error_of(caught.value), RejectedError)


async def test_the_same_client_order_id_again_gets_the_first_answer_whatever_else_it_says(world):
    async with world.core() as core, open_channel(world.address) as channel:
        stub = rpc.SolverServiceStub(channel)
        world.outside.deposit(ALICE.account, "200")
        first = await stub.SubmitIndexOrder(request(), timeout=5)
        await core.until("MINTED")
        await core.settled()
        before = core.engine.dump()
        again = await stub.SubmitIndexOrder(request(amount="500"), timeout=5)
        assert (first.duplicate, again.duplicate) == (False, True)
        assert again.order.terms.amount == "200"
        assert name_of(again.order.state) == "MINTED"
        assert core.engine.dump() == before
        assert len(await core.client.orders()) == 1


async def test_two_users_may_use_the_same_client_order_id(world):
    async with world.core() as core:
        for user in (ALICE, BOB):
            world.outside.deposit(user.account, "200")
            await core.client.submit(user, client_order_id="one", index="TOP2", amount="200")
        await core.until("MINTED", count=2)


async def test_over_the_network_only_the_token_opens_the_door(free_port):
    address = f"127.0.0.1:{free_port}"
    core_table = f'listen = "{address}"\ntoken = "env:SYSTEM_TEST_TOKEN"'
    async with system(core=core_table) as world, world.core() as core:
        async with Client(address) as stranger:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stranger.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await anext(stranger.watch())
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert core.engine.state.orders == {}
        async with Client(address, token="sesame") as friend:
            await friend.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
            assert name_of((await anext(friend.watch())).order.state) == "PENDING_COLLATERAL"


@pytest.fixture
def free_port(monkeypatch) -> int:
    monkeypatch.setenv("SYSTEM_TEST_TOKEN", "sesame")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
