"""The plugin under test, over real gRPC, and what a client does with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.chain.v1 import chain_pb2_grpc
from indexmaker.api.connector.v1 import connector_pb2_grpc
from indexmaker.connectors.testing.serve import serve_connector
from indexmaker_evm.connector import EvmConnector
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.manifest import Account

ARBITRUM, BASE = 42161, 8453
State = pb.Transaction.State


def config_for(devnet: DevnetClient, *, key: Account | None = None, **changes: Any) -> dict[str, Any]:
    chains = [
        {
            "chain_id": chain_id,
            "name": name,
            "rpc": [devnet.manifest.chains[str(chain_id)].rpc],
            "confirmations": 2,
            "poll_interval_ms": 50,
            "reorg_window": 32,
            **changes,
        }
        for chain_id, name in ((ARBITRUM, "arbitrum"), (BASE, "base"))
    ]
    signer = {"signer": {"private_key": f"file:{key.private_key_file}"}} if key else {}
    return {"chains": chains, **signer}


class ChainClient:
    """Calls of a chain plugin."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stub = chain_pb2_grpc.ChainServiceStub(channel)
        self.life = connector_pb2_grpc.ConnectorServiceStub(channel)

    async def submit(self, command_id: str, chain_id: int, **command: Any) -> pb.Transaction:
        request = pb.SubmitRequest(command_id=command_id, chain_id=chain_id, **command)
        return (await self.stub.Submit(request)).transaction

    async def transaction(self, command_id: str) -> pb.Transaction:
        return (await self.stub.GetTransaction(pb.GetTransactionRequest(command_id=command_id))).transaction

    async def reaches(self, command_id: str, *states: int) -> pb.Transaction:
        """Follow the stream of changes until the command is in one of the states."""
        async with asyncio.timeout(60):
            async for message in self.stub.StreamTransactions(pb.StreamTransactionsRequest()):
                for transaction in message.transactions:
                    if transaction.command_id == command_id and transaction.state in states:
                        return transaction
        raise AssertionError("the stream ended")

    @asynccontextmanager
    async def events(
        self, watches: Iterable[pb.Watch], cursors: Iterable[pb.Cursor] = ()
    ) -> AsyncIterator[EventReader]:
        call = self.stub.StreamEvents()
        await call.write(pb.StreamEventsRequest(watches=watches, cursors=cursors))
        try:
            yield EventReader(call)
        finally:
            call.cancel()


class EventReader:
    """An open stream of events."""

    def __init__(self, call: Any) -> None:
        self.call = call
        self.seen: list[pb.ChainEvent] = []
        self.cursors: dict[int, pb.Cursor] = {}

    async def add(self, *watches: pb.Watch) -> None:
        await self.call.write(pb.StreamEventsRequest(watches=watches))

    async def until(self, wanted: Callable[[pb.ChainEvent], bool]) -> pb.ChainEvent:
        """Read on until an event that is wanted."""
        async with asyncio.timeout(60):
            while True:
                message = await self.call.read()
                assert message is not grpc.aio.EOF
                self.seen += message.events
                self.cursors |= {cursor.chain_id: cursor for cursor in message.cursors}
                for event in message.events:
                    if wanted(event):
                        return event


def gate_watch(devnet: DevnetClient, symbol: str, *, from_block: int = 0) -> pb.Watch:
    gate = devnet.manifest.contracts.arbitrum.gates[symbol].gate
    return pb.Watch(chain_id=ARBITRUM, from_block=from_block, gate=pb.GateWatch(gate=gate))


def transfer_watch(devnet: DevnetClient, *recipients: str, from_block: int = 0) -> pb.Watch:
    token = devnet.manifest.contracts.base.usdc
    transfers = pb.TransferWatch(token=token, recipients=recipients)
    return pb.Watch(chain_id=BASE, from_block=from_block, transfers=transfers)


@asynccontextmanager
async def plugin(config: Mapping[str, Any], *, data_dir: Path | None = None) -> AsyncIterator[ChainClient]:
    """The plugin, configured, its heads found."""
    async with serve_connector(EvmConnector, config, data_dir=data_dir) as channel:
        client = ChainClient(channel)

        async def has_heads() -> bool:
            chains = (await client.stub.ListChains(pb.ListChainsRequest())).chains
            return all(chain.latest_block for chain in chains)

        await until(has_heads)
        yield client


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again at something outside."""
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - a node has no event for it
            await asyncio.sleep(0.05)
