"""A web3 provider over HTTP with a session of its own.

web3's own one guards its sessions by one lock for the whole process, taken in a thread. A request that is cancelled
while its thread waits leaves the lock taken, and then every request of the process waits for ever.
"""

from __future__ import annotations

from typing import Any

import aiohttp
from web3.providers.async_base import AsyncJSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

__all__ = ["NodeProvider"]

TIMEOUT = aiohttp.ClientTimeout(total=30)
HEADERS = {"Content-Type": "application/json"}


class NodeProvider(AsyncJSONBaseProvider):
    """One node. Requests raise `aiohttp.ClientError` and `TimeoutError`."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:  # noqa: ANN401 - as web3 has it
        """Send one call and wait for its answer, which may be an error of the node's."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT, headers=HEADERS, raise_for_status=True)
        async with self._session.post(self._url, data=self.encode_rpc_request(method, params)) as response:
            return self.decode_rpc_response(await response.read())

    async def disconnect(self) -> None:
        """Close the session; a later request opens another one."""
        if self._session is not None:
            await self._session.close()
            self._session = None
