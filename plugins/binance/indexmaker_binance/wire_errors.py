"""The venue's errors as those that cross the wire."""

from __future__ import annotations

from indexmaker.connectors.errors import (
    AmbiguousError,
    AuthenticationError,
    ConnectorError,
    RateLimitedError,
    RejectedError,
    TransientError,
)
from indexmaker_binance.errors import (
    BinanceError,
    NotReachedError,
    ResultUnknownError,
    StreamBrokenError,
    VenueBusyError,
    VenueRefusedError,
)

__all__ = ["wire_error"]

_KEY_CODES = frozenset({-1002, -1022, -2014, -2015})


def wire_error(error: BinanceError, *, reading: bool = True) -> ConnectorError:
    """What to tell a caller. A question (`reading`) without answer may simply be asked again."""
    if isinstance(error, VenueBusyError):
        return RateLimitedError(str(error), retry_after_ms=error.retry_after_ms)
    if isinstance(error, VenueRefusedError) and (error.code in _KEY_CODES or error.status in (401, 403)):
        return AuthenticationError(str(error))
    if isinstance(error, NotReachedError | StreamBrokenError):
        return TransientError(str(error))
    if isinstance(error, ResultUnknownError):
        return TransientError(str(error)) if reading else AmbiguousError(str(error))
    return RejectedError(str(error))
