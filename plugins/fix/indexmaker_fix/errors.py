"""What can go wrong in the gateway.

FixError
├── GarbledError         a frame without a readable header: it has no place in the sequence
├── FaultyError          a message that breaks the dictionary or a rule; carries what to answer
├── LogonRefusedError    the connection may not become a session
└── StoreEndedError      the gateway stops; nothing can be kept any more
"""

from __future__ import annotations

import msgspec

__all__ = [
    "BusinessReason",
    "Fault",
    "FaultyError",
    "FixError",
    "GarbledError",
    "LogonRefusedError",
    "SessionReason",
    "StoreEndedError",
]


class SessionReason:
    """Values of SessionRejectReason(373)."""

    REQUIRED_MISSING = "1"
    NOT_FOR_MESSAGE = "2"
    UNDEFINED = "3"
    NO_VALUE = "4"
    OUT_OF_RANGE = "5"
    WRONG_FORMAT = "6"
    COMP_ID = "9"
    SENDING_TIME = "10"
    INVALID_TYPE = "11"
    OTHER = "99"


class BusinessReason:
    """Values of BusinessRejectReason(380)."""

    OTHER = "0"
    UNKNOWN_ID = "1"
    UNSUPPORTED_TYPE = "3"
    NOT_AVAILABLE = "4"
    CONDITION_MISSING = "5"
    NOT_AUTHORIZED = "6"
    THROTTLED = "8"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message has no effect. `business` says which kind of reject answers it; `tag` 0 means no field."""

    reason: str
    text: str
    tag: int = 0
    business: bool = False
    reference: str = ""


class FixError(Exception):
    """Anything that the gateway refuses."""


class GarbledError(FixError):
    """A frame from which not even type and sequence number can be read."""

    def __init__(self, text: str, *, reason: str = SessionReason.WRONG_FORMAT, tag: int = 0) -> None:
        super().__init__(text)
        self.fault = Fault(reason=reason, text=text, tag=tag)


class FaultyError(FixError):
    """A readable message that must be rejected."""

    def __init__(self, reason: str, text: str, *, tag: int = 0, business: bool = False, reference: str = "") -> None:
        super().__init__(text)
        self.fault = Fault(reason=reason, text=text, tag=tag, business=business, reference=reference)


class LogonRefusedError(FixError):
    """The logon is not accepted; the text goes to the client in a Logout."""


class StoreEndedError(FixError):
    """The store was closed: the gateway is stopping."""
