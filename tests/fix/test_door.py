"""Sockets that say nothing do not keep clients out."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
import uvloop

from fix.conftest import ALICE, BOB
from fix.raw import raw_client
from indexmaker_fix.configuration import Limits
from indexmaker_fix.door import Door, address_of


class Wire(asyncio.Transport):
    """A socket from an address."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 1234)})
        self.gone = asyncio.Event()

    @property
    def aborted(self) -> bool:
        return self.gone.is_set()

    def abort(self) -> None:
        self.gone.set()


def door(**limits: int) -> Door:
    return Door(Limits(**limits), patience=1000)


async def test_the_oldest_stranger_makes_room_for_a_newcomer() -> None:
    guard = door(strangers=2)
    wires = [Wire(f"10.0.0.{number}") for number in range(4)]
    assert all(guard.opened(wire) for wire in wires)
    assert [wire.aborted for wire in wires] == [True, True, False, False]


async def test_clients_that_have_logged_on_are_never_sent_away() -> None:
    guard = door(connections=2)
    first, second, third = (Wire(f"10.0.0.{number}") for number in range(3))
    for wire in (first, second):
        guard.opened(wire)
        guard.proven(wire)
    assert not guard.opened(third)
    guard.closed(first)
    assert guard.opened(third)
    assert [first.aborted, second.aborted] == [False, False]


async def test_a_stranger_makes_room_when_all_places_are_taken() -> None:
    guard = door(connections=2)
    client, stranger, newcomer = (Wire(f"10.0.0.{number}") for number in range(3))
    guard.opened(client)
    guard.proven(client)
    guard.opened(stranger)
    assert guard.opened(newcomer)
    assert (client.aborted, stranger.aborted) == (False, True)


async def test_an_address_has_so_many_connections_and_leaves_the_others_alone() -> None:
    guard = door(connections_per_address=2)
    mine = [Wire("10.0.0.1") for _ in range(3)]
    assert [guard.opened(wire) for wire in mine] == [True, True, False]
    assert guard.opened(Wire("10.0.0.2"))
    guard.closed(mine[0])
    guard.closed(mine[0])
    assert [guard.opened(Wire("10.0.0.1")) for _ in range(2)] == [True, False]


async def test_a_stranger_may_stay_for_a_while_and_a_client_for_good() -> None:
    guard = Door(Limits(), patience=0)
    stranger, client = Wire("10.0.0.1"), Wire("10.0.0.2")
    guard.opened(stranger)
    guard.opened(client)
    guard.proven(client)
    await stranger.gone.wait()
    assert not client.aborted


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
def test_a_site_of_ipv6_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (address_of(Wire(one)) == address_of(Wire(other))) is same


def test_a_socket_that_is_gone_already_has_no_address() -> None:
    assert address_of(asyncio.Transport({"peername": None})) == ""


@asynccontextmanager
async def silent(url: str, count: int):
    """Bare sockets that never say a word."""
    host, port = url.removeprefix("ws://").partition("/")[0].split(":")
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(count)]
    try:
        yield [reader for reader, _ in opened]
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def test_silent_sockets_do_not_keep_a_client_out(house) -> None:
    async with house.gateway(limits={"strangers": 3, "connections": 4}) as url, silent(url, 20), house.client() as fix:
        await fix.submit(index="TOP2", cash="250", client_order_id="o-1")
        async for event in fix.events():
            assert event.client_order_id == "o-1"
            break
        async with silent(url, 20), raw_client(url, BOB) as other:
            assert (await other.logon())["Header"]["MsgType"] == "A"
        assert fix.logged_on


async def test_silent_sockets_are_cut_in_time(house) -> None:
    async with house.gateway(logon_seconds=1) as url, silent(url, 1) as (reader,), asyncio.timeout(10):
        assert await reader.read() == b""


async def test_an_address_over_its_limit_is_cut(house) -> None:
    limits = {"connections_per_address": 1}
    async with house.gateway(limits=limits) as url, raw_client(url, ALICE) as client:
        assert (await client.logon())["Header"]["MsgType"] == "A"
        with pytest.raises(aiohttp.ClientError):
            async with raw_client(url, BOB):
                pass


async def test_without_room_for_clients_a_newcomer_is_cut(house) -> None:
    async with house.gateway(limits={"connections": 1}) as url, raw_client(url, ALICE) as client:
        await client.logon()
        with pytest.raises(aiohttp.ClientError):
            async with raw_client(url, BOB):
                pass
        await client.say("1", {"TestReqID": "x"})
        assert (await client.hear())["Header"]["MsgType"] == "0"


def test_the_door_works_on_the_loop_that_plugins_run_on() -> None:
    """uvloop's sockets are transports without being subclasses of asyncio's."""

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            guard.proven(transport)

        def data_received(self, data: bytes) -> None:
            self.transport.write(data)

    async def talk() -> list[bytes]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(guard.guarding(Echo), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        heard = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello")
            heard.append(await reader.read(5))
        server.close()
        return heard

    guard = door(connections_per_address=1)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(talk()) == [b"hello", b""], "one is served, the next of the address is refused"
