"""A session acts for the account whose key was proven, and for no other."""

from __future__ import annotations

import pytest

from fix.conftest import ALICE, BOB
from fix.raw import raw_client
from indexmaker.api.gateway.v1 import gateway_pb2
from indexmaker.connectors.errors import ConfigurationError
from indexmaker_client.fix_store import MemoryStore
from indexmaker_fix.configuration import check_comp_ids
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


async def test_each_account_has_every_comp_id_for_itself(house):
    async with house.gateway(), house.client(BOB, "DESK1") as bob, house.client(ALICE, "DESK1") as alice:
        await alice.submit(index="TOP2", cash="250", client_order_id="of-alice")
        await bob.submit(index="TOP2", cash="250", client_order_id="of-bob")
        for client, mine in ((alice, "of-alice"), (bob, "of-bob")):
            async for event in client.events():
                assert event.client_order_id == mine
                break
        response = await house.stub.ListSessions(gateway_pb2.ListSessionsRequest())
        assert {one.session_id for one in response.sessions} == {f"DESK1@{one.account}" for one in (ALICE, BOB)}


async def test_sessions_of_one_comp_id_keep_their_own_messages_over_a_restart(house):
    alices, bobs = MemoryStore(), MemoryStore()
    async with house.gateway():
        async with house.client(BOB, store=bobs) as bob, house.client(ALICE, store=alices):
            await bob.submit(index="TOP2", cash="250", client_order_id="of-bob")
        async with house.client(ALICE, store=alices) as alice:
            await alice.submit(index="TOP2", cash="250", client_order_id="of-alice")
    async with house.gateway(), house.client(ALICE, store=alices) as alice, house.client(BOB, store=bobs) as bob:
        for client, mine in ((alice, "of-alice"), (bob, "of-bob")):
            async for event in client.events():
                assert event.client_order_id == mine
                break


async def test_with_a_list_only_registered_comp_ids_of_their_accounts_log_on(house):
    registered = {"DESK1": str(ALICE.account), "DESK2": f"42161:{BOB.account.address.upper().replace('X', 'x')}"}
    async with house.gateway(comp_ids=registered):
        for signer, name in ((BOB, "DESK1"), (ALICE, "DESK2"), (ALICE, "DESK3")):
            with pytest.raises(LogonRefusedError, match="not registered"):
                await house.client(signer, name).__aenter__()
        async with house.client(ALICE, "DESK1"), house.client(BOB, "DESK2"):
            pass


def test_a_registered_account_that_is_none_is_a_fault_of_the_configuration():
    check_comp_ids({"DESK1": str(ALICE.account)})
    with pytest.raises(ConfigurationError) as refused:
        check_comp_ids({"DESK1": "alice"})
    assert refused.value.path == "comp_ids.DESK1"


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
            f"ALICE@{ALICE.account}": ALICE.account.address,
            f"BOB@{BOB.account}": BOB.account.address,
        }
