"""What clients ask for. Reports of the core answer most requests; here are the answers that no report gives."""

from __future__ import annotations

from indexmaker.connectors.clock import Clock
from indexmaker.connectors.errors import (
    AuthenticationError,
    ConnectorError,
    InvalidFieldError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
)
from indexmaker.identifiers import AccountId
from indexmaker_fix.core import Core
from indexmaker_fix.errors import BusinessReason, Fault, FaultyError
from indexmaker_fix.message import Body, Message
from indexmaker_fix.quotes import binding_request, indicative_request, is_binding, quote_answer, quote_reject
from indexmaker_fix.rejects import reject_body
from indexmaker_fix.reports import cancel_reject, order_reject, status_report
from indexmaker_fix.requests import amend_request, cancel_request, owner_of, reference_of, submit_request
from indexmaker_fix.security_list import security_list

__all__ = ["Answers", "Desk"]

Answers = list[tuple[str, Body]]
"""Messages in answer to a request: type and body."""

_OTHER = "99"
_UNKNOWN_ORDER = "5"
_REFUSALS = (AuthenticationError, InvalidFieldError, RejectedError, NotFoundError)


class Desk:
    """Carries out requests; each may be carried out again after a crash, with the same effect."""

    def __init__(self, core: Core, *, clock: Clock) -> None:
        self._core = core
        self._clock = clock

    async def carry_out(self, message: Message, *, account: AccountId, request_id: str) -> Answers:
        """Carry out a request of an account; `request_id` names it in answers without a report."""
        try:
            match message.msg_type:
                case "D":
                    return await self._order(message, account, request_id)
                case "F":
                    return await self._cancel(message, account, request_id)
                case "G":
                    return await self._amend(message, account, request_id)
                case "R":
                    return [await self._quote(message, account)]
                case "H":
                    return await self._status(message, account, request_id)
                case _:
                    return [("y", security_list(message.body, await self._core.indices()))]
        except FaultyError as error:
            return [_reject(message, error.fault)]
        except RateLimitedError as error:
            return [_reject(message, _fault(message, BusinessReason.THROTTLED, error.message))]
        except ConnectorError as error:
            how = "the same QuoteReqID again" if message.msg_type == "R" else "OrderStatusRequest"
            text = f"the core did not say what became of it: {error.message}; ask with {how}"
            return [_reject(message, _fault(message, BusinessReason.NOT_AVAILABLE, text))]

    async def _order(self, message: Message, account: AccountId, request_id: str) -> Answers:
        request = submit_request(message, account=account)
        try:
            await self._core.submit(request)
        except _REFUSALS as error:
            now = self._clock.now()
            return [("8", order_reject(message.body, exec_id=request_id, at=now, reason=_OTHER, text=error.message))]
        return []

    async def _cancel(self, message: Message, account: AccountId, request_id: str) -> Answers:
        request = cancel_request(message, account=account)
        try:
            await self._core.cancel(request)
        except RejectedError:
            return []  # the core reports a cancel that comes too late
        except _REFUSALS as error:
            unknown = isinstance(error, NotFoundError)
            body = cancel_reject(
                account=str(account),
                client_order_id=request.client_order_id,
                cancel_id=message.body["ClOrdID"],
                status="8" if unknown else await self._status_of(account, request.client_order_id),
                exec_id=request_id,
                at=self._clock.now(),
                code="UNKNOWN_ORDER" if unknown else "",
                text=error.message,
            )
            return [("9", body)]
        return []

    async def _amend(self, message: Message, account: AccountId, request_id: str) -> Answers:
        request = amend_request(message, account=account)
        try:
            await self._core.amend(request)
        except RejectedError:
            return []  # the core reports why the terms stay as they are
        except _REFUSALS as error:
            unknown = isinstance(error, NotFoundError)
            body = cancel_reject(
                account=str(account),
                client_order_id=request.client_order_id,
                cancel_id=request.amend_id,
                status="8" if unknown else await self._status_of(account, request.client_order_id),
                exec_id=request_id,
                at=self._clock.now(),
                code="UNKNOWN_ORDER" if unknown else "",
                text=error.message,
            )
            return [("9", body | {"CxlRejResponseTo": "2"})]
        return []

    async def _quote(self, message: Message, account: AccountId) -> tuple[str, Body]:
        try:
            if is_binding(message):
                binding = await self._core.binding_quote(binding_request(message, account=account))
                return quote_answer(message, binding.quote, binding=binding)
            return quote_answer(message, await self._core.quote(indicative_request(message, account=account)))
        except _REFUSALS as error:
            code = "UNKNOWN_INDEX" if isinstance(error, NotFoundError) else ""
            return "AG", quote_reject(message, code=code, text=error.message)

    async def _status(self, message: Message, account: AccountId, request_id: str) -> Answers:
        owner = owner_of(message, account=account)
        now = self._clock.now()
        try:
            order = await self._core.order(owner, message.body["ClOrdID"])
        except _REFUSALS as error:
            body = order_reject(message.body, exec_id=request_id, at=now, reason=_UNKNOWN_ORDER, text=error.message)
            return [("8", body | {"ExecType": "I"})]
        return [("8", status_report(order, exec_id=request_id, at=now))]

    async def _status_of(self, account: AccountId, client_order_id: str) -> str:
        try:
            order = await self._core.order(account, client_order_id)
        except ConnectorError:
            return "8"
        return str(status_report(order, exec_id="-", at=self._clock.now())["OrdStatus"])


def _fault(message: Message, reason: str, text: str) -> Fault:
    return Fault(reason=reason, text=text, business=True, reference=reference_of(message))


def _reject(message: Message, fault: Fault) -> tuple[str, Body]:
    body: Body = {"RefSeqNum": str(message.number), "RefMsgType": message.msg_type} | reject_body(fault)
    return ("j" if fault.business else "3"), body
