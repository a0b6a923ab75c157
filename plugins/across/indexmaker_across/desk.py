"""What callers may ask for: quotes, starts, decisions on transfers. All is journaled before it is answered."""

from __future__ import annotations

import uuid

import structlog

from indexmaker.connectors.clock import Clock
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker_across import events as ev
from indexmaker_across.config import AcrossConfig
from indexmaker_across.errors import (
    ArrivalConflictError,
    CancelTooLateError,
    FeeAboveCapError,
    IdReusedError,
    NotResolvableError,
    OutputBelowMinimumError,
    TransferUnknownError,
)
from indexmaker_across.journal import Promise, TransferJournal
from indexmaker_across.machine import apply
from indexmaker_across.quotes import Charges, Tariff, above_cap
from indexmaker_across.transfer import Leg, Phase, Terms, Transfer
from indexmaker_across.usdc import read_usdc, usdc_text
from indexmaker_evm.transactions.journal import TransactionJournal

__all__ = ["Desk"]

log = structlog.get_logger(__name__)
SECOND = 1_000_000_000


class Desk:
    """Quotes, and changes of transfers that come from outside."""

    def __init__(
        self,
        journal: TransferJournal,
        transactions: TransactionJournal,
        tariff: Tariff,
        *,
        back: Tariff | None = None,
        config: AcrossConfig,
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._transactions = transactions
        self._tariff = tariff
        self._back = back
        self._config = config
        self._clock = clock
        self._least = read_usdc(config.min_amount, field="min_amount")
        self._most = read_usdc(config.max_amount, field="max_amount")

    async def quote(
        self, source: str, destination: str, *, amount: int, cap_bps: int, returns: bool = False
    ) -> Promise:
        """What a transfer would cost, one that `returns` from a venue too; `cap_bps` 0 asks for no limit but our own.

        Raises:
            InvalidFieldError: the amount is outside the route's limits.
            FeeAboveCapError: the fee is above a limit.
        """
        charges = await self._charges(amount, cap_bps=cap_bps, returns=returns)
        now = self._clock.now()
        promise = Promise(
            quote_id=uuid.uuid4().hex,
            source=source,
            destination=destination,
            amount=amount,
            charges=charges,
            expires_at=now + self._config.quote_ttl_s * SECOND,
        )
        self._journal.promise(promise, now=now)
        return promise

    async def start(self, terms: Terms) -> Transfer:
        """Accept a transfer, or answer with the one of this id as it stands.

        It is priced anew, and by a quote that is still in force only when that promises more than is available now.

        Raises:
            IdReusedError: the id belongs to a transfer with other terms.
            FeeAboveCapError, OutputBelowMinimumError, InvalidFieldError: refused; nothing is remembered.
        """
        known = self._known(terms)
        if known is not None:
            return known
        returns = bool(terms.source_tx)
        charges = self._promised(terms, await self._charges(terms.amount, cap_bps=0, returns=returns))
        known = self._known(terms)
        if known is not None:
            return known
        now = self._clock.now()
        transfer = Transfer(
            terms=terms,
            output=terms.amount - charges.total,
            charges=charges,
            phase=Phase.COLLECTING if returns else Phase.CREATED,
            since=now,
            changed_at=now,
        )
        self._journal.record(transfer, ev.Started())
        log.info("transfer_started", transfer_id=terms.transfer_id, amount=terms.amount, recipient=terms.recipient)
        return transfer

    def get(self, transfer_id: str) -> Transfer:
        """A transfer as it stands; raises `TransferUnknownError`."""
        transfer = self._journal.get(transfer_id)
        if transfer is None:
            raise TransferUnknownError(transfer_id)
        return transfer

    def cancel(self, transfer_id: str) -> Transfer:
        """Stop a transfer that has not sent anything; raises `CancelTooLateError`."""
        transfer = self.get(transfer_id)
        if transfer.phase is Phase.CANCELLED:
            return transfer
        return self._change(transfer, ev.Cancelled()) or self._refuse(
            CancelTooLateError(transfer_id, phase=transfer.phase.value)
        )

    def confirm_arrival(self, transfer_id: str, *, external_id: str, amount: int) -> Transfer:
        """The venue has credited it; raises `ArrivalConflictError` when that cannot be."""
        transfer = self.get(transfer_id)
        if transfer.phase is Phase.COMPLETED and transfer.external_id == external_id:
            return transfer
        if transfer.received and amount != transfer.received:
            credited, sent = usdc_text(amount), usdc_text(transfer.received)
            raise ArrivalConflictError(f"{credited} USDC were credited to {transfer_id!r}, but {sent} USDC were sent")
        return self._change(transfer, ev.ArrivalConfirmed(external_id=external_id)) or self._refuse(
            ArrivalConflictError(f"transfer {transfer_id!r} is {transfer.phase}: nothing of it can be credited now")
        )

    def resolve(self, transfer_id: str, decision: ev.Retried | ev.RefundAccepted | ev.Abandoned) -> Transfer:
        """An operator's decision; raises `NotResolvableError` when the state does not allow it."""
        transfer = self.get(transfer_id)
        if not decision.operator:
            raise InvalidFieldError("operator", "say who decides")
        if isinstance(decision, ev.Retried) and transfer.failed:
            leg = {Phase.PAYING: Leg.PAYMENT, Phase.CLAIMING: Leg.CLAIM}.get(transfer.phase, Leg.DEPOSIT)
            record = self._transactions.get(transfer.command_id(leg))
            if record is not None and record.open:
                raise NotResolvableError(f"the failed {leg} of {transfer_id!r} is not final yet: retry when it is")
        return self._change(transfer, decision) or self._refuse(
            NotResolvableError(f"transfer {transfer_id!r} is {transfer.phase}: this cannot be decided for it")
        )

    async def _charges(self, amount: int, *, cap_bps: int, returns: bool) -> Charges:
        tariff = self._back if returns else self._tariff
        assert tariff is not None, "a route that is not served was refused before"
        if not self._least <= amount <= self._most:
            limits = f"{usdc_text(self._least)} to {usdc_text(self._most)} USDC"
            raise InvalidFieldError("amount_in", f"{usdc_text(amount)} is outside the route's limits, {limits}")
        charges = await tariff.quotes.charges(amount)
        caps = (cap_bps or None, self._config.max_fee_bps, tariff.route_cap_bps())
        cap = min(one for one in caps if one is not None)
        if above_cap(charges.total, amount=amount, cap_bps=cap):
            raise FeeAboveCapError(fee=usdc_text(charges.total), amount=usdc_text(amount), cap_bps=cap)
        return charges

    def _promised(self, terms: Terms, fresh: Charges) -> Charges:
        """The fresh price if it is good enough, else that of a quote in force; raises `OutputBelowMinimumError`."""
        if terms.amount - fresh.total >= terms.min_out:
            return fresh
        now = self._clock.now()
        promises = self._journal.promises(terms.source, terms.destination, amount=terms.amount, now=now)
        for promise in sorted(promises, key=lambda one: one.output):
            if promise.output >= terms.min_out:
                return promise.charges
        raise OutputBelowMinimumError(output=usdc_text(terms.amount - fresh.total), minimum=usdc_text(terms.min_out))

    def _known(self, terms: Terms) -> Transfer | None:
        known = self._journal.get(terms.transfer_id)
        if known is not None and known.terms != terms:
            raise IdReusedError(terms.transfer_id)
        return known

    def _change(self, transfer: Transfer, event: ev.Event) -> Transfer | None:
        changed = apply(transfer, event, at=self._clock.now())
        if changed is transfer:
            return None
        self._journal.record(changed, event)
        log.info(
            "transfer_decided", transfer_id=transfer.transfer_id, decision=type(event).__name__, phase=changed.phase
        )
        return changed

    def _refuse(self, error: Exception) -> Transfer:
        raise error
