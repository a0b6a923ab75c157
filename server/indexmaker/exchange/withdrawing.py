"""Money going out: requests, the decisions of operators, and what the hot wallet reports."""

from __future__ import annotations

import re
from collections.abc import Callable

from indexmaker.exchange.address_book import is_sendable
from indexmaker.exchange.commands import (
    ApproveWithdrawal,
    CancelWithdrawal,
    Command,
    DefineNetwork,
    RejectWithdrawal,
    ReportWithdrawal,
    RequestWithdrawal,
    SetWithdrawalTerms,
)
from indexmaker.exchange.core import Core
from indexmaker.exchange.filters import Failure
from indexmaker.exchange.markets import Asset
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import AccountStatus, WithdrawalStatus
from indexmaker.exchange.withdrawals import Withdrawal, chain_unit

__all__ = [
    "approve_withdrawal",
    "cancel_withdrawal",
    "reject_withdrawal",
    "report_withdrawal",
    "request_withdrawal",
]

_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{0,64}\Z")
_LONGEST_TEXT = 500


def request_withdrawal(core: Core, command: RequestWithdrawal) -> None:
    """Set the amount aside and hand it to the wallet, or to an operator first."""
    account, asset = core.accounts.get(command.account), core.assets.get(command.asset)
    network = None if asset is None else asset.networks.get(command.network)
    if account is None or asset is None or network is None:
        _refuse(core, command, _unknown(core, command))
        return
    known = core.withdrawals_by_client.get((command.account, command.withdraw_order_id))
    if known is not None:
        _repeat(core, command, known)
        return
    terms = asset.withdrawal_terms.get(command.network)
    if terms is None or not terms.enabled:
        message = f"{command.asset} does not leave over {command.network} now"
        if terms is not None and terms.reason:
            message = f"{message}: {terms.reason}"
        _refuse(core, command, (RejectCode.WITHDRAWALS_DISABLED, message))
        return
    failure = _broken_rule(core, command, terms, asset=asset, network=network)
    available = account.available[asset.index]
    if failure is None and command.amount > available:
        message = f"{account.name} has {asset.to_decimal(available)} {asset.symbol} available"
        failure = (RejectCode.INSUFFICIENT_BALANCE, message)
    if failure is not None:
        _refuse(core, command, failure)
        return
    waits = 0 < terms.approve_above < command.amount
    core.last_withdrawal_id += 1
    withdrawal = Withdrawal(
        core.last_withdrawal_id,
        account=command.account,
        asset=command.asset,
        network=command.network,
        address=command.address.lower(),
        amount=command.amount,
        fee=terms.fee,
        withdraw_order_id=command.withdraw_order_id,
        requested_at=core.at,
        status=WithdrawalStatus.AWAITING_APPROVAL if waits else WithdrawalStatus.PROCESSING,
    )
    core.remember_withdrawal(withdrawal)
    _answer(core, withdrawal, changed=True)
    core.ledger.set_aside(account, asset, command.amount, reference=withdrawal.command_id)
    if not waits:
        core.outputs.append(withdrawal.order(asset))


def approve_withdrawal(core: Core, command: ApproveWithdrawal) -> None:
    """Hand a waiting withdrawal to the wallet."""
    withdrawal = _waiting(core, command, command.withdrawal_id)
    if withdrawal is not None:
        withdrawal.status = WithdrawalStatus.PROCESSING
        _answer(core, withdrawal, changed=True)
        core.outputs.append(withdrawal.order(core.assets[withdrawal.asset]))


def reject_withdrawal(core: Core, command: RejectWithdrawal) -> None:
    """Refuse a waiting withdrawal."""
    withdrawal = _waiting(core, command, command.withdrawal_id)
    if withdrawal is not None:
        _give_back(core, withdrawal, WithdrawalStatus.REJECTED, reason=command.reason)


def cancel_withdrawal(core: Core, command: CancelWithdrawal) -> None:
    """Take a waiting withdrawal back."""
    withdrawal = _waiting(core, command, command.withdrawal_id, account=command.account)
    if withdrawal is not None:
        _give_back(core, withdrawal, WithdrawalStatus.CANCELLED, reason="cancelled by its owner")


