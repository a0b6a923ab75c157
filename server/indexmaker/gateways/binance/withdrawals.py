"""The wallet interface: withdrawals, requested and listed.

The `amount` of a request includes the fee; the history shows what arrives and the fee apart, as Binance does.
"""

from __future__ import annotations

from datetime import UTC, datetime

from eth_utils.address import is_checksum_address

from indexmaker.exchange.commands import RequestWithdrawal
from indexmaker.exchange.events import Rejected, WithdrawalChanged
from indexmaker.exchange.markets import Asset
from indexmaker.exchange.vocabulary import WithdrawalStatus
from indexmaker.exchange.withdrawals import Withdrawal
from indexmaker.gateways.binance import formats
from indexmaker.gateways.binance.errors import ApiError, bad_parameter, illegal_characters, missing, withdrawal_rejected
from indexmaker.gateways.binance.operations import Call
from indexmaker.identifiers import derived_id
from indexmaker.money import SCALE

__all__ = ["apply", "history"]

_DAY = 86_400_000
_LONGEST = 90 * _DAY
_LONGEST_WITH_ID = 7 * _DAY
_SLACK = 1_000
_MOST_IDS = 50
_SECOND = 10**9

_STATUS = {
    WithdrawalStatus.CANCELLED: 1,
    WithdrawalStatus.AWAITING_APPROVAL: 2,
    WithdrawalStatus.REJECTED: 3,
    WithdrawalStatus.PROCESSING: 4,
    WithdrawalStatus.SENT: 4,
    WithdrawalStatus.FAILED: 5,
    WithdrawalStatus.COMPLETED: 6,
}


async def apply(call: Call) -> object:
    """Request a withdrawal. A repeated `withdrawOrderId` with the same terms gets the first one's id."""
    parameters = call.parameters
    if not call.can_withdraw:
        raise ApiError(-1002, "You are not authorized to execute this request.", status=401)
    asset = call.venue.asset(parameters.text("coin"))
    network = parameters.optional("network") or next(iter(asset.networks), "")
    if network not in asset.networks:
        raise ApiError(-4018, "The coin and network combination is not supported.")
    address = parameters.text("address")
    if not _is_well_typed(address):
        raise ApiError(-4033, "The address is illegal.")
    if parameters.optional("addressTag") is not None:
        raise ApiError(-4008, "The address tag is not supported for this coin.")
    amount = parameters.decimal("amount")
    if amount is None:
        raise missing("amount")
    command = RequestWithdrawal(
        account=call.account,
        asset=asset.symbol,
        network=network,
        address=address,
        amount=_atoms(asset, amount),
        withdraw_order_id=parameters.client_order_id("withdrawOrderId") or "",
    )
    answer = (await call.venue.submit(command))[0]
    if isinstance(answer, Rejected):
        raise withdrawal_rejected(answer)
    assert isinstance(answer, WithdrawalChanged)
    return {"id": _venue_id(answer.withdrawal_id)}


async def history(call: Call) -> object:
    """Withdrawals, the newest first."""
    parameters, venue = call.parameters, call.venue
    coin, order_id = parameters.optional("coin"), parameters.optional("withdrawOrderId")
    status = parameters.integer("status")
    ids = _ids(parameters.optional("idList"))
    start, end = _span(call, longest=_LONGEST if order_id is None else _LONGEST_WITH_ID)
    limit = parameters.bounded("limit", default=1000, largest=1000)
    offset = parameters.integer("offset") or 0
    found = [
        _describe(venue.engine.assets[one.asset], one)
        for one in reversed(venue.engine.withdrawals(call.account))
        if coin in (None, one.asset)
        and order_id in (None, one.withdraw_order_id)
        and status in (None, _STATUS[one.status])
        and (not ids or _venue_id(one.withdrawal_id) in ids)
        and start <= formats.milliseconds(one.requested_at) <= end
    ]
    return found[offset : offset + limit]


def _is_well_typed(address: str) -> bool:
    """Letters of both cases are a checksum; an address that fails it was mistyped."""
    digits = address[2:]
    return digits in (digits.lower(), digits.upper()) or is_checksum_address(address)


def _atoms(asset: Asset, money: int) -> int:
    if money % 10 ** (SCALE - asset.scale):
        raise ApiError(-1111, "Parameter 'amount' has too much precision.")
    return asset.from_money(money)


def _span(call: Call, *, longest: int) -> tuple[int, int]:
    """(first, last) millisecond of interest."""
    start, end = call.parameters.integer("startTime"), call.parameters.integer("endTime")
    if end is None:
        end = formats.milliseconds(call.venue.clock.now()) + _SLACK
        end = end if start is None else min(end, start + longest)
    if start is None:
        start = end - longest
    if end - start > longest + _SLACK:
        raise bad_parameter("startTime")
    return start, end


def _ids(text: str | None) -> frozenset[str]:
    ids = frozenset(text.split(",")) if text else frozenset()
    if len(ids) > _MOST_IDS:
        raise illegal_characters("idList", f"up to {_MOST_IDS} ids separated by ','")
    return ids


def _describe(asset: Asset, withdrawal: Withdrawal) -> dict[str, object]:
    completed = withdrawal.status is WithdrawalStatus.COMPLETED
    shown: dict[str, object] = {
        "id": _venue_id(withdrawal.withdrawal_id),
        "amount": asset.to_decimal(withdrawal.amount - withdrawal.fee),
        "transactionFee": asset.to_decimal(withdrawal.fee),
        "coin": withdrawal.asset,
        "status": _STATUS[withdrawal.status],
        "address": withdrawal.address,
        "txId": withdrawal.tx_hash,
        "applyTime": _moment(withdrawal.requested_at),
        "network": withdrawal.network,
        "transferType": 0,
        "info": withdrawal.reason,
        "confirmNo": asset.networks[withdrawal.network].confirmations if completed else 0,
        "walletType": 0,
        "txKey": "",
    }
    if withdrawal.withdraw_order_id:
        shown["withdrawOrderId"] = withdrawal.withdraw_order_id
    if completed:
        shown["completeTime"] = _moment(withdrawal.ended_at)
    return shown


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at // _SECOND, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def _venue_id(withdrawal_id: int) -> str:
    return derived_id("wd", withdrawal_id)
