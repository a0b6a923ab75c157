"""`GET /invoices/{id}`: one invoice, as the client prefers to have it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from google.protobuf.json_format import MessageToDict

from indexmaker.api.solver.v1 import invoices_pb2 as pb
from indexmaker.gateways.invoices.access import InvoiceAccess
from indexmaker.gateways.invoices.page import invoice_page
from indexmaker.gateways.invoices.style import CONTENT_SECURITY_POLICY

__all__ = ["InvoiceGateway", "invoice_app"]

_log = structlog.get_logger(__name__)

_JSON, _HTML = "application/json", "text/html"
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",  # the link holds the key
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept, Authorization",
}
Find = Callable[[str], Awaitable[pb.Invoice | None]]


def invoice_app(find: Find, *, access: InvoiceAccess) -> web.Application:
    """The application; `find` looks an invoice up by its id."""

    async def show(request: web.Request) -> web.Response:
        invoice_id = request.match_info["invoice_id"]
        key, authorization = request.query.get("key", ""), request.headers.get("Authorization", "")
        invoice = None
        if access.admits(invoice_id, key=key, authorization=authorization):
            invoice = await find(invoice_id)
        if invoice is None:  # the same answer, so that nobody learns which invoices there are
            return _problem(404, "no such invoice", "There is no invoice of this id, or its key is missing or wrong.")
        kind = _preferred(request.headers.get("Accept", "*/*"))
        if kind is None:
            return _problem(406, "not acceptable", f"An invoice is had as {_JSON} or {_HTML}.")
        return _answer(request, invoice_page(invoice) if kind == _HTML else _json(invoice), kind)

    app = web.Application(middlewares=[_problems])
    app.router.add_get("/invoices/{invoice_id}", show)
    return app


class InvoiceGateway:
    """The application on a TCP address."""

    def __init__(self, app: web.Application, *, host: str, port: int) -> None:
        self._runner = web.AppRunner(app, access_log=None)  # lines of it would hold the keys of links
        self._host = host
        self._port = port

    async def start(self) -> int:
        """Listen; returns the port. Raises `OSError` when the address cannot be had."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Finish what is under way and let go of the address."""
        await self._runner.cleanup()


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every refusal as problem+json; a fault of ours is logged here and told without its text."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
        return _problem(refusal.status, refusal.reason.lower(), headers=headers)
    except Exception:  # supervision point: one request must not end the others
        _log.exception("invoice_request_failed")
        return _problem(500, "internal error", "The fault is logged; the invoice itself is safe in the archive.")


def _answer(request: web.Request, text: str, kind: str) -> web.Response:
    body = text.encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = _HEADERS | {"ETag": tag}
    known = request.headers.get("If-None-Match", "")
    if known.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in known.split(",")}:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)


def _problem(status: int, title: str, detail: str = "", *, headers: dict[str, str] | None = None) -> web.Response:
    problem = {"type": "about:blank", "title": title, "status": status} | ({"detail": detail} if detail else {})
    return web.Response(
        status=status,
        text=json.dumps(problem),
        content_type="application/problem+json",
        headers=_HEADERS | (headers or {}),
    )


def _json(invoice: pb.Invoice) -> str:
    fields = MessageToDict(invoice, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def _preferred(accept: str) -> str | None:
    """The representation that fits best; JSON where both do equally, None where neither does."""
    best: tuple[float, str] | None = None
    for kind in (_JSON, _HTML):
        quality = _quality(accept, kind)
        if quality > 0 and (best is None or quality > best[0]):
            best = (quality, kind)
    return best[1] if best is not None else None


def _quality(accept: str, kind: str) -> float:
    """What an Accept header gives a representation: its most specific range counts."""
    found = (-1, 0.0)
    for part in accept.split(","):
        name, *parameters = (one.strip().lower() for one in part.split(";"))
        ranges = {kind: 2, kind.partition("/")[0] + "/*": 1, "*/*": 0}
        if name in ranges and ranges[name] > found[0]:
            found = (ranges[name], _weight(parameters))
    return found[1]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
