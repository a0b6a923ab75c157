"""The guardian's own record: facts kept as they were journaled, and a replica of the engine for what only it decides.

What happened outside (deposits, escrows, trades, quotes, credits, books, the orders as submitted, the baskets as
defined) is taken from the events. Of the replica, which is fed from the journal and not from the core, come only
decisions: which amendments were taken, who shares a transfer, which lots others have, what a basket was rebalanced to.
By its shape it is an engine of the solver's journal, so that recovery and verification of journals serve it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from indexmaker.solver import events as ev
from indexmaker.solver.commands import Invoice, RedemptionInvoice, SolverCommand, SolverReport
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.errors import StateError
from indexmaker.solver.evidence_record import EvidenceRecord, fold
from indexmaker.solver.facts import facts_of
from indexmaker.solver.guardian import (
    Check,
    ContextFacts,
    Discrepancy,
    TransferFacts,
    trade_key,
    verify_context,
    verify_invoice,
)
from indexmaker.solver.redemption_facts import redemption_facts_of
from indexmaker.solver.redemption_guardian import verify_redemption
from indexmaker.solver.state import Index, SolverState

__all__ = ["Account", "Evidence"]

Account = Invoice | RedemptionInvoice
"""What is judged: the account of a buy or of a sell order."""


class _Dump(msgspec.Struct):
    record: EvidenceRecord
    replica: msgspec.Raw


class Evidence:
    """Fed with every event of the journal from the first on; judges accounts by what it has seen."""

    name = SolverEngine.name
    schema_version = SolverEngine.schema_version
    event_type: Any = SolverEngine.event_type

    def __init__(self) -> None:
        self._replica = SolverEngine()
        self._record = EvidenceRecord()

    @property
    def state(self) -> SolverState:
        """What the replica has made of the journal, to be read only."""
        return self._replica.state

    @property
    def record(self) -> EvidenceRecord:
        """The raw facts, to be read only."""
        return self._record

    def apply(self, event: ev.SolverEvent, *, sequence: int, at: int) -> Sequence[SolverCommand | SolverReport]:
        """Take in one event; the outputs are the replica's, for whoever wants to compare."""
        outputs = self._replica.apply(event, sequence=sequence, at=at)
        fold(self._record, event, outputs, state=self._replica.state, at=at)
        return outputs

    def pending(self) -> Sequence[SolverCommand]:
        """Nothing: a guardian commands nobody."""
        return ()

    def dump(self) -> bytes:
        """Record and replica as canonical JSON."""
        dump = _Dump(record=self._record, replica=msgspec.Raw(self._replica.dump()))
        return msgspec.json.encode(dump, order="deterministic")

    def load(self, data: bytes) -> None:
        """Take over what `dump` gave.

        Raises:
            StateError: the bytes are not such a dump, or one of another version.
        """
        try:
            dump = msgspec.json.decode(data, type=_Dump)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StateError(f"the guardian's record cannot be read ({error}): fold the journal anew") from error
        self._replica.load(bytes(dump.replica))
        self._record = dump.record

    def trades_of(self, account: Account) -> dict[str, ev.ExecutionReported]:
        """The journaled trades that an account names, by `trade_key`."""
        names = {trade_key(lot.venue, lot.symbol, lot.trade_id) for lot in account.lots}
        return {name: self._record.executions[name] for name in names & self._record.executions.keys()}

    def review(self, account: Account, *, deadlines: bool = True) -> tuple[Discrepancy, ...]:
        """What speaks against an account by the journal alone; without `deadlines` the deadline may have passed."""
        judged = self._mint(account) if isinstance(account, Invoice) else self._redemption(account)
        if judged is None:
            text = f"no record of the order, its request, its index or its transfer: {account.order_id}"
            return (Discrepancy(check=Check.IDENTITY, text=text),)
        arrival_tx, found = judged
        context = ContextFacts(
            arrival_tx=arrival_tx,
            transfer_id=self._replica.state.orders[account.order_id].transfer_id,
            batches=self._replica.state.trades,
            bases=self._record.bases,
            deadline_until=self._deadline_until(account, deadlines=deadlines),
        )
        return (*found, *verify_context(account, context))

    def _deadline_until(self, account: Account, *, deadlines: bool) -> int:
        return self._record.at + self._replica.state.config.invoice_life_ns if deadlines else account.deadline

    def _mint(self, invoice: Invoice) -> tuple[str, tuple[Discrepancy, ...]] | None:
        record = self._record
        terms = facts_of(self._replica.state, invoice)
        deposit = record.deposits.get(record.request_key(invoice.chain_id, invoice.gate, invoice.request_id))
        order = record.orders.get(invoice.order_id)
        if terms is None or deposit is None or order is None:
            return None
        facts = msgspec.structs.replace(
            terms,
            deposit=deposit,
            order=order,
            index=self._basket(terms.index),
            transfer=self._transfer(invoice.transfer_id),
            executions=record.executions,
            mids=self._mids(invoice),
        )
        return deposit.tx_hash, verify_invoice(invoice, facts)

    def _redemption(self, invoice: RedemptionInvoice) -> tuple[str, tuple[Discrepancy, ...]] | None:
        record = self._record
        terms = redemption_facts_of(self._replica.state, invoice)
        escrow = record.escrows.get(record.request_key(invoice.chain_id, invoice.gate, invoice.request_id))
        order = record.orders.get(invoice.order_id)
        if terms is None or escrow is None or order is None:
            return None
        facts = msgspec.structs.replace(
            terms,
            request=escrow,
            order=order,
            index=self._basket(terms.index),
            executions=record.executions,
            mids=self._mids(invoice),
        )
        return escrow.tx_hash, verify_redemption(invoice, facts)

    def _basket(self, index: Index) -> Index:
        """The index by the basket journaled under its version; the replica's only where several were."""
        known = self._record.baskets.get(f"{index.symbol}:{index.version}", [])
        if not known or index.quantities in known:
            return index
        return msgspec.structs.replace(index, quantities=known[-1])

    def _transfer(self, transfer_id: str) -> TransferFacts:
        record = self._record
        return TransferFacts(
            shares=record.shares.get(transfer_id, ()),
            quoted_out=record.quoted.get(transfer_id, 0),
            arrived=record.arrived.get(transfer_id, 0),
        )

    def _mids(self, account: Account) -> Mapping[tuple[str, str], int]:
        wanted = {(lot.batch_id, lot.asset) for lot in account.lots}
        return {pair: self._record.mids.get(f"{pair[0]}:{pair[1]}", 0) for pair in wanted}
