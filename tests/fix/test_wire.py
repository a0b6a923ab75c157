"""The session on the wire: what a client that writes its frames by hand sees."""

from __future__ import annotations

import aiohttp
import pytest

from fix.conftest import ALICE
from fix.raw import raw_client
from indexmaker.api.gateway.v1 import gateway_pb2


async def test_logon_is_answered_with_the_next_expected_number(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        answer = await client.logon()
        assert answer["Header"]["MsgType"] == "A"
        assert answer["Header"]["TargetCompID"] == "RAW"
        assert (answer["Body"]["HeartBtInt"], answer["Body"]["NextExpectedMsgSeqNum"]) == ("30", "2")


async def test_something_other_than_a_logon_first_ends_the_connection(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.say("1", {"TestReqID": "hello"})
        assert (await client.hear())["Header"]["MsgType"] == "5"
        assert await client.hear() is None


async def test_test_request_is_answered_with_its_id(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        await client.say("1", {"TestReqID": "hello"})
        answer = await client.hear()
        assert (answer["Header"]["MsgType"], answer["Body"]) == ("0", {"TestReqID": "hello"})


@pytest.mark.parametrize(
    "frame",
    ["", "{", "[" * 60_000, "x" * 70_000, '{"Header":{},"Body":{},"Trailer":{}}', '{"Header":' * 5_000],
    ids=["empty", "truncated", "deep", "large", "headless", "deep objects"],
)
async def test_garbled_frame_is_rejected_and_the_session_goes_on(house, frame):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        await client.socket.send_str(frame)
        assert (await client.hear())["Header"]["MsgType"] == "3"
        body, trailer = client.order("o-1")
        await client.say("D", body, trailer=trailer)
        answer = await client.hear()
        assert (answer["Header"]["MsgType"], answer["Body"]["ExecType"]) == ("8", "0")


@pytest.mark.parametrize(
    ("change", "msg_type", "field", "reason"),
    [
        ({"Side": None}, "3", "SessionRejectReason", "1"),
        ({"CashOrderQty": 250}, "3", "SessionRejectReason", "6"),
        ({"CashOrderQty": None}, "j", "BusinessRejectReason", "5"),
        ({"OrderQty": "1"}, "j", "BusinessRejectReason", "5"),
        ({"OrdType": "2"}, "j", "BusinessRejectReason", "5"),
        ({"Price": "1"}, "j", "BusinessRejectReason", "5"),
        ({"TimeInForce": "6"}, "j", "BusinessRejectReason", "5"),
        ({"ClOrdID": "o 1"}, "3", "SessionRejectReason", "5"),
    ],
)
async def test_faulty_order_is_rejected_by_number_and_has_no_effect(house, change, msg_type, field, reason):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        body, trailer = client.order("o-1", **change)
        await client.say("D", body, trailer=trailer)
        answer = await client.hear()
        assert (answer["Header"]["MsgType"], answer["Body"][field]) == (msg_type, reason)
        assert (answer["Body"]["RefSeqNum"], answer["Body"]["RefMsgType"]) == ("2", "D")
        assert house.core.submissions == 0


async def test_missing_number_is_asked_for_and_the_late_order_is_taken_once(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        await client.say("1", {"TestReqID": "early"}, number=3)
        ask = await client.hear()
        assert (ask["Header"]["MsgType"], ask["Body"]) == ("2", {"BeginSeqNo": "2", "EndSeqNo": "0"})
        body, trailer = client.order("o-1")
        again = {"PossDupFlag": "Y", "OrigSendingTime": "20260102-03:04:05.678"}
        await client.say("D", body, trailer=trailer, number=2, **again)
        await client.say("4", {"GapFillFlag": "Y", "NewSeqNo": "4"}, number=3, **again)
        await client.say("D", body, trailer=trailer, number=2, **again)
        await client.say("1", {"TestReqID": "now"}, number=4)
        heard = [await client.hear() for _ in range(2)]
        assert sorted(one["Header"]["MsgType"] for one in heard) == ["0", "8"]
        assert house.core.submissions == 1


async def test_number_that_was_used_ends_the_session(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        await client.say("0", {}, number=1)
        answer = await client.hear()
        assert "too low, expecting 2 but received 1" in answer["Body"]["Text"]
        assert await client.hear() is None


async def test_kept_messages_are_sent_again_with_gap_fills_between(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        await client.say("1", {"TestReqID": "a"})
        await client.hear()
        body, trailer = client.order("o-1")
        await client.say("D", body, trailer=trailer)
        report = await client.hear()
        await client.say("2", {"BeginSeqNo": "1", "EndSeqNo": "0"})
        fill, again = await client.hear(), await client.hear()
        assert (fill["Header"]["MsgType"], fill["Header"]["MsgSeqNum"], fill["Body"]["NewSeqNo"]) == ("4", "1", "3")
        assert (again["Header"]["PossDupFlag"], again["Header"]["MsgSeqNum"]) == ("Y", "3")
        assert again["Header"]["OrigSendingTime"] == report["Header"]["SendingTime"]
        assert again["Body"] == report["Body"]


async def test_logon_may_start_both_sides_at_one_again(house):
    async with house.gateway() as url:
        async with raw_client(url, ALICE) as client:
            await client.logon()
            await client.say("5", {})
            assert (await client.hear())["Header"]["MsgType"] == "5"
            assert await client.hear() is None
        async with raw_client(url, ALICE) as client:
            answer = await client.logon(ResetSeqNumFlag="Y")
            assert (answer["Header"]["MsgSeqNum"], answer["Body"]["ResetSeqNumFlag"]) == ("1", "Y")


async def test_too_many_messages_are_answered_with_a_business_reject_and_have_no_effect(house):
    limits = {"weight_burst": 15, "weight_per_second": 1}
    async with house.gateway(limits=limits) as url, raw_client(url, ALICE) as client:
        await client.logon()
        kinds = []
        for number in range(3):
            body, trailer = client.order(f"o-{number}")
            await client.say("D", body, trailer=trailer)
            kinds.append((await client.hear())["Body"].get("BusinessRejectReason", "taken"))
        assert kinds == ["taken", "8", "8"]
        assert house.core.submissions == 1


async def test_wrong_clock_is_rejected(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        await client.say("1", {"TestReqID": "x"}, SendingTime="20200102-03:04:05.678")
        assert (await client.hear())["Body"]["SessionRejectReason"] == "10"


async def test_foreign_subprotocol_is_refused(house):
    async with house.gateway() as url:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with raw_client(url, ALICE, protocols=("mqtt",)):
                pass


async def test_operator_logs_a_session_out(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        request = gateway_pb2.DisconnectSessionRequest(session_id=f"RAW@{ALICE.account}", reason="good night")
        await house.stub.DisconnectSession(request)
        answer = await client.hear()
        assert (answer["Header"]["MsgType"], answer["Body"]["Text"]) == ("5", "good night")


async def test_indices_are_listed(house):
    async with house.gateway() as url, raw_client(url, ALICE) as client:
        await client.logon()
        await client.say("x", {"SecurityReqID": "r-1", "SecurityListRequestType": "4"})
        answer = await client.hear()
        assert answer["Header"]["MsgType"] == "y"
        (entry,) = answer["Body"]["NoRelatedSym"]
        assert entry["Symbol"] == "TOP2"
        assert entry["NoConstituents"] == [{"ConstituentAsset": "BTC", "ConstituentQty": "0.001"}]
