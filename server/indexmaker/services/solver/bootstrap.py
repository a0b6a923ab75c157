"""What a core tells its engine when it starts: configuration, instruments, the house's money, new indices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from indexmaker.config import IndexSettings, Settings, SolverSettings
from indexmaker.connectors.errors import ConnectorError
from indexmaker.instruments import Instrument
from indexmaker.runtime import Sequencer
from indexmaker.services.solver.edges import ChainEdge, MarketDataEdge, OrderEntryEdge
from indexmaker.services.solver.edges.bridge import venue_designation
from indexmaker.services.solver.edges.calls import PAUSE
from indexmaker.services.solver.reconciliation import Holdings, Source
from indexmaker.services.solver.rhythm import symbols_of
from indexmaker.solver.commands import IndexReport, SolverCommand, SolverReport
from indexmaker.solver.config import FinalityTier, SolverConfig
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import (
    Configured,
    HouseCapital,
    IndexCreated,
    InstrumentsUpdated,
    SolverEvent,
)
from indexmaker.solver.vocabulary import Constituent, Finality, OrderState

__all__ = ["Bootstrap", "index_template", "solver_config"]

_log = structlog.get_logger(__name__)

_MS = 1_000_000
_SECOND = 1_000 * _MS


def solver_config(settings: SolverSettings, *, invoice_life_ns: int) -> SolverConfig:
    """The engine's knobs from the configuration file."""
    return SolverConfig(
        invoice_life_ns=invoice_life_ns,
        strategy=settings.strategy,
        finality=_tiers(settings),
        settlement_finality=Finality(settings.settlement_finality),
        order_life_ns=settings.order_life_seconds * _SECOND,
        order_life_max_ns=settings.max_order_life_seconds * _SECOND,
        account_open_orders=settings.account_open_orders,
        account_daily_notional=settings.account_daily_notional,
        quote_life_ns=settings.quote_life_seconds * _SECOND,
        routing_max_orders=settings.routing_max_orders,
        routing_attempts=settings.routing_attempts,
        settlement_attempts=settings.settlement_attempts,
        retry_delay_ns=settings.retry_delay_ms * _MS,
        routing_window_ns=settings.routing_window_ms * _MS,
        aggregation_window_ns=settings.aggregation_window_ms * _MS,
        book_max_age_ns=settings.book_max_age_ms * _MS,
        price_impact=settings.price_impact,
        order_budget=settings.max_order_value,
        batch_budget=settings.max_batch_value,
        in_flight_budget=settings.max_in_flight_value,
        minimum_progress=settings.min_batch_value,
        price_slack=settings.price_slack,
        default_tolerance=settings.default_tolerance,
        batch_orders=settings.batch_orders,
        idle_batches=settings.idle_batches,
        inventory_budget=settings.inventory_budget,
        inventory_budgets=tuple(sorted(settings.inventory_budgets.items())),
        inventory_limit=settings.inventory_limit,
        inventory_limits=tuple(sorted(settings.inventory_limits.items())),
        mint_threshold=settings.mint_threshold,
        order_timeout_ns=settings.order_timeout_ms * _MS,
        query_attempts=settings.query_attempts,
        leg_attempts=settings.leg_attempts,
        rate_backoff_ns=settings.rate_backoff_ms * _MS,
        hold_ns=settings.hold_seconds * _SECOND,
        rebalance_drain_ns=settings.rebalance_drain_seconds * _SECOND,
        rebalance_trade_ns=settings.rebalance_trade_seconds * _SECOND,
        rebalance_rounds=settings.rebalance_rounds,
        fee_period_ns=settings.fee_period_seconds * _SECOND,
        retention_ns=settings.retention_hours * 3600 * _SECOND,
        max_ages=_ages(settings),
    )


def _tiers(settings: SolverSettings) -> tuple[FinalityTier, ...]:
    least = FinalityTier(amount=0, finality=Finality(settings.deposit_finality))
    above = settings.deposit_finality_above.items()
    return (least, *(FinalityTier(amount=amount, finality=Finality(name)) for name, amount in sorted(above)))


def _ages(settings: SolverSettings) -> tuple[tuple[OrderState, int], ...]:
    """The usual ages, changed where the configuration says so."""
    given = {OrderState(name): seconds * _SECOND for name, seconds in settings.stuck_after_seconds.items()}
    return tuple((dict(SolverConfig().max_ages) | given).items())


def index_template(settings: Settings) -> IndexCreated:
    """What all indices of this core share: the venue, the route and its ends."""
    venue, terms = next(iter(settings.venues.items()))
    return IndexCreated(
        symbol="",
        chain_id=0,
        gate="",
        token="",
        constituents=(),
        collateral=terms.quote_asset,
        venue=venue,
        route=settings.route_id,
        custody=settings.bridge_source,
        destination=venue_designation(venue, terms.quote_asset),
    )


