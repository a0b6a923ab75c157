"""The venue's words on withdrawals as those of the interface, and refusals classed by what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.money import format_atoms, parse_atoms
from indexmaker_binance.assets import AssetNames
from indexmaker_binance.errors import VenueBusyError, VenueRefusedError
from indexmaker_binance.withdrawal_journal import Requested

__all__ = ["accepted", "is_pending", "read_withdrawal", "reject", "reject_of_venue", "same_request"]

Status = pb.VenueWithdrawal.Status

_STATUS = {
    0: Status.STATUS_PROCESSING,  # the owner must confirm it by mail
    1: Status.STATUS_REJECTED,  # cancelled
    2: Status.STATUS_PROCESSING,  # waits for approval
    3: Status.STATUS_REJECTED,
    4: Status.STATUS_PROCESSING,
    5: Status.STATUS_FAILED,
    6: Status.STATUS_COMPLETED,
}
_ENDED_BADLY = (Status.STATUS_REJECTED, Status.STATUS_FAILED)
_CLASSES = {
    -4005: pb.REJECT_CLASS_RATE,
    -4012: pb.REJECT_CLASS_HALTED,
    -4018: pb.REJECT_CLASS_FILTER,
    -4021: pb.REJECT_CLASS_FILTER,
    -4022: pb.REJECT_CLASS_FILTER,
    -4023: pb.REJECT_CLASS_FILTER,
    -4026: pb.REJECT_CLASS_BALANCE,
    -4028: pb.REJECT_CLASS_FILTER,
    -4033: pb.REJECT_CLASS_FILTER,
    -4035: pb.REJECT_CLASS_FILTER,
    -4044: pb.REJECT_CLASS_HALTED,
    -1111: pb.REJECT_CLASS_FILTER,
}


def read_withdrawal(item: Mapping[str, Any], *, names: AssetNames) -> pb.VenueWithdrawal:
    """Read one element of the withdrawal history; a status that is not known counts as processing.

    The history shows what arrives; the amount here is what left the account, so the fee is added. Raises `KeyError`,
    `ValueError` or `MoneyError` when the element is malformed.
    """
    fee = parse_atoms(str(item.get("transactionFee") or "0"))
    tx_hash = _lower(str(item.get("txId") or ""))
    status = _STATUS.get(int(item["status"]), Status.STATUS_PROCESSING)
    if status == Status.STATUS_PROCESSING and tx_hash:
        status = Status.STATUS_SENT
    return pb.VenueWithdrawal(
        withdrawal_id=str(item.get("withdrawOrderId") or ""),
        venue_withdrawal_id=str(item["id"]),
        amount=common_pb2.AssetAmount(
            asset=names.common(item["coin"]), amount=format_atoms(parse_atoms(str(item["amount"])) + fee)
        ),
        fee=format_atoms(fee),
        network=str(item.get("network") or ""),
        address=_lower(str(item["address"])),
        tx_hash=tx_hash,
        status=status,
        reason=(str(item.get("info") or "") or "the venue gives no reason") if status in _ENDED_BADLY else "",
        requested_at=_moment(item["applyTime"]),
        completed_at=_moment(item["completeTime"]) if item.get("completeTime") else 0,
    )


def accepted(requested: Requested, *, names: AssetNames) -> pb.VenueWithdrawal:
    """A withdrawal that the venue took and does not show yet."""
    return pb.VenueWithdrawal(
        withdrawal_id=requested.withdrawal_id,
        venue_withdrawal_id=requested.venue_id,
        amount=common_pb2.AssetAmount(asset=names.common(requested.coin), amount=requested.amount),
        fee=requested.fee,
        network=requested.network,
        address=_lower(requested.address),
        status=Status.STATUS_PROCESSING,
        requested_at=requested.requested_at,
    )


def is_pending(withdrawal: pb.VenueWithdrawal) -> bool:
    """Whether it can still change."""
    return withdrawal.status in (Status.STATUS_PROCESSING, Status.STATUS_SENT)


def same_request(found: pb.VenueWithdrawal, requested: Requested, *, names: AssetNames) -> bool:
    """Whether a withdrawal at the venue is the one that was requested.

    Old ones may not tell their network. The venue does not promise that its history is less the fee, so an amount
    that is right without it is right too.
    """
    amount = parse_atoms(found.amount.amount)
    return (
        found.amount.asset == names.common(requested.coin)
        and found.address.lower() == requested.address.lower()
        and found.network in ("", requested.network)
        and parse_atoms(requested.amount) in (amount, amount - parse_atoms(found.fee or "0"))
    )


def reject(withdrawal_id: str, reject_class: pb.RejectClass.ValueType, detail: str) -> pb.WithdrawalReject:
    """A refusal that did not come from the venue."""
    return pb.WithdrawalReject(withdrawal_id=withdrawal_id, reject_class=reject_class, detail=detail)


def reject_of_venue(withdrawal_id: str, error: VenueRefusedError) -> pb.WithdrawalReject:
    """A refusal by the venue."""
    if isinstance(error, VenueBusyError):
        refusal = reject(withdrawal_id, pb.REJECT_CLASS_RATE, error.message)
        refusal.retry_after_ms = error.retry_after_ms
    else:
        refusal = reject(withdrawal_id, _CLASSES.get(error.code, pb.REJECT_CLASS_OTHER), error.message)
    refusal.venue_code = error.code
    return refusal


def _moment(text: str) -> int:
    """`YYYY-MM-DD HH:MM:SS` of UTC as nanoseconds."""
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 10**9


def _lower(text: str) -> str:
    return text.lower() if text[:2].lower() == "0x" else text
