"""Deposits and withdrawals as they are written in the state."""

from __future__ import annotations

import msgspec

from indexmaker.exchange.deposits import Deposit
from indexmaker.exchange.vocabulary import DepositStatus, WithdrawalStatus
from indexmaker.exchange.withdrawals import Withdrawal

__all__ = [
    "DepositRecord",
    "Record",
    "WithdrawalRecord",
    "deposit_record",
    "read_deposit",
    "read_withdrawal",
    "withdrawal_record",
]


class Record(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What all parts of the state share: they are written as arrays, and what is not known is refused."""


class DepositRecord(Record, frozen=True):
    """A deposit."""

    chain_id: int
    tx_hash: str
    log_index: int
    account: int
    asset: str
    network: str
    address: str
    units: int
    amount: int
    status: DepositStatus
    confirmations: int
    seen_at: int
    credited_at: int


class WithdrawalRecord(Record, frozen=True):
    """A withdrawal."""

    withdrawal_id: int
    account: int
    asset: str
    network: str
    address: str
    amount: int
    fee: int
    withdraw_order_id: str
    requested_at: int
    status: WithdrawalStatus
    tx_hash: str
    reason: str
    ended_at: int


def deposit_record(deposit: Deposit) -> DepositRecord:
    """As it is written."""
    return DepositRecord(*(getattr(deposit, name) for name in DepositRecord.__struct_fields__))


def read_deposit(record: DepositRecord) -> Deposit:
    """As it was."""
    deposit = Deposit(
        record.chain_id,
        record.tx_hash,
        record.log_index,
        account=record.account,
        asset=record.asset,
        network=record.network,
        address=record.address,
        units=record.units,
        amount=record.amount,
        seen_at=record.seen_at,
    )
    deposit.status = record.status
    deposit.confirmations = record.confirmations
    deposit.credited_at = record.credited_at
    return deposit


def withdrawal_record(withdrawal: Withdrawal) -> WithdrawalRecord:
    """As it is written."""
    return WithdrawalRecord(*(getattr(withdrawal, name) for name in WithdrawalRecord.__struct_fields__))


def read_withdrawal(record: WithdrawalRecord) -> Withdrawal:
    """As it was."""
    withdrawal = Withdrawal(
        record.withdrawal_id,
        account=record.account,
        asset=record.asset,
        network=record.network,
        address=record.address,
        amount=record.amount,
        fee=record.fee,
        withdraw_order_id=record.withdraw_order_id,
        requested_at=record.requested_at,
        status=record.status,
    )
    withdrawal.tx_hash = record.tx_hash
    withdrawal.reason = record.reason
    withdrawal.ended_at = record.ended_at
    return withdrawal