class Bootstrap:
    """Brings the engine up to the configuration; every step may be repeated without effect."""

    def __init__(
        self,
        settings: Settings,
        engine: SolverEngine,
        sequencer: Sequencer[SolverEvent, SolverCommand | SolverReport],
        *,
        entries: Mapping[str, OrderEntryEdge],
        markets: Mapping[str, MarketDataEdge],
        chain: ChainEdge,
        holdings: Callable[[], Mapping[str, Source]],
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._sequencer = sequencer
        self._entries = entries
        self._markets = markets
        self._chain = chain
        self._holdings = holdings
        self.done = asyncio.Event()

    async def run(self, rules_changed: Mapping[str, asyncio.Event]) -> None:
        """Configure, then keep each venue's instruments current until cancelled."""
        assert self._settings.guardian is not None
        life = self._settings.guardian.validity_seconds * 1000 * _MS
        config = solver_config(self._settings.solver, invoice_life_ns=life)
        if self._engine.state.config != config:
            await self._sequencer.submit(Configured(config=config))
        for venue in self._entries:
            await self._take_instruments(venue)
            await self._count_capital(venue)
        for index in self._settings.indices:
            await self._create(index)
        await self._count_keepers()
        self._chain.gates_changed()
        for venue, market in self._markets.items():
            market.want(symbols_of(self._engine, venue))
        self.done.set()
        async with asyncio.TaskGroup() as tasks:
            for venue, changed in rules_changed.items():
                tasks.create_task(self._keep_instruments(venue, changed))

    async def _keep_instruments(self, venue: str, changed: asyncio.Event) -> None:
        while True:
            await changed.wait()
            changed.clear()
            await self._take_instruments(venue)

    async def _take_instruments(self, venue: str) -> None:
        known = self._engine.state.instruments.values()
        new: list[Instrument] = [one for one in await self._entries[venue].instruments() if one not in known]
        if new:
            await self._sequencer.submit(InstrumentsUpdated(venue=venue, instruments=tuple(new)))

    async def _count_capital(self, venue: str) -> None:
        """Until collateral is first sent to a venue, what lies there is the house's; later the ledger knows better."""
        state = self._engine.state
        if any(state.indices[transfer.index].venue == venue for transfer in state.transfers.values()):
            return
        for asset, amount in sorted((await self._entries[venue].balances()).items()):
            reference = f"opening:{venue}:{asset}"
            if amount and reference not in state.capital_references:
                await self._sequencer.submit(
                    HouseCapital(place=f"venue:{venue}", asset=asset, amount=amount, reference=reference)
                )
                _log.info("house_capital", venue=venue, asset=asset)

    async def _count_keepers(self) -> None:
        """What lies in a keeper's wallet before its first settlement is the house's; later the ledger knows better."""
        state = self._engine.state
        if state.settlements or state.redemption_settlements:
            return
        for place, source in self._holdings().items():
            for asset, amount in (await _asked(place, source)).items() if place.startswith("keeper:") else ():
                reference = f"opening:{place}:{asset}"
                if amount and reference not in state.capital_references:
                    await self._sequencer.submit(
                        HouseCapital(place=place, asset=asset, amount=amount, reference=reference)
                    )
                    _log.info("house_capital", place=place, asset=asset)

    async def _create(self, index: IndexSettings) -> None:
        if index.symbol in self._engine.state.indices:
            return
        template = index_template(self._settings)
        prices = dict(index.reference_prices)
        missing = {asset: f"{asset}{template.collateral}" for asset in index.weights if asset not in prices}
        if missing:
            mids = await self._markets[template.venue].wait_for_mids(set(missing.values()))
            prices |= {asset: mids[symbol] for asset, symbol in missing.items()}
        committed = await self._sequencer.submit(
            IndexCreated(
                symbol=index.symbol,
                name=index.name,
                chain_id=index.chain_id,
                gate=index.gate.lower(),
                token=index.token.lower(),
                constituents=tuple(
                    Constituent(asset=asset, weight=weight, reference_price=prices[asset])
                    for asset, weight in sorted(index.weights.items())
                ),
                target_price=index.target_price,
                management_fee=index.management_fee,
                annual_fee=index.annual_fee,
                min_order=index.min_order,
                max_order=index.max_order,
                collateral=template.collateral,
                venue=template.venue,
                route=template.route,
                custody=template.custody,
                destination=template.destination,
            )
        )
        for output in committed.outputs:
            if isinstance(output, IndexReport):
                _log.info("index", symbol=output.symbol, accepted=output.accepted, reason=output.reason)


async def _asked(place: str, source: Source) -> Holdings:
    """Ask until the plugin is there to answer."""
    while True:
        try:
            return await source()
        except ConnectorError as error:
            if not error.retryable:
                raise
            _log.info("waiting_for_holdings", place=place, reason=error.message)
        await asyncio.sleep(PAUSE)
