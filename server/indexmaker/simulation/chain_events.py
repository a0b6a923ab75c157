"""What the simulated chain's connector says about requests and transactions, in the words of the solver."""

from __future__ import annotations

from indexmaker.simulation.gate import KeeperCommand, Request, RequestKind
from indexmaker.simulation.listings import CHAIN
from indexmaker.solver import events as ev
from indexmaker.solver.commands import CommitCollateral, CommitRedemptions, PublishWeights
from indexmaker.solver.vocabulary import CommitFailure, Finality, SettlementState

__all__ = ["of_transaction", "retracted", "seen", "terms_of", "weights_published", "weights_retracted", "withdrawn"]


def seen(request: Request, finality: Finality) -> ev.SolverEvent:
    """The request is in a block of this finality."""
    if request.kind is RequestKind.DEPOSIT:
        return ev.DepositSeen(
            chain_id=CHAIN,
            tx_hash=request.tx_hash,
            log_index=0,
            request_id=request.request_id,
            gate=request.gate,
            account=request.account,
            amount=request.amount,
            finality=finality,
            block_hash=request.block_hash,
        )
    return ev.RedemptionSeen(
        chain_id=CHAIN,
        tx_hash=request.tx_hash,
        log_index=0,
        request_id=request.request_id,
        gate=request.gate,
        account=request.account,
        units=request.amount,
        finality=finality,
        block_hash=request.block_hash,
    )


def terms_of(request: Request) -> ev.SolverEvent:
    """The price protection of the request."""
    gate, number, least, most = request.gate, request.request_id, request.least, request.max_fee
    if request.kind is RequestKind.DEPOSIT:
        return ev.DepositTerms(chain_id=CHAIN, gate=gate, request_id=number, min_units=least, max_fee=most)
    return ev.RedemptionTerms(chain_id=CHAIN, gate=gate, request_id=number, min_out=least, max_fee=most)


def withdrawn(request: Request) -> ev.SolverEvent:
    """Its owner took the request back."""
    kind = ev.DepositWithdrawn if request.kind is RequestKind.DEPOSIT else ev.RedemptionWithdrawn
    return kind(chain_id=CHAIN, gate=request.gate, request_id=request.request_id)


def retracted(request: Request, block_hash: str) -> ev.SolverEvent:
    """A reorg took the block of the request."""
    kind = ev.DepositRetracted if request.kind is RequestKind.DEPOSIT else ev.RedemptionRetracted
    return kind(chain_id=CHAIN, tx_hash=request.tx_hash, log_index=0, block_hash=block_hash)


def weights_published(command: PublishWeights, finality: Finality, block_hash: str) -> ev.SolverEvent:
    """The gate has new weights."""
    return ev.WeightsPublished(
        chain_id=CHAIN,
        gate=command.gate,
        version=command.version,
        effective_at=command.effective_at,
        weights=command.weights,
        tx_hash=f"0x{command.command_id}",
        finality=finality,
        block_hash=block_hash,
    )


def weights_retracted(command: PublishWeights, block_hash: str) -> ev.SolverEvent:
    """A reorg took the weights back."""
    return ev.WeightsRetracted(chain_id=CHAIN, gate=command.gate, version=command.version, block_hash=block_hash)


def of_transaction(command: KeeperCommand, state: SettlementState, *, block: int, reason: str) -> list[ev.SolverEvent]:
    """How the keeper's transaction stands; a commit under way is not told."""
    command_id, tx_hash = command.command_id, f"0x{command.command_id}"
    if isinstance(command, PublishWeights):
        return [ev.IndexTransactionUpdated(command_id=command_id, state=state, tx_hash=tx_hash, reason=reason)]
    if not isinstance(command, CommitCollateral | CommitRedemptions):
        return [ev.SettlementUpdated(command_id=command_id, state=state, tx_hash=tx_hash, block=block, reason=reason)]
    if state in (SettlementState.CONFIRMED, SettlementState.FINAL):
        return [ev.CollateralCommitted(command_id=command_id, tx_hash=tx_hash)]
    if state is SettlementState.REVERTED:
        gone = reason.startswith(("NotPending", "UnknownRequest"))
        failure = CommitFailure.REQUEST_GONE if gone else CommitFailure.RETRYABLE
        return [ev.CommitFailed(command_id=command_id, reason=reason, failure=failure)]
    return []
