"""A solver with indices, deposits and orders, made of events alone: what the benchmarks of the core work on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS
from indexmaker.solver import SolverConfig
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.vocabulary import Constituent, Finality, Side, TransferState

__all__ = ["CHAIN", "GATE", "Run", "account", "books", "reference_events"]

CHAIN = 42161
GATE = "0x" + "ab" * 20
_START = 1_700_000_000_000_000_000
_SECOND = 1_000_000_000


def account(number: int) -> str:
    """A user's account."""
    return f"{CHAIN}:0x{number + 1:040x}"


def _symbol(number: int) -> str:
    return f"A{number:03}"


def _price(number: int) -> int:
    return (10 + number) * ATOMS


def reference_events(*, assets: int, symbol: str = "ALL") -> Iterator[ev.SolverEvent]:
    """Configuration, instruments, capital, and one index of all assets in equal parts of 100 USDC."""
    yield ev.Configured(
        config=SolverConfig(
            routing_window_ns=0,
            order_budget=10**9 * ATOMS,
            batch_budget=10**9 * ATOMS,
            in_flight_budget=10**9 * ATOMS,
            order_life_ns=10**6 * _SECOND,
        )
    )
    rules = tuple(
        Instrument(
            venue="venue",
            symbol=f"{_symbol(number)}USDC",
            base=_symbol(number),
            quote="USDC",
            tick_size=ATOMS // 100,
            lot_step=ATOMS // 100_000,
            min_notional=ATOMS // 10,
            taker_fee=ATOMS // 1000,
        )
        for number in range(assets)
    )
    yield ev.InstrumentsUpdated(venue="venue", instruments=rules)
    yield ev.HouseCapital(place="venue:venue", asset="USDC", amount=10**6 * ATOMS, reference="opening")
    parts = tuple(
        Constituent(asset=_symbol(number), quantity=100 * ATOMS * ATOMS // (assets * _price(number)))
        for number in range(assets)
    )
    yield ev.IndexCreated(
        symbol=symbol, chain_id=CHAIN, gate=GATE, token="0x" + "22" * 20, constituents=parts, venue="venue"
    )


def books(assets: int) -> tuple[ev.Book, ...]:
    """One deep book for each asset."""
    return tuple(
        ev.Book(
            venue="venue",
            symbol=f"{_symbol(number)}USDC",
            bids=((_price(number) - ATOMS // 100, 10**6 * ATOMS),),
            asks=((_price(number), 10**6 * ATOMS),),
        )
        for number in range(assets)
    )


class Run:
    """Applies events to an engine one after another, and keeps them."""

    def __init__(self) -> None:
        self.engine = SolverEngine()
        self.events: list[ev.SolverEvent] = []
        self.now = _START

    def apply(self, event: ev.SolverEvent) -> Sequence[out.SolverCommand | out.SolverReport]:
        """One event, with its sequence and the time of the run."""
        self.events.append(event)
        return self.engine.apply(event, sequence=len(self.events), at=self.now)

    def place(self, number: int, *, symbol: str = "ALL", amount: int = 1000 * ATOMS) -> None:
        """An order of a user of its own."""
        self.apply(
            ev.OrderSubmitted(
                client_order_id="one", account=account(number), side=Side.BUY, index=symbol, amount=amount
            )
        )

    def fund(self, number: int, *, amount: int = 1000 * ATOMS) -> None:
        """Its deposit."""
        self.apply(
            ev.DepositSeen(
                chain_id=CHAIN,
                tx_hash=f"0x{number:064x}",
                log_index=0,
                request_id=number + 1,
                gate=GATE,
                account=account(number),
                amount=amount,
                finality=Finality.CONFIRMED,
            )
        )

    def route(self) -> None:
        """Carry everything that is funded to the venue."""
        self.now += _SECOND
        waiting = [*self.apply(ev.Tick())]
        while waiting:
            command = waiting.pop(0)
            for event in _answers(command):
                waiting += self.apply(event)


def _answers(command: out.SolverCommand | out.SolverReport) -> list[ev.SolverEvent]:
    match command:
        case out.QuoteRoute():
            quoted = ev.RouteQuoted(
                transfer_id=command.transfer_id, amount_in=command.amount, amount_out=command.amount
            )
            return [quoted]
        case out.CommitCollateral():
            return [ev.CollateralCommitted(command_id=command.command_id, tx_hash="0xc0")]
        case out.StartTransfer():
            hop = "0x" + command.transfer_id
            moved = ev.TransferUpdated(
                transfer_id=command.transfer_id, state=TransferState.ARRIVED, hop_tx_hashes=(hop,)
            )
            credit = ev.VenueDepositSeen(
                venue="venue",
                asset="USDC",
                amount=command.amount,
                tx_hash=hop,
                deposit_id=command.transfer_id,
                credited=True,
            )
            return [moved, credit]
        case out.ConfirmArrival():
            return [ev.TransferUpdated(transfer_id=command.transfer_id, state=TransferState.COMPLETED)]
        case _:
            return []
