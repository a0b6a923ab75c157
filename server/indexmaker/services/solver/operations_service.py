"""OperationsService: where the engine is, what is stuck, alerts, decisions and comparisons."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc.aio

from indexmaker.api.operations.v1 import operations_pb2, operations_pb2_grpc
from indexmaker.connectors.errors import InvalidFieldError, RejectedError
from indexmaker.money import format_atoms
from indexmaker.runtime import Sequencer, state_hash
from indexmaker.services.solver.decisions import decision_of
from indexmaker.services.solver.reconciliation import Reconciler
from indexmaker.services.solver.redemption_views import stuck_owner
from indexmaker.services.solver.reports import ALERT, decode_alert
from indexmaker.services.solver.submitting import SolverOutput, submit
from indexmaker.services.solver.views import batch_view
from indexmaker.solver.commands import Alert
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import SolverEvent
from indexmaker.solver.vocabulary import PositionCheck
from indexmaker.storage import Cursor, ReportRecorder

__all__ = ["OperationsService", "RunFacts"]

_DEFAULT_LIMIT = 100
_Context = grpc.aio.ServicerContext[object, object]


class RunFacts:
    """What the process knows of its own start."""

    def __init__(self, *, instance_id: str, started_at: int, replayed: int) -> None:
        self.instance_id = instance_id
        self.started_at = started_at
        self.replayed = replayed


class OperationsService(operations_pb2_grpc.OperationsServiceServicer):
    """The engine behind the services, as operators see and steer it."""

    def __init__(
        self,
        engine: SolverEngine,
        sequencer: Sequencer[SolverEvent, SolverOutput],
        recorder: ReportRecorder[SolverEvent, SolverOutput],
        *,
        reconciler: Reconciler,
        facts: RunFacts,
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._recorder = recorder
        self._reconciler = reconciler
        self._facts = facts

    async def GetStatus(  # noqa: N802
        self, request: operations_pb2.GetStatusRequest, context: _Context
    ) -> operations_pb2.GetStatusResponse:
        """Where the engine is."""
        return operations_pb2.GetStatusResponse(
            engine=self._engine.name,
            sequence=self._sequencer.sequence,
            state_hash=state_hash(self._engine.dump()).hex(),
            pending_commands=len(self._engine.pending()),
            instance_id=self._facts.instance_id,
            started_at=self._facts.started_at,
            replayed=self._facts.replayed,
            halted=self._engine.state.halted,
        )

    async def ListStuckOrders(  # noqa: N802
        self, request: operations_pb2.ListStuckOrdersRequest, context: _Context
    ) -> operations_pb2.ListStuckOrdersResponse:
        """Orders that have been told to be stuck, longest first."""
        open_orders = [self._engine.state.orders[name] for name in self._engine.state.open_orders]
        stuck = sorted((one for one in open_orders if one.stuck_told), key=lambda one: (one.state_since, one.sequence))
        views = [
            operations_pb2.StuckOrder(
                account=order.account,
                client_order_id=order.client_order_id,
                state=order.state.value,
                since_at=order.state_since,
                owner=stuck_owner(self._engine.state, order),
            )
            for order in stuck
        ]
        return operations_pb2.ListStuckOrdersResponse(orders=views)

    async def ListBatches(  # noqa: N802
        self, request: operations_pb2.ListBatchesRequest, context: _Context
    ) -> operations_pb2.ListBatchesResponse:
        """Batches, newest first."""
        state = self._engine.state
        batches = sorted(state.batches.values(), key=lambda batch: -batch.sequence)
        chosen = batches[: request.limit or _DEFAULT_LIMIT]
        return operations_pb2.ListBatchesResponse(batches=[batch_view(state, batch) for batch in chosen])

    async def Decide(  # noqa: N802
        self, request: operations_pb2.DecideRequest, context: _Context
    ) -> operations_pb2.DecideResponse:
        """Journal a decision; FAILED_PRECONDITION when there is nothing that it applies to."""
        committed = await submit(self._sequencer, decision_of(request))
        for output in committed.outputs:
            if isinstance(output, Alert) and output.kind == "DECISION":
                raise RejectedError(f"{output.subject}: {output.text}")
        return operations_pb2.DecideResponse(sequence=committed.sequence)

    async def WatchAlerts(  # noqa: N802
        self, request: operations_pb2.WatchAlertsRequest, context: _Context
    ) -> AsyncIterator[operations_pb2.WatchAlertsResponse]:
        """Alerts after a place in the journal, then live."""
        if request.after_sequence > self._sequencer.sequence:
            raise InvalidFieldError("after_sequence", f"the journal ends at {self._sequencer.sequence}")
        after = Cursor(request.after_sequence + 1, 0) if request.after_sequence else Cursor(0, 0)
        through = self._sequencer.sequence
        if request.stored_only:
            for stored in await self._recorder.stored(after=after, kind=ALERT, through=through):
                yield operations_pb2.WatchAlertsResponse(alerts=[_alert(stored.sequence, decode_alert(stored.payload))])
            return
        async for stored in self._recorder.follow(after=after, kind=ALERT):
            yield operations_pb2.WatchAlertsResponse(alerts=[_alert(stored.sequence, decode_alert(stored.payload))])

    async def Reconcile(  # noqa: N802
        self, request: operations_pb2.ReconcileRequest, context: _Context
    ) -> operations_pb2.ReconcileResponse:
        """Compare now; an unexplained difference halts trading."""
        found = await self._reconciler.compare()
        return operations_pb2.ReconcileResponse(
            sequence=found.sequence,
            checks=[_check(check) for check in found.checks],
            unasked=found.unasked,
            halted=self._engine.state.halted,
        )


def _alert(sequence: int, alert: Alert) -> operations_pb2.Alert:
    return operations_pb2.Alert(
        sequence=sequence,
        raised_at=alert.at,
        kind=alert.kind,
        subject=alert.subject,
        text=alert.text,
        order_ids=alert.order_ids,
    )


def _check(check: PositionCheck) -> operations_pb2.PositionCheck:
    return operations_pb2.PositionCheck(
        place=check.place,
        asset=check.asset,
        ledger=format_atoms(check.ledger),
        outside=format_atoms(check.outside),
        lowest=format_atoms(check.lowest),
        highest=format_atoms(check.highest),
        status=operations_pb2.PositionCheck.Status.Value(f"STATUS_{check.status.value}"),
        explanation=check.explanation,
    )
