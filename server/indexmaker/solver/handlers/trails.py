"""The transactions on the way of an order's money, as far as they are known before it is settled."""

from __future__ import annotations

from collections.abc import Iterator

from indexmaker.solver.commands import TrailStep
from indexmaker.solver.state import IndexOrder
from indexmaker.solver.step import Step

__all__ = ["mint_trail", "redemption_trail"]


def mint_trail(step: Step, order: IndexOrder) -> tuple[TrailStep, ...]:
    """The deposit, the commit of its collateral, and the hops to the venue."""
    lot = step.state.lots[order.lot_key]
    transfer = step.state.transfers.get(order.transfer_id)
    known = [("deposit", lot.chain_id, lot.tx_hash)]
    if transfer is not None:
        known.append(("commit", lot.chain_id, transfer.commit_tx))
        known += [("hop", 0, tx_hash) for tx_hash in transfer.hops]
    return tuple(_steps(known))


def redemption_trail(step: Step, order: IndexOrder) -> tuple[TrailStep, ...]:
    """The escrow of the tokens, the withdrawal of the proceeds, and the hops to the keeper's wallet."""
    lot = step.state.token_lots[order.lot_key]
    payout = step.state.payouts.get(order.transfer_id)
    known = [("request", lot.chain_id, lot.tx_hash)]
    if payout is not None:
        known.append(("withdrawal", 0, payout.withdraw_tx))
        known += [("hop", 0, tx_hash) for tx_hash in payout.hops]
    return tuple(_steps(known))


def _steps(known: list[tuple[str, int, str]]) -> Iterator[TrailStep]:
    """Each transaction once, under the first name it has."""
    seen: set[str] = set()
    for name, chain_id, tx_hash in known:
        if tx_hash and tx_hash.lower() not in seen:
            seen.add(tx_hash.lower())
            yield TrailStep(step=name, chain_id=chain_id, tx_hash=tx_hash)
