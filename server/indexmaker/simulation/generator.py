"""What users do and what goes wrong, drawn from a seed as it is needed: one stream of actions in order of time.

Every source has a stream of its own, so that switching one kind of fault changes no other.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from random import Random

from indexmaker.money import ATOMS
from indexmaker.simulation.actions import Action
from indexmaker.simulation.faults import FaultKind
from indexmaker.simulation.listings import LISTINGS, SECOND, UNIT, index_definitions
from indexmaker.solver.vocabulary import RejectClass

__all__ = ["USERS", "actions"]

USERS = 40
_LINKS = ("venue", "chain", "bridge", "guardian", "clients")
_DIRECTIONS = ("in", "out")
_SYMBOLS = tuple(one.symbol for one in LISTINGS)
_INDICES = tuple(one.symbol for one in index_definitions())
_MILLISECOND = SECOND // 1000
_WEIGHTS_EVERY_S = 500
_FEW = 3
"""Up to so many kinds of faults alone come eight times as often."""
_REFUSALS = (
    RejectClass.FILTER,
    RejectClass.BALANCE,
    RejectClass.RATE,
    RejectClass.UNKNOWN,
    RejectClass.OTHER,
)

_Draw = Callable[[Random], tuple[str | int, ...]]

_FAULTS: dict[FaultKind, tuple[int, _Draw]] = {
    FaultKind.LOST: (6, lambda r: (r.choice(_LINKS), r.choice(_DIRECTIONS), 0)),
    FaultKind.LATE: (6, lambda r: (r.choice(_LINKS), r.choice(_DIRECTIONS), r.randint(1, 40) * SECOND)),
    FaultKind.DOUBLED: (3, lambda r: (r.choice(_LINKS), r.choice(_DIRECTIONS), 0)),
    FaultKind.REORDERED: (3, lambda r: (r.choice(_LINKS), r.choice(_DIRECTIONS), r.randint(50, 900) * _MILLISECOND)),
    FaultKind.REJECTS: (10, lambda r: (r.choice(_REFUSALS).value,)),
    FaultKind.UNKNOWN: (12, lambda r: (r.choice(("unknown", "lost", "silent")),)),
    FaultKind.PARTIAL: (5, lambda r: (r.choice((0, 0, 10, 50, 90, 99)),)),
    FaultKind.BOOKS: (
        15,
        lambda r: (
            r.choice(_SYMBOLS),
            r.choice(("stale", "gap", "halted", "crossed", "empty")),
            r.randint(1, 20) * SECOND,
        ),
    ),
    FaultKind.REORGS: (25, lambda r: (r.choice((1, 1, 2, 2, 3, 5, 9)), r.choice((0, 0, 50)))),
    FaultKind.STUCK: (20, lambda r: (r.randint(5, 90) * SECOND,)),
    FaultKind.REVERTED: (25, lambda r: (0,)),
    FaultKind.DROPPED: (40, lambda r: (0,)),
    FaultKind.DELAYS: (
        15,
        lambda r: (r.choice(("late", "short", "operator", "withdrawal")), r.randint(5, 120) * SECOND),
    ),
    FaultKind.REFUNDS: (240, lambda r: (r.choice(("refund", "busy", "closed", "refused")), 0)),
    FaultKind.OUTAGES: (60, lambda r: (r.choice(_LINKS), r.randint(2, 45) * SECOND)),
    FaultKind.CRASHES: (
        60,
        lambda r: (r.choice(("before-commit", "after-commit", "during-dispatch")), r.randint(1, 15) * SECOND),
    ),
    FaultKind.CLOCK: (90, lambda r: (r.choice((-30, -5, -1, 1, 5, 20, 60)) * SECOND,)),
    FaultKind.HALTS: (400, lambda r: (r.randint(5, 40) * SECOND,)),
}
"""By kind: the mean distance in seconds, and what its arguments are drawn from."""


def actions(seed: int, faults: Iterable[FaultKind]) -> Iterator[Action]:
    """All actions of a seed, for ever, in order of time."""
    wanted = frozenset(faults)
    sources: list[Iterator[Action]] = [_users(seed, doubled=FaultKind.DUPLICATES in wanted), _curators(seed)]
    alone = len(wanted) <= _FEW
    for kind in FaultKind:
        if kind in wanted and kind in _FAULTS:
            mean, draw = _FAULTS[kind]
            sources.append(_trouble(seed, kind, mean / 8 if alone else mean, draw))
    return heapq.merge(*sources, key=lambda action: action.at)


def _trouble(seed: int, kind: FaultKind, mean: float, draw: _Draw) -> Iterator[Action]:
    random = Random(f"{seed}:fault:{kind}")  # noqa: S311 - a game, not a secret
    at = 0
    while True:
        at += int(random.expovariate(1 / mean) * SECOND) + 1
        yield Action(at, kind.value, draw(random))


def _users(seed: int, *, doubled: bool) -> Iterator[Action]:
    """Orders with all that belongs to them, merged by time."""
    random = Random(f"{seed}:users")  # noqa: S311
    waiting: list[tuple[int, int, Action]] = []
    at, planned = 0, 0
    for number in _numbers():
        at += int(random.expovariate(1.2) * SECOND) + 1
        while waiting and waiting[0][0] <= at:
            yield heapq.heappop(waiting)[2]
        for action in _story(random, number, at, doubled=doubled):
            planned += 1
            heapq.heappush(waiting, (action.at, planned, action))


def _curators(seed: int) -> Iterator[Action]:
    """Now and then an index gets other weights, and perhaps other assets."""
    random = Random(f"{seed}:curators")  # noqa: S311
    at = 0
    for number in _numbers():
        at += int(random.expovariate(1 / _WEIGHTS_EVERY_S) * SECOND) + 1
        parts = [random.choice((0, 0, 1, 2, 5)) for _ in LISTINGS]
        parts[random.randrange(len(parts))] += 3
        yield Action(at, "weights", (random.choice(_INDICES), f"w{number}", *parts))


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


def _story(random: Random, number: int, at: int, *, doubled: bool) -> Iterator[Action]:
    """One order from first to last: what its user does about it, and when."""
    if random.random() < 0.2:
        yield from _sale(random, number, at)
        return
    user, index, name = random.randrange(USERS), random.choice(_INDICES), f"b{number}"
    amount = _amount(random)
    way = random.random()
    if way < 0.05:
        yield Action(at, "quote", (user, name, index, amount))
        yield Action(at + SECOND, "deposit", (number, user, index, amount, 0, -1))
        return
    if way < 0.96:
        deposit_at = at + random.randint(-2, 20) * SECOND
        extra = random.choice((0, 0, 0, 1, 1000, 5 * 10**6)) * UNIT
        least, max_fee = _protection(random, amount)
        yield Action(max(at, deposit_at), "deposit", (number, user, index, amount + extra, least, max_fee))
    if way > 0.07:
        max_price = random.choice((0,) * 22 + (104, 101, 98)) * ATOMS
        max_fee = random.choice((0,) * 9 + (1,)) * (amount // 50)
        expires = random.choice((0,) * 14 + (45, 150)) * SECOND
        yield Action(at, "buy", (user, name, index, amount, max_price, max_fee, expires))
    if doubled and random.random() < 0.1:
        yield Action(at + random.randint(0, 60) * SECOND, "buy", (user, name, index, amount * 2, 0, 0, 0))
    if random.random() < 0.12:
        yield Action(at + random.randint(0, 60_000) * _MILLISECOND, "cancel", (user, name))
    if random.random() < 0.08:
        other = max(10 * ATOMS, amount * random.choice((50, 80, 100)) // 100 // UNIT * UNIT)
        yield Action(at + random.randint(0, 40_000) * _MILLISECOND, "amend", (user, name, f"m{number}", other))
    if random.random() < 0.06:
        yield Action(at + random.randint(1, 40) * SECOND, "withdraw", (number,))


def _sale(random: Random, number: int, at: int) -> Iterator[Action]:
    user, index, name = random.randrange(USERS), random.choice(_INDICES), f"s{number}"
    percent = random.choice((10, 30, 50, 100))
    least = random.choice((0,) * 6 + (90, 99)) * ATOMS
    yield Action(at, "sell", (number, user, name, index, percent, least))
    if random.random() < 0.12:
        yield Action(at + random.randint(0, 60_000) * _MILLISECOND, "cancel", (user, name))
    if random.random() < 0.06:
        yield Action(at + random.randint(1, 40) * SECOND, "withdraw", (number,))


def _amount(random: Random) -> int:
    """Mostly small, sometimes beyond every budget; in whole token units."""
    dollars = min(12_000.0, max(10.0, random.lognormvariate(5.2, 1.3)))
    cents = int(dollars * 100) if random.random() < 0.5 else int(dollars) * 100
    return cents * 10_000 * UNIT + (random.randrange(10_000) * UNIT if random.random() < 0.3 else 0)


def _protection(random: Random, amount: int) -> tuple[int, int]:
    """A request's own limits: least units for all of it, and the highest fee (-1: none)."""
    least = amount * random.choice((80, 90, 99)) // 100 // 105 if random.random() < 0.15 else 0
    fee = amount * random.choice((1, 3, 6)) // 100 // UNIT * UNIT if random.random() < 0.15 else -1
    return least, fee
