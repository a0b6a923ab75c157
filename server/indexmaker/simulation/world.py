"""The whole simulated world around one core, and what each action does to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from indexmaker.money import ATOMS, floor_to_step, split_pro_rata
from indexmaker.runtime import Committed, Engine
from indexmaker.simulation.actions import Action
from indexmaker.simulation.bridge import Bridge
from indexmaker.simulation.chain import Chain
from indexmaker.simulation.chance import Chance
from indexmaker.simulation.clients import Clients
from indexmaker.simulation.core import Core, CrashPoint
from indexmaker.simulation.faults import FaultKind
from indexmaker.simulation.gate import RequestKind
from indexmaker.simulation.guardian import Guardian
from indexmaker.simulation.link import Link
from indexmaker.simulation.listings import (
    CHAIN,
    COLLATERAL,
    FEE_ASSET,
    LISTINGS,
    POINTS,
    SECOND,
    VENUE,
    configuration,
    index_definitions,
    instruments,
)
from indexmaker.simulation.market import Market
from indexmaker.simulation.operators import Operators
from indexmaker.simulation.rhythm import Rhythm
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.simulation.venue import Venue
from indexmaker.simulation.watches import BooksWatch, BudgetWatch, CommandWatch, OrderWatch, TradeWatch
from indexmaker.solver import SolverEngine
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import RejectClass

__all__ = ["World"]

START = 1_700_000_000 * SECOND
_KEEPER_CAPITAL = 10_000_000 * ATOMS
_VENUE_CAPITAL = 50_000 * ATOMS
_FEE_CAPITAL = 5_000 * ATOMS
_CLOCK_SET_AFTER = 20 * SECOND
_AGES_EVERY = 500
_FORGET_EVERY = 5_000


class World:
    """Built from a seed alone; `perform` adds the rest."""

    def __init__(
        self,
        seed: int,
        *,
        factory: Callable[[], Engine[Any, Any]],
        strategy: str,
        whole_journal: bool,
        snapshot_every: int,
    ) -> None:
        self.scheduler = scheduler = Scheduler(start=START)
        chance = Chance(seed)
        self.faults: dict[str, int] = {}
        self.core = Core(
            factory,
            scheduler,
            whole_journal=whole_journal,
            snapshot_every=snapshot_every,
            observe=self._observe,
            dispatch=self._dispatch,
            revived=self._revived,
        )
        self.links = {
            name: Link(name, self.core, scheduler, chance)
            for name in ("venue", "chain", "bridge", "guardian", "clients", "operators")
        }
        rules = {one.symbol: one for one in instruments()}
        markets = {one.symbol: Market(one, rules[one.symbol], seed=seed, start=START) for one in LISTINGS}
        self.venue = Venue(scheduler, chance, self.links["venue"], markets)
        self.chain = Chain(scheduler, chance, self.links["chain"])
        self.bridge = Bridge(scheduler, chance, self.links["bridge"], chain=self.chain, venue=self.venue)
        self.guardian = Guardian(scheduler, chance, self.links["guardian"], self.core)
        self.clients = Clients(self.links["clients"])
        self.operators = Operators(
            scheduler,
            self.links["operators"],
            self.core,
            chain=self.chain,
            bridge=self.bridge,
        )
        for name, connector in (
            ("venue", self.venue),
            ("chain", self.chain),
            ("bridge", self.bridge),
            ("guardian", self.guardian),
            ("clients", self.clients),
            ("operators", self.operators),
        ):
            self.links[name].connector = connector
        self._gates = {one.symbol: one.gate for one in index_definitions()}
        gates = {gate: symbol for symbol, gate in self._gates.items()}
        self.books = BooksWatch(
            scheduler,
            chain=self.chain,
            venue=self.venue,
            gates=gates,
            capital=_KEEPER_CAPITAL,
        )
        self.orders = OrderWatch(scheduler)
        self.trades = TradeWatch()
        self._watches = (CommandWatch(), BudgetWatch(), self.trades, self.orders)
        self.rhythm = Rhythm(scheduler, self.core, self.venue)
        self._begin(strategy)

    @property
    def engine(self) -> SolverEngine:
        """The core's engine, to be read only."""
        assert isinstance(self.core.engine, SolverEngine)
        return self.core.engine

    def perform(self, action: Action) -> None:
        """Do what an action says."""
        name, args = action.kind, action.args
        if name in _DEEDS:
            _DEEDS[name](self, *args)
            return
        kind = FaultKind(name)
        self.faults[name] = self.faults.get(name, 0) + 1
        if kind in _MESSAGE_FAULTS:
            link, direction, delay = args
            armed = self.links[str(link)].armed_in if direction == "in" else self.links[str(link)].armed_out
            armed.append((kind, int(delay)))
        else:
            _TROUBLE[kind](self, *args)

    def calm(self) -> None:
        """From now on nothing goes wrong that has not begun to."""
        for link in self.links.values():
            link.armed_in.clear()
            link.armed_out.clear()
        self.venue.calm()
        self.chain.armed.clear()
        self.bridge.calm()

    def _begin(self, strategy: str) -> None:
        self.venue.fund(COLLATERAL, _VENUE_CAPITAL)
        self.venue.fund(FEE_ASSET, _FEE_CAPITAL)
        self.venue.fund(POINTS, _FEE_CAPITAL)
        self.chain.contracts.wallet = _KEEPER_CAPITAL
        place = f"venue:{VENUE}"
        begin: list[ev.SolverEvent] = [
            ev.Configured(config=configuration(strategy=strategy)),
            ev.InstrumentsUpdated(venue=VENUE, instruments=instruments()),
            ev.HouseCapital(place=place, asset=COLLATERAL, amount=_VENUE_CAPITAL, reference="venue"),
            ev.HouseCapital(place=place, asset=FEE_ASSET, amount=_FEE_CAPITAL, reference="fees"),
            ev.HouseCapital(place=place, asset=POINTS, amount=_FEE_CAPITAL, reference="points"),
            ev.HouseCapital(place=f"keeper:{CHAIN}", asset=COLLATERAL, amount=_KEEPER_CAPITAL, reference="keeper"),
            *index_definitions(),
        ]
        self.core.begin(begin)

    def _observe(self, committed: Committed[Any, Any]) -> None:
        engine = self.engine
        self.guardian.take(committed)
        self.operators.take(committed)
        if committed.sequence > self.core.begun:
            self.books.take(committed, engine)
        for watch in self._watches:
            watch.take(committed, engine)
        if committed.sequence % _AGES_EVERY == 0:
            self.books.check_ages()
            self.orders.check_ages()
        if committed.sequence % _FORGET_EVERY == 0:
            self.guardian.forget_closed()

    def _dispatch(self, output: Any) -> None:  # noqa: ANN401 - commands and reports
        link = _EDGES.get(type(output))
        if link is not None:
            self.links[link].command(output)

    def _revived(self) -> None:
        for link in self.links.values():
            link.begin_session()

    def _account(self, user: int) -> str:
        return f"{CHAIN}:0x{user + 1:040x}"

    def _deposit(self, number: int, user: int, index: str, amount: int, least: int, max_fee: int) -> None:
        account, gate = self._account(user), self._gates[index]
        self.chain.file(number, RequestKind.DEPOSIT, gate=gate, account=account, terms=(amount, least, max_fee))

    def _buy(self, user: int, name: str, index: str, amount: int, max_price: int, max_fee: int, life: int) -> None:
        expires_at = self.scheduler.now + life if life else 0
        self.clients.buy(
            self._account(user),
            name,
            index=index,
            amount=amount,
            max_price=max_price,
            max_fee=max_fee,
            expires_at=expires_at,
        )

    def _sell(self, number: int, user: int, name: str, index: str, percent: int, least: int) -> None:
        """Sell a share of what the user has now; `least` is the least payment for a unit."""
        account, gate = self._account(user), self._gates[index]
        held = self.chain.contracts.tokens.get((gate, account), 0)
        units = held * percent // 100
        if units < ATOMS // 10:
            return
        least_paid = floor_to_step(units * least // ATOMS, 10**12)
        self.chain.file(number, RequestKind.REDEEM, gate=gate, account=account, terms=(units, least_paid, -1))
        self.clients.sell(account, name, index=index, units=units)

    def _quote(self, user: int, name: str, index: str, amount: int) -> None:
        """Ask for a binding quote, and use it as soon as may be."""
        account = self._account(user)
        self.clients.quote(account, name, index=index, amount=amount, books=self.venue.books())

    def _weights(self, index: str, proposal: str, *parts: int) -> None:
        """The curator wants other weights; `parts` are one share for each listed asset, 0 for those left out."""
        shares = [(one.asset, part) for one, part in zip(LISTINGS, parts, strict=True) if part]
        weights = tuple(sorted(split_pro_rata(ATOMS, shares).items()))
        self.clients.propose(index, proposal, weights)

    def _cancel(self, user: int, name: str) -> None:
        self.clients.cancel(self._account(user), name)

    def _amend(self, user: int, name: str, amend_id: str, amount: int) -> None:
        self.clients.amend(self._account(user), name, amend_id=amend_id, amount=amount)

    def _withdraw(self, number: int) -> None:
        self.chain.cancel(number)

    def _clock(self, jump: int) -> None:
        """The clock is wrong until somebody sets it again."""
        self.core.clock_offset = jump
        self.scheduler.after(_CLOCK_SET_AFTER, self._set_clock)

    def _set_clock(self) -> None:
        self.core.clock_offset = 0

    def _crash(self, point: str, downtime: int) -> None:
        self.core.crash(CrashPoint(point), downtime=downtime)

    def _delays(self, trouble: str, delay: int) -> None:
        if trouble == "withdrawal":
            self.venue.armed_withdrawals.append(("late", delay))
        else:
            self.bridge.armed.append((trouble, delay))

    def _refunds(self, trouble: str, _: int) -> None:
        if trouble == "refused":
            self.venue.armed_withdrawals.append(("refused", 0))
        elif trouble == "refund":
            self.bridge.armed.append(("refund", 0))
        else:
            self.bridge.armed_quotes.append(trouble)

    def _disturb(self, symbol: str, trouble: str, duration: int) -> None:
        self.venue.markets[symbol].disturb(trouble, until=self.scheduler.now + duration)


_MESSAGE_FAULTS = (FaultKind.LOST, FaultKind.LATE, FaultKind.DOUBLED, FaultKind.REORDERED)

_Deed = Callable[..., None]

_DEEDS: dict[str, _Deed] = {
    "deposit": World._deposit,  # noqa: SLF001 - its own table
    "buy": World._buy,  # noqa: SLF001
    "sell": World._sell,  # noqa: SLF001
    "cancel": World._cancel,  # noqa: SLF001
    "amend": World._amend,  # noqa: SLF001
    "withdraw": World._withdraw,  # noqa: SLF001
    "quote": World._quote,  # noqa: SLF001
    "weights": World._weights,  # noqa: SLF001
}

_TROUBLE: dict[FaultKind, _Deed] = {
    FaultKind.REJECTS: lambda world, name: world.venue.armed_rejects.append(RejectClass(name)),
    FaultKind.UNKNOWN: lambda world, variant: world.venue.armed_unknown.append(variant),
    FaultKind.PARTIAL: lambda world, percent: world.venue.armed_partial.append(percent),
    FaultKind.BOOKS: World._disturb,  # noqa: SLF001
    FaultKind.REORGS: lambda world, depth, percent: world.chain.reorganise(depth, drop_percent=percent),
    FaultKind.STUCK: lambda world, delay: world.chain.armed.append((FaultKind.STUCK, delay)),
    FaultKind.REVERTED: lambda world, _: world.chain.armed.append((FaultKind.REVERTED, 0)),
    FaultKind.DROPPED: lambda world, _: world.chain.armed.append((FaultKind.DROPPED, 0)),
    FaultKind.DELAYS: World._delays,  # noqa: SLF001
    FaultKind.REFUNDS: World._refunds,  # noqa: SLF001
    FaultKind.OUTAGES: lambda world, link, duration: world.links[link].cut(duration),
    FaultKind.CRASHES: World._crash,  # noqa: SLF001
    FaultKind.CLOCK: World._clock,  # noqa: SLF001
    FaultKind.HALTS: lambda world, duration: world.operators.halt(duration),
}

_EDGES: dict[type, str] = {
    out.PlaceAssetOrder: "venue",
    out.QueryAssetOrder: "venue",
    out.WithdrawCollateral: "venue",
    out.CommitCollateral: "chain",
    out.CommitRedemptions: "chain",
    out.SettleInvoice: "chain",
    out.SettleRedemption: "chain",
    out.PublishWeights: "chain",
    out.QuoteRoute: "bridge",
    out.StartTransfer: "bridge",
    out.ConfirmArrival: "bridge",
    out.SignInvoice: "guardian",
    out.SignRedemption: "guardian",
}
