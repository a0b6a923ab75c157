"""A logon that is refused for its numbers is told why, and uses up no number."""

from __future__ import annotations

import asyncio

import pytest

from fix.conftest import ALICE
from fix.raw import raw_client
from indexmaker.api.gateway.v1 import gateway_pb2


async def session_of(house):
    response = await house.stub.ListSessions(gateway_pb2.ListSessionsRequest())
    return response.sessions[0]


async def nobody_there(house):
    async with asyncio.timeout(5):
        while (await session_of(house)).connected:
            pass


@pytest.mark.parametrize(
    ("number", "expected", "reason"),
    [(1, "2", "MsgSeqNum too low, expecting 2 but received 1"), (2, "9", "NextExpectedMsgSeqNum must be 1 to 2")],
)
async def test_logon_with_impossible_numbers_is_answered_by_a_logout_that_says_why(house, number, expected, reason):
    async with house.gateway() as url:
        async with raw_client(url, ALICE) as client:
            assert (await client.logon())["Header"]["MsgType"] == "A"
        await nobody_there(house)
        async with raw_client(url, ALICE) as client:
            answer = await client.logon(number=number, NextExpectedMsgSeqNum=expected)
            assert answer["Header"]["MsgType"] == "5"
            assert answer["Body"]["Text"].startswith(reason)
            assert await client.hear() is None
        session = await session_of(house)
        assert (session.next_incoming, session.next_outgoing) == (2, 2)
