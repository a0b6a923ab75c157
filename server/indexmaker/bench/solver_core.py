"""The core's own speed: fills, replay, memory of open orders, and how each grows."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import tempfile
import time
import tracemalloc
from pathlib import Path

import msgspec

from indexmaker.bench.figures import Figure, median_rate, slope
from indexmaker.bench.solver_world import Run, books, reference_events
from indexmaker.runtime import Sequencer, SystemClock
from indexmaker.runtime.recovery import recover
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.vocabulary import AssetOrderStatus
from indexmaker.storage import Database, SqlJournal, upgrade

__all__ = ["batch_figures", "growth_figures"]

_ASSETS = 81
_ORDERS = 16
_PARTS = 4
"""Trades of each asset order."""


def batch_figures() -> list[Figure]:
    """Fills of one large batch, and the replay of many."""
    return [*_fills(), *_replay()]


def _engaged() -> tuple[Run, list[out.PlaceAssetOrder]]:
    run = Run()
    for event in reference_events(assets=_ASSETS):
        run.apply(event)
    for number in range(_ORDERS):
        run.place(number)
        run.fund(number)
    run.route()
    outputs = run.apply(ev.BatchSolve(books=books(_ASSETS)))
    placed = [output for output in outputs if isinstance(output, out.PlaceAssetOrder)]
    if len(placed) != _ASSETS:
        raise RuntimeError(f"the batch has {len(placed)} asset orders instead of {_ASSETS}")
    return run, placed


def _fills_of(placed: list[out.PlaceAssetOrder], *, first_trade: int = 0) -> list[ev.SolverEvent]:
    events: list[ev.SolverEvent] = []
    for number, order in enumerate(placed):
        for part in range(_PARTS):
            quantity = order.quantity // _PARTS if part else order.quantity - (_PARTS - 1) * (order.quantity // _PARTS)
            events.append(
                ev.ExecutionReported(
                    venue=order.venue,
                    symbol=order.symbol,
                    trade_id=str(first_trade + number * _PARTS + part + 1),
                    client_order_id=order.client_order_id,
                    price=order.price,
                    quantity=quantity,
                    commission=quantity // 1000,
                    commission_asset=order.symbol.removesuffix("USDC"),
                    at=1,
                )
            )
        done = ev.AssetOrderDone(
            client_order_id=order.client_order_id, status=AssetOrderStatus.FILLED, executed_quantity=order.quantity
        )
        events.append(done)
    return events


def _fills() -> list[Figure]:
    """Fills of one batch, from the first to its close with all lots assigned; the peer only decodes the events."""

    def work() -> float:
        run, placed = _engaged()
        events = _fills_of(placed)
        begun = time.perf_counter()
        for event in events:
            run.apply(event)
        spent = time.perf_counter() - begun
        if run.engine.state.open_batches:
            raise RuntimeError("the batch is still open after all its fills")
        return len(placed) * _PARTS / spent

    rates = sorted(work() for _ in range(3))
    _, placed = _engaged()
    raw = [msgspec.json.encode(event) for event in _fills_of(placed)]
    decoder = msgspec.json.Decoder(ev.SolverEvent)

    def decode() -> int:
        for line in raw:
            decoder.decode(line)
        return len(raw)

    decoding = median_rate(decode)
    lots = rates[1] * _ORDERS
    return [
        Figure(name="lots assigned and booked in it", value=lots, unit="lots/s"),
        Figure(
            name=f"fills applied, {_ASSETS} assets x {_ORDERS} orders",
            value=rates[1],
            unit="fills/s",
            peer="decoding the same events",
            ratio=rates[1] / decoding,
        ),
    ]


def _replay() -> list[Figure]:
    """Events a second from a journal on disk into a state; the peer reads the same rows and decodes their JSON."""
    events = _many_batches(batches=12)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        asyncio.run(_write(path, events))
        with Database(path) as database:
            journal = SqlJournal(database, SolverEngine.name)

            def replay() -> int:
                return recover(SolverEngine(), journal, needed_from=0).replayed

            ours = median_rate(replay)
        connection = sqlite3.connect(path)

        def read() -> int:
            rows = connection.execute("SELECT payload FROM journal_entries ORDER BY sequence").fetchall()
            for (payload,) in rows:
                msgspec.json.decode(payload)
            return len(rows)

        plain = median_rate(read)
        connection.close()
    return [Figure(name="replay", value=ours, unit="events/s", peer="sqlite3 rows decoded as JSON", ratio=ours / plain)]


def _many_batches(*, batches: int) -> list[ev.SolverEvent]:
    """Orders, deposits, transfers, batches and fills, some ten thousand events."""
    run = Run()
    for event in reference_events(assets=_ASSETS):
        run.apply(event)
    for number in range(batches):
        for user in range(number * _ORDERS, (number + 1) * _ORDERS):
            run.place(user)
            run.fund(user)
        run.route()
        outputs = run.apply(ev.BatchSolve(books=books(_ASSETS)))
        placed = [output for output in outputs if isinstance(output, out.PlaceAssetOrder)]
        for event in _fills_of(placed, first_trade=number * _ASSETS * _PARTS):
            run.apply(event)
    return run.events


async def _write(path: Path, events: list[ev.SolverEvent]) -> None:
    upgrade(path)
    with Database(path) as database:
        sequencer: Sequencer[ev.SolverEvent, out.SolverCommand | out.SolverReport] = Sequencer(
            SolverEngine(), SqlJournal(database, SolverEngine.name), clock=SystemClock()
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(sequencer.run())
            for start in range(0, len(events), 256):
                await asyncio.gather(*(sequencer.submit(event) for event in events[start : start + 256]))
            sequencer.stop()
            await running


def growth_figures(*, sizes: tuple[int, ...]) -> list[Figure]:
    """Cost of one more order with its deposit, and memory of an open order, at each size; and their slopes."""
    costs: list[tuple[int, float]] = []
    memory: list[tuple[int, float]] = []
    figures: list[Figure] = []
    for size in sizes:
        gc.collect()
        tracemalloc.start()
        run = Run()
        for event in reference_events(assets=_ASSETS):
            run.apply(event)
        run.events.clear()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(size):
            run.place(number)
            run.fund(number)
            run.events[:] = [run.events[-1]] * len(run.events)
        grown = (tracemalloc.get_traced_memory()[0] - before) / size
        tracemalloc.stop()
        begun = time.perf_counter()
        more = 50
        for number in range(size, size + more):
            run.place(number)
            run.fund(number)
        cost = (time.perf_counter() - begun) / more
        costs.append((size, cost))
        memory.append((size, grown))
        first = costs[0][1]
        figures += [
            Figure(
                name=f"order and deposit, {size} open",
                value=1 / cost,
                unit="orders/s",
                peer=f"with {sizes[0]} open",
                ratio=first / cost,
            ),
            Figure(name=f"memory of an open order, {size} open", value=grown / 1024, unit="KiB"),
        ]
    if len(sizes) > 1:
        figures.append(Figure(name="growth of the cost of an order", value=slope(costs), unit="exponent"))
        figures.append(Figure(name="growth of memory per order", value=slope(memory), unit="exponent"))
    return figures
