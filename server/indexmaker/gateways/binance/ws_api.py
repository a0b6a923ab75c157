"""The WebSocket API: requests with ids over one connection, and user data subscriptions on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

import msgspec
import structlog
from aiohttp import WSMsgType, web

from indexmaker.gateways.binance.credentials import Credential
from indexmaker.gateways.binance.errors import ApiError, missing
from indexmaker.gateways.binance.hub import Hub
from indexmaker.gateways.binance.operations import Call, Operation, Security, authenticate, perform
from indexmaker.gateways.binance.outbox import Outbox
from indexmaker.gateways.binance.parameters import Parameters
from indexmaker.gateways.binance.signing import ws_payload
from indexmaker.gateways.binance.sockets import Sockets
from indexmaker.gateways.binance.user_data import user_stream
from indexmaker.gateways.binance.venue import Venue

__all__ = ["ws_api_handler"]

_log = structlog.get_logger(__name__)

_WAITING = 10_000
_AT_ONCE = 256
_CONNECT_WEIGHT = 2
_SUBSCRIPTION_WEIGHT = 2


class _Subscription:
    """Events of one account on one connection."""

    def __init__(self, number: int, send: Callable[[str], None]) -> None:
        self.number = number
        self._send = send

    def deliver(self, stream: str, payload: str) -> None:
        del stream
        self._send(f'{{"subscriptionId":{self.number},"event":{payload}}}')


class _Session:
    """One connection."""

    def __init__(
        self,
        venue: Venue,
        hub: Hub,
        operations: Mapping[str, Operation],
        *,
        address: str,
        send: Callable[[str], None],
    ) -> None:
        self._venue = venue
        self._hub = hub
        self._operations = operations
        self._address = address
        self._send = send
        self._subscriptions: dict[int, _Subscription] = {}
        self._last_number = -1

    async def answer(self, text: str) -> None:
        """Carry out one request and send its reply."""
        number: object = None
        shown_account: int | None = None
        show_limits = True
        try:
            message, params = _decode(text)
            number = message.get("id")
            parameters = Parameters({name: value for name, value in params.items() if name != "returnRateLimits"})
            show_limits = params.get("returnRateLimits") != "false"
            method = str(message.get("method", "")).removeprefix("v3/")
            operation = self._operation(method)
            weight = operation.weigh(parameters)
            self._venue.limits.charge(self._address, weight)
            credential = self._authenticate(operation, parameters, params)
            if credential is not None and operation.counts_order:
                shown_account = credential.account
            result = await perform(
                operation,
                self._venue,
                parameters,
                credential=credential,
                address=self._address,
                weight=weight,
            )
            reply: dict[str, object] = {"id": number, "status": 200, "result": result}
        except ApiError as error:
            reply = {"id": number, "status": error.status, "error": _error(error, self._venue)}
        if show_limits:
            reply["rateLimits"] = self._venue.limits.report(self._address, shown_account)
        self._send(msgspec.json.encode(reply).decode())

    def close(self) -> None:
        """End all subscriptions."""
        for account in list(self._subscriptions):
            self._end(account)

    def _operation(self, method: str) -> Operation:
        mine = {
            "userDataStream.subscribe.signature": Operation(
                handle=self._subscribe, security=Security.SIGNED, weight=_SUBSCRIPTION_WEIGHT
            ),
            "userDataStream.unsubscribe": Operation(handle=self._unsubscribe, weight=_SUBSCRIPTION_WEIGHT),
            "session.subscriptions": Operation(handle=self._list, weight=_SUBSCRIPTION_WEIGHT),
        }
        operation = self._operations.get(method) or mine.get(method)
        if operation is None:
            raise ApiError(-1020, "This operation is not supported.")
        return operation

    def _authenticate(
        self, operation: Operation, parameters: Parameters, params: Mapping[str, str]
    ) -> Credential | None:
        if operation.security is Security.NONE:
            return None
        key = params.get("apiKey")
        if key is None:
            raise missing("apiKey")
        return authenticate(self._venue, parameters, key=key, payload=ws_payload(params))

    async def _subscribe(self, call: Call) -> object:
        account = call.account
        if account in self._subscriptions:
            raise ApiError(-2035, "User Data Stream subscription already active.")
        self._last_number += 1
        subscription = _Subscription(self._last_number, self._send)
        self._subscriptions[account] = subscription
        # Events may be published only after the reply was queued; nothing is awaited in between.
        self._hub.subscribe(user_stream(account), subscription)
        return {"subscriptionId": subscription.number}

    async def _unsubscribe(self, call: Call) -> object:
        number = call.parameters.integer("subscriptionId")
        ending = [
            account for account, subscription in self._subscriptions.items() if number in (None, subscription.number)
        ]
        if not ending:
            raise ApiError(-2036, "User Data Stream subscription not active.")
        for account in ending:
            self._end(account)
        return {}

    async def _list(self, call: Call) -> object:
        del call
        return [{"subscriptionId": one.number} for one in self._subscriptions.values()]

    def _end(self, account: int) -> None:
        self._hub.unsubscribe(user_stream(account), self._subscriptions.pop(account))


def ws_api_handler(
    venue: Venue, hub: Hub, operations: Mapping[str, Operation], sockets: Sockets
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The request handler of WebSocket API connections. Requests are worked on side by side."""

    async def handle(request: web.Request) -> web.StreamResponse:
        address = request.remote or ""
        try:
            venue.limits.charge(address, _CONNECT_WEIGHT)
        except ApiError as error:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(error.retry_after)}) from None
        async with sockets.accept(request) as socket:
            outbox = Outbox(_WAITING, drop=sockets.cutter(request))
            session = _Session(venue, hub, operations, address=address, send=outbox.put)
            room = asyncio.Semaphore(_AT_ONCE)

            async def work(text: str) -> None:
                try:
                    await session.answer(text)
                finally:
                    room.release()

            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(outbox.write_to(socket))
                    async for message in socket:
                        if message.type is WSMsgType.TEXT:
                            await room.acquire()
                            group.create_task(work(message.data))
                    outbox.close()
            finally:
                session.close()
                if outbox.dropped:
                    _log.warning("slow_client_dropped", address=address)
            return socket

    return handle


def _decode(text: str) -> tuple[dict[str, object], dict[str, str]]:
    """The message with its id as sent, and its parameters as the texts that were signed."""
    try:
        message = json.loads(text)
        exact = json.loads(text, parse_float=str, parse_int=str)
    except ValueError:
        raise ApiError(-1135, "Invalid JSON Request") from None
    if not isinstance(message, dict):
        raise ApiError(-1135, "Invalid JSON Request")
    params = exact.get("params") or {}
    if not isinstance(params, dict):
        raise ApiError(-1135, "Invalid JSON Request")
    return message, {name: _text(value) for name, value in params.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def _error(error: ApiError, venue: Venue) -> dict[str, object]:
    shown = error.shown()
    if error.retry_at:
        shown["data"] = {
            "serverTime": venue.clock.now() // 1_000_000,
            "retryAfter": error.retry_at,
        }
    return shown
