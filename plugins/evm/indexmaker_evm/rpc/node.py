"""One node: requests and batches over web3's HTTP provider, errors told apart, its URL never shown whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponseError, ClientTimeout
from web3 import AsyncHTTPProvider
from web3.types import RPCEndpoint

from indexmaker_evm.errors import RpcError
from indexmaker_evm.rpc.hexadecimal import from_hex

__all__ = ["Call", "Node", "NodeFault", "redact"]

logging.getLogger("web3").setLevel(logging.WARNING)  # below that it writes URLs with their keys

RATE_LIMITED = -32005
INTERNAL = -32603


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
        self._provider = AsyncHTTPProvider(
            url,
            request_kwargs={"timeout": ClientTimeout(total=timeout_s)},
            exception_retry_configuration=None,
        )

    def __repr__(self) -> str:
        return f"Node({self.name})"

    async def call(self, call: Call) -> Any:  # noqa: ANN401 - whatever the method answers
        """Send one request.

        Raises:
            RpcError: the node refused it.
            NodeFault: another node should be asked.
        """
        try:
            reply: Any = await self._provider.make_request(RPCEndpoint(call.method), call.parameters)
        except (ClientError, TimeoutError, OSError, json.JSONDecodeError) as error:
            raise self._fault(error) from None
        return _result(call, reply)

    async def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Send requests in one message; a refused one is an `RpcError` in its place. Raises `NodeFault`."""
        requests = [(RPCEndpoint(call.method), call.parameters) for call in calls]
        try:
            replies: Any = await self._provider.make_batch_request(requests)
        except (ClientError, TimeoutError, OSError, json.JSONDecodeError) as error:
            raise self._fault(error) from None
        if not isinstance(replies, list) or len(replies) != len(calls):
            raise NodeFault(f"{self.name}: answered a batch of {len(calls)} incompletely")
        return [_outcome(call, reply) for call, reply in zip(calls, replies, strict=True)]

    async def close(self) -> None:
        """Close the connections."""
        await self._provider.disconnect()

    def _fault(self, error: Exception) -> NodeFault:
        status = f" {error.status}" if isinstance(error, ClientResponseError) else ""
        return NodeFault(f"{self.name}: {type(error).__name__}{status}")


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
