"""A chain connector whose events a test writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio

from indexmaker.api.chain.v1 import chain_pb2, chain_pb2_grpc
from indexmaker.api.common.v1 import common_pb2

TOKEN = "0x" + "cc" * 20
APPLY, RETRACT, PROMOTE = (
    chain_pb2.ChainEvent.KIND_APPLY,
    chain_pb2.ChainEvent.KIND_RETRACT,
    chain_pb2.ChainEvent.KIND_PROMOTE,
)
SEEN, CONFIRMED = chain_pb2.FINALITY_SEEN, chain_pb2.FINALITY_CONFIRMED


class Chain(chain_pb2_grpc.ChainServiceServicer):
    """A chain connector whose events are written by the test; each stream begins with a fresh request."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[chain_pb2.StreamEventsRequest] = asyncio.Queue()
        self.responses: asyncio.Queue[chain_pb2.StreamEventsResponse | None] = asyncio.Queue()

    async def StreamEvents(self, request_iterator, context):  # noqa: N802 - gRPC's name
        async for request in request_iterator:
            await self.requests.put(request)
            break
        while (response := await self.responses.get()) is not None:
            yield response
        await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")

    def say(self, *events: chain_pb2.ChainEvent, head: int) -> None:
        cursor = chain_pb2.Cursor(chain_id=8453, block_number=head, block_hash=f"0xb{head}")
        self.responses.put_nowait(chain_pb2.StreamEventsResponse(events=events, cursors=[cursor]))


def transfer(
    kind: chain_pb2.ChainEvent.Kind,
    finality: chain_pb2.Finality,
    *,
    recipient: str,
    block: int = 10,
    tx: str = "0xaa",
    amount: str = "250.5",
) -> chain_pb2.ChainEvent:
    return chain_pb2.ChainEvent(
        id=common_pb2.LogId(chain_id=8453, tx_hash=tx, log_index=2),
        block_number=block,
        kind=kind,
        finality=finality,
        token_transfer=chain_pb2.TokenTransfer(
            token=TOKEN, sender="0x" + "99" * 20, recipient=recipient, amount=amount
        ),
    )


@asynccontextmanager
async def serve_chain(chain: chain_pb2_grpc.ChainServiceServicer, address: str) -> AsyncIterator[None]:
    server = grpc.aio.server()
    chain_pb2_grpc.add_ChainServiceServicer_to_server(chain, server)
    server.add_insecure_port(address)
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)
