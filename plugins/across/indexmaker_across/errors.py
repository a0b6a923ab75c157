"""What can go wrong with a transfer; in brackets the kind that callers are told.

TransferUnknownError      [NOT_FOUND] no transfer of that id
IdReusedError             [REJECTED] the id belongs to a transfer with other terms
FeeAboveCapError          [REJECTED] the fee is above the limit
OutputBelowMinimumError   [REJECTED] less would arrive than is asked for
CancelTooLateError        [REJECTED] money is moving already
NotResolvableError        [REJECTED] the decision does not fit the transfer's state
ArrivalConflictError      [REJECTED] the confirmed credit does not fit the transfer
RouteMismatchError        [CONFIG] the contracts on the chain are not those that the configuration means

A field that breaks its rule is the kit's `InvalidFieldError`.
"""

from __future__ import annotations

from indexmaker.connectors.errors import ConfigurationError, NotFoundError, RejectedError

__all__ = [
    "ArrivalConflictError",
    "CancelTooLateError",
    "FeeAboveCapError",
    "IdReusedError",
    "NotResolvableError",
    "OutputBelowMinimumError",
    "RouteMismatchError",
    "TransferUnknownError",
]


class TransferUnknownError(NotFoundError):
    """No transfer of that id was started here."""

    def __init__(self, transfer_id: str) -> None:
        super().__init__(f"no transfer {transfer_id!r} was started here")


class IdReusedError(RejectedError):
    """The id belongs to a transfer with other terms."""

    def __init__(self, transfer_id: str) -> None:
        super().__init__(f"transfer {transfer_id!r} was started with other terms: use a new id for a new transfer")


class FeeAboveCapError(RejectedError):
    """The fee is above the limit."""

    def __init__(self, *, fee: str, amount: str, cap_bps: int) -> None:
        super().__init__(f"a fee of {fee} USDC on {amount} USDC is above the limit of {cap_bps} basis points")


class OutputBelowMinimumError(RejectedError):
    """Less would arrive than is asked for; nothing moved."""

    def __init__(self, *, output: str, minimum: str) -> None:
        super().__init__(f"{output} USDC would arrive, at least {minimum} USDC are asked for: ask for a new quote")


class CancelTooLateError(RejectedError):
    """The first irreversible step was taken."""

    def __init__(self, transfer_id: str, *, phase: str) -> None:
        super().__init__(f"transfer {transfer_id!r} is {phase}: only one that has not sent anything can be cancelled")


class NotResolvableError(RejectedError):
    """The decision does not fit the transfer's state."""


class ArrivalConflictError(RejectedError):
    """The confirmed credit does not fit the transfer."""


class RouteMismatchError(ConfigurationError):
    """The contracts on the chain are not those that the configuration means."""

    def __init__(self, place: str, *, configured: str, found: str) -> None:
        summary = f"configured is {configured}, the route contract says {found}"
        super().__init__(place, summary, "correct the configuration, or deploy a route for it")
