"""The crash of a demonstration: what the core had in hand when it was killed, and whether anything happened twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.runtime.verification import replay
from indexmaker.solver.engine import SolverEngine
from indexmaker.storage import Database, SqlJournal
from indexmaker_demo.checks import Check
from indexmaker_evm.devnet.client import DevnetClient

__all__ = ["CrashFacts", "check_venue", "crash_facts", "doubled_on_chain", "solver_at_end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashFacts:
    """Read from the journal afterwards: the first writer's last entry, and the state that it left."""

    killed_at: datetime
    sequence: int
    open_batches: int
    asset_orders: int
    unfinished: int

    @property
    def in_batch(self) -> bool:
        """True when orders of a batch were without an end."""
        return self.open_batches > 0 and self.unfinished > 0


def crash_facts(database: Path, *, killed_at: datetime) -> CrashFacts:
    """What the journal held when the first core died: its lease's epoch tells its entries from its successor's."""
    with Database(database) as opened:
        journal = SqlJournal(opened, SolverEngine.name)
        first = next(iter(journal.read(1, to_sequence=1))).epoch
        last = max(entry.sequence for entry in journal.read() if entry.epoch == first)
        engine = SolverEngine()
        engine.load(replay(SolverEngine(), journal, to_sequence=last).state)
    state = engine.state
    open_batches = {batch.batch_id for batch in state.batches.values() if not batch.closed}
    in_hand = [order for order in state.asset_orders.values() if order.batch_id in open_batches]
    return CrashFacts(
        killed_at=killed_at.astimezone(UTC),
        sequence=last,
        open_batches=len(open_batches),
        asset_orders=len(in_hand),
        unfinished=sum(1 for order in in_hand if order.done_quantity < 0),
    )


def solver_at_end(database: Path) -> SolverEngine:
    """The solver's engine, rebuilt from its whole journal."""
    engine = SolverEngine()
    with Database(database) as opened:
        engine.load(replay(SolverEngine(), SqlJournal(opened, SolverEngine.name)).state)
    return engine


def _venue(data: Path) -> ExchangeEngine:
    """The venue's engine, rebuilt from its own journal."""
    engine = ExchangeEngine()
    with Database(data / "exchange.sqlite") as opened:
        engine.load(replay(ExchangeEngine(), SqlJournal(opened, ExchangeEngine.name)).state)
    return engine


def check_venue(data: Path, solver: SolverEngine) -> tuple[list[Check], int]:
    """The venue's own books against ours: no order placed twice, every trade known once; and how many were doubled."""
    venue = _venue(data)
    ours = solver.state.asset_orders
    sent = [
        order.client_order_id
        for account in venue.accounts
        for order in venue.all_orders(account)
        if order.client_order_id in ours
    ]
    doubled = sorted(name for name, count in Counter(sent).items() if count > 1)
    accounts = {
        account for account in venue.accounts for order in venue.all_orders(account) if order.client_order_id in ours
    }
    there = {(trade.market, str(trade.trade_id)) for account in accounts for trade in venue.account_trades(account)}
    known = {
        (leg.symbol, fill.trade_id)
        for batch in solver.state.batches.values()
        for leg in batch.legs
        for fill in leg.fills
    }
    checks = [
        Check("no order was placed twice", not doubled, ", ".join(doubled)),
        Check("every trade of the venue is in the books, once", there == known, f"{len(there)} = {len(known)}"),
    ]
    return checks, len(doubled)


async def doubled_on_chain(
    devnet: DevnetClient, *, transfers: int, returns: int, mints: int, payments: int
) -> list[Check]:
    """Each transfer crossed the bridge once, in either direction, and each request was settled once."""
    contracts = devnet.manifest.contracts
    there = devnet.arbitrum.contract("MiniSpokePool", contracts.arbitrum.spoke_pool)
    back = devnet.chain(8453).contract("MiniSpokePool", contracts.base.spoke_pool)
    crossed = len(await there.events.FundsDeposited().get_logs(from_block=0))
    returned = len(await back.events.FundsDeposited().get_logs(from_block=0))
    minted, paid = 0, 0
    for symbol in contracts.arbitrum.gates:
        minted += len(await devnet.gate(symbol).events.Settled().get_logs(from_block=0))
        paid += len(await devnet.gate(symbol).events.RedemptionSettled().get_logs(from_block=0))
    return [
        Check("each transfer crossed the bridge once", crossed == transfers, f"{crossed} = {transfers}"),
        Check("each transfer of proceeds came back once", returned == returns, f"{returned} = {returns}"),
        Check("each mint happened once", minted == mints, f"{minted} = {mints}"),
        Check("each payment happened once", paid == payments, f"{paid} = {payments}"),
    ]
