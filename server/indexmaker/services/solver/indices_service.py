"""IndexService: definitions, deployments, weights, bounds and values of indices."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import grpc.aio

from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.api.solver.v1 import indices_pb2_grpc as rpc
from indexmaker.connectors.errors import NotFoundError, RejectedError
from indexmaker.runtime import Sequencer
from indexmaker.services.solver import index_requests as reading
from indexmaker.services.solver.index_views import (
    deployment_view,
    index_view,
    nav_view,
    plan_view,
    rebalance_view,
    weights_view,
)
from indexmaker.services.solver.nav import Nav, NavDesk
from indexmaker.services.solver.submitting import SolverOutput, submit
from indexmaker.solver import accounts
from indexmaker.solver.commands import IndexReport, PublishWeights
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import IndexCreated, SolverEvent
from indexmaker.solver.state import Rebalance
from indexmaker.storage import NavHistory

__all__ = ["IndicesService"]

_Context = grpc.aio.ServicerContext[object, object]

_DEFAULT_LIMIT = 100
_MOST = 10_000
_DEFAULT_INTERVAL_MS = 1_000
_LEAST_INTERVAL_MS = 50


class IndicesService(rpc.IndexServiceServicer):
    """`template` carries what is common to all indices: venue, route, designations."""

    def __init__(
        self,
        engine: SolverEngine,
        sequencer: Sequencer[SolverEvent, SolverOutput],
        *,
        template: IndexCreated,
        factories: Mapping[int, str],
        desk: NavDesk,
        history: NavHistory,
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._template = template
        self._factories = factories
        self._desk = desk
        self._history = history
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let those who watch go."""
        self._released.set()

    async def CreateIndex(  # noqa: N802 - the name in the proto
        self, request: pb.CreateIndexRequest, context: _Context
    ) -> pb.CreateIndexResponse:
        """Check the definition, journal it, answer with the index as it stands."""
        if request.deploy:
            await self._accept(reading.deployment_of(request, template=self._template, factories=self._factories))
        else:
            await self._accept(reading.definition_of(request, template=self._template))
        return pb.CreateIndexResponse(index=self._view(request.index.symbol))

    async def GetIndex(self, request: pb.GetIndexRequest, context: _Context) -> pb.GetIndexResponse:  # noqa: N802
        """One index, or NOT_FOUND with the known ones."""
        return pb.GetIndexResponse(index=self._view(request.symbol))

    async def ListIndices(  # noqa: N802
        self, request: pb.ListIndicesRequest, context: _Context
    ) -> pb.ListIndicesResponse:
        """All indices by symbol, those that are being deployed included."""
        state = self._engine.state
        return pb.ListIndicesResponse(
            indices=[self._view(symbol) for symbol in sorted(state.indices.keys() | state.deployments.keys())]
        )

    async def SetIndexState(  # noqa: N802
        self, request: pb.SetIndexStateRequest, context: _Context
    ) -> pb.SetIndexStateResponse:
        """Pause, resume or retire; refused for one that is retired."""
        event = reading.state_of(request)
        self._must_exist(event.symbol)
        await self._accept(event)
        if self._engine.state.indices[event.symbol].state is not event.state:
            raise RejectedError(f"{event.symbol} is retired for ever: create another index")
        return pb.SetIndexStateResponse(index=self._view(event.symbol))

    async def SetIndexLimits(  # noqa: N802
        self, request: pb.SetIndexLimitsRequest, context: _Context
    ) -> pb.SetIndexLimitsResponse:
        """Bound an index anew."""
        event = reading.limits_of(request)
        self._must_exist(event.symbol)
        if event.limits is not None and (event.limits.max_supply or event.limits.daily_issuance):
            self._must_be_priced(event.symbol)
        await self._accept(event)
        return pb.SetIndexLimitsResponse(index=self._view(event.symbol))

    async def SetWeights(self, request: pb.SetWeightsRequest, context: _Context) -> pb.SetWeightsResponse:  # noqa: N802
        """Take a curator's weights, once for each proposal id."""
        event = reading.proposal_of(request)
        self._must_exist(event.symbol)
        await self._accept(event)
        return pb.SetWeightsResponse(index=self._view(event.symbol))

    async def DelistAsset(  # noqa: N802
        self, request: pb.DelistAssetRequest, context: _Context
    ) -> pb.DelistAssetResponse:
        """Take an asset out, once for each proposal id."""
        event = reading.delisting_of(request)
        self._must_exist(event.symbol)
        outputs = await self._accept(event)
        sent = [output.weights for output in outputs if isinstance(output, PublishWeights)]
        planned = [plan.weights for plan in self._engine.state.weights_plans.values() if plan.index == event.symbol]
        weights = (sent or planned[-1:] or [()])[0]
        return pb.DelistAssetResponse(index=self._view(event.symbol), weights=weights_view(weights))

    async def ListRebalances(  # noqa: N802
        self, request: pb.ListRebalancesRequest, context: _Context
    ) -> pb.ListRebalancesResponse:
        """Those that wait and those that began, newest first."""
        state = self._engine.state
        plans = sorted(state.weights_plans.values(), key=lambda plan: -plan.sequence)
        begun = sorted(state.rebalances.values(), key=lambda rebalance: -rebalance.sequence)
        found = [plan_view(plan) for plan in plans if request.symbol in ("", plan.index)]
        found += [
            rebalance_view(state, one, cash=self._cash(one)) for one in begun if request.symbol in ("", one.index)
        ]
        return pb.ListRebalancesResponse(rebalances=found)

    async def WatchNav(  # noqa: N802
        self, request: pb.WatchNavRequest, context: _Context
    ) -> AsyncIterator[pb.WatchNavResponse]:
        """Send what has changed since the last answer, no more often than asked for."""
        for symbol in request.symbols:
            self._must_exist(symbol)
        interval = max(_LEAST_INTERVAL_MS, request.interval_ms or _DEFAULT_INTERVAL_MS) / 1000
        told: dict[str, tuple[int, int, tuple[str, ...]]] = {}
        while not self._released.is_set():
            changed: list[Nav] = []
            for nav in self._desk.navs(request.symbols):
                what = (nav.value, nav.version, nav.missing)
                if told.get(nav.symbol) != what:
                    told[nav.symbol] = what
                    changed.append(nav)
            if changed:
                yield pb.WatchNavResponse(navs=[nav_view(nav) for nav in changed])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._released.wait(), interval)

    async def ListNavHistory(  # noqa: N802
        self, request: pb.ListNavHistoryRequest, context: _Context
    ) -> pb.ListNavHistoryResponse:
        """Recorded values, newest first."""
        self._must_exist(request.symbol)
        limit = min(request.limit or _DEFAULT_LIMIT, _MOST)
        points = await asyncio.to_thread(self._history.read, request.symbol, since=request.since_at, limit=limit)
        return pb.ListNavHistoryResponse(
            navs=[
                pb.Nav(
                    symbol=point.symbol,
                    value=point.value,
                    basket_version=point.version,
                    oldest_price_ms=point.oldest_ns // 1_000_000,
                    computed_at=point.at,
                )
                for point in points
            ]
        )

    async def _accept(self, event: SolverEvent) -> tuple[SolverOutput, ...]:
        committed = await submit(self._sequencer, event)
        for output in committed.outputs:
            if isinstance(output, IndexReport) and not output.accepted:
                raise RejectedError(f"index {output.symbol}: {output.reason}")
        return tuple(committed.outputs)

    def _view(self, symbol: str) -> pb.Index:
        state = self._engine.state
        index, deployment = state.indices.get(symbol), state.deployments.get(symbol)
        if index is not None:
            rebalance = state.rebalances.get(index.rebalance_id)
            note = f"changes its basket: {rebalance.state.lower()}" if rebalance is not None else ""
            return index_view(index, deployment=deployment, note=note)
        if deployment is not None:
            return deployment_view(deployment)
        known = ", ".join(sorted(state.indices)) or "none"
        raise NotFoundError(f"no index {symbol[:32]!r}; known: {known}")

    def _must_exist(self, symbol: str) -> None:
        if symbol not in self._engine.state.indices:
            self._view(symbol)
            raise RejectedError(f"{symbol} is not deployed yet")

    def _must_be_priced(self, symbol: str) -> None:
        """Bounds in units are judged by prices, which come with a definition or with the first batch."""
        state = self._engine.state
        missing = [asset for asset, _ in state.indices[symbol].quantities if asset not in state.marks]
        if missing:
            raise RejectedError(f"index {symbol}: {missing[0]} has no known price yet to judge a bound in units by")

    def _cash(self, rebalance: Rebalance) -> int:
        index = self._engine.state.indices[rebalance.index]
        return self._engine.ledger.balance(accounts.index_cash(index.symbol, index.venue, index.collateral))
