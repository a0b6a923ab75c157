"""The first words between a host and a plugin: a cookie and a token in the environment, one JSON line back."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping

import msgspec

from indexmaker.connectors.errors import HandshakeError

__all__ = [
    "CONTRACT_MAX",
    "CONTRACT_MIN",
    "TOKEN_HEADER",
    "Handshake",
    "Invitation",
    "invitation_environment",
    "invite",
    "parse_handshake",
    "take_invitation",
]

CONTRACT_MIN = 1
"""Lowest version of the connector contract that this package speaks."""
CONTRACT_MAX = 1
"""Highest version of the connector contract that this package speaks."""
TOKEN_HEADER = "x-plugin-token"  # noqa: S105 - the name of a header
"""gRPC metadata key of the token on calls that change a plugin's life: Configure, Drain, Shutdown."""

_COOKIE_NAME = "INDEXMAKER_PLUGIN_COOKIE"
_COOKIE = "c0ffee-1-connector"
_TOKEN_NAME = "INDEXMAKER_PLUGIN_TOKEN"  # noqa: S105 - the name of a variable


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin's first line: `{"v":1,"contract":[1,1],"net":"unix","addr":"unix:/…","pid":1,"instance":"…"}`.

    `cert` is the PEM certificate to expect on a network address; empty on a unix socket.
    """

    v: int
    contract: tuple[int, int]
    net: str
    addr: str
    pid: int
    instance: str
    cert: str = ""

    def line(self) -> bytes:
        """The line with its newline."""
        return msgspec.json.encode(self) + b"\n"


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What a host gives to the process that it starts; the token must not be shown."""

    token: str

    def __repr__(self) -> str:
        return "Invitation()"


def invite() -> Invitation:
    """An invitation from this process, with a new token."""
    return Invitation(token=secrets.token_hex(16))


def invitation_environment(invitation: Invitation) -> dict[str, str]:
    """The environment variables that carry an invitation."""
    return {_COOKIE_NAME: _COOKIE, _TOKEN_NAME: invitation.token}


def take_invitation(environment: MutableMapping[str, str]) -> Invitation | None:
    """Read the invitation and remove it from the environment; None when a person started the process.

    The cookie is no security: it only tells a host from a person.
    """
    cookie = environment.pop(_COOKIE_NAME, "")
    token = environment.pop(_TOKEN_NAME, "")
    if cookie != _COOKIE or not token:
        return None
    return Invitation(token=token)


def parse_handshake(line: bytes, *, expected_address: str) -> Handshake:
    """Read and judge a plugin's first line; raises `HandshakeError` that says what does not fit."""
    try:
        handshake = msgspec.json.decode(line, type=Handshake)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        shown = line[:120].decode("utf-8", "replace")
        raise HandshakeError(f"first line {shown!r} is no handshake: {error}") from None
    if handshake.v != 1:
        raise HandshakeError(f"handshake version {handshake.v} is not known; this host reads version 1")
    lowest, highest = handshake.contract
    if max(lowest, CONTRACT_MIN) > min(highest, CONTRACT_MAX):
        raise HandshakeError(
            f"the plugin speaks contract versions {lowest} to {highest}, this host {CONTRACT_MIN} to {CONTRACT_MAX}; "
            "upgrade the older of the two"
        )
    if handshake.addr != expected_address:
        raise HandshakeError(f"the plugin listens on {handshake.addr}, but was told {expected_address}")
    return handshake
