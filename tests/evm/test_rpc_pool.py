"""Several nodes of one chain: which is asked, which is rested, what is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from indexmaker_evm.errors import NodeUnavailableError, RpcError, WrongChainError
from indexmaker_evm.rpc import Call, Node, NodeFault, RpcPool

HEAD = Call("eth_blockNumber", ())


class StubNode:
    def __init__(self, name: str, *, chain_id: int = 1) -> None:
        self.name = name
        self.chain_id = chain_id
        self.down = False
        self.refuses = False
        self.asked = 0

    async def call(self, call: Call) -> Any:
        if self.down:
            raise NodeFault(f"{self.name}: down")
        if call.method == "eth_chainId":
            return hex(self.chain_id)
        self.asked += 1
        if self.refuses:
            raise RpcError(call.method, code=3, message="execution reverted")
        return self.name

    async def batch(self, calls: Sequence[Call]) -> list[Any]:
        return [await self.call(call) for call in calls]


class Time:
    def __init__(self) -> None:
        self.at = 10**9

    def now(self) -> int:
        return self.at


def _pool(*nodes: Any) -> tuple[RpcPool, Time]:
    time = Time()
    return RpcPool(nodes, chain_id=1, clock=time), time


async def test_the_first_node_is_asked_as_long_as_it_answers() -> None:
    first, second = StubNode("first"), StubNode("second")
    pool, _ = _pool(first, second)
    assert [await pool.call(HEAD) for _ in range(3)] == ["first"] * 3
    assert second.asked == 0


async def test_the_next_node_answers_for_one_that_is_down_which_is_then_left_alone_for_a_while() -> None:
    first, second = StubNode("first"), StubNode("second")
    pool, time = _pool(first, second)
    first.down = True
    assert [await pool.call(HEAD) for _ in range(3)] == ["second"] * 3
    first.down = False
    assert await pool.call(HEAD) == "second"
    time.at += 2 * 10**9
    assert await pool.call(HEAD) == "first"


async def test_a_refusal_is_an_answer_and_not_taken_to_another_node() -> None:
    first, second = StubNode("first"), StubNode("second")
    first.refuses = True
    pool, _ = _pool(first, second)
    with pytest.raises(RpcError, match="execution reverted"):
        await pool.call(HEAD)
    assert second.asked == 0


async def test_when_no_node_answers_all_are_tried_and_named() -> None:
    first, second = StubNode("first"), StubNode("second")
    first.down = second.down = True
    pool, _ = _pool(first, second)
    for _ in range(4):
        with pytest.raises(NodeUnavailableError, match=r"first: down; second: down|second: down; first: down"):
            await pool.call(HEAD)
    assert not any(status.connected for status in pool.status())


async def test_a_node_of_another_chain_is_refused() -> None:
    pool, _ = _pool(StubNode("foreign", chain_id=5))
    with pytest.raises(WrongChainError, match="serves chain 5, not 1"):
        await pool.call(HEAD)


async def test_a_transaction_goes_to_every_node() -> None:
    first, second, third = StubNode("first"), StubNode("second"), StubNode("third")
    second.down, third.refuses = True, True
    pool, _ = _pool(first, second, third)
    took, refused = await pool.broadcast(Call("eth_sendRawTransaction", ["0x"]))
    assert took == "first"
    assert isinstance(refused, RpcError)


async def test_a_node_that_cannot_be_reached_is_told_without_its_key() -> None:
    node = Node("http://user:CANARY@127.0.0.1:1/v2/CANARY?key=CANARY", timeout_s=5)
    pool = RpcPool([node], chain_id=1, clock=Time())
    with pytest.raises(NodeUnavailableError) as error:
        await pool.call(HEAD)
    assert "127.0.0.1" in str(error.value)
    assert "CANARY" not in f"{error.value} {error.value!r} {node!r} {error.value.__context__!r} {pool.status()}"
    await pool.close()


async def test_a_cancelled_request_leaves_the_node_usable() -> None:
    waiting = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        if body["method"] == "slow":
            waiting.set()
            await asyncio.Event().wait()
        return web.json_response({"jsonrpc": "2.0", "id": body["id"], "result": "0x1"})

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server:
        node = Node(str(server.make_url("/")), timeout_s=30)
        async with asyncio.TaskGroup() as tasks:
            request = tasks.create_task(node.call(Call("slow", ())))
            await waiting.wait()
            request.cancel()
        assert await node.call(HEAD) == "0x1"
        await node.close()


async def test_answers_of_a_batch_are_put_in_the_order_of_its_requests() -> None:
    async def answer(request: web.Request) -> web.Response:
        first, second, third = await request.json()
        refusal = {"code": 3, "message": "execution reverted", "data": "0x01020304"}
        return web.json_response(
            [
                {"id": third["id"], "result": "c"},
                {"id": second["id"], "error": refusal},
                {"id": first["id"], "result": "a"},
            ]
        )

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server:
        node = Node(str(server.make_url("/")), timeout_s=30)
        first, second, third = await node.batch([HEAD, HEAD, HEAD])
        await node.close()
    assert (first, third) == ("a", "c")
    assert isinstance(second, RpcError)
    assert second.data == b"\x01\x02\x03\x04"
