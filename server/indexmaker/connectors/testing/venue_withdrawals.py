"""Withdrawals of a scripted venue. Exact: all numbers are atoms."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import MutableMapping

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.connectors.clock import Clock
from indexmaker.connectors.testing.changes import ChangeLog
from indexmaker.connectors.testing.venue_config import (
    LoseWithdrawal,
    PayOut,
    RefuseWithdrawal,
    ScriptedWithdrawal,
    WithdrawalOutcome,
    WithdrawalTerms,
)
from indexmaker.money import format_atoms, parse_atoms

__all__ = ["VenueWithdrawals"]

Status = pb.VenueWithdrawal.Status

_PENDING = (Status.STATUS_PROCESSING, Status.STATUS_SENT)
_MADE_UP = (Status.STATUS_SENT, Status.STATUS_COMPLETED)
_GIVEN_BACK = (Status.STATUS_FAILED, Status.STATUS_REJECTED)


class VenueWithdrawals:
    """What the venue was asked to pay out. `changes` holds every change of a withdrawal."""

    def __init__(self, clock: Clock, balances: MutableMapping[str, int]) -> None:
        self._clock = clock
        self._balances = balances
        self.terms = WithdrawalTerms()
        self.script: deque[WithdrawalOutcome] = deque()
        self.known: dict[str, pb.VenueWithdrawal] = {}
        self.changes: ChangeLog[pb.VenueWithdrawal] = ChangeLog()
        self._applied: set[ScriptedWithdrawal] = set()

    def configure(
        self, terms: WithdrawalTerms, script: tuple[WithdrawalOutcome, ...], updates: tuple[ScriptedWithdrawal, ...]
    ) -> None:
        """Take the terms, append the script, and carry out updates that were not seen before."""
        self.terms = terms
        self.script.extend(script)
        for update in updates:
            if update not in self._applied:
                self._applied.add(update)
                self.move(update)

    def quote(self) -> pb.QuoteWithdrawalResponse:
        """The terms in force, the same for every asset."""
        terms = self.terms
        return pb.QuoteWithdrawalResponse(
            network=terms.network,
            fee=terms.fee,
            min_amount=terms.min_amount,
            max_amount=terms.max_amount,
            amount_step=terms.amount_step,
            enabled=terms.enabled,
            reason="" if terms.enabled else "closed by the script",
        )

    def withdraw(self, request: pb.WithdrawRequest) -> pb.WithdrawResponse:
        """Answer a request; one whose id was used before is answered with what became of it."""
        known = self.known.get(request.withdrawal_id)
        if known is not None:
            return pb.WithdrawResponse(withdrawal=known)
        if (broken := self._broken_rule(request)) is not None:
            return _refused(request, broken)
        outcome = self.script.popleft() if self.script else PayOut()
        if isinstance(outcome, RefuseWithdrawal):
            return _refused(request, outcome)
        if isinstance(outcome, LoseWithdrawal):
            if outcome.executed:
                self._take(request, PayOut())
            return _refused(request, _UNKNOWN)
        return pb.WithdrawResponse(withdrawal=self._take(request, outcome))

    def find(self, withdrawal_id: str) -> pb.VenueWithdrawal:
        """A withdrawal, or one with `NOT_FOUND`."""
        known = self.known.get(withdrawal_id)
        return known or pb.VenueWithdrawal(withdrawal_id=withdrawal_id, status=Status.STATUS_NOT_FOUND)

    def move(self, update: ScriptedWithdrawal) -> None:
        """Let a withdrawal, or all that are pending, take a step; an ended one stays as it is."""
        for withdrawal_id in [update.withdrawal_id] if update.withdrawal_id else list(self.known):
            known = self.known[withdrawal_id]
            if known.status in _PENDING:
                self._settle(known, PayOut(status=update.status, tx_hash=update.tx_hash, reason=update.reason))

    def _take(self, request: pb.WithdrawRequest, outcome: PayOut) -> pb.VenueWithdrawal:
        self._balances[request.asset] -= parse_atoms(request.amount)
        taken = pb.VenueWithdrawal(
            withdrawal_id=request.withdrawal_id,
            venue_withdrawal_id=str(len(self.known) + 1),
            amount=common_pb2.AssetAmount(asset=request.asset, amount=format_atoms(parse_atoms(request.amount))),
            fee=self.terms.fee,
            network=self.terms.network,
            address=request.address.lower(),
            status=Status.STATUS_PROCESSING,
            requested_at=self._clock.now(),
        )
        self.known[request.withdrawal_id] = taken
        return self._settle(taken, outcome)

    def _settle(self, known: pb.VenueWithdrawal, outcome: PayOut) -> pb.VenueWithdrawal:
        after = pb.VenueWithdrawal()
        after.CopyFrom(known)
        after.status = Status.Value(f"STATUS_{outcome.status}")
        if after.status in _MADE_UP:
            after.tx_hash = outcome.tx_hash or known.tx_hash or _transaction(known.withdrawal_id)
        if after.status == Status.STATUS_COMPLETED:
            after.completed_at = self._clock.now()
        if after.status in _GIVEN_BACK:
            after.reason = outcome.reason or "as the script says"
            self._balances[known.amount.asset] += parse_atoms(known.amount.amount)
        self.known[known.withdrawal_id] = after
        self.changes.append(after)
        return after

    def _broken_rule(self, request: pb.WithdrawRequest) -> RefuseWithdrawal | None:
        terms, amount = self.terms, parse_atoms(request.amount)
        if not terms.enabled:
            return RefuseWithdrawal(reject_class="HALTED", detail="closed by the script")
        too_much = parse_atoms(terms.max_amount) and amount > parse_atoms(terms.max_amount)
        if amount < parse_atoms(terms.min_amount) or too_much or amount <= parse_atoms(terms.fee):
            return RefuseWithdrawal(reject_class="FILTER", detail=f"{request.amount} is outside the limits")
        step = parse_atoms(terms.amount_step)
        if step and amount % step:
            return RefuseWithdrawal(reject_class="FILTER", detail=f"not a multiple of {terms.amount_step}")
        if amount > self._balances[request.asset]:
            return RefuseWithdrawal(reject_class="BALANCE", detail="insufficient balance")
        return None


_UNKNOWN = RefuseWithdrawal(reject_class="AMBIGUOUS", detail="the answer was lost")


def _refused(request: pb.WithdrawRequest, outcome: RefuseWithdrawal) -> pb.WithdrawResponse:
    reject = pb.WithdrawalReject(
        withdrawal_id=request.withdrawal_id,
        reject_class=pb.RejectClass.Value(f"REJECT_CLASS_{outcome.reject_class}"),
        venue_code=outcome.venue_code,
        detail=outcome.detail,
        retry_after_ms=outcome.retry_after_ms,
    )
    return pb.WithdrawResponse(reject=reject)


def _transaction(withdrawal_id: str) -> str:
    """A hash that no chain knows, the same for the same withdrawal."""
    return "0x" + hashlib.blake2b(withdrawal_id.encode(), digest_size=32).hexdigest()
