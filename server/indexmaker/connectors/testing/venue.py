"""A scripted venue: market data, orders and funding that do what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc.aio
import msgspec

from indexmaker.api.marketdata.v1 import market_data_pb2, market_data_pb2_grpc
from indexmaker.api.orderentry.v1 import order_entry_pb2, order_entry_pb2_grpc
from indexmaker.connectors.clock import Clock, SystemClock
from indexmaker.connectors.connector import Capability, Connector, Context
from indexmaker.connectors.manifest import Manifest, Role
from indexmaker.connectors.testing.changes import ChangeLog
from indexmaker.connectors.testing.venue_book import VenueBook
from indexmaker.connectors.testing.venue_config import (
    Fill,
    Hold,
    MockVenueConfig,
    Pair,
    ScriptedDeposit,
    ScriptedWithdrawal,
)
from indexmaker.connectors.testing.venue_services import FundingServicer, MarketDataServicer, OrderEntryServicer

__all__ = ["MockVenue"]


class MockVenue(Connector[MockVenueConfig]):
    """Answers orders from its script; without one it fills everything at the limit price.

    In process, a test may look into `book`, call `credit`, `pay`, `quote` and `release`; as a process, it is told by
    new revisions of its configuration.
    """

    configuration = MockVenueConfig
    manifest = Manifest(
        name="mock-venue",
        summary="A scripted venue for tests.",
        roles=(Role.MARKET_DATA, Role.ORDER_ENTRY, Role.FUNDING),
        target="indexmaker.connectors.testing.venue:MockVenue",
    )

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self.book = VenueBook(self._clock)
        self.config = MockVenueConfig()
        self.instance_id = ""
        self.quotes: ChangeLog[market_data_pb2.MarketEvent] = ChangeLog()
        self._released = asyncio.Event()

    def capabilities(self) -> Sequence[Capability]:
        """No amendments."""
        return (
            Capability(name="order-entry.amend", supported=False),
            Capability(name="funding.withdraw", supported=True),
        )

    async def configure(self, config: MockVenueConfig, *, context: Context) -> None:
        """Take the script, the prices and the deposits."""
        self.config, self.instance_id = config, context.instance_id
        self.book.configure(config)
        for pair in config.pairs:
            self.quotes.append(self.snapshot(pair))

    def register(self, server: grpc.aio.Server) -> None:
        """Serve the three roles."""
        market_data_pb2_grpc.add_MarketDataServiceServicer_to_server(MarketDataServicer(self), server)
        order_entry_pb2_grpc.add_OrderEntryServiceServicer_to_server(OrderEntryServicer(self), server)
        order_entry_pb2_grpc.add_FundingServiceServicer_to_server(FundingServicer(self), server)

    def quote(self, symbol: str, *, bid: str, ask: str) -> None:
        """Move a price; subscribers get a new snapshot."""
        pair = self.book.pairs[symbol]
        moved = msgspec.structs.replace(pair, bid=bid, ask=ask)
        self.book.pairs[symbol] = moved
        self.quotes.append(self.snapshot(moved))

    def credit(self, deposit: ScriptedDeposit) -> None:
        """Credit a deposit."""
        self.book.credit(deposit)

    def pay(self, withdrawal_id: str = "", *, status: str = "COMPLETED", tx_hash: str = "", reason: str = "") -> None:
        """Let a withdrawal, or all that are pending, take a step."""
        self.book.withdrawals.move(
            ScriptedWithdrawal(step_id="", withdrawal_id=withdrawal_id, status=status, tx_hash=tx_hash, reason=reason)
        )

    def release(self) -> None:
        """Let orders that are held go on."""
        self._released.set()
        self._released = asyncio.Event()

    async def answer(self, request: order_entry_pb2.ExecuteRequest) -> order_entry_pb2.ExecuteResult:
        """The answer to one instruction."""
        result = order_entry_pb2.ExecuteResult(correlation_id=request.correlation_id)
        match request.WhichOneof("instruction"):
            case "place":
                known = request.place.client_order_id in self.book.orders
                outcome = Fill() if known else self.book.next_outcome()
                if isinstance(outcome, Hold):
                    await self._released.wait()
                answer = self.book.place(request.place, outcome)
                if isinstance(answer, order_entry_pb2.OrderReject):
                    result.reject.CopyFrom(answer)
                else:
                    result.report.CopyFrom(answer)
            case "cancel":
                result.report.CopyFrom(self.book.cancel(request.cancel))
            case _:
                result.report.CopyFrom(self.book.find(request.query.client_order_id, request.query.symbol))
        return result

    def instruments(self, symbols: Sequence[str]) -> list[market_data_pb2.Instrument]:
        """The pairs in the proto; all without symbols."""
        return [
            market_data_pb2.Instrument(
                symbol=pair.symbol,
                base_asset=pair.base,
                quote_asset=pair.quote,
                tick_size=pair.tick_size,
                lot_step=pair.lot_step,
                min_notional=pair.min_notional,
                trading=True,
                taker_fee=pair.taker_fee,
                maker_fee=pair.taker_fee,
            )
            for pair in self.book.pairs.values()
            if not symbols or pair.symbol in symbols
        ]

    def snapshot(self, pair: Pair) -> market_data_pb2.MarketEvent:
        """The pair's book: one level a side."""
        level = market_data_pb2.Level
        now = self._clock.now()
        return market_data_pb2.MarketEvent(
            symbol=pair.symbol,
            venue_at=now,
            received_at=now,
            snapshot=market_data_pb2.BookSnapshot(
                bids=[level(price=pair.bid, quantity=pair.size)],
                asks=[level(price=pair.ask, quantity=pair.size)],
                update_id=len(self.quotes) + 1,
            ),
        )
