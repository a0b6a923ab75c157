"""The guardian's own reading of the gates, through a connection of its own to the chain connector."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import grpc
import grpc.aio

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.chain.v1 import chain_pb2_grpc as rpc
from indexmaker.connectors.errors import TransientError
from indexmaker.services.guardian.chain_record import ChainRecord, read_record, request_key, write_record
from indexmaker.services.solver.edges.calls import converse, keep_calling, keep_running
from indexmaker.solver.guardian import ChainRequest
from indexmaker.solver.vocabulary import Finality

__all__ = ["ChainWatch", "SharedKeyError"]

_PATIENCE = 10.0
"""Seconds that the chain connector has to tell what the journal says that a chain has logged."""
_Stream = grpc.aio.StreamStreamCall[pb.StreamEventsRequest, pb.StreamEventsResponse]


def _confirmed(request: ChainRequest) -> bool:
    return request.finality is not Finality.SEEN


class SharedKeyError(Exception):
    """The guardian's key is the one that sends the transactions: it would guard nothing."""


class ChainWatch:
    """Follows all gates. `gates` is asked anew whenever `gates_changed` is called.

    `signer` is the address that must not send transactions ("" for one that signs nothing), `file` keeps how far the
    chains were read.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        *,
        gates: Callable[[], Iterable[tuple[int, str]]],
        signer: str,
        file: Path | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self._stub = rpc.ChainServiceStub(channel)
        self._gates = gates
        self._signer = signer.lower()
        self._file = file
        self._patience = patience
        self._record = read_record(file) if file is not None else ChainRecord()
        self._news = asyncio.Condition()
        self._gates_changed = asyncio.Event()
        self._live = False

    async def run(self) -> None:
        """Follow the chains until cancelled.

        Raises:
            SharedKeyError: transactions are sent with the guardian's own key.
        """
        await keep_running("guardian.chain.StreamEvents", self._follow)

    def gates_changed(self) -> None:
        """Watch new gates too."""
        self._gates_changed.set()

    def save(self) -> None:
        """Write down how far the chains were read."""
        if self._file is not None:
            write_record(self._file, self._record)

    async def request(
        self, chain_id: int, gate: str, request_id: int, *, until: Callable[[ChainRequest], bool] = _confirmed
    ) -> ChainRequest | None:
        """What the gate logged of a request; one that is not there, or not as far as `until`, is waited for a little.

        Raises:
            TransientError: the chain cannot be read now, so nothing can be said.
        """
        key = request_key(chain_id, gate, request_id)

        def known() -> bool:
            found = self._record.requests.get(key)
            return found is not None and until(found)

        self.gates_changed()
        try:
            async with asyncio.timeout(self._patience), self._news:
                await self._news.wait_for(known)
        except TimeoutError:
            if not self._live:
                raise TransientError("the chain connector does not answer: the request cannot be looked up") from None
        return self._record.requests.get(key)

    async def _follow(self) -> None:
        await self._check_senders()
        call = self._stub.StreamEvents(wait_for_ready=True)
        try:
            await converse(call, write=self._watch(call), read=self._read(call))
        finally:
            self._live = False

    async def _check_senders(self) -> None:
        chains = await keep_calling(
            "ListChains", lambda: self._stub.ListChains(pb.ListChainsRequest(), wait_for_ready=True, timeout=30)
        )
        for chain in chains.chains:
            if self._signer and chain.sender.lower() == self._signer:
                raise SharedKeyError(
                    f"guardian.private_key is the key that sends transactions on {chain.name or chain.chain_id}: "
                    "give the guardian a key of its own"
                )

    async def _watch(self, call: _Stream) -> None:
        cursors = [
            pb.Cursor(chain_id=chain_id, block_number=number, block_hash=block_hash)
            for chain_id, (number, block_hash) in sorted(self._record.cursors.items())
        ]
        watched: set[tuple[int, str]] = set()
        first = True
        while True:
            self._gates_changed.clear()
            if new := sorted(set(self._gates()) - watched):
                watched.update(new)
                watches = [self._watch_of(chain_id, gate) for chain_id, gate in new]
                await call.write(pb.StreamEventsRequest(cursors=cursors if first else [], watches=watches))
                first = False
                self._live = True
            await self._gates_changed.wait()

    def _watch_of(self, chain_id: int, gate: str) -> pb.Watch:
        """A gate that was not read up to the cursor is read from the first block."""
        from_block = 0 if (chain_id, gate) in self._record.gates else 1
        self._record.gates.add((chain_id, gate))
        return pb.Watch(chain_id=chain_id, from_block=from_block, gate=pb.GateWatch(gate=gate))

    async def _read(self, call: _Stream) -> None:
        while isinstance(response := await call.read(), pb.StreamEventsResponse):
            async with self._news:
                for event in response.events:
                    self._record.take(event)
                for cursor in response.cursors:
                    self._record.cursors[cursor.chain_id] = (cursor.block_number, cursor.block_hash)
                self._news.notify_all()
