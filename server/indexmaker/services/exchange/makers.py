"""Market makers: an account like any other that keeps ladders of quotes in all markets, the same for the same seed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from random import Random

import structlog

from indexmaker.exchange.commands import CancelAll, CancelOrder, ExchangeCommand, PlaceOrder, SeedBalance
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import Rejected, Trade
from indexmaker.exchange.markets import Market
from indexmaker.exchange.orders import Order
from indexmaker.exchange.vocabulary import OrderType, SelfTradePrevention, Side, TimeInForce
from indexmaker.gateways.binance.venue import ExchangeCommitted, ExchangeSequencer
from indexmaker.services.exchange.ladder import Ladder, Quotes

__all__ = ["MarketMakers"]

_log = structlog.get_logger(__name__)

_LEVELS = 14
_STOCK = 10**9
"""Whole units of quote that the maker has of everything."""
_WORTH_KEEPING = 2
"""A quote that has lost less than this part of its size is left in its place of the queue."""


class MarketMakers:
    """Quotes every market. Call `open` once, then `step` from time to time (`run` does)."""

    def __init__(
        self,
        engine: ExchangeEngine,
        sequencer: ExchangeSequencer,
        *,
        account: int,
        seed: int,
        levels: int = _LEVELS,
        markets_per_step: int = 1,
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._account = account
        self._seed = seed
        self._levels = levels
        self._markets_per_step = markets_per_step
        self._ladders: dict[str, Ladder] = {}
        self._turns: deque[str] = deque()
        self._taken: dict[str, None] = {}
        self._orders = 0
        self._run = 0

    def observe(self, committed: ExchangeCommitted) -> None:
        """Notice which markets were traded in; subscribe it to the sequencer."""
        if committed.replayed:
            return
        for event in committed.outputs:
            if isinstance(event, Trade) and event.maker_account == self._account:
                self._taken[event.market] = None

    async def open(self) -> None:
        """Take stock, take back what a former life left in the books, and quote everything at once."""
        await self._submit(self._stock())
        await self._submit([CancelAll(account=self._account)])
        self._run = self._engine.posted  # sets this life's order ids apart from those of others
        commands: list[ExchangeCommand] = []
        for symbol, market in self._engine.markets.items():
            anchor = market.definition.reference or market.last_price
            if not anchor:
                continue
            self._ladders[symbol] = Ladder(
                market,
                anchor=anchor,
                levels=self._levels,
                random=Random(f"{self._seed}:{symbol}"),  # noqa: S311
            )
            self._turns.append(symbol)
            commands += self._requote(market)
        await self._submit(commands)
        _log.info("markets_quoted", markets=len(self._ladders), orders=len(commands))

    async def run(self, *, interval: float) -> None:
        """Step every `interval` seconds until cancelled."""
        while True:
            await asyncio.sleep(interval)
            await self.step()

    async def step(self) -> None:
        """Let a few markets walk, and refill those that were traded in."""
        taken, self._taken = self._taken, {}
        commands: list[ExchangeCommand] = []
        for symbol in dict.fromkeys([*taken, *self._next_turns()]):
            ladder = self._ladders.get(symbol)
            if ladder is not None:
                if symbol not in taken:
                    ladder.step()
                commands += self._requote(self._engine.markets[symbol])
        await self._submit(commands)

    def _next_turns(self) -> list[str]:
        count = min(self._markets_per_step, len(self._turns))
        turns = [self._turns[index] for index in range(count)]
        self._turns.rotate(-count)
        return turns

    def _requote(self, market: Market) -> Iterator[ExchangeCommand]:
        """What turns the resting orders into the ladder: cancels first, so that the maker never meets itself."""
        bids, asks = self._ladders[market.symbol].quotes()
        resting = self._engine.open_orders(self._account, market=market.symbol)
        for order in resting:
            wanted = bids if order.buy else asks
            if _still_good(order, wanted):
                del wanted[order.price]
            else:
                yield CancelOrder(account=self._account, market=market.symbol, order_id=order.order_id)
        for side, quotes in ((Side.BUY, bids), (Side.SELL, asks)):
            for price, lots in quotes.items():
                yield self._order(market, side, price=price, lots=lots)

    def _order(self, market: Market, side: Side, *, price: int, lots: int) -> PlaceOrder:
        self._orders += 1
        return PlaceOrder(
            account=self._account,
            market=market.symbol,
            client_order_id=f"mm-{self._run}-{self._orders}",
            side=side,
            type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price=price,
            quantity=lots,
            self_trade=SelfTradePrevention.EXPIRE_MAKER,
        )

    def _stock(self) -> Iterator[SeedBalance]:
        """A large amount of every asset, once in the life of the exchange."""
        worth: dict[str, int] = {}
        for market in self._engine.markets.values():
            quote = market.quote
            worth.setdefault(quote.symbol, _STOCK * 10**quote.scale)
            per_lot = (market.definition.reference or 1) * market.quote_per_unit
            lots = _STOCK * 10**quote.scale // per_lot
            base = market.base
            worth[base.symbol] = max(worth.get(base.symbol, 0), lots * market.base_per_lot)
        for symbol, amount in worth.items():
            yield SeedBalance(account=self._account, asset=symbol, amount=amount, reference=f"start/maker/{symbol}")

    async def _submit(self, commands: Iterable[ExchangeCommand]) -> None:
        futures = [self._sequencer.submit_nowait(command) for command in commands]
        for future in futures:
            answer = (await future).outputs[0]
            if isinstance(answer, Rejected) and answer.command == "place_order":
                _log.warning("quote_refused", market=answer.market, code=answer.code.name, why=answer.message)


def _still_good(order: Order, wanted: Quotes) -> bool:
    lots = wanted.get(order.price)
    return lots is not None and order.remaining * _WORTH_KEEPING >= lots
