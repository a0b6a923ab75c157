"""The world outside the core: a scripted chain, bridge and venue behind unix sockets. It outlives every core."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from pathlib import Path

import grpc.aio

from indexmaker.api.bridge.v1 import bridge_pb2
from indexmaker.api.chain.v1 import chain_pb2
from indexmaker.api.orderentry.v1 import order_entry_pb2
from indexmaker.connectors.address import socket_address
from indexmaker.connectors.connector import Context
from indexmaker.connectors.interceptors import CallGuard
from indexmaker.connectors.testing import (
    MockBridge,
    MockBridgeConfig,
    MockChain,
    MockChainConfig,
    MockVenue,
    MockVenueConfig,
    Pair,
    ScriptedDeposit,
    ScriptedRedemption,
    ScriptedRequest,
    arrival_hash,
)
from indexmaker.identifiers import AccountId

SECOND = 1_000_000_000
GATE = "0x" + "aa" * 20
PAIRS = (
    Pair(symbol="BTCUSDC", base="BTC", bid="49990", ask="50000"),
    Pair(symbol="ETHUSDC", base="ETH", bid="2499", ask="2500"),
)
BALANCES = {"USDC": "1000000", "BTC": "2", "ETH": "30"}


class ShiftedClock:
    """The machine's clock, set forward by as much as a test wants."""

    def __init__(self) -> None:
        self._ahead = 0

    def now(self) -> int:
        return time.time_ns() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += int(seconds * SECOND)


class Venue(MockVenue):
    """Remembers every order that was sent to it."""

    def __init__(self, *, clock: ShiftedClock) -> None:
        super().__init__(clock=clock)
        self.sent: list[order_entry_pb2.PlaceOrder] = []
        self.queries: Counter[str] = Counter()
        self.arrived = asyncio.Event()

    async def answer(self, request: order_entry_pb2.ExecuteRequest) -> order_entry_pb2.ExecuteResult:
        if request.HasField("place"):
            self.sent.append(request.place)
        if request.HasField("query"):
            self.queries[request.query.client_order_id] += 1
        self.arrived.set()
        return await super().answer(request)


class Bridge(MockBridge):
    """Remembers every transfer that it was asked to start; what it has sent, the venue credits."""

    def __init__(self, venue: Venue, *, clock: ShiftedClock) -> None:
        super().__init__(clock=clock)
        self._venue = venue
        self.asked: list[bridge_pb2.StartTransferRequest] = []

    def start(self, request: bridge_pb2.StartTransferRequest) -> bridge_pb2.Transfer:
        self.asked.append(request)
        return super().start(request)

    def advance(self, transfer_id: str, state: str, *, reason: str = "") -> bridge_pb2.Transfer:
        transfer = super().advance(transfer_id, state, reason=reason)
        if state == "SENT":
            tx_hash = arrival_hash(transfer_id)
            self._venue.credit(
                ScriptedDeposit(deposit_id=f"d-{transfer_id}", amount=transfer.amount_out, tx_hash=tx_hash)
            )
        return transfer


class Chain(MockChain):
    """Remembers every transaction that it was asked to send; `refusals` revert the next one of their kind."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[chain_pb2.SubmitRequest] = []
        self.refusals: dict[str, str] = {}

    def submit(self, request: chain_pb2.SubmitRequest) -> chain_pb2.Transaction:
        self.asked.append(request)
        error = self.refusals.pop(request.WhichOneof("command") or "", "")
        if error:
            self._reverts.appendleft(error)
        return super().submit(request)

    def told(self, body: str) -> list[chain_pb2.ChainEvent]:
        """Events of one kind that the chain has logged."""
        every = (self.events[number] for number in range(len(self.events)))
        return [event for event in every if event.WhichOneof("body") == body]


class Outside:
    """The three plugins, each at its socket in the run directory; each can be killed and started again."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.clock = ShiftedClock()
        self.venue = Venue(clock=self.clock)
        self.bridge = Bridge(self.venue, clock=self.clock)
        self.chain = Chain()
        self._servers: dict[str, grpc.aio.Server] = {}
        self._requests = 0

    async def configure(
        self,
        *,
        venue: MockVenueConfig | None = None,
        bridge: MockBridgeConfig | None = None,
        reverts: tuple[str, ...] = (),
    ) -> None:
        """Tell the plugins their scripts."""
        await self.venue.configure(
            venue or MockVenueConfig(pairs=PAIRS, balances=BALANCES), context=self._context("mock-venue")
        )
        await self.bridge.configure(bridge or MockBridgeConfig(), context=self._context("mock-bridge"))
        await self.chain.configure(MockChainConfig(reverts=reverts), context=self._context("mock-chain"))

    async def revert(self, *errors: str) -> None:
        """Have the next transactions revert, each with its error; "" lets one pass."""
        await self.chain.configure(MockChainConfig(reverts=errors), context=self._context("mock-chain"))

    async def start(self, *names: str) -> None:
        """Serve plugins (all, without names) as new instances."""
        for name in names or ("mock-venue", "mock-bridge", "mock-chain"):
            connector = self._connector(name)
            connector.instance_id = uuid.uuid4().hex
            server = grpc.aio.server(interceptors=(CallGuard(lambda: True),))
            connector.register(server)
            server.add_insecure_port(socket_address(self.run_dir, name))
            await server.start()
            self._servers[name] = server

    async def kill(self, *names: str) -> None:
        """End plugins (all, without names) at once; calls under way are cut."""
        for name in names or tuple(self._servers):
            await self._servers.pop(name).stop(None)

    def deposit(self, account: AccountId, amount: str) -> str:
        """A user hands collateral to the gate; returns the request id."""
        self._requests += 1
        request_id = str(self._requests)
        request = ScriptedRequest(gate=GATE, request_id=request_id, controller=account.address, amount=amount)
        self.chain.deposit(request)
        return request_id

    def redeem(self, account: AccountId, units: str, **terms: str) -> str:
        """A user gives index tokens into the gate; returns the request id."""
        self._requests += 1
        request_id = str(self._requests)
        request = ScriptedRedemption(gate=GATE, request_id=request_id, controller=account.address, units=units, **terms)
        self.chain.redeem(request)
        return request_id

    def _connector(self, name: str) -> Venue | Bridge | Chain:
        return {"mock-venue": self.venue, "mock-bridge": self.bridge, "mock-chain": self.chain}[name]

    def _context(self, name: str) -> Context:
        return Context(name=name, instance_id=uuid.uuid4().hex, data_dir=self.run_dir, clock=self.clock)
