"""Operations per second of the exchange: the book alone, and the whole engine with holds, fees, ledger and events.

Workload: half passive limits (exponential distance from the middle), a tenth marketable, the rest cancels of a
uniformly drawn order. Run `python benchmarks/exchange_matching.py [operations]`; CPU time, garbage collector off.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from indexmaker.exchange import ExchangeEngine
from indexmaker.exchange.commands import (
    CancelOrder,
    CreateAccount,
    DefineFeeTier,
    ExchangeCommand,
    PlaceOrder,
    SeedBalance,
    SetMarketFilters,
)
from indexmaker.exchange.listing import builtin_listing
from indexmaker.exchange.orders import Order
from indexmaker.exchange.plan import plan_match
from indexmaker.exchange.vocabulary import OrderType, SelfTradePrevention, Side, TimeInForce

MARKET = "BTCUSDC"
MIDDLE = 11_200_000
USERS = 100


class Place(NamedTuple):
    """A limit order; one that does not rest is IOC."""

    buy: bool
    price: int
    quantity: int
    rests: bool


def workload(operations: int, *, seed: int) -> list[Place | int]:
    """Orders, and for a cancel the index of the order to cancel."""
    rng = random.Random(seed)
    result: list[Place | int] = []
    live: list[int] = []
    for index in range(operations):
        dice, buy, quantity = rng.random(), rng.random() < 0.5, rng.randint(50, 1000)
        if dice < 0.5 or not live:
            distance = int(rng.expovariate(1 / 15)) + 1
            result.append(Place(buy, MIDDLE - distance if buy else MIDDLE + distance, quantity, rests=True))
            live.append(index)
        elif dice < 0.6:
            result.append(Place(buy, MIDDLE + 20 if buy else MIDDLE - 20, quantity, rests=False))
        else:
            chosen = rng.randrange(len(live))
            live[chosen], live[-1] = live[-1], live[chosen]
            result.append(live.pop())
    return result


def new_engine() -> ExchangeEngine:
    """An engine with the built-in listing and rich users."""
    engine = ExchangeEngine()
    setup: list[ExchangeCommand] = [*builtin_listing().commands()]
    setup.append(DefineFeeTier(tier="standard", maker_ppm=1000, taker_ppm=1000))
    for user in range(1, USERS + 1):
        setup.append(CreateAccount(account=user, name=f"user-{user}", tier="standard"))
        setup += [
            SeedBalance(account=user, asset=asset, amount=10**19, reference=f"{asset}-{user}")
            for asset in ("BTC", "USDC")
        ]
    for sequence, command in enumerate(setup):
        engine.apply(command, sequence=sequence, at=0)
    unlimited = replace(engine.markets[MARKET].filters, max_orders=0)
    engine.apply(SetMarketFilters(market=MARKET, filters=unlimited), sequence=len(setup), at=0)
    return engine


def commands(operations: list[Place | int]) -> list[ExchangeCommand]:
    """The workload as commands of random users."""
    rng = random.Random(2)
    owners: dict[int, int] = {}
    result: list[ExchangeCommand] = []
    for index, operation in enumerate(operations):
        if isinstance(operation, int):
            client_id = str(operation)
            result.append(CancelOrder(account=owners[operation], market=MARKET, client_order_id=client_id))
            continue
        owners[index] = rng.randint(1, USERS)
        result.append(
            PlaceOrder(
                account=owners[index],
                market=MARKET,
                client_order_id=str(index),
                side=Side.BUY if operation.buy else Side.SELL,
                type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC if operation.rests else TimeInForce.IOC,
                price=operation.price,
                quantity=operation.quantity,
            )
        )
    return result


def run_book(operations: list[Place | int]) -> Callable[[], None]:
    """The book with its orders and level changes, without accounts."""
    engine = new_engine()
    market, account = engine.markets[MARKET], engine.accounts[1]
    book = market.book
    requests = commands(operations)
    orders: dict[int, Order] = {}
    none = SelfTradePrevention.NONE

    def run() -> None:
        for index, operation in enumerate(operations):
            if isinstance(operation, int):
                resting = orders.pop(operation, None)
                if resting is not None and resting.level is not None:
                    (book.bids if resting.buy else book.asks).remove(resting)
            else:
                buy, price, quantity, rests = operation
                request = requests[index]
                assert isinstance(request, PlaceOrder)
                order = Order(index, request, account=account, market=market, price=price, quantity=quantity, at=0)
                plan = plan_match(
                    book, buy=buy, price=price, quantity=quantity, budget=0, account=1, trader=1, mode=none
                )
                if plan.makers:
                    side = book.asks if buy else book.bids
                    for maker, lots in zip(plan.makers, plan.quantities, strict=True):
                        side.fill(maker, lots)
                    order.remaining -= plan.filled
                if rests and order.remaining:
                    (book.bids if buy else book.asks).append(order)
                    orders[index] = order
            book.bids.take_changes()
            book.asks.take_changes()

    return run


def run_engine(operations: list[Place | int]) -> Callable[[], None]:
    """Whole commands: checks, hold, match, settlement, fees, postings, events."""
    engine = new_engine()
    prepared = commands(operations)

    def run() -> None:
        for sequence, command in enumerate(prepared):
            engine.apply(command, sequence=sequence, at=sequence)

    return run


def measure(name: str, run: Callable[[], None], *, operations: int) -> None:
    """Print operations per second of CPU time."""
    gc.collect()
    gc.disable()
    started = time.process_time()
    run()
    elapsed = time.process_time() - started
    gc.enable()
    sys.stdout.write(f"{name:8} {operations / elapsed:12,.0f} operations/s\n")


def main() -> None:
    """Measure each three times."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    operations = workload(count, seed=1)
    for _ in range(3):
        measure("book", run_book(operations), operations=count)
        measure("engine", run_engine(operations), operations=count)


if __name__ == "__main__":
    main()
