"""Money coming in: deposit addresses, transfers seen on chains, and seed money."""

from __future__ import annotations

from indexmaker.exchange.commands import (
    Command,
    CreditDeposit,
    DefineNetwork,
    DropDeposit,
    RegisterDepositAddress,
    SeedBalance,
)
from indexmaker.exchange.configuration import configured
from indexmaker.exchange.core import Core
from indexmaker.exchange.deposits import Deposit
from indexmaker.exchange.events import DepositChanged, Seeded
from indexmaker.exchange.ledger import MAX_AMOUNT, SEED_BUCKET
from indexmaker.exchange.markets import Asset
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import DepositStatus

__all__ = ["credit_deposit", "drop_deposit", "register_deposit_address", "seed_balance"]


def register_deposit_address(core: Core, command: RegisterDepositAddress) -> None:
    """Bind an address of a network to an account for ever."""
    account = core.accounts.get(command.account)
    key = (command.network, command.address.lower())
    owner = core.addresses.get(key)
    if account is None:
        message = f"there is no account {command.account}"
        core.refuse(command, RejectCode.UNKNOWN_ACCOUNT, message, account=command.account)
    elif not any(command.network in asset.networks for asset in core.assets.values()):
        message = f"no asset arrives over a network {command.network!r}"
        core.refuse(command, RejectCode.UNKNOWN_NETWORK, message, account=command.account)
    elif not command.address:
        core.refuse(command, RejectCode.MALFORMED, "the address is empty", account=command.account)
    elif owner is not None and owner is not account:
        message = f"{command.address} on {command.network} belongs to another account"
        core.refuse(command, RejectCode.ADDRESS_TAKEN, message, account=command.account)
    else:
        core.addresses[key] = account
        configured(core, command, key[1], changed=owner is None)


def credit_deposit(core: Core, command: CreditDeposit) -> None:
    """Take a report of a transfer; credit it once, when it has its confirmations."""
    asset = core.assets.get(command.asset)
    network = None if asset is None else asset.networks.get(command.network)
    if asset is None or network is None or network.chain_id != command.chain_id:
        code = RejectCode.UNKNOWN_ASSET if asset is None else RejectCode.UNKNOWN_NETWORK
        message = f"{command.asset} does not arrive over {command.network} (chain {command.chain_id})"
        core.refuse(command, code, message)
        return
    key = (command.chain_id, command.tx_hash.lower(), command.log_index)
    deposit = core.deposits.get(key)
    if deposit is not None and not _matches(deposit, command) and deposit.status is not DepositStatus.DROPPED:
        message = f"deposit {_reference(deposit)} was reported with another asset, address or amount"
        core.refuse(command, RejectCode.DEPOSIT_CONFLICT, message, account=deposit.account)
        return
    if deposit is None or not _matches(deposit, command):
        deposit = _new_deposit(core, command, asset, network)
        if deposit is None:
            return
        core.deposits[key] = deposit
    elif not _is_news(deposit, command, network):
        _answer(core, deposit, changed=False)
        return
    deposit.confirmations = command.confirmations
    deposit.status = DepositStatus.PENDING
    if command.confirmations >= network.confirmations:
        _credit(core, deposit, asset)
    else:
        _answer(core, deposit, changed=True)


def drop_deposit(core: Core, command: DropDeposit) -> None:
    """Forget a pending deposit whose block left the chain."""
    deposit = core.deposits.get((command.chain_id, command.tx_hash.lower(), command.log_index))
    if deposit is None:
        message = f"there is no deposit {command.chain_id}:{command.tx_hash}:{command.log_index}"
        core.refuse(command, RejectCode.UNKNOWN_DEPOSIT, message)
    elif deposit.status is DepositStatus.CREDITED:
        message = f"deposit {_reference(deposit)} is credited; correct it by hand"
        core.refuse(command, RejectCode.DEPOSIT_ALREADY_CREDITED, message, account=deposit.account)
    else:
        changed = deposit.status is not DepositStatus.DROPPED
        deposit.status = DepositStatus.DROPPED
        deposit.confirmations = 0
        _answer(core, deposit, changed=changed)


