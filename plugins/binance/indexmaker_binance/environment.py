"""Where the venue is: one setting that moves every base URL, so that parts of two worlds are never mixed.

python-binance's own `testnet` switch leaves `/sapi` (deposits and withdrawals) on the live exchange; here all four
addresses come from the same choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from indexmaker_binance.errors import EnvironmentRefusedError

__all__ = ["CustomEnvironment", "Endpoints", "EnvironmentSetting", "resolve"]


class CustomEnvironment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An exchange of one's own. `base` is enough; the others are derived from it unless given."""

    base: str
    """Such as `http://127.0.0.1:8800`, without a path."""
    rest: str = ""
    """Base of `/api`; empty: `base`."""
    sapi: str = ""
    """Base of `/sapi`; empty: `base`."""
    ws_api: str = ""
    """The whole WebSocket API address; empty: `base` with the scheme ws(s) and `/ws-api/v3`."""
    stream: str = ""
    """Base of the market streams; empty: `base` with the scheme ws(s)."""


EnvironmentSetting = Literal["live", "testnet"] | CustomEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Addresses without trailing slash; `sapi` is empty where the world has no wallet interface."""

    world: str
    rest: str
    sapi: str
    ws_api: str
    stream: str


_LIVE = Endpoints(
    world="live",
    rest="https://api.binance.com",
    sapi="https://api.binance.com",
    ws_api="wss://ws-api.binance.com/ws-api/v3",
    stream="wss://stream.binance.com:9443",
)
_TESTNET = Endpoints(
    world="testnet",
    rest="https://testnet.binance.vision",
    sapi="",
    ws_api="wss://ws-api.testnet.binance.vision/ws-api/v3",
    stream="wss://stream.testnet.binance.vision",
)
_SCHEMES = {"http": "ws", "https": "wss"}


def resolve(setting: EnvironmentSetting) -> Endpoints:
    """The addresses of a setting.

    Raises:
        EnvironmentRefusedError: an address is malformed, or belongs to another world than `base`.
    """
    if setting == "live":
        return _LIVE
    if setting == "testnet":
        return _TESTNET
    assert isinstance(setting, CustomEnvironment)
    base = _checked("base", setting.base, schemes=tuple(_SCHEMES))
    scheme, _, place = base.partition("://")
    socket = f"{_SCHEMES[scheme]}://{place}"
    found = Endpoints(
        world=_world(base),
        rest=_checked("rest", setting.rest or base, schemes=tuple(_SCHEMES)),
        sapi=_checked("sapi", setting.sapi or base, schemes=tuple(_SCHEMES)),
        ws_api=_checked("ws_api", setting.ws_api or f"{socket}/ws-api/v3", schemes=tuple(_SCHEMES.values())),
        stream=_checked("stream", setting.stream or socket, schemes=tuple(_SCHEMES.values())),
    )
    for name in ("rest", "sapi", "ws_api", "stream"):
        url = getattr(found, name)
        if _world(url) != found.world:
            raise EnvironmentRefusedError(
                f"environment.{name}: {url} belongs to {_world(url)}, but environment.base to {found.world};"
                " name one environment for all addresses"
            )
    if found.world != "custom":
        raise EnvironmentRefusedError(
            f'environment.base: {base} is Binance\'s own; say "environment": "{found.world}" instead'
        )
    return found


def _checked(field: str, url: str, *, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname or "{" in url or parts.query or parts.fragment:
        raise EnvironmentRefusedError(
            f"environment.{field}: {url!r} is not an address such as {schemes[0]}://host:port"
        )
    if parts.username or parts.password:
        raise EnvironmentRefusedError(f"environment.{field}: an address carries no user name or password")
    return url.rstrip("/")


def _world(url: str) -> str:
    host = urlsplit(url).hostname or ""
    if host.endswith("testnet.binance.vision"):
        return "testnet"
    if host.endswith((".binance.com", ".binance.vision", ".binance.us")) or host == "binance.com":
        return "live"
    return "custom"
