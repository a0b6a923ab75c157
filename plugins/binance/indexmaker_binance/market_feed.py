"""Follows instruments over few connections, keeps their books exact, and tells every subscriber."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker.money import MoneyError
from indexmaker_binance.api import Clock, VenueApi
from indexmaker_binance.book import Applied, Crossed, Gap, Ignored, Kept, Outcome
from indexmaker_binance.catalogue import Catalogue
from indexmaker_binance.errors import BinanceError, StreamBrokenError
from indexmaker_binance.followed import Condition, Followed
from indexmaker_binance.governor import Priority
from indexmaker_binance.mailbox import Mailbox
from indexmaker_binance.market_messages import (
    instrument_message,
    read_difference,
    read_snapshot,
    status_event,
    trade_event,
)
from indexmaker_binance.sockets import Backoff, VenueSocket
from indexmaker_binance.stream_connection import StreamConnection, StreamListener, StreamPace

__all__ = ["FeedSettings", "MarketFeed"]

_log = structlog.get_logger(__name__)

_CHECK_DEPTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """How the feed behaves; times in milliseconds."""

    snapshot_depth: int = 1_000
    stale_after_ms: int = 10_000
    retry_ms: int = 500
    snapshot_workers: int = 4
    trades: bool = True
    pace: StreamPace = field(default_factory=StreamPace)


class MarketFeed:
    """Call `follow` and `unfollow` at any time after the catalogue was read; `run` does the work."""

    def __init__(
        self,
        api: VenueApi,
        catalogue: Catalogue,
        settings: FeedSettings,
        *,
        connect: Callable[[], AbstractAsyncContextManager[VenueSocket]],
        clock: Clock,
        random: Random,
    ) -> None:
        self._api = api
        self._catalogue = catalogue
        self._settings = settings
        self._connect = connect
        self._clock = clock
        self._random = random
        self._followed: dict[str, Followed] = {}
        self._connections: list[StreamConnection] = []
        self._to_start: asyncio.Queue[StreamConnection] = asyncio.Queue()
        self._to_fetch: asyncio.Queue[str] = asyncio.Queue()

    @property
    def connected(self) -> bool:
        """Whether every connection stands."""
        return all(connection.connected for connection in self._connections)

    @property
    def untrusted(self) -> Sequence[str]:
        """Followed instruments whose data cannot be trusted now."""
        return [item.symbol for item in self._followed.values() if item.condition != Condition.CONDITION_LIVE]

    @property
    def heard_at(self) -> int:
        """When anything was heard last."""
        return max((item.heard_at for item in self._followed.values()), default=0)

    def follow(self, mailbox: Mailbox, symbols: Sequence[str]) -> None:
        """Tell a mailbox about these symbols, beginning with their whole state."""
        for symbol in symbols:
            if symbol in mailbox.symbols:
                continue
            mailbox.symbols.add(symbol)
            if symbol in self._catalogue.rules:
                followed = self._followed.get(symbol) or self._begin(symbol)
                followed.listeners.append(mailbox)
            mailbox.refresh(symbol)

    def unfollow(self, mailbox: Mailbox, symbols: Sequence[str]) -> None:
        """Tell no more about these symbols; what nobody follows is unsubscribed at the venue."""
        for symbol in symbols:
            mailbox.symbols.discard(symbol)
            mailbox.forget(symbol)
            followed = self._followed.get(symbol)
            if followed is None or mailbox not in followed.listeners:
                continue
            followed.listeners.remove(mailbox)
            if not followed.listeners:
                del self._followed[symbol]
                followed.connection.drop(self._streams(symbol))

    def state(self, symbol: str, depth: int) -> Iterator[pb.MarketEvent]:
        """Everything about a symbol now."""
        followed = self._followed.get(symbol)
        if followed is not None:
            return followed.state(depth, now=self._clock.now())
        detail = f"the venue does not list {symbol}"
        return iter([status_event(symbol, Condition.CONDITION_HALTED, detail, received_at=self._clock.now())])

    def rules_changed(self, symbols: Sequence[str]) -> None:
        """The catalogue has new rules of these symbols."""
        for symbol in symbols:
            followed = self._followed.get(symbol)
            if followed is None:
                continue
            instrument = self._catalogue.rules[symbol].instrument
            now = self._clock.now()
            followed.tell(pb.MarketEvent(symbol=symbol, received_at=now, instrument=instrument_message(instrument)))
            if followed.trading != instrument.trading:
                followed.trading = instrument.trading
                condition = followed.condition if instrument.trading else Condition.CONDITION_HALTED
                followed.tell(status_event(symbol, condition, followed.detail, received_at=now))

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_age())
            for _ in range(self._settings.snapshot_workers):
                group.create_task(self._fetch_snapshots())
            while True:
                connection = await self._to_start.get()
                group.create_task(connection.run())

    def _begin(self, symbol: str) -> Followed:
        streams = self._streams(symbol)
        connection = next((one for one in self._connections if one.room >= len(streams)), None) or self._open()
        trading = self._catalogue.rules[symbol].instrument.trading
        followed = Followed(symbol=symbol, connection=connection, trading=trading)
        self._followed[symbol] = followed
        if connection.carries(streams):
            followed.subscribed = True
            self._ask(followed)
        connection.want(streams)
        return followed

    def _open(self) -> StreamConnection:
        members: list[StreamConnection] = []
        listener = StreamListener(
            message=self._on_message,
            subscribed=self._on_subscribed,
            lost=lambda reason: self._on_lost(members[0], reason),
        )
        connection = StreamConnection(
            self._connect, listener, backoff=Backoff(random=self._random), pace=self._settings.pace
        )
        members.append(connection)
        self._connections.append(connection)
        self._to_start.put_nowait(connection)
        return connection

    def _streams(self, symbol: str) -> list[str]:
        name = symbol.lower()
        return [f"{name}@depth@100ms", f"{name}@trade"] if self._settings.trades else [f"{name}@depth@100ms"]

    def _on_message(self, data: Mapping[str, Any]) -> None:
        followed = self._followed.get(data.get("s", ""))
        if followed is None:
            return
        now = self._clock.now()
        try:
            if data["e"] == "depthUpdate":
                difference = read_difference(data)
                followed.heard_at = now
                outcome = followed.sync.receive(difference)
                if isinstance(outcome, Applied):
                    followed.judge(Condition.CONDITION_LIVE, "", now=now)
                    followed.moved(difference, now=now)
                else:
                    self._react(followed, outcome)
            elif data["e"] == "trade":
                followed.tell(trade_event(data, received_at=now))
        except (KeyError, TypeError, ValueError) as error:
            raise StreamBrokenError(f"a message of {followed.symbol} is malformed: {error}") from error

    def _react(self, followed: Followed, outcome: Outcome) -> None:
        """A book that cannot go on waits for a new snapshot."""
        now = self._clock.now()
        match outcome:
            case Gap(expected=expected, found=found):
                detail = f"updates {expected} to {found - 1} are missing"
                followed.judge(Condition.CONDITION_GAP, detail, now=now)
            case Crossed():
                followed.judge(Condition.CONDITION_CROSSED, "best bid is not below best ask", now=now)
            case Kept() | Ignored() | Applied():
                return
        _log.warning("book lost", symbol=followed.symbol, detail=followed.detail)
        self._ask(followed)

    def _on_subscribed(self, streams: Sequence[str]) -> None:
        for stream in streams:
            symbol, _, kind = stream.partition("@")
            followed = self._followed.get(symbol.upper())
            if followed is not None and kind.startswith("depth"):
                followed.subscribed = True
                self._ask(followed)

    def _on_lost(self, connection: StreamConnection, reason: str) -> None:
        for followed in self._followed.values():
            if followed.connection is connection:
                followed.disconnected(reason, now=self._clock.now())

    def _ask(self, followed: Followed) -> None:
        if not followed.asked:
            followed.asked = True
            self._to_fetch.put_nowait(followed.symbol)

    async def _fetch_snapshots(self) -> None:
        while True:
            followed = self._followed.get(await self._to_fetch.get())
            if followed is None:
                continue
            if followed.subscribed and not await self._fetch(followed, followed.generation):
                await asyncio.sleep(self._settings.retry_ms / 1_000)
            followed.asked = False
            if followed.subscribed and not followed.sync.live:
                self._ask(followed)

    async def _fetch(self, followed: Followed, generation: int) -> bool:
        """Load or check one book; False means: once more."""
        checking = followed.sync.live
        limit = _CHECK_DEPTH if checking else self._settings.snapshot_depth
        try:
            content = await self._api.call(
                "get_order_book",
                weight=_weight(limit),
                priority=Priority.BULK,
                symbol=followed.symbol,
                limit=limit,
            )
            snapshot = read_snapshot(content)
        except (BinanceError, MoneyError, KeyError) as error:
            _log.warning("no snapshot", symbol=followed.symbol, error=str(error))
            if checking:
                followed.judge(Condition.CONDITION_STALE, "nothing heard for too long", now=self._clock.now())
            return checking
        if generation != followed.generation:
            return True
        if checking:
            return self._checked(followed, behind=not followed.sync.verify(snapshot))
        outcome = followed.sync.load(snapshot)
        if isinstance(outcome, Applied):
            followed.heard_at = self._clock.now()
            followed.became_live()
            return True
        self._react_to_load(followed, outcome)
        return False

    def _react_to_load(self, followed: Followed, outcome: Outcome) -> None:
        if isinstance(outcome, Crossed):
            followed.judge(Condition.CONDITION_CROSSED, "the snapshot is crossed", now=self._clock.now())
        _log.info("snapshot does not join", symbol=followed.symbol, outcome=str(outcome))

    def _checked(self, followed: Followed, *, behind: bool) -> bool:
        """A quiet book was compared with the venue's: either it is right, or updates went missing unseen."""
        now = self._clock.now()
        if not behind:
            followed.confirmed(now=now)
            return True
        if followed.heard_at + self._settings.stale_after_ms * 10**6 > now:
            return True  # differences came while the check was on its way
        followed.sync.reset()
        followed.judge(Condition.CONDITION_GAP, "the venue is ahead of a silent stream", now=now)
        return False

    async def _watch_age(self) -> None:
        limit = self._settings.stale_after_ms
        while True:
            await asyncio.sleep(limit / 4_000)
            oldest = self._clock.now() - limit * 10**6
            for followed in self._followed.values():
                if followed.sync.live and followed.heard_at < oldest:
                    self._ask(followed)


def _weight(limit: int) -> int:
    """The venue's price of a snapshot."""
    return next(weight for most, weight in ((100, 5), (500, 25), (1_000, 50), (5_000, 250)) if limit <= most)
