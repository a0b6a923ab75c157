"""The scenarios that need a client: a core on a real journal, behind a real socket, in a scripted world outside."""

from __future__ import annotations

import grpc
import grpc.aio
import pytest

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.api.solver.v1 import solver_pb2_grpc as rpc
from indexmaker.connectors.channel import open_channel
from system.harness import signer, state_of, system

pytestmark = pytest.mark.integration

ALICE, MALLORY = signer(1), signer(2)


def terms(**changed):
    values = {
        "client_order_id": "a-1",
        "account": common_pb2.AccountId(chain_id=ALICE.account.chain_id, address=ALICE.account.address),
        "side": pb.INDEX_SIDE_BUY,
        "index": "TOP2",
        "amount": "200",
        "limit_price": "150",
        "max_fee": "3",
        "expires_at": 2_000_000_000_000_000_000,
    }
    return pb.IndexOrderTerms(**(values | changed))


def signed_by(user):
    return user.sign_order(
        client_order_id="a-1",
        index="TOP2",
        amount="200",
        limit_price="150",
        max_fee="3",
        expires_at=2_000_000_000_000_000_000,
    )


async def refused(world, request):
    async with open_channel(world.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await rpc.SolverServiceStub(channel).SubmitIndexOrder(request)
    return refusal.value.code()


async def test_deposit_while_the_solver_is_down__found_on_restart():
    async with system() as world:
        async with world.core() as core:
            await core.client.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
        world.outside.deposit(ALICE.account, "200")
        async with world.core() as core:
            told = await core.until("MINTED")
        assert state_of(told[-1]) == "MINTED"


async def test_client_offline_at_mint__gets_the_message_on_reconnect():
    async with system() as world, world.core() as core:
        await core.client.submit(ALICE, client_order_id="a-1", index="TOP2", amount="200")
        last = (await core.until("PENDING_COLLATERAL"))[-1].cursor
        world.outside.deposit(ALICE.account, "200")
        await core.when(lambda state: all(order.state.final for order in state.orders.values()))
        missed = []
        async for report in core.client.watch(after=last):
            missed.append(state_of(report))
            if missed[-1] == "MINTED":
                break
        assert missed[0] == "ROUTING", "nothing is missing, nothing comes again"
        assert missed.count("MINTED") == 1


async def test_request_in_another_users_name__refused():
    async with system() as world, world.core() as core:
        forged = pb.SubmitIndexOrderRequest(terms=terms(), signature=signed_by(MALLORY))
        assert await refused(world, forged) in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
        assert not core.engine.state.orders


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("client_order_id", "a-2"),
        ("account", common_pb2.AccountId(chain_id=MALLORY.account.chain_id, address=MALLORY.account.address)),
        ("account", common_pb2.AccountId(chain_id=8453, address=ALICE.account.address)),
        ("side", pb.INDEX_SIDE_SELL),
        ("index", "TOP3"),
        ("amount", "2000"),
        ("amount", "200.0"),
        ("limit_price", "1500"),
        ("limit_price", ""),
        ("max_fee", "30"),
        ("expires_at", 2_000_000_000_000_000_001),
    ],
)
async def test_a_signed_message_altered_in_any_field__refused(field, value):
    async with system() as world, world.core() as core:
        altered = pb.SubmitIndexOrderRequest(terms=terms(**{field: value}), signature=signed_by(ALICE))
        assert await refused(world, altered) in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
        assert not core.engine.state.orders


def test_every_signed_field_is_altered_once():
    (mark,) = [m for m in test_a_signed_message_altered_in_any_field__refused.pytestmark if m.name == "parametrize"]
    assert {field for field, _ in mark.args[1]} == {field.name for field in pb.IndexOrderTerms.DESCRIPTOR.fields}
