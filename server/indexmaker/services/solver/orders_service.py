"""SolverService: index orders."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import grpc.aio
import msgspec

from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.api.solver.v1 import solver_pb2_grpc as rpc
from indexmaker.connectors.errors import ConnectorError, InvalidFieldError, NotFoundError, RejectedError
from indexmaker.runtime import Committed, Sequencer
from indexmaker.services.solver.authentication import check_signature
from indexmaker.services.solver.reports import INDEX_ORDER, decode_order_report
from indexmaker.services.solver.requests import (
    account_of,
    amend_of,
    client_order_id_of,
    order_of,
    signed_amend,
    signed_terms,
)
from indexmaker.services.solver.submitting import SolverOutput, submit
from indexmaker.services.solver.views import order_view, report_view
from indexmaker.solver.commands import IndexOrderReport
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import OrderCancelRequested, SolverEvent
from indexmaker.solver.handlers.orders import order_id_of
from indexmaker.solver.state import IndexOrder
from indexmaker.solver.vocabulary import ExecType
from indexmaker.storage import Cursor, ReportRecorder
from indexmaker.typed_data import cancel_typed_data

__all__ = ["OrdersService"]

_DEFAULT_LIMIT = 100
_LARGEST_GROUP = 256
_WATCH_BATCH = 256


class OrdersService(rpc.SolverServiceServicer):
    """Submits, cancels and shows index orders; streams their reports from any cursor."""

    def __init__(
        self,
        engine: SolverEngine,
        sequencer: Sequencer[SolverEvent, SolverOutput],
        recorder: ReportRecorder[SolverEvent, SolverOutput],
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._recorder = recorder

    async def SubmitIndexOrder(  # noqa: N802 - the name in the proto
        self, request: pb.SubmitIndexOrderRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> pb.SubmitIndexOrderResponse:
        """Check the terms and the signature, journal the order, answer what the engine says."""
        return await self._submit(request)

    async def SubmitIndexOrders(  # noqa: N802
        self,
        requests: AsyncIterator[pb.SubmitIndexOrdersRequest],
        context: grpc.aio.ServicerContext[object, object],
    ) -> AsyncIterator[pb.SubmitIndexOrdersResponse]:
        """Take each message as a whole: its orders are made durable together, and answered in their order."""
        async for request in requests:
            if len(request.orders) > _LARGEST_GROUP:
                raise InvalidFieldError("orders", f"at most {_LARGEST_GROUP} in a message, not {len(request.orders)}")
            results = await asyncio.gather(*(self._result(order) for order in request.orders))
            yield pb.SubmitIndexOrdersResponse(results=results)

    async def _result(self, request: pb.SubmitIndexOrderRequest) -> pb.SubmitIndexOrderResult:
        result = pb.SubmitIndexOrderResult(client_order_id=request.terms.client_order_id)
        try:
            result.response.CopyFrom(await self._submit(request))
        except ConnectorError as error:
            result.error_reason, result.error_text = error.reason, error.message
        return result

    async def _submit(self, request: pb.SubmitIndexOrderRequest) -> pb.SubmitIndexOrderResponse:
        account = account_of(request.terms.account, field="terms.account")
        digest = hashlib.sha256(request.signature.encode()).hexdigest()
        event = order_of(request.terms, account=account, digest=digest, quote_id=request.quote_id)
        typed = signed_terms(request.terms, account=account, quote_id=request.quote_id)
        check_signature(typed, request.signature, account=account)
        known = self._find(event.account, event.client_order_id) is not None
        committed = await submit(self._sequencer, event)
        report = _first_report(committed)
        order = self._find(event.account, event.client_order_id)
        if order is not None:
            view = order_view(self._engine.state, order)
        else:
            view = report_view(committed.sequence, 0, report).order
            view.reason = report.text or report.reason.value
        return pb.SubmitIndexOrderResponse(order=view, duplicate=known)

    async def CancelIndexOrder(  # noqa: N802
        self, request: pb.CancelIndexOrderRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> pb.CancelIndexOrderResponse:
        """Journal the wish; FAILED_PRECONDITION when it comes too late."""
        account = account_of(request.account)
        client_order_id = client_order_id_of(request.client_order_id)
        typed = cancel_typed_data(account, client_order_id=client_order_id)
        check_signature(typed, request.signature, account=account)
        if self._find(str(account), client_order_id) is None:
            raise NotFoundError(f"account {account} has no order {client_order_id}")
        event = OrderCancelRequested(account=str(account), client_order_id=client_order_id)
        report = _first_report(await submit(self._sequencer, event))
        if report.exec_type is ExecType.CANCEL_REJECTED:
            raise RejectedError(f"{client_order_id} cannot be cancelled: {report.text or report.reason.value}")
        order = self._find(str(account), client_order_id)
        assert order is not None
        view = order_view(self._engine.state, order)
        return pb.CancelIndexOrderResponse(order=view, pending=view.cancel_pending)

    async def AmendIndexOrder(  # noqa: N802
        self, request: pb.AmendIndexOrderRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> pb.AmendIndexOrderResponse:
        """Journal the change; FAILED_PRECONDITION with the rule when it is refused."""
        account = account_of(request.account)
        digest = hashlib.sha256(request.signature.encode()).hexdigest()
        event = amend_of(request, account=account, digest=digest)
        check_signature(signed_amend(request, account=account), request.signature, account=account)
        if self._find(event.account, event.client_order_id) is None:
            raise NotFoundError(f"account {account} has no order {event.client_order_id}")
        report = _first_report(await submit(self._sequencer, event))
        if report.exec_type is ExecType.REPLACE_REJECTED:
            raise RejectedError(f"{event.client_order_id} keeps its terms: {report.text or report.reason.value}")
        order = self._find(event.account, event.client_order_id)
        assert order is not None
        return pb.AmendIndexOrderResponse(order=order_view(self._engine.state, order))

    async def GetIndexOrder(  # noqa: N802
        self, request: pb.GetIndexOrderRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> pb.GetIndexOrderResponse:
        """One order, or NOT_FOUND."""
        account = account_of(request.account)
        order = self._find(str(account), client_order_id_of(request.client_order_id))
        if order is None:
            raise NotFoundError(f"account {account} has no order {request.client_order_id}")
        return pb.GetIndexOrderResponse(order=order_view(self._engine.state, order))

    async def ListIndexOrders(  # noqa: N802
        self, request: pb.ListIndexOrdersRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> pb.ListIndexOrdersResponse:
        """Orders, newest first."""
        owner = str(account_of(request.account)) if request.HasField("account") else ""
        chosen = [
            order
            for order in sorted(self._engine.state.orders.values(), key=lambda order: -order.sequence)
            if (not owner or order.account == owner) and not (request.open_only and order.state.final)
        ]
        limit = request.limit or _DEFAULT_LIMIT
        return pb.ListIndexOrdersResponse(orders=[order_view(self._engine.state, one) for one in chosen[:limit]])

    async def WatchIndexOrders(  # noqa: N802
        self, request: pb.WatchIndexOrdersRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> AsyncIterator[pb.WatchIndexOrdersResponse]:
        """Reports after the cursor, then live."""
        accounts = {str(account_of(account, field="accounts")) for account in request.accounts}
        after = Cursor(request.after.sequence, request.after.index)
        if after.sequence > self._sequencer.sequence:
            raise InvalidFieldError("after.sequence", f"the journal ends at {self._sequencer.sequence}")
        async for stored in self._recorder.follow(after=after, kind=INDEX_ORDER):
            report = decode_order_report(stored.payload)
            if not accounts or report.account in accounts:
                yield pb.WatchIndexOrdersResponse(reports=[report_view(stored.sequence, stored.idx, report)])

    def _find(self, account: str, client_order_id: str) -> IndexOrder | None:
        return self._engine.state.orders.get(order_id_of(account, client_order_id))


def _first_report(committed: Committed[SolverEvent, SolverOutput]) -> IndexOrderReport:
    for output in committed.outputs:
        if isinstance(output, IndexOrderReport):
            return output
    raise AssertionError(f"no report on {msgspec.to_builtins(committed.event)}")
