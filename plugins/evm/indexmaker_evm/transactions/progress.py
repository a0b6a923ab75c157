"""What the chain says of a transaction, and what that makes of it. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from indexmaker_evm.events import Finality, Levels
from indexmaker_evm.rpc import number
from indexmaker_evm.transactions.model import Transaction, TxState

__all__ = ["Receipt", "Sighting", "progress"]

_STATES = {
    Finality.SEEN: TxState.MINED,
    Finality.CONFIRMED: TxState.CONFIRMED,
    Finality.SAFE: TxState.CONFIRMED,
    Finality.FINAL: TxState.FINAL,
}


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One of the attempts is in a block."""

    tx_hash: str
    block_number: int
    succeeded: bool
    cost_wei: int
    """Gas used at its price, and the fee for the parent chain's data where the receipt shows one."""

    @classmethod
    def read(cls, answer: dict[str, Any]) -> Receipt:
        """Read an `eth_getTransactionReceipt` answer."""
        gas_cost = number(answer["gasUsed"]) * number(answer.get("effectiveGasPrice") or "0x0")
        return cls(
            tx_hash=answer["transactionHash"].lower(),
            block_number=number(answer["blockNumber"]),
            succeeded=number(answer["status"]) == 1,
            cost_wei=gas_cost + number(answer.get("l1Fee") or "0x0"),
        )


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What one node said at one moment."""

    receipt: Receipt | None
    nonce_lost: bool = False
    """Without a receipt: a block that is final by now had used the nonce already."""


def progress(
    transaction: Transaction, sighting: Sighting, *, levels: Levels, confirmations: int, window: int
) -> Transaction:
    """The transaction as it stands after a look at the chain.

    It stays open until its block is final and older than the window, so that a rewrite of blocks that the node
    had called final is noticed like any other.
    """
    receipt = sighting.receipt
    if receipt is None:
        if not transaction.in_block and sighting.nonce_lost:
            error = "its nonce was used by another transaction of the same key"
            return msgspec.structs.replace(transaction, state=TxState.DROPPED, error=error, open=False)
        return _out_of_block(transaction) if transaction.in_block else transaction
    finality = levels.finality(receipt.block_number, confirmations=confirmations)
    settled = finality is Finality.FINAL and receipt.block_number <= levels.latest - window
    state = _STATES[finality] if receipt.succeeded else TxState.REVERTED
    same_outcome = transaction.state is state is TxState.REVERTED
    return msgspec.structs.replace(
        transaction,
        state=state,
        mined_hash=receipt.tx_hash,
        block_number=receipt.block_number,
        cost_wei=receipt.cost_wei,
        error=transaction.error if same_outcome else "",
        open=not settled,
    )


def _out_of_block(transaction: Transaction) -> Transaction:
    """Its block left the chain: it waits to be mined again."""
    return msgspec.structs.replace(
        transaction, state=TxState.BROADCAST, mined_hash="", block_number=0, cost_wei=0, error=""
    )
