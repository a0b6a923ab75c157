"""A gateway in the test's process, a scripted core behind it, and clients."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fix.fake_core import FakeCore
from indexmaker.api.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from indexmaker.connectors.testing import serve_connector
from indexmaker_client.fix import FixClient
from indexmaker_client.signer import Signer
from indexmaker_fix.connector import FixGateway

ALICE = Signer(42161, "0x" + "a1" * 32)
BOB = Signer(42161, "0x" + "b2" * 32)


class House:
    """A core and a data directory; `gateway()` runs a gateway process on them, again and again."""

    def __init__(self, core, directory: Path, core_address: str):
        self.core = core
        self.core_address = core_address
        self.directory = directory
        self.url = ""
        self.stub = None

    @asynccontextmanager
    async def gateway(self, **config):
        settings = {"core": self.core_address} | config
        async with serve_connector(FixGateway, settings, data_dir=self.directory / "data") as channel:
            self.stub = gateway_pb2_grpc.GatewayServiceStub(channel)
            urls = []
            while not urls:
                response = await self.stub.ListListeners(gateway_pb2.ListListenersRequest())
                urls = list(response.urls)
            self.url = urls[0]
            yield self.url

    def client(self, signer=ALICE, name="DESK1", **options):
        return FixClient(self.url, signer, sender_comp_id=name, reconnect_seconds=0.01, **options)


@pytest.fixture
async def house(tmp_path):
    core = FakeCore()
    path = tmp_path / "core.sock"
    async with core.serving(path) as address:
        yield House(core, tmp_path, address)
