"""A transfer seen on a chain on its way into an account."""

from __future__ import annotations

from indexmaker.exchange.vocabulary import DepositStatus

__all__ = ["Deposit"]


class Deposit:
    """A deposit, keyed by (chain_id, tx_hash, log_index). `units` are the chain's, `amount` is in ledger atoms."""

    __slots__ = (
        "account",
        "address",
        "amount",
        "asset",
        "chain_id",
        "confirmations",
        "credited_at",
        "log_index",
        "network",
        "seen_at",
        "status",
        "tx_hash",
        "units",
    )

    def __init__(
        self,
        chain_id: int,
        tx_hash: str,
        log_index: int,
        *,
        account: int,
        asset: str,
        network: str,
        address: str,
        units: int,
        amount: int,
        seen_at: int,
    ) -> None:
        self.chain_id = chain_id
        self.tx_hash = tx_hash
        self.log_index = log_index
        self.account = account
        self.asset = asset
        self.network = network
        self.address = address
        self.units = units
        self.amount = amount
        self.status = DepositStatus.PENDING
        self.confirmations = 0
        self.seen_at = seen_at
        self.credited_at = 0
