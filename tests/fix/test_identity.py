"""A session acts for the account whose key was proven, and for no other."""

from __future__ import annotations

import pytest

from fix.conftest import ALICE, BOB
from fix.raw import raw_client
from indexmaker.api.gateway.v1 import gateway_pb2
from indexmaker_fix.errors import LogonRefusedError


async def test_each_connection_gets_its_own_challenge(house):
    async with house.gateway() as url, raw_client(url, ALICE) as one, raw_client(url, ALICE) as two:
        assert one.challenge != two.challenge


async def test_signature_over_another_challenge_is_refused(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        old = ALICE.sign_logon(challenge="00" * 32, sender_comp_id="RAW", target_comp_id="INDEXMAKER")
        answer = await client.logon(signature=old)
        assert answer["Header"]["MsgType"] == "5"
        assert "challenge" in answer["Body"]["Text"]


async def test_signature_for_another_comp_id_is_refused(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        names = {"sender_comp_id": "OTHER", "target_comp_id": "INDEXMAKER"}
        other = ALICE.sign_logon(challenge=client.challenge, **names)
        assert (await client.logon(signature=other))["Header"]["MsgType"] == "5"


async def test_signature_for_another_gateway_is_refused(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        names = {"sender_comp_id": "RAW", "target_comp_id": "ROGUE"}
        relayed = ALICE.sign_logon(challenge=client.challenge, **names)
        assert (await client.logon(signature=relayed))["Header"]["MsgType"] == "5"


@pytest.mark.parametrize("signature", ["0x", "zz", "0x" + "00" * 65, "0x" + "ff" * 65, "0x" + "11" * 64])
async def test_nonsense_for_a_signature_is_refused(house, signature):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        assert (await client.logon(signature=signature))["Header"]["MsgType"] == "5"


async def test_second_connection_of_a_comp_id_is_refused_and_the_first_stays(house):
    async with house.gateway() as url, house.client(name="DESK1") as fix:
        with pytest.raises(LogonRefusedError, match="logged on already"):
            await house.client(name="DESK1").__aenter__()
        async with raw_client(url, ALICE, "DESK1") as second:
            assert "logged on already" in (await second.logon())["Body"]["Text"]
        await fix.submit(index="TOP2", cash="250", client_order_id="o-1")
        async for event in fix.events():
            assert event.client_order_id == "o-1"
            break


async def test_comp_id_of_another_account_is_refused(house):
    async with house.gateway():
        async with house.client(ALICE, "DESK1"):
            pass
        with pytest.raises(LogonRefusedError, match="another account"):
            await house.client(BOB, "DESK1").__aenter__()


async def test_order_for_another_account_is_refused_without_reaching_the_core(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        body, _ = client.order("o-1", Account=str(BOB.account))
        signature = BOB.sign_order(client_order_id="o-1", index="TOP2", amount="250")
        await client.say("D", body, trailer={"Signature": signature})
        answer = await client.hear()
        assert (answer["Header"]["MsgType"], answer["Body"]["BusinessRejectReason"]) == ("j", "6")
        assert house.core.submissions == 0


@pytest.mark.parametrize(
    "change",
    [
        {"CashOrderQty": "251"},
        {"CashOrderQty": "250.0"},
        {"Symbol": "TOP3"},
        {"ClOrdID": "o-2"},
        {"MaxFee": "5"},
        {"OrdType": "2", "Price": "99"},
        {"ExpireTime": "20300102-03:04:05.678"},
    ],
)
async def test_order_with_an_altered_term_is_refused(house, change):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        body, trailer = client.order("o-1", **change)
        await client.say("D", body, trailer=trailer)
        answer = await client.hear()
        assert (answer["Header"]["MsgType"], answer["Body"]["ExecType"]) == ("8", "8")
        assert "sign the terms as they are sent" in answer["Body"]["Text"]
        assert house.core.orders == {}


async def test_reports_of_an_account_reach_no_other(house):
    async with house.gateway(), house.client(ALICE, "ALICE") as alice, house.client(BOB, "BOB") as bob:
        await alice.submit(index="TOP2", cash="250", client_order_id="of-alice")
        await bob.submit(index="TOP2", cash="250", client_order_id="of-bob")
        for client, mine in ((alice, "of-alice"), (bob, "of-bob")):
            async for event in client.events():
                assert event.client_order_id == mine
                break
        response = await house.stub.ListSessions(gateway_pb2.ListSessionsRequest())
        assert {one.session_id: one.account.address for one in response.sessions} == {
            "ALICE": ALICE.account.address,
            "BOB": BOB.account.address,
        }
