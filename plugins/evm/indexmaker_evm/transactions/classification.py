"""What nodes say when they are given a transaction: there is no standard, so the texts are sorted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

from indexmaker_evm.errors import RpcError

__all__ = ["Verdict", "classify", "is_revert", "judge"]


class Verdict(IntEnum):
    """A node's answer, the better the higher: of several nodes' answers the best one counts."""

    REFUSED = 0
    """Anything unknown; the bytes are offered again later."""
    NO_FUNDS = 1
    UNDERPRICED = 2
    """The fee, or its rise over the attempt before, is too small."""
    NONCE_GAP = 3
    """An earlier transaction of ours is missing; it is offered again too."""
    NONCE_USED = 4
    """This nonce is in a block: ours most likely, the receipts tell."""
    ACCEPTED = 5
    """Taken, or known already."""


_PATTERNS: tuple[tuple[Verdict, re.Pattern[str]], ...] = tuple(
    (verdict, re.compile(pattern, re.IGNORECASE))
    for verdict, pattern in (
        (
            Verdict.ACCEPTED,
            r"already known|already imported|known transaction|existing tx with same hash",
        ),
        (Verdict.NONCE_USED, r"nonce (is )?too low|old ?nonce|invalid nonce; got|nonce has already been used"),
        (Verdict.NONCE_GAP, r"nonce (is )?too high|nonce gap|queued sub-pool is full"),
        (
            Verdict.UNDERPRICED,
            (
                r"underpriced|could not replace existing tx|fee ?too ?low|gas price too low|less than block base fee"
                r"|max fee per gas less than|fee cap less than block|below base fee"
            ),
        ),
        (Verdict.NO_FUNDS, r"insufficient funds|insufficient balance|not enough funds|doesn't have enough funds"),
    )
)


def classify(error: RpcError) -> Verdict:
    """Sort one refusal of `eth_sendRawTransaction`."""
    for verdict, pattern in _PATTERNS:
        if pattern.search(error.message):
            return verdict
    return Verdict.REFUSED


def judge(outcomes: Iterable[str | RpcError]) -> tuple[Verdict, str]:
    """The best of several nodes' answers, with its text (empty when accepted)."""
    judged = [(classify(o), o.message) if isinstance(o, RpcError) else (Verdict.ACCEPTED, "") for o in outcomes]
    verdict, text = max(judged, key=lambda item: item[0])
    return verdict, "" if verdict is Verdict.ACCEPTED else text


def is_revert(error: RpcError) -> bool:
    """Whether a call or estimate failed because the contract said no."""
    return error.code == 3 or error.data is not None or "revert" in error.message.lower()
