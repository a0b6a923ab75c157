"""One node: requests and batches over HTTP, errors told apart, its URL never shown whole.

The connection is our own: web3's HTTP provider takes a lock for the whole process around each request and keeps it
for ever when a request is cancelled at the wrong moment, as happens whenever a client goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from aiohttp import ClientError, ClientResponseError, ClientSession, ClientTimeout

from indexmaker_evm.errors import RpcError
from indexmaker_evm.rpc.hexadecimal import from_hex

__all__ = ["Call", "Node", "NodeFault", "redact"]

RATE_LIMITED = -32005


class Call(NamedTuple):
    """One request."""

    method: str
    parameters: Sequence[Any]


class NodeFault(Exception):
    """The node did not answer, or not in a way that says anything about the request."""


def redact(url: str) -> str:
    """Scheme, host and port; user names, paths and queries can hold keys."""
    parts = urlsplit(url)
    host = parts.hostname or "?"
    port = f":{parts.port}" if parts.port else ""
    hidden = "/…" if parts.path.strip("/") or parts.query or parts.username else ""
    return f"{parts.scheme}://{host}{port}{hidden}"


class Node:
    """A JSON-RPC endpoint."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self.name = redact(url)
        self._url = url
        self._timeout = ClientTimeout(total=timeout_s)
        self._session: ClientSession | None = None

    def __repr__(self) -> str:
        return f"Node({self.name})"

    async def call(self, call: Call) -> Any:  # noqa: ANN401 - whatever the method answers
        """Send one request.

        Raises:
            RpcError: the node refused it.
            NodeFault: another node should be asked.
        """
        return _result(call, await self._post(_request(call, 0)))

    async def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Send requests in one message; a refused one is an `RpcError` in its place. Raises `NodeFault`."""
        replies = await self._post([_request(call, index) for index, call in enumerate(calls)])
        if not isinstance(replies, list):
            raise NodeFault(f"{self.name}: does not answer batches")
        by_id = {reply.get("id"): reply for reply in replies if isinstance(reply, dict)}
        return [_outcome(call, by_id.get(index)) for index, call in enumerate(calls)]

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: object) -> Any:  # noqa: ANN401
        if self._session is None:  # not earlier: a session belongs to a running loop
            self._session = ClientSession(timeout=self._timeout, headers={"Content-Type": "application/json"})
        try:
            async with self._session.post(self._url, data=msgspec.json.encode(body)) as response:
                response.raise_for_status()
                return msgspec.json.decode(await response.read())
        except (ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            raise self._fault(error) from None

    def _fault(self, error: Exception) -> NodeFault:
        status = f" {error.status}" if isinstance(error, ClientResponseError) else ""
        return NodeFault(f"{self.name}: {type(error).__name__}{status}")


def _request(call: Call, identity: int) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": identity, "method": call.method, "params": call.parameters}


def _outcome(call: Call, reply: Any) -> Any:  # noqa: ANN401
    try:
        return _result(call, reply)
    except RpcError as error:
        return error


def _result(call: Call, reply: Any) -> Any:  # noqa: ANN401
    if not isinstance(reply, dict):
        raise NodeFault(f"{call.method}: the answer is not an object")
    error = reply.get("error")
    if error is None:
        return reply.get("result")
    if not isinstance(error, dict):
        raise RpcError(call.method, code=0, message=str(error)[:200])
    code = int(error.get("code") or 0)
    if code == RATE_LIMITED:
        raise NodeFault(f"{call.method}: rate limited")
    raise RpcError(call.method, code=code, message=str(error.get("message"))[:400], data=_data(error.get("data")))


def _data(data: Any) -> bytes | None:  # noqa: ANN401
    """The revert payload; clients put it directly or one level down."""
    if isinstance(data, dict):
        data = data.get("data") or data.get("result")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return from_hex(data)
        except ValueError:
            return None
    return None