def report_withdrawal(core: Core, command: ReportWithdrawal) -> None:
    """Take the wallet's word, if it is news."""
    withdrawal = core.withdrawals.get(command.withdrawal_id)
    rule = _REPORTS.get(command.status)
    if withdrawal is None:
        _refuse_unknown(core, command, command.withdrawal_id)
    elif rule is None or (command.status is not WithdrawalStatus.PROCESSING and not _is_told(command)):
        message = "a wallet reports PROCESSING, SENT and COMPLETED with a transaction, or FAILED with a reason"
        core.refuse(command, RejectCode.MALFORMED, message, account=withdrawal.account)
    elif withdrawal.status is WithdrawalStatus.AWAITING_APPROVAL:
        message = f"withdrawal {withdrawal.withdrawal_id} was not handed to the wallet"
        core.refuse(command, RejectCode.WITHDRAWAL_STATE, message, account=withdrawal.account)
    elif withdrawal.ended:
        _answer(core, withdrawal, changed=False)
    else:
        rule(core, withdrawal, command)


def _delayed(core: Core, withdrawal: Withdrawal, command: ReportWithdrawal) -> None:
    news = withdrawal.status is WithdrawalStatus.PROCESSING and withdrawal.reason != command.reason[:_LONGEST_TEXT]
    if news:
        withdrawal.reason = command.reason[:_LONGEST_TEXT]
    _answer(core, withdrawal, changed=news)


def _sent(core: Core, withdrawal: Withdrawal, command: ReportWithdrawal) -> None:
    tx_hash = command.tx_hash.lower()
    news = withdrawal.status is not WithdrawalStatus.SENT or withdrawal.tx_hash != tx_hash
    withdrawal.status = WithdrawalStatus.SENT
    withdrawal.tx_hash, withdrawal.reason = tx_hash, ""
    _answer(core, withdrawal, changed=news)


def _completed(core: Core, withdrawal: Withdrawal, command: ReportWithdrawal) -> None:
    withdrawal.status = WithdrawalStatus.COMPLETED
    withdrawal.tx_hash, withdrawal.reason = command.tx_hash.lower(), ""
    withdrawal.ended_at = core.at
    _answer(core, withdrawal, changed=True)
    core.ledger.pay_out(
        core.accounts[withdrawal.account],
        core.assets[withdrawal.asset],
        withdrawal.amount,
        fee=withdrawal.fee,
        bucket=f"external.{withdrawal.network}",
        reference=withdrawal.command_id,
    )


def _failed(core: Core, withdrawal: Withdrawal, command: ReportWithdrawal) -> None:
    _give_back(core, withdrawal, WithdrawalStatus.FAILED, reason=command.reason)


_REPORTS: dict[WithdrawalStatus, Callable[[Core, Withdrawal, ReportWithdrawal], None]] = {
    WithdrawalStatus.PROCESSING: _delayed,
    WithdrawalStatus.SENT: _sent,
    WithdrawalStatus.COMPLETED: _completed,
    WithdrawalStatus.FAILED: _failed,
}


def _give_back(core: Core, withdrawal: Withdrawal, status: WithdrawalStatus, *, reason: str) -> None:
    withdrawal.status = status
    withdrawal.reason = reason[:_LONGEST_TEXT]
    withdrawal.ended_at = core.at
    _answer(core, withdrawal, changed=True)
    core.ledger.give_back(
        core.accounts[withdrawal.account],
        core.assets[withdrawal.asset],
        withdrawal.amount,
        reference=withdrawal.command_id,
    )


def _is_told(command: ReportWithdrawal) -> bool:
    return bool(command.reason if command.status is WithdrawalStatus.FAILED else command.tx_hash)


