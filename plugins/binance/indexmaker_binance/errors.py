"""What can go wrong at the venue.

BinanceError
├── EnvironmentRefusedError   the base URLs do not belong together; a human must mend the configuration
├── UnknownNetworkError       a chain for which the venue's name of the network is not known
├── FilterRefusedError        a trading rule forbids the order; it was not sent
├── NotReachedError           the request did not leave this machine; it may be sent again
├── VenueRefusedError         the venue answered with an error code: nothing happened
│   └── VenueBusyError        too many requests; `retry_after_ms` says when to try again
├── ResultUnknownError        sent, but not known whether it took effect; ask before sending again
└── StreamBrokenError         a socket ended or misbehaved; connect anew and reconcile
"""

from __future__ import annotations

__all__ = [
    "BinanceError",
    "EnvironmentRefusedError",
    "FilterRefusedError",
    "NotReachedError",
    "ResultUnknownError",
    "StreamBrokenError",
    "UnknownNetworkError",
    "VenueBusyError",
    "VenueRefusedError",
    "refusal",
]

UNKNOWN_RESULT_CODES = frozenset({-1000, -1001, -1006, -1007})
"""Codes after which the venue may have carried out the request."""

_RATE_CODES = frozenset({-1003, -1008, -1015})
_DEFAULT_BACK_OFF_MS = 1_000


class BinanceError(Exception):
    """Anything that a call to the venue can raise."""


class EnvironmentRefusedError(BinanceError):
    """Base URLs of different worlds (live, testnet, own exchange) were mixed."""


class UnknownNetworkError(BinanceError):
    """A chain for which the venue's name of the network is not known."""


class FilterRefusedError(BinanceError):
    """An order that the venue would refuse; `rule` is the venue's name of the filter."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"{rule}: {message}")
        self.rule = rule


class NotReachedError(BinanceError):
    """No connection was made, so the request certainly did not arrive."""


class VenueRefusedError(BinanceError):
    """The venue said no. `code` is Binance's code (0 when it gave none), `status` the HTTP status."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(f"the venue refused: {message} (code {code}, status {status})")
        self.code = code
        self.message = message
        self.status = status


class VenueBusyError(VenueRefusedError):
    """The venue, or our own budget, has no room now."""

    def __init__(self, message: str, *, retry_after_ms: int, code: int = 0, status: int = 429) -> None:
        super().__init__(code, message, status=status)
        self.retry_after_ms = retry_after_ms


class ResultUnknownError(BinanceError):
    """No definite answer came: a timeout, a lost connection, a fault inside the venue."""


class StreamBrokenError(BinanceError):
    """A WebSocket connection can no longer be trusted."""


def refusal(status: int, code: int, message: str, *, retry_after: str | None) -> BinanceError:
    """The error for a reply that is not a success. `retry_after` is the header in seconds, if any."""
    if status in (418, 429) or code in _RATE_CODES:
        wait = int(retry_after) * 1_000 if retry_after and retry_after.isdecimal() else _DEFAULT_BACK_OFF_MS
        return VenueBusyError(message, retry_after_ms=wait, code=code, status=status)
    if status >= 500 or code in UNKNOWN_RESULT_CODES:
        return ResultUnknownError(
            f"the venue does not say whether it was done: {message} (code {code}, status {status})"
        )
    return VenueRefusedError(code, message, status=status)
