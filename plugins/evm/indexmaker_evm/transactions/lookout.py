"""Asks the chain what has become of our transactions."""

from __future__ import annotations

from collections.abc import Sequence

from indexmaker_evm.errors import NodeUnavailableError, RpcError
from indexmaker_evm.follower.tracker import HeadTracker
from indexmaker_evm.rpc import Call, RpcPool, number
from indexmaker_evm.transactions.model import Transaction
from indexmaker_evm.transactions.progress import Receipt, Sighting

__all__ = ["Lookout"]


class Lookout:
    """Receipts and the sender's nonce, in one message to one node, so that they fit together."""

    def __init__(self, rpc: RpcPool, tracker: HeadTracker, *, sender: str) -> None:
        self._rpc = rpc
        self._tracker = tracker
        self._sender = sender
        self._used_since: dict[str, int] = {}

    async def look(self, transactions: Sequence[Transaction]) -> list[tuple[Transaction, Sighting]]:
        """What is known of each transaction; raises `NodeUnavailableError`."""
        if not transactions:
            return []
        hashes = [attempt.tx_hash for transaction in transactions for attempt in transaction.attempts]
        calls = [Call("eth_getTransactionReceipt", [tx_hash]) for tx_hash in hashes]
        used = Call("eth_getTransactionCount", [self._sender, "latest"])
        count, *answers = await self._rpc.batch([used, *calls])
        if any(isinstance(answer, RpcError) for answer in (count, *answers)):
            raise NodeUnavailableError(f"chain {self._tracker.chain_id}: a node does not give receipts")
        receipts = {receipt.tx_hash: receipt for receipt in (Receipt.read(a) for a in answers if a)}
        seen = []
        for transaction in transactions:
            receipt = next((receipts[h] for h in transaction.hashes if h in receipts), None)
            lost = receipt is None and self._is_nonce_lost(transaction, used_nonces=number(count))
            seen.append((transaction, Sighting(receipt=receipt, nonce_lost=lost)))
        return seen

    def _is_nonce_lost(self, transaction: Transaction, *, used_nonces: int) -> bool:
        """Old state is not kept by every node, so the height at which the nonce was found used is kept here."""
        if transaction.nonce is None or used_nonces <= transaction.nonce:
            self._used_since.pop(transaction.command_id, None)
            return False
        since = self._used_since.setdefault(transaction.command_id, self._tracker.levels.latest)
        return self._tracker.levels.final >= since
