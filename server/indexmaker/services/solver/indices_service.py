"""IndexService: definitions of indices."""

from __future__ import annotations

import grpc.aio

from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.api.solver.v1 import indices_pb2_grpc as rpc
from indexmaker.connectors.errors import InvalidFieldError, NotFoundError, RejectedError
from indexmaker.money import ATOMS
from indexmaker.runtime import Sequencer
from indexmaker.services.solver.requests import amount_of
from indexmaker.services.solver.submitting import SolverOutput, submit
from indexmaker.services.solver.views import index_view
from indexmaker.solver.commands import IndexReport
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import IndexCreated, SolverEvent
from indexmaker.solver.vocabulary import Constituent

__all__ = ["IndicesService"]

_Context = grpc.aio.ServicerContext[object, object]


class IndicesService(rpc.IndexServiceServicer):
    """Creates and shows indices. `template` carries what is common to all: venue, route, designations."""

    def __init__(
        self, engine: SolverEngine, sequencer: Sequencer[SolverEvent, SolverOutput], *, template: IndexCreated
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._template = template

    async def CreateIndex(  # noqa: N802 - the name in the proto
        self, request: pb.CreateIndexRequest, context: _Context
    ) -> pb.CreateIndexResponse:
        """Check the definition, journal it, answer with the index as it stands."""
        event = self._event_of(request)
        committed = await submit(self._sequencer, event)
        for output in committed.outputs:
            if isinstance(output, IndexReport) and not output.accepted:
                raise RejectedError(f"index {event.symbol}: {output.reason}")
        return pb.CreateIndexResponse(index=index_view(self._engine.state.indices[event.symbol]))

    async def GetIndex(self, request: pb.GetIndexRequest, context: _Context) -> pb.GetIndexResponse:  # noqa: N802
        """One index, or NOT_FOUND with the known ones."""
        index = self._engine.state.indices.get(request.symbol)
        if index is None:
            known = ", ".join(sorted(self._engine.state.indices)) or "none"
            raise NotFoundError(f"no index {request.symbol[:32]!r}; known: {known}")
        return pb.GetIndexResponse(index=index_view(index))

    async def ListIndices(  # noqa: N802
        self, request: pb.ListIndicesRequest, context: _Context
    ) -> pb.ListIndicesResponse:
        """All indices by symbol."""
        indices = sorted(self._engine.state.indices.values(), key=lambda index: index.symbol)
        return pb.ListIndicesResponse(indices=[index_view(index) for index in indices])

    def _event_of(self, request: pb.CreateIndexRequest) -> IndexCreated:
        index = request.index
        if not index.symbol or not index.constituents:
            raise InvalidFieldError("index", "needs a symbol and constituents")
        weights = sum(amount_of(one.weight, field=f"weight of {one.asset}") for one in index.constituents)
        if weights != ATOMS:
            raise InvalidFieldError("index.constituents", "the weights must sum to 1")
        return IndexCreated(
            symbol=index.symbol,
            chain_id=index.chain_id,
            gate=index.gate.lower(),
            token=index.token.lower(),
            constituents=tuple(_constituent(one) for one in index.constituents),
            target_price=amount_of(request.target_price, field="target_price"),
            management_fee=amount_of(index.management_fee, field="management_fee", optional=True),
            min_order=amount_of(index.min_order, field="min_order", optional=True),
            max_order=amount_of(index.max_order, field="max_order", optional=True),
            collateral=self._template.collateral,
            venue=self._template.venue,
            route=self._template.route,
            custody=self._template.custody,
            destination=self._template.destination,
        )


def _constituent(one: pb.Constituent) -> Constituent:
    quantity = amount_of(one.quantity, field=f"quantity of {one.asset}", optional=True)
    reference = amount_of(one.reference_price, field=f"reference_price of {one.asset}", optional=True)
    if not quantity and not reference:
        raise InvalidFieldError(f"constituent {one.asset}", "needs a quantity or a reference_price")
    weight = amount_of(one.weight, field=f"weight of {one.asset}")
    return Constituent(asset=one.asset, weight=weight, quantity=quantity, reference_price=reference)
