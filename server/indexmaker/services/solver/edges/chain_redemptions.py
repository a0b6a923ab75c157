"""Redemptions on chain: index tokens in a gate, their locks, and payments."""

from __future__ import annotations

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.money import MoneyError, format_atoms, parse_atoms
from indexmaker.solver.commands import CommitRedemptions, SettleRedemption
from indexmaker.solver.events import (
    RedemptionRetracted,
    RedemptionSeen,
    RedemptionTerms,
    RedemptionWithdrawn,
    SolverEvent,
)
from indexmaker.solver.vocabulary import Finality

__all__ = ["REDEMPTIONS", "events_of_redemption", "submission_of_redemption"]

REDEMPTIONS = ("redemption_requested", "redemption_terms", "redemption_cancelled", "redemption_defaulted")
"""Bodies that `events_of_redemption` takes. Locks and payments the core learns from its own transactions."""

_NO_LIMIT = 10**36
"""In atoms: more than any money; stands for the largest number that a gate can hold."""


def events_of_redemption(event: pb.ChainEvent, finality: Finality) -> list[SolverEvent]:
    """What a gate says of a redemption. One that defaulted after its lock has its tokens back as a withdrawn one."""
    body = event.WhichOneof("body")
    retracted = event.kind == pb.ChainEvent.KIND_RETRACT
    chain_id, gate = event.id.chain_id, event.contract.lower()
    if body == "redemption_requested":
        return [_retracted(event) if retracted else _seen(event, finality)]
    if retracted:
        return []
    if body == "redemption_terms":
        terms = event.redemption_terms
        return [
            RedemptionTerms(
                chain_id=chain_id,
                gate=gate,
                request_id=int(terms.request_id),
                min_out=parse_atoms(terms.min_amount),
                max_fee=_limit(terms.max_fee),
            )
        ]
    gone = event.redemption_cancelled if body == "redemption_cancelled" else event.redemption_defaulted
    return [RedemptionWithdrawn(chain_id=chain_id, gate=gate, request_id=int(gone.request_id))]


def _seen(event: pb.ChainEvent, finality: Finality) -> RedemptionSeen:
    request = event.redemption_requested
    return RedemptionSeen(
        chain_id=event.id.chain_id,
        tx_hash=event.id.tx_hash.lower(),
        log_index=event.id.log_index,
        request_id=int(request.request_id),
        gate=event.contract.lower(),
        account=f"{event.id.chain_id}:{request.controller.lower()}",
        units=parse_atoms(request.units),
        finality=finality,
        block_hash=event.block_hash,
    )


def _retracted(event: pb.ChainEvent) -> RedemptionRetracted:
    return RedemptionRetracted(
        chain_id=event.id.chain_id,
        tx_hash=event.id.tx_hash.lower(),
        log_index=event.id.log_index,
        block_hash=event.block_hash,
    )


def _limit(text: str) -> int:
    """A fee limit; one too large to be money is none."""
    try:
        return min(parse_atoms(text), _NO_LIMIT)
    except MoneyError:
        if text.partition(".")[0].isdecimal():
            return _NO_LIMIT
        raise


def submission_of_redemption(command: CommitRedemptions | SettleRedemption) -> pb.SubmitRequest:
    """The transaction of a command."""
    request = pb.SubmitRequest(command_id=command.command_id, chain_id=command.chain_id)
    if isinstance(command, CommitRedemptions):
        request.commit_redemptions.gate = command.gate
        request.commit_redemptions.request_ids.extend(map(str, command.request_ids))
        return request
    invoice = command.invoice
    request.settle_redemption.CopyFrom(
        pb.SettleRedemption(
            gate=command.gate,
            request_id=str(invoice.request_id),
            burned=format_atoms(invoice.burned),
            returned=format_atoms(invoice.returned),
            paid=format_atoms(invoice.paid),
            fee=format_atoms(invoice.fee),
            lots_root=command.lots_root,
            deadline=invoice.deadline // 1_000_000_000,
            signer=command.signer,
            signature=command.signature,
        )
    )
    return request
