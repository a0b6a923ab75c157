"""Request weights per address and order counts per account, in fixed windows aligned to the clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from indexmaker.gateways.binance.errors import ApiError
from indexmaker.runtime import Clock

__all__ = ["Counter", "Limits", "Pool", "RateLimits", "Window"]

_SECOND = 1_000_000_000
_UNITS = {"SECOND": 1, "MINUTE": 60, "DAY": 86_400}


class Pool(Enum):
    """Which weights a request counts towards; the value names the header that tells what is used."""

    SPOT = "X-MBX-USED-WEIGHT"
    WALLET_USER = "X-SAPI-USED-UID-WEIGHT"
    WALLET_ADDRESS = "X-SAPI-USED-IP-WEIGHT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """`limit` per `number` intervals (`SECOND`, `MINUTE`, `DAY`)."""

    interval: str
    number: int
    limit: int

    @property
    def seconds(self) -> int:
        """Length of the window."""
        return _UNITS[self.interval] * self.number

    @property
    def suffix(self) -> str:
        """As header names spell it: `1M`, `10S`, `1D`."""
        return f"{self.number}{self.interval[0]}"

    def describe(self, kind: str) -> dict[str, object]:
        """As `exchangeInfo` shows it."""
        return {
            "rateLimitType": kind,
            "interval": self.interval,
            "intervalNum": self.number,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits in force; the defaults are Binance's."""

    weight: Window = Window(interval="MINUTE", number=1, limit=6000)
    orders: tuple[Window, ...] = (
        Window(interval="SECOND", number=10, limit=100),
        Window(interval="DAY", number=1, limit=200_000),
    )
    requests: Window = Window(interval="MINUTE", number=5, limit=300_000)
    stream_messages: Window = Window(interval="SECOND", number=1, limit=5)
    """What one connection to the public streams may send."""
    wallet_user: Window = Window(interval="MINUTE", number=1, limit=180_000)
    """Weight of withdrawal requests."""
    wallet_address: Window = Window(interval="SECOND", number=1, limit=180_000)
    """Weight of readings of the withdrawal history."""

    def describe(self) -> list[dict[str, object]]:
        """The `rateLimits` of `exchangeInfo`."""
        shown = [self.weight.describe("REQUEST_WEIGHT")]
        shown += [window.describe("ORDERS") for window in self.orders]
        return [*shown, self.requests.describe("RAW_REQUESTS")]


class Counter:
    """Counts per key within the current window; an old window is forgotten whole."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._number = -1
        self._counts: dict[object, int] = {}

    def add(self, key: object, count: int, *, now: int) -> int:
        """Count, and return the count so far; never below zero."""
        counts = self._current(now)
        counts[key] = max(counts.get(key, 0) + count, 0)
        return counts[key]

    def used(self, key: object, *, now: int) -> int:
        """The count so far."""
        return self._current(now).get(key, 0)

    def ends_at(self) -> int:
        """When the current window ends, UTC nanoseconds."""
        return (self._number + 1) * self.window.seconds * _SECOND

    def _current(self, now: int) -> dict[object, int]:
        number = now // (self.window.seconds * _SECOND)
        if number != self._number:
            self._number = number
            self._counts = {}
        return self._counts


class RateLimits:
    """Counts what clients use and refuses what is too much."""

    def __init__(self, limits: Limits, *, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._pools = {
            Pool.SPOT: Counter(limits.weight),
            Pool.WALLET_USER: Counter(limits.wallet_user),
            Pool.WALLET_ADDRESS: Counter(limits.wallet_address),
        }
        self._weight = self._pools[Pool.SPOT]
        self._requests = Counter(limits.requests)
        self._orders = [Counter(window) for window in limits.orders]

    def charge(self, address: str, weight: int, *, pool: Pool = Pool.SPOT) -> None:
        """Count a request; raises `ApiError` (429) when the address has used too much."""
        now = self._clock.now()
        counter = self._pools[pool]
        window = counter.window
        if counter.add(address, weight, now=now) > window.limit:
            text = (
                f"Too much request weight used; current limit is {window.limit} request weight per {window.number} "
                f"{window.interval}. Please use WebSocket Streams for live updates to avoid polling the API."
            )
            raise self._refusal(-1003, text, counter, now)
        if self._requests.add(address, 1, now=now) > self.limits.requests.limit:
            limit = self.limits.requests.limit
            raise self._refusal(-1003, f"Too many requests; current limit is {limit}.", self._requests, now)

    def refund(self, address: str, weight: int) -> None:
        """Take back what a successful order or cancel does not cost."""
        self._weight.add(address, -weight, now=self._clock.now())

    def count_order(self, account: int) -> None:
        """Count a new order; raises `ApiError` (429) when the account has too many unfilled ones."""
        now = self._clock.now()
        for counter in self._orders:
            window = counter.window
            if counter.used(account, now=now) >= window.limit:
                text = (
                    f"Too many new orders; current limit is {window.limit} orders per "
                    f"{window.number} {window.interval}."
                )
                raise self._refusal(-1015, text, counter, now)
        for counter in self._orders:
            counter.add(account, 1, now=now)

    def forgive_orders(self, account: int, count: int) -> None:
        """Lower an account's count of unfilled orders after a fill."""
        now = self._clock.now()
        for counter in self._orders:
            counter.add(account, -count, now=now)

    def weight_used(self, address: str) -> int:
        """Weight that an address has used in this window."""
        return self._weight.used(address, now=self._clock.now())

    def headers(self, address: str, account: int | None, *, pool: Pool = Pool.SPOT) -> dict[str, str]:
        """Headers for REST; those of orders only with an account."""
        if pool is not Pool.SPOT:
            counter = self._pools[pool]
            return {f"{pool.value}-{counter.window.suffix}": str(counter.used(address, now=self._clock.now()))}
        used = str(self.weight_used(address))
        shown = {"X-MBX-USED-WEIGHT": used, f"X-MBX-USED-WEIGHT-{self.limits.weight.suffix}": used}
        if account is not None:
            for window, count in self._order_counts(account):
                shown[f"X-MBX-ORDER-COUNT-{window.suffix}"] = str(count)
        return shown

    def report(self, address: str, account: int | None) -> list[dict[str, object]]:
        """The `rateLimits` of a WebSocket API reply; those of orders only with an account."""
        weight = {**self.limits.weight.describe("REQUEST_WEIGHT"), "count": self.weight_used(address)}
        if account is None:
            return [weight]
        return [*self.order_report(account), weight]

    def order_report(self, account: int) -> list[dict[str, object]]:
        """An account's order counts as `rateLimit/order` shows them."""
        counts = self._order_counts(account)
        return [{**window.describe("ORDERS"), "count": count} for window, count in counts]

    def _order_counts(self, account: int) -> list[tuple[Window, int]]:
        now = self._clock.now()
        return [(counter.window, counter.used(account, now=now)) for counter in self._orders]

    def _refusal(self, code: int, text: str, counter: Counter, now: int) -> ApiError:
        ends_at = counter.ends_at()
        seconds = -(-(ends_at - now) // _SECOND)
        return ApiError(code, text, status=429, retry_after=seconds, retry_at=ends_at // 1_000_000)
