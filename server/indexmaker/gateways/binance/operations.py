"""One operation of the API: what it does, who may call it and what it costs, for REST and WebSocket API alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from indexmaker.gateways.binance.credentials import Credential
from indexmaker.gateways.binance.errors import ApiError
from indexmaker.gateways.binance.parameters import Parameters
from indexmaker.gateways.binance.rate_limits import Pool
from indexmaker.gateways.binance.signing import check_signature, check_timing
from indexmaker.gateways.binance.venue import Venue

__all__ = ["Call", "Operation", "Security", "authenticate", "perform"]


class Security(Enum):
    """What a call must prove."""

    NONE = auto()
    SIGNED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call under way. `credential` is there in signed operations."""

    venue: Venue
    parameters: Parameters
    credential: Credential | None = None

    @property
    def account(self) -> int:
        """The account of the caller of a signed operation."""
        assert self.credential is not None, "only signed operations have an account"
        return self.credential.account

    @property
    def can_withdraw(self) -> bool:
        """Whether the key of the caller may withdraw."""
        return self.credential is not None and self.credential.withdraw


Handler = Callable[[Call], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A named operation; `handle` returns what is sent as JSON.

    `weight` may depend on the parameters and counts in `pool`. A `free` operation costs its weight only when it
    fails. `counts_order` is how many new orders it counts as.
    """

    handle: Handler
    security: Security = Security.NONE
    weight: int | Callable[[Parameters], int] = 1
    pool: Pool = Pool.SPOT
    free: bool = False
    counts_order: int = 0

    def weigh(self, parameters: Parameters) -> int:
        """The request weight of a call with these parameters."""
        return self.weight if isinstance(self.weight, int) else self.weight(parameters)


def authenticate(venue: Venue, parameters: Parameters, *, key: str | None, payload: str) -> Credential:
    """Check key, time and signature of a call, in this order; raises `ApiError`."""
    credential = venue.credentials.require(key)
    check_timing(parameters, now=venue.clock.now())
    check_signature(payload, signature=parameters.text("signature"), secret=credential.secret)
    return credential


async def perform(
    operation: Operation,
    venue: Venue,
    parameters: Parameters,
    *,
    credential: Credential | None,
    address: str,
    weight: int,
) -> object:
    """Run an operation whose weight was charged already; raises `ApiError`. A refused order is not counted."""
    call = Call(venue=venue, parameters=parameters, credential=credential)
    for _ in range(operation.counts_order):
        venue.limits.count_order(call.account)
    try:
        answer = await operation.handle(call)
    except ApiError:
        if operation.counts_order:
            venue.limits.forgive_orders(call.account, operation.counts_order)
        raise
    if operation.free:
        venue.limits.refund(address, weight)
    return answer
