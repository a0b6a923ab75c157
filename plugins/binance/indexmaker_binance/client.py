"""python-binance's REST client, tied to one environment and stripped of what cannot be trusted in it.

Every base URL is set from the environment before its constructor reads them; replies are judged here, so that each
error carries its code, status and Retry-After, and nothing is kept in fields that concurrent requests share.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from Crypto.PublicKey import ECC, RSA

from binance import AsyncClient
from indexmaker_binance.environment import Endpoints
from indexmaker_binance.errors import ResultUnknownError, refusal

__all__ = ["Credentials", "Reply", "VenueClient", "check_private_key", "reply"]

_ED25519_LONGEST = 120
"""python-binance takes a longer key for RSA."""

_UNUSED = (
    "FUTURES_URL",
    "FUTURES_DATA_URL",
    "FUTURES_COIN_URL",
    "FUTURES_COIN_DATA_URL",
    "OPTIONS_URL",
    "OPTIONS_TESTNET_URL",
    "PAPI_URL",
    "WS_FUTURES_URL",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A key and either its HMAC secret or a private key (RSA or Ed25519, PEM); never shown."""

    api_key: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    private_key_pass: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Reply:
    """Headers of the reply to the request that the current task makes."""

    headers: Mapping[str, str] = field(default_factory=dict)


reply: ContextVar[Reply] = ContextVar("reply")
"""Set it to an empty `Reply` before a request to learn its headers."""


def check_private_key(credentials: Credentials) -> None:
    """Raise `ValueError` when the private key cannot be used as python-binance will use it."""
    text = credentials.private_key
    if text is None:
        return
    if len(text) > _ED25519_LONGEST:
        RSA.import_key(text, passphrase=credentials.private_key_pass)
    else:
        ECC.import_key(text)


class VenueClient(AsyncClient):  # type: ignore[misc]  # python-binance is not typed
    """One session at one environment. Make it inside a running event loop; call `close_connection` at the end."""

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        credentials: Credentials | None,
        timeout_ms: int,
        recv_window_ms: int,
    ) -> None:
        self.API_URL = f"{endpoints.rest}/api"
        self.MARGIN_API_URL = f"{endpoints.sapi}/sapi"
        self.WEBSITE_URL = endpoints.rest
        self.WS_API_URL = endpoints.ws_api
        for name in _UNUSED:
            setattr(self, name, "https://not-configured.invalid")
        key = credentials or Credentials(api_key="")
        super().__init__(
            key.api_key or None,
            key.secret,
            private_key=key.private_key,
            private_key_pass=key.private_key_pass,
        )
        self.REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=timeout_ms / 1_000)
        self.REQUEST_RECVWINDOW = recv_window_ms

    async def _handle_response(self, response: aiohttp.ClientResponse) -> Any:  # noqa: ANN401 - the venue's JSON
        box = reply.get(None)
        if box is not None:
            box.headers = dict(response.headers)
        text = await response.text()
        try:
            content = json.loads(text, parse_float=str) if text else {}
        except ValueError:
            content = None
        if response.ok and content is not None:
            return content
        if response.ok:
            raise ResultUnknownError(f"the venue answered {response.status} with something that is not JSON")
        known = content if isinstance(content, dict) else {}
        code, message = known.get("code"), known.get("msg")
        raise refusal(
            response.status,
            code if isinstance(code, int) else 0,
            str(message or response.reason or "no text"),
            retry_after=response.headers.get("Retry-After"),
        )

    def signed_frame(self, method: str, *, request_id: str) -> dict[str, Any]:
        """A signed request without parameters for the WebSocket API."""
        params = self._sign_ws_params({}, self._generate_ws_api_signature)
        return {"id": request_id, "method": method, "params": params}
