"""A small trading floor for tests: one market, three rich accounts, and short words for what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from exchange.auditor import Auditor
from indexmaker.exchange import ExchangeEngine
from indexmaker.exchange.commands import (
    CancelAll,
    CancelOrder,
    CreateAccount,
    DefineAsset,
    DefineFeeTier,
    DefineMarket,
    ExchangeCommand,
    MarketFilters,
    PlaceOrder,
    SeedBalance,
    SetMarketStatus,
)
from indexmaker.exchange.events import ExchangeEvent, Rejected
from indexmaker.exchange.orders import Order
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import MarketStatus, OrderType, PegPrice, SelfTradePrevention, Side, TimeInForce

MARKET = "ABCUSD"
BASE, QUOTE = "ABC", "USD"
LOT = 10**15  # base atoms per lot: 0.001 of an asset of 18 decimals
UNIT = 1  # quote atoms per tick x lot: the coarsest money that is still exact, so fees round often
MAKER_PPM, TAKER_PPM = 1_000, 1_500
BASE_SEED = 10**6 * LOT
QUOTE_SEED = 10**9
SECOND = 10**9

E = TypeVar("E")


RICH = dict.fromkeys((1, 2, 3), (BASE_SEED, QUOTE_SEED))


def setup_commands(
    filters: MarketFilters, *, seeds: Mapping[int, tuple[int, int]] = RICH, reference: int = 0
) -> list[ExchangeCommand]:
    """Everything that must be defined before the first order."""
    commands: list[ExchangeCommand] = [
        DefineAsset(symbol=BASE, scale=18),
        DefineAsset(symbol=QUOTE, scale=5),
        DefineMarket(
            symbol=MARKET, base=BASE, quote=QUOTE, tick=10**16, lot=10**15, filters=filters, reference=reference
        ),
        DefineFeeTier(tier="standard", maker_ppm=MAKER_PPM, taker_ppm=TAKER_PPM),
    ]
    for account, (base, quote) in seeds.items():
        commands += [
            CreateAccount(account=account, name=f"user-{account}", tier="standard"),
            SeedBalance(account=account, asset=BASE, amount=base, reference=f"base-{account}"),
            SeedBalance(account=account, asset=QUOTE, amount=quote, reference=f"quote-{account}"),
        ]
    return commands


class Floor:
    """An engine with its market; every command is audited."""

    def __init__(
        self,
        filters: MarketFilters | None = None,
        *,
        seeds: Mapping[int, tuple[int, int]] = RICH,
        reference: int = 0,
    ) -> None:
        self.engine = ExchangeEngine()
        self.auditor = Auditor(self.engine)
        self.sequence = 0
        self.now = 1_700_000_000 * SECOND
        self._client_ids = 0
        for command in setup_commands(filters or MarketFilters(), seeds=seeds, reference=reference):
            assert self.rejection(self.do(command)) is None

    def do(self, command: ExchangeCommand) -> list[ExchangeEvent]:
        """Apply a command one millisecond after the last one."""
        self.sequence += 1
        self.now += SECOND // 1000
        outputs = list(self.engine.apply(command, sequence=self.sequence, at=self.now))
        self.auditor.check(outputs)
        return outputs

    def buy(self, account: int, quantity: int = 0, price: int = 0, **more) -> list[ExchangeEvent]:
        return self._place(account, Side.BUY, quantity, price, **more)

    def sell(self, account: int, quantity: int = 0, price: int = 0, **more) -> list[ExchangeEvent]:
        return self._place(account, Side.SELL, quantity, price, **more)

    def cancel(self, account: int, **more) -> list[ExchangeEvent]:
        return self.do(CancelOrder(account=account, market=MARKET, **more))

    def cancel_all(self, account: int, market: str = "") -> list[ExchangeEvent]:
        return self.do(CancelAll(account=account, market=market))

    def order(self, order_id: int) -> Order:
        order = self.engine.order(order_id)
        assert order is not None
        return order

    def book(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        _, bids, asks = self.engine.depth(MARKET, levels=0)
        return bids, asks

    @staticmethod
    def rejection(outputs: Sequence[ExchangeEvent]) -> RejectCode | None:
        first = outputs[0]
        return first.code if isinstance(first, Rejected) else None

    @staticmethod
    def only(kind: type[E], outputs: Sequence[ExchangeEvent]) -> list[E]:
        return [event for event in outputs if isinstance(event, kind)]

    def request(
        self,
        account: int,
        side: Side,
        quantity: int,
        price: int = 0,
        *,
        tif: TimeInForce = TimeInForce.GTC,
        type: OrderType | None = None,  # noqa: A002
        quote_amount: int = 0,
        stp: SelfTradePrevention = SelfTradePrevention.NONE,
        client_id: str = "",
        **more: int | PegPrice,
    ) -> PlaceOrder:
        self._client_ids += 1
        return PlaceOrder(
            account=account,
            market=MARKET,
            client_order_id=client_id or f"c{self._client_ids}",
            side=side,
            type=type or (OrderType.LIMIT if price else OrderType.MARKET),
            time_in_force=tif,
            price=price,
            quantity=quantity,
            quote_amount=quote_amount,
            self_trade=stp,
            **more,
        )

    def trade_at(self, *prices: int) -> None:
        """Let the last two accounts trade one lot at each price."""
        for price in prices:
            self.sell(2, 1, price=price)
            self.buy(3, 1, price=price, tif=TimeInForce.IOC)

    def status(self, status: MarketStatus, *, ends_in: int = 0) -> list[ExchangeEvent]:
        """Change the state of the market; `ends_in` nanoseconds for an auction."""
        ends_at = self.now + ends_in if ends_in else 0
        return self.do(SetMarketStatus(market=MARKET, status=status, auction_ends_at=ends_at))

    def _place(
        self,
        account: int,
        side: Side,
        quantity: int,
        price: int,
        *,
        tif: TimeInForce = TimeInForce.GTC,
        type: OrderType | None = None,  # noqa: A002
        quote_amount: int = 0,
        stp: SelfTradePrevention = SelfTradePrevention.NONE,
        client_id: str = "",
        **more: int | PegPrice,
    ) -> list[ExchangeEvent]:
        return self.do(
            self.request(
                account,
                side,
                quantity,
                price,
                tif=tif,
                type=type,
                quote_amount=quote_amount,
                stp=stp,
                client_id=client_id,
                **more,
            )
        )
