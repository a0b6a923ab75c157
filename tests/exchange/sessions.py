"""Random commands of all kinds, as a seed or hypothesis draws them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from exchange.floor import MARKET
from indexmaker.exchange.commands import (
    AmendOrder,
    CancelAll,
    CancelList,
    CancelOrder,
    CancelReplace,
    ExchangeCommand,
    PlaceList,
    PlaceOrder,
    SetMarketStatus,
    Tick,
)
from indexmaker.exchange.vocabulary import MarketStatus, OrderType, ReplaceMode, SelfTradePrevention, Side, TimeInForce

ACCOUNTS = (1, 2, 3)
MILLISECOND = 10**6
LOSSES = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT)
GAINS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
WITH_TIME = (OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


class Dice:
    """Draws commands; `middle` and `spread` say where prices are, `most` how many lots, `now` when a draw happens."""

    def __init__(
        self, rng: random.Random, *, start: int, step: int, middle: int = 100, spread: int = 10, most: int = 40
    ):
        self.rng = rng
        self.now = start
        self.step = step
        self.middle = middle
        self.spread = spread
        self.most = most
        self.placed = 0
        self.names: list[tuple[int, str]] = []
        self.lists = 0

    def command(self) -> ExchangeCommand:
        self.now += self.step
        kinds: list[tuple[int, Callable[[], ExchangeCommand]]] = [
            (60, self.order),
            (18, self.cancel),
            (1, lambda: CancelAll(account=self.account(), market=MARKET)),
            (5, self.order_list),
            (2, self.cancel_list),
            (4, self.replace),
            (6, self.amend),
            (2, self.status),
            (2, Tick),
        ]
        weights = [weight for weight, _ in kinds]
        return self.rng.choices([draw for _, draw in kinds], weights=weights)[0]()

    def account(self) -> int:
        return self.rng.choice(ACCOUNTS)

    def price(self) -> int:
        return self.rng.randint(self.middle - self.spread, self.middle + self.spread)

    def recent(self) -> int:
        return self.rng.randint(max(1, self.placed - 30), self.placed + 1)

    def order(self) -> PlaceOrder:
        weights = [8, 2, 1, 1, 1, 1, 1]
        kind = self.rng.choices(list(OrderType), weights=weights)[0]
        return self.order_of(kind, account=self.account(), side=self.rng.choice(list(Side)))

    def order_of(self, kind: OrderType, *, account: int, side: Side, quantity: int = 0) -> PlaceOrder:
        rng = self.rng
        self.placed += 1
        by_quote = kind is OrderType.MARKET and not quantity and rng.random() < 0.5
        quantity = 0 if by_quote else quantity or rng.randint(1, self.most)
        stops = kind in LOSSES or kind in GAINS
        trails = stops and rng.random() < 0.4
        tif = rng.choices(list(TimeInForce), weights=[8, 1, 1, 1])[0] if kind in WITH_TIME else TimeInForce.GTC
        iceberg = kind in (*WITH_TIME, OrderType.LIMIT_MAKER) and tif is TimeInForce.GTC and rng.random() < 0.2
        name = f"s{self.placed}" if rng.random() < 0.95 else "twice"
        self.names.append((account, name))
        return PlaceOrder(
            account=account,
            market=MARKET,
            client_order_id=name,
            side=side,
            type=kind,
            time_in_force=tif,
            price=self.price() if kind in (*WITH_TIME, OrderType.LIMIT_MAKER) else 0,
            quantity=quantity,
            quote_amount=rng.randint(1, 5000) if by_quote else 0,
            self_trade=rng.choices(list(SelfTradePrevention), weights=[5, 1, 1, 1, 1, 3])[0],
            stop_price=self.price() if stops and (not trails or rng.random() < 0.5) else 0,
            trailing_delta=rng.choice([1, 100, 300, 1000]) if trails else 0,
            iceberg=rng.randint(1, quantity) if iceberg else 0,
            expires_at=self.now + rng.randint(1, 40) * self.step if tif is TimeInForce.GTD else 0,
        )

    def order_list(self) -> PlaceList:
        rng = self.rng
        self.lists += 1
        account, side, quantity = self.account(), rng.choice(list(Side)), rng.randint(1, self.most)
        working = None
        if rng.random() < 0.6:
            kind = rng.choice([OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT_MAKER])
            opposite = Side.SELL if side is Side.BUY else Side.BUY
            working = self.order_of(kind, account=account, side=opposite, quantity=rng.choice([0, quantity]))
        if working is not None and rng.random() < 0.5:
            legs = [self.order_of(rng.choice(list(OrderType)), account=account, side=side, quantity=quantity)]
        else:
            gain = rng.choice([OrderType.LIMIT_MAKER, OrderType.LIMIT_MAKER, *GAINS])
            legs = [
                self.order_of(kind, account=account, side=side, quantity=quantity)
                for kind in (gain, rng.choice(LOSSES))
            ]
            rng.shuffle(legs)
        name = f"l{self.lists}"
        return PlaceList(account=account, market=MARKET, client_list_id=name, orders=tuple(legs), working=working)

    def named(self) -> dict[str, object]:
        """An order: often one of the last, by its owner and name, otherwise anything."""
        if self.names and self.rng.random() < 0.8:
            account, name = self.rng.choice(self.names[-25:])
            return {"account": account, "market": MARKET, "client_order_id": name}
        return {"account": self.account(), "market": MARKET, "order_id": self.recent()}

    def cancel(self) -> CancelOrder:
        return CancelOrder(**self.named())

    def cancel_list(self) -> CancelList:
        list_id = self.rng.randint(max(1, self.lists - 5), self.lists + 1)
        return CancelList(account=self.account(), market=MARKET, list_id=list_id)

    def replace(self) -> CancelReplace:
        cancel = self.cancel()
        kind = self.rng.choice([OrderType.LIMIT, OrderType.LIMIT, OrderType.STOP_LOSS])
        place = self.order_of(kind, account=cancel.account, side=self.rng.choice(list(Side)))
        return CancelReplace(cancel=cancel, place=place, mode=self.rng.choice(list(ReplaceMode)))

    def amend(self) -> AmendOrder:
        quantity = self.rng.randint(1, self.most)
        return AmendOrder(**self.named(), quantity=quantity)

    def status(self) -> SetMarketStatus:
        status = self.rng.choices(list(MarketStatus), weights=[12, 1, 1, 3, 1])[0]
        ends_at = 0
        if status is MarketStatus.AUCTION and self.rng.random() < 0.5:
            ends_at = self.now + self.rng.randint(1, 60) * self.step
        return SetMarketStatus(market=MARKET, status=status, auction_ends_at=ends_at)


def random_session(
    rng: random.Random, length: int, *, start: int, step: int = MILLISECOND, **law: int
) -> Iterator[ExchangeCommand]:
    """`length` commands, the first one `step` nanoseconds after `start`."""
    dice = Dice(rng, start=start, step=step, **law)
    closed = 0
    for _ in range(length):
        command = dice.command()
        if isinstance(command, SetMarketStatus) and command.status is not MarketStatus.OPEN:
            closed = 12
        elif closed:
            closed -= 1
            if not closed:
                command = SetMarketStatus(market=MARKET, status=MarketStatus.OPEN)
        yield command
