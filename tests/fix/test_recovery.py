"""Nothing is lost and nothing is done twice when a client, the gateway or the core goes away."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from fix.conftest import ALICE, House
from fix.fake_core import FakeCore
from fix.raw import raw_client
from indexmaker.api.gateway.v1 import gateway_pb2
from indexmaker_client.fix_messages import TradeCaptureReport
from indexmaker_client.fix_store import FileStore, MemoryStore


async def take(client, count):
    taken = []
    async with asyncio.timeout(20):
        async for event in client.events():
            taken.append(event)
            if len(taken) == count:
                return taken
    raise AssertionError("unreachable")


async def sessions(house):
    response = await house.stub.ListSessions(gateway_pb2.ListSessionsRequest())
    return {one.session_id.partition("@")[0]: one for one in response.sessions}


async def test_client_that_was_away_at_the_mint_gets_it_on_its_return(house):
    store = MemoryStore()
    async with house.gateway():
        async with house.client(store=store) as fix:
            order_id = await fix.submit(index="TOP2", cash="250")
            (new,) = await take(fix, 1)
        await house.core.fill(order_id, units="2", value="200")
        await house.core.mint(order_id)
        async with house.client(store=store) as fix:
            again, fill, minted, invoice = await take(fix, 4)
        assert again.exec_id == new.exec_id
        assert [fill.exec_type, minted.exec_type] == ["F", "B"]
        assert isinstance(invoice, TradeCaptureReport)


async def test_gateway_that_restarts_keeps_numbers_messages_and_port(house):
    store = MemoryStore()
    async with house.gateway() as first_url, house.client(store=store) as fix:
        order_id = await fix.submit(index="TOP2", cash="250")
        await take(fix, 1)
        before = (await sessions(house))["DESK1"]
    await house.core.mint(order_id)
    async with house.gateway() as url:
        after = (await sessions(house))["DESK1"]
        assert url == first_url
        assert after.next_incoming >= before.next_incoming
        assert after.next_outgoing >= before.next_outgoing
        async with house.client(store=store) as fix:
            _, minted, invoice = await take(fix, 3)
            assert (minted.exec_type, invoice.invoice_id) == ("B", f"inv-{order_id}")


async def test_client_survives_a_restart_of_the_gateway_without_being_told(house):
    async with house.gateway():
        fix = await house.client().__aenter__()
        order_id = await fix.submit(index="TOP2", cash="250")
        await take(fix, 1)
    await house.core.fill(order_id, units="1", value="100")
    meanwhile = await fix.submit(index="TOP2", cash="99", client_order_id="meanwhile")
    async with house.gateway():
        reports = await take(fix, 2)
        assert {(one.client_order_id, one.exec_type) for one in reports} == {(order_id, "F"), (meanwhile, "0")}
        await fix.__aexit__(None, None, None)


async def test_message_that_the_application_did_not_finish_comes_again_to_a_new_process(house, tmp_path):
    store = FileStore(tmp_path / "session.json")
    async with house.gateway():
        async with house.client(store=store) as fix:
            await fix.submit(index="TOP2", cash="250", client_order_id="o-1")
            async for event in fix.events():
                first = event
                break
        async with house.client(store=FileStore(tmp_path / "session.json")) as fix:
            (again,) = await take(fix, 1)
        assert (again.exec_id, again.client_order_id) == (first.exec_id, "o-1")
        assert again.possible_duplicate


async def test_order_is_submitted_again_by_its_id_when_the_core_dies_before_it_answers(house):
    house.core.fail_after_taking = 2
    async with house.gateway(), house.client() as fix:
        order_id = await fix.submit(index="TOP2", cash="250")
        (report,) = await take(fix, 1)
        assert report.client_order_id == order_id
        await fix.ask_status(order_id, index="TOP2")
        (status,) = await take(fix, 1)
        assert status.exec_type == "I"
        assert (house.core.submissions, len(house.core.orders)) == (3, 1)


async def test_order_taken_while_the_core_is_away_reaches_it_later_even_over_a_restart_of_the_gateway(tmp_path):
    core = FakeCore()
    house = House(core, tmp_path, f"unix:{tmp_path / 'core.sock'}")
    store = MemoryStore()
    async with house.gateway() as url, raw_client(url, ALICE, "DESK1") as client:
        await client.logon()
        body, trailer = client.order("o-1")
        await client.say("D", body, trailer=trailer)
        await client.say("1", {"TestReqID": "taken"})
        assert (await client.hear())["Header"]["MsgType"] == "0"
    assert core.submissions == 0
    async with core.serving(tmp_path / "core.sock"), house.gateway(), house.client(store=store, name="OTHER") as other:
        await other.submit(index="TOP2", cash="10", client_order_id="o-2")
        await take(other, 1)
        while "o-1" not in {name for _, name in core.orders}:
            await other.ask_status("o-1", index="TOP2")
            await take(other, 1)
    assert core.submissions == 2


async def test_reports_go_on_after_a_restart_of_the_core_without_gap_or_repetition(tmp_path):
    core = FakeCore()
    path = tmp_path / "core.sock"
    house = House(core, tmp_path, f"unix:{path}")
    async with house.gateway(), house.client() as fix:
        async with core.serving(path):
            order_id = await fix.submit(index="TOP2", cash="250")
            await take(fix, 1)
        await core.fill(order_id, units="1", value="100")
        async with core.serving(path):
            await core.fill(order_id, units="2", value="200")
            reports = await take(fix, 2)
        assert [one.exec_id for one in reports] == ["2.0", "3.0"]


async def test_slow_client_is_dropped_and_finds_everything_on_its_return(house):
    async with house.gateway(limits={"send_queue": 300}) as url:
        async with raw_client(url, ALICE, "SLOW") as client:
            await client.logon()
            body, trailer = client.order("o-1")
            await client.say("D", body, trailer=trailer)
            await client.hear()
            client.socket._conn.transport.pause_reading()
            count = 1
            async with asyncio.timeout(20):
                while (await sessions(house))["SLOW"].connected:
                    for _ in range(200):
                        count += 1
                        await house.core.tell(house.core._by_client("o-1"), 2, text="x" * 900)
                while (await sessions(house))["SLOW"].next_outgoing < count + 2:
                    pass
            client.socket._conn.transport.abort()
        async with raw_client(url, ALICE, "SLOW") as client:
            client.next = 3
            answer = await client.logon(NextExpectedMsgSeqNum="2")
            assert answer["Header"]["MsgType"] == "A"
            reports = [await client.hear() for _ in range(count)]
            assert [int(one["Body"]["ExecID"].split(".")[0]) for one in reports] == list(range(1, count + 1))


async def test_nobody_listening_is_an_error_at_the_first_logon():
    house = House(None, None, "")
    house.url = "ws://127.0.0.1:9/fix"
    with pytest.raises(aiohttp.ClientError):
        await house.client().__aenter__()


async def test_client_without_a_store_starts_the_session_anew(house):
    async with house.gateway():
        for order_id in ("o-1", "o-2"):
            async with house.client() as fix:
                await fix.submit(index="TOP2", cash="250", client_order_id=order_id)
                (report,) = await take(fix, 1)
                assert report.client_order_id == order_id
