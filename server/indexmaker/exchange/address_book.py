"""Where accounts may withdraw to: the terms of networks, and the addresses that an account has listed."""

from __future__ import annotations

import re

from indexmaker.exchange.commands import AllowWithdrawalAddress, Command, SetAddressBook, SetWithdrawalTerms
from indexmaker.exchange.configuration import configured
from indexmaker.exchange.core import Core
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.withdrawals import chain_unit, terms_failure

__all__ = ["allow_withdrawal_address", "is_sendable", "set_address_book", "set_withdrawal_terms"]

_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")
_NOBODY = "0x" + "00" * 20


def is_sendable(address: str) -> bool:
    """Whether a lower-case address is one that somebody may own."""
    return _ADDRESS.match(address) is not None and address != _NOBODY


def set_withdrawal_terms(core: Core, command: SetWithdrawalTerms) -> None:
    """Put terms into force for new requests."""
    asset = core.assets.get(command.asset)
    network = None if asset is None else asset.networks.get(command.network)
    if asset is None or network is None:
        code = RejectCode.UNKNOWN_ASSET if asset is None else RejectCode.UNKNOWN_NETWORK
        core.refuse(command, code, f"{command.asset} has no network {command.network!r}")
        return
    if failure := terms_failure(command, unit=chain_unit(network, scale=asset.scale)):
        core.refuse(command, RejectCode.MALFORMED, f"{command.asset} over {command.network}: {failure}")
        return
    changed = asset.withdrawal_terms.get(command.network) != command
    asset.withdrawal_terms[command.network] = command
    configured(core, command, command.network, changed=changed)


def set_address_book(core: Core, command: SetAddressBook) -> None:
    """Let an account withdraw to listed addresses only, or to any."""
    if command.account not in core.accounts:
        _refuse_account(core, command, command.account)
        return
    changed = command.required != (command.account in core.books_required)
    if command.required:
        core.books_required.add(command.account)
    else:
        core.books_required.discard(command.account)
    configured(core, command, str(command.account), changed=changed)


def allow_withdrawal_address(core: Core, command: AllowWithdrawalAddress) -> None:
    """List an address, or take it off the list."""
    address = command.address.lower()
    if command.account not in core.accounts:
        _refuse_account(core, command, command.account)
        return
    if not is_sendable(address):
        message = f"{command.address!r} is no address that can be sent to"
        core.refuse(command, RejectCode.WITHDRAWAL_ADDRESS, message, account=command.account)
        return
    entry = (command.account, command.network, address)
    changed = command.allowed != (entry in core.listed_addresses)
    if command.allowed:
        core.listed_addresses.add(entry)
    else:
        core.listed_addresses.discard(entry)
    configured(core, command, address, changed=changed)


def _refuse_account(core: Core, command: Command, account: int) -> None:
    core.refuse(command, RejectCode.UNKNOWN_ACCOUNT, f"there is no account {account}", account=account)