def seed_balance(core: Core, command: SeedBalance) -> None:
    """Credit play money, once per reference."""
    account, asset = core.accounts.get(command.account), core.assets.get(command.asset)
    if account is None:
        message = f"there is no account {command.account}"
        core.refuse(command, RejectCode.UNKNOWN_ACCOUNT, message, account=command.account)
    elif asset is None:
        message = f"there is no asset {command.asset!r}"
        core.refuse(command, RejectCode.UNKNOWN_ASSET, message, account=command.account)
    elif not command.reference:
        core.refuse(command, RejectCode.MALFORMED, "a seed needs a reference", account=command.account)
    elif command.amount <= 0 or _out_of_range(core, asset, command.amount):
        _refuse_range(core, command, asset)
    else:
        changed = command.reference not in core.seeds
        core.outputs.append(Seeded(command.account, command.asset, command.amount, command.reference, changed, core.at))
        if changed:
            core.seeds.add(command.reference)
            core.ledger.credit(account, asset, command.amount, bucket=SEED_BUCKET, reference=command.reference)


def _new_deposit(core: Core, command: CreditDeposit, asset: Asset, network: DefineNetwork) -> Deposit | None:
    """The deposit of a first report, or None after refusing it."""
    account = core.addresses.get((command.network, command.address.lower()))
    if account is None:
        message = f"{command.address} on {command.network} belongs to no account"
        core.refuse(command, RejectCode.UNKNOWN_ADDRESS, message)
        return None
    amount = _ledger_amount(command.units, decimals=network.decimals, scale=asset.scale)
    if command.units <= 0 or command.log_index < 0 or _out_of_range(core, asset, amount):
        _refuse_range(core, command, asset)
        return None
    return Deposit(
        command.chain_id,
        command.tx_hash.lower(),
        command.log_index,
        account=account.account,
        asset=asset.symbol,
        network=command.network,
        address=command.address.lower(),
        units=command.units,
        amount=amount,
        seen_at=core.at,
    )


def _credit(core: Core, deposit: Deposit, asset: Asset) -> None:
    """Credit a deposit; one that no longer fits the range stays pending until it does."""
    fits = not _out_of_range(core, asset, deposit.amount)
    if fits:
        deposit.status = DepositStatus.CREDITED
        deposit.credited_at = core.at
    _answer(core, deposit, changed=True)
    if fits and deposit.amount:
        core.ledger.credit(
            core.accounts[deposit.account],
            asset,
            deposit.amount,
            bucket=f"external.{deposit.network}",
            reference=_reference(deposit),
        )


def _is_news(deposit: Deposit, command: CreditDeposit, network: DefineNetwork) -> bool:
    if deposit.status is not DepositStatus.PENDING:
        return deposit.status is DepositStatus.DROPPED
    enough = command.confirmations >= network.confirmations
    return enough or deposit.confirmations != command.confirmations


def _ledger_amount(units: int, *, decimals: int, scale: int) -> int:
    if decimals <= scale:
        return int(units * 10 ** (scale - decimals))
    return int(units // 10 ** (decimals - scale))


def _matches(deposit: Deposit, command: CreditDeposit) -> bool:
    return (deposit.asset, deposit.network, deposit.address, deposit.units) == (
        command.asset,
        command.network,
        command.address.lower(),
        command.units,
    )


def _reference(deposit: Deposit) -> str:
    return f"{deposit.chain_id}:{deposit.tx_hash}:{deposit.log_index}"


def _out_of_range(core: Core, asset: Asset, amount: int) -> bool:
    return core.ledger.supply(asset) + amount > MAX_AMOUNT


def _refuse_range(core: Core, command: Command, asset: Asset) -> None:
    message = f"the amount must be positive and leave all of {asset.symbol} below 2**127 atoms"
    core.refuse(command, RejectCode.OUT_OF_RANGE, message)


def _answer(core: Core, deposit: Deposit, *, changed: bool) -> None:
    core.outputs.append(
        DepositChanged(
            deposit.chain_id,
            deposit.tx_hash,
            deposit.log_index,
            deposit.account,
            deposit.asset,
            deposit.network,
            deposit.address,
            deposit.amount,
            deposit.status,
            deposit.confirmations,
            changed,
            core.at,
        )
    )
