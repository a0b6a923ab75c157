"""The REST face: reading requests as they were sent, answering with Binance's headers and errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from indexmaker.gateways.binance.credentials import Credential
from indexmaker.gateways.binance.errors import ApiError
from indexmaker.gateways.binance.operations import Operation, Security, authenticate, perform
from indexmaker.gateways.binance.parameters import Parameters, form
from indexmaker.gateways.binance.signing import rest_payload
from indexmaker.gateways.binance.venue import Venue

__all__ = ["rest_handler"]

_KEY_HEADER = "X-MBX-APIKEY"


def rest_handler(venue: Venue, operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The request handler of one operation."""

    async def handle(request: web.Request) -> web.StreamResponse:
        address = request.remote or ""
        credential: Credential | None = None
        headers: dict[str, str] = {}
        try:
            query = request.raw_path.partition("?")[2]
            body = await _body(request)
            parameters = Parameters(form(query, body))
            weight = operation.weigh(parameters)
            venue.limits.charge(address, weight, pool=operation.pool)
            if operation.security is Security.SIGNED:
                credential = authenticate(
                    venue,
                    parameters,
                    key=request.headers.get(_KEY_HEADER),
                    payload=rest_payload(query, body),
                )
            answer = await perform(operation, venue, parameters, credential=credential, address=address, weight=weight)
            status = 200
        except ApiError as error:
            answer, status = error.shown(), error.status
            if error.retry_after:
                headers["Retry-After"] = str(error.retry_after)
        ordering = credential.account if credential is not None and operation.counts_order else None
        headers |= venue.limits.headers(address, ordering, pool=operation.pool)
        return web.Response(
            body=msgspec.json.encode(answer), status=status, headers=headers, content_type="application/json"
        )

    return handle


async def _body(request: web.Request) -> str:
    """A form body as text, whatever the method; GET has none."""
    if request.method == "GET" or not request.can_read_body:
        return ""
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError:
        raise ApiError(-1100, "Illegal characters found in the request body.") from None