def _broken_rule(
    core: Core, command: RequestWithdrawal, terms: SetWithdrawalTerms, *, asset: Asset, network: DefineNetwork
) -> Failure | None:
    if not _ORDER_ID.match(command.withdraw_order_id):
        return RejectCode.MALFORMED, "a withdraw order id is up to 64 of A-Z a-z 0-9 - _"
    if core.accounts[command.account].status is not AccountStatus.ACTIVE:
        return RejectCode.ACCOUNT_SUSPENDED, f"account {command.account} is suspended"
    return _bad_address(core, command, network) or _bad_amount(command, terms, asset=asset, network=network)


def _bad_address(core: Core, command: RequestWithdrawal, network: DefineNetwork) -> Failure | None:
    address = command.address.lower()
    if not is_sendable(address) or address == network.contract.lower():
        return RejectCode.WITHDRAWAL_ADDRESS, f"{command.address!r} is no address that can be sent to"
    listed = (command.account, command.network, address) in core.listed_addresses
    if command.account in core.books_required and not listed:
        return RejectCode.ADDRESS_NOT_LISTED, f"{address} is not among the listed addresses of this account"
    return None


def _bad_amount(
    command: RequestWithdrawal, terms: SetWithdrawalTerms, *, asset: Asset, network: DefineNetwork
) -> Failure | None:
    step = terms.step or chain_unit(network, scale=asset.scale)
    if command.amount < terms.minimum:
        message = f"at least {asset.to_decimal(terms.minimum)} {asset.symbol} can be withdrawn"
        return RejectCode.WITHDRAWAL_MINIMUM, message
    if terms.maximum and command.amount > terms.maximum:
        message = f"at most {asset.to_decimal(terms.maximum)} {asset.symbol} can be withdrawn at once"
        return RejectCode.WITHDRAWAL_MAXIMUM, message
    if command.amount % step:
        return RejectCode.WITHDRAWAL_STEP, f"the amount must be a multiple of {asset.to_decimal(step)} {asset.symbol}"
    return None


def _unknown(core: Core, command: RequestWithdrawal) -> Failure:
    if command.account not in core.accounts:
        return RejectCode.UNKNOWN_ACCOUNT, f"there is no account {command.account}"
    if command.asset not in core.assets:
        return RejectCode.UNKNOWN_ASSET, f"there is no asset {command.asset!r}"
    return RejectCode.UNKNOWN_NETWORK, f"{command.asset} has no network {command.network!r}"


def _repeat(core: Core, command: RequestWithdrawal, known: Withdrawal) -> None:
    terms = (command.asset, command.network, command.address.lower(), command.amount)
    if terms == (known.asset, known.network, known.address, known.amount):
        _answer(core, known, changed=False)
    else:
        message = f"withdraw order id {command.withdraw_order_id!r} was used for another withdrawal"
        _refuse(core, command, (RejectCode.DUPLICATE_WITHDRAWAL_ID, message))


def _waiting(core: Core, command: Command, withdrawal_id: int, *, account: int = 0) -> Withdrawal | None:
    """A withdrawal that can still be decided on, or None after refusing."""
    withdrawal = core.withdrawals.get(withdrawal_id)
    if withdrawal is None or account not in (0, withdrawal.account):
        _refuse_unknown(core, command, withdrawal_id)
        return None
    if withdrawal.status is not WithdrawalStatus.AWAITING_APPROVAL:
        message = f"withdrawal {withdrawal_id} is {withdrawal.status}; it is decided already"
        core.refuse(command, RejectCode.WITHDRAWAL_STATE, message, account=withdrawal.account)
        return None
    return withdrawal


def _refuse_unknown(core: Core, command: Command, withdrawal_id: int) -> None:
    core.refuse(command, RejectCode.UNKNOWN_WITHDRAWAL, f"there is no withdrawal {withdrawal_id}")


def _refuse(core: Core, command: RequestWithdrawal, failure: Failure) -> None:
    code, message = failure
    core.refuse(command, code, message, account=command.account)


def _answer(core: Core, withdrawal: Withdrawal, *, changed: bool) -> None:
    core.outputs.append(withdrawal.event(changed=changed, at=core.at))
