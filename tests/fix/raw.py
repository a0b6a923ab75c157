"""A client that writes its frames by hand, knowing nothing of the gateway's code but the wire."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp


class Raw:
    def __init__(self, socket, signer, name):
        self.socket = socket
        self.signer = signer
        self.name = name
        self.next = 1
        self.challenge = ""

    def header(self, msg_type, number=None, **more):
        stamp = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%d-%H:%M:%S.%f")
        header = {
            "BeginString": "FIXT.1.1",
            "MsgType": msg_type,
            "MsgSeqNum": str(number or self.next),
            "SenderCompID": self.name,
            "TargetCompID": "INDEXMAKER",
            "SendingTime": stamp,
        }
        self.next = (number or self.next) + 1
        return header | more

    async def say(self, msg_type, body, *, trailer=None, number=None, **header):
        message = {"Header": self.header(msg_type, number, **header), "Body": body, "Trailer": trailer or {}}
        await self.socket.send_str(json.dumps(message))

    async def hear(self):
        async with asyncio.timeout(5):
            frame = await self.socket.receive()
        return json.loads(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else None

    async def logon(self, *, number=None, signature=None, **body):
        signature = signature or self.signer.sign_logon(
            challenge=self.challenge, sender_comp_id=self.name, target_comp_id="INDEXMAKER"
        )
        terms = {"EncryptMethod": "0", "HeartBtInt": "30", "DefaultApplVerID": "9"}
        terms |= {"Username": str(self.signer.account), "RawData": signature}
        await self.say("A", terms | body, number=number)
        return await self.hear()

    def order(self, order_id, **change):
        signature = self.signer.sign_order(client_order_id=order_id, index="TOP2", amount="250")
        body = {
            "ClOrdID": order_id,
            "Account": str(self.signer.account),
            "Symbol": "TOP2",
            "Side": "1",
            "TransactTime": "20260102-03:04:05.678",
            "OrdType": "1",
            "CashOrderQty": "250",
        }
        body = {name: value for name, value in (body | change).items() if value is not None}
        return body, {"Signature": signature}


@asynccontextmanager
async def raw_client(url, signer, name="RAW", **options):
    async with aiohttp.ClientSession() as http, http.ws_connect(url, **options) as socket:
        client = Raw(socket, signer, name)
        challenge = await client.hear()
        client.challenge = challenge["Body"]["LogonChallenge"]
        yield client
