"""HMAC-SHA256 signatures over what was sent, and the rule on when a request was sent."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from indexmaker.gateways.binance.errors import ApiError, missing
from indexmaker.gateways.binance.parameters import Parameters
from indexmaker.money import ATOMS

__all__ = ["check_signature", "check_timing", "rest_payload", "sign", "ws_payload"]

_MICROSECOND_THRESHOLD = 10**14
_MILLISECOND = 1_000_000
_AHEAD = 1000 * _MILLISECOND
_DEFAULT_WINDOW = 5000
_LONGEST_WINDOW = 60_000


def sign(payload: str, *, secret: str) -> str:
    """The lower-case hexadecimal HMAC-SHA256 of a payload."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def rest_payload(query: str, body: str) -> str:
    """What a REST signature covers: query and body exactly as sent, joined by nothing, without the signature."""
    return _without_signature(query) + _without_signature(body)


def ws_payload(parameters: Mapping[str, str]) -> str:
    """What a WebSocket API signature covers: all parameters but the signature, by name, not percent-encoded."""
    return "&".join(f"{name}={parameters[name]}" for name in sorted(parameters) if name != "signature")


def check_signature(payload: str, *, signature: str, secret: str) -> None:
    """Raise `ApiError` unless the signature (hexadecimal, any case) is that of the payload."""
    if not hmac.compare_digest(sign(payload, secret=secret).encode(), signature.lower().encode()):
        raise ApiError(-1022, "Signature for this request is not valid.")


def check_timing(parameters: Parameters, *, now: int) -> None:
    """Refuse a request from the future or older than its `recvWindow`; `now` in UTC nanoseconds.

    `timestamp` is in milliseconds or, when it is that large, in microseconds.
    """
    if not parameters.text("timestamp").isdecimal():
        raise missing("timestamp")
    sent = parameters.integer("timestamp") or 0
    sent *= 1000 if sent >= _MICROSECOND_THRESHOLD else _MILLISECOND
    window = parameters.decimal("recvWindow")
    if window is None:
        window = _DEFAULT_WINDOW * ATOMS
    if window > _LONGEST_WINDOW * ATOMS:
        raise ApiError(-1131, "recvWindow must be less than 60000")
    if sent >= now + _AHEAD:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if (now - sent) * ATOMS > window * _MILLISECOND:
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def _without_signature(text: str) -> str:
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))
