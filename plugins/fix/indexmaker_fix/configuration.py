"""What the gateway is told."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from indexmaker.connectors.errors import ConfigurationError
from indexmaker.connectors.secrets import SecretRef
from indexmaker.identifiers import AccountId, IdentifierError

__all__ = ["FixConfig", "Limits", "check_comp_ids", "listen_address"]

_LISTEN = re.compile(r"(?P<host>[^:]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})\Z")
_HIGHEST_PORT = 65_535

Count = Annotated[int, msgspec.Meta(ge=1)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much one session, and all of them, may ask for. Rates count weights: a message 1, an order 10."""

    weight_per_second: Count = 50
    """Weight that a session regains each second."""
    weight_burst: Count = 500
    """Weight that a session may use at once."""
    weights: dict[str, Count] = msgspec.field(
        default_factory=lambda: {"D": 10, "F": 5, "G": 5, "H": 5, "R": 10, "x": 5}
    )
    """Weight by MsgType; others weigh 1."""
    connections: Count = 1_000
    """Open connections, logged on or not. Over it, the oldest that is not logged on makes room."""
    connections_per_address: Count = 50
    """Open connections of one address (of one /64 of IPv6). A proxy is one address."""
    strangers: Count = 200
    """Open connections that are not logged on; over it, the oldest of them is closed."""
    pending: Count = 1_000
    """Requests of one session that wait for the core."""
    send_queue: Count = 1_000
    """Messages that wait for a client that reads slowly; then its connection is dropped."""


class FixConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Configuration of `fix`; only `core` must be given."""

    core: str
    """Address of the core: `unix:/run/indexmaker/core.sock` or `host:port`."""
    core_token: SecretRef | None = None
    """Bearer token for a core that is reached over TCP."""
    listen: str = "127.0.0.1:0"
    """`host:port` for clients. Port 0 takes a free one, and after a restart the same one while it is free."""
    comp_id: str = "INDEXMAKER"
    """The gateway's comp id: TargetCompID of what clients send."""
    comp_ids: dict[str, str] = msgspec.field(default_factory=dict)
    """SenderCompID -> account that may use it; without a list, every account has every comp id for itself."""
    logon_seconds: Annotated[int, msgspec.Meta(ge=1, le=300)] = 10
    """How long a connection may stay without a logon."""
    clock_tolerance_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 120
    """By how much SendingTime may differ from the gateway's clock."""
    keep_messages: Annotated[int, msgspec.Meta(ge=0)] = 10_000
    """How many messages that a client has acknowledged are kept for it to ask for again."""
    core_timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=600)] = 10
    """How long one call to the core may take before it is repeated."""
    limits: Limits = Limits()


def listen_address(text: str) -> tuple[str, int]:
    """Host and port; raises `ConfigurationError`."""
    match = _LISTEN.match(text)
    if match is None or int(match["port"]) > _HIGHEST_PORT:
        raise ConfigurationError("listen", f"{text[:80]!r} is not host:port", "such as 127.0.0.1:9880, or port 0")
    return match["host"].strip("[]"), int(match["port"])


def check_comp_ids(registered: dict[str, str]) -> None:
    """Hold the list of comp ids against the rule for accounts; raises `ConfigurationError`."""
    for comp_id, account in registered.items():
        try:
            AccountId.parse(account)
        except IdentifierError as error:
            raise ConfigurationError(f"comp_ids.{comp_id}", str(error), "such as 42161:0x and 40 digits") from None
