"""A client of the REST face that signs as the public documentation says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from indexmaker.gateways.binance import Venue
from indexmaker.gateways.binance.signing import sign

SECRET = "the-secret-of-{}"
Answer = tuple[int, Any]
"""HTTP status and decoded JSON."""


class Trader:
    """A client of one account. Replies are (status, JSON)."""

    def __init__(self, venue: Venue, session: aiohttp.ClientSession, base: str, name: str) -> None:
        self.venue = venue
        self.session = session
        self.base = base
        self.key = name
        self.secret = SECRET.format(name)
        self.headers: dict[str, str] = {}

    def now(self) -> int:
        return self.venue.clock.now() // 1_000_000

    def signed(self, **parameters: object) -> dict[str, str]:
        sent = {name: str(value) for name, value in parameters.items()}
        sent.setdefault("timestamp", str(self.now()))
        sent["signature"] = sign(urlencode(sent), secret=self.secret)
        return sent

    async def raw(self, method: str, path: str, *, query: str = "", body: str = "", key: str | None = None) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if key:
            headers["X-MBX-APIKEY"] = key
        url = f"{self.base}{path}" + (f"?{query}" if query else "")
        async with self.session.request(method, URL(url, encoded=True), data=body or None, headers=headers) as answer:
            self.headers = dict(answer.headers)
            return answer.status, await answer.json()

    async def public(self, path: str, **parameters: object) -> Answer:
        return await self.raw("GET", path, query=urlencode(parameters))

    async def get(self, path: str, **parameters: object) -> Answer:
        return await self.raw("GET", path, query=urlencode(self.signed(**parameters)), key=self.key)

    async def post(self, path: str, **parameters: object) -> Answer:
        return await self.raw("POST", path, body=urlencode(self.signed(**parameters)), key=self.key)

    async def delete(self, path: str, **parameters: object) -> Answer:
        return await self.raw("DELETE", path, body=urlencode(self.signed(**parameters)), key=self.key)

    async def order(self, **changes: object) -> Answer:
        order = {"symbol": "BTCUSDC", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        order |= {"quantity": "0.1", "price": "100000"} | changes
        return await self.post("/api/v3/order", **{k: v for k, v in order.items() if v is not None})
