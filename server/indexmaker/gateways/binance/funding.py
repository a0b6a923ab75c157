"""The wallet interface: deposit addresses, deposit history, coins and their networks."""

from __future__ import annotations

from indexmaker.exchange.commands import DefineNetwork
from indexmaker.exchange.deposits import Deposit
from indexmaker.exchange.markets import Asset
from indexmaker.exchange.vocabulary import DepositStatus
from indexmaker.exchange.withdrawals import chain_unit
from indexmaker.gateways.binance import formats
from indexmaker.gateways.binance.errors import ApiError, bad_parameter
from indexmaker.gateways.binance.operations import Call
from indexmaker.identifiers import derived_id
from indexmaker.money import ATOMS, format_atoms

__all__ = ["coins", "deposit_address", "deposit_history", "no_pairs", "system_status"]

_PENDING, _SUCCESS = 0, 1
_MILLISECOND = 1_000_000
_DEFAULT_SPAN = 90 * 86_400_000
_NO_MAXIMUM = "10000000000000"
"""The interface has no word for "any amount"; nobody owns as much."""


async def system_status(call: Call) -> object:
    """The wallet works."""
    del call
    return {"status": 0, "msg": "normal"}


async def no_pairs(call: Call) -> object:
    """Margin pairs: none."""
    del call
    return []


async def deposit_address(call: Call) -> object:
    """Where to send a coin on a network; the coin's first network when none is named."""
    asset = call.venue.asset(call.parameters.text("coin"))
    network = call.parameters.optional("network") or next(iter(asset.networks), "")
    if network not in asset.networks:
        raise ApiError(-4018, "The coin and network combination is not supported.")
    for name, address in call.venue.engine.deposit_addresses(call.account):
        if name == network:
            return {"coin": asset.symbol, "address": address, "tag": "", "url": "", "network": network}
    raise ApiError(-4019, "No deposit address has been assigned to this account on this network.")


async def deposit_history(call: Call) -> object:
    """Deposits, the newest first. Those whose block left the chain before they were credited are not shown."""
    parameters, venue = call.parameters, call.venue
    coin, tx_hash = parameters.optional("coin"), parameters.optional("txId")
    status = parameters.integer("status")
    now = formats.milliseconds(venue.clock.now())
    end = parameters.integer("endTime") or now + 1000
    start = parameters.integer("startTime")
    if start is None:
        start = end - _DEFAULT_SPAN
    if end - start > _DEFAULT_SPAN + 1000:
        raise bad_parameter("startTime")
    limit = parameters.bounded("limit", default=1000, largest=1000)
    offset = parameters.integer("offset") or 0
    found = [
        shown
        for deposit in reversed(venue.engine.deposits(call.account))
        if deposit.status is not DepositStatus.DROPPED
        and coin in (None, deposit.asset)
        and tx_hash in (None, deposit.tx_hash)
        and start <= formats.milliseconds(deposit.seen_at) <= end
        and status in (None, (shown := _describe(venue.engine.assets[deposit.asset], deposit))["status"])
    ]
    return found[offset : offset + limit]


def _describe(asset: Asset, deposit: Deposit) -> dict[str, object]:
    needed = asset.networks[deposit.network].confirmations
    credited = deposit.status is DepositStatus.CREDITED
    return {
        "id": derived_id("dep", deposit.chain_id, deposit.tx_hash, deposit.log_index),
        "amount": format_atoms(asset.to_money(deposit.amount)),
        "coin": deposit.asset,
        "network": deposit.network,
        "status": _SUCCESS if credited else _PENDING,
        "address": deposit.address,
        "addressTag": "",
        "txId": deposit.tx_hash,
        "insertTime": deposit.seen_at // _MILLISECOND,
        "completeTime": deposit.credited_at // _MILLISECOND if credited else None,
        "transferType": 0,
        "confirmTimes": f"{min(deposit.confirmations, needed)}/{needed}",
        "unlockConfirm": needed,
        "walletType": 0,
    }


async def coins(call: Call) -> object:
    """All coins with the account's balances and their networks."""
    owner = call.venue.account(call.account)
    bases = {market.base.symbol for market in call.venue.engine.markets.values()}
    quotes = {market.quote.symbol for market in call.venue.engine.markets.values()}
    return [
        {
            "coin": asset.symbol,
            "name": asset.definition.name or asset.symbol,
            "depositAllEnable": bool(asset.networks),
            "withdrawAllEnable": any(terms.enabled for terms in asset.withdrawal_terms.values()),
            "free": format_atoms(asset.to_money(owner.available[asset.index])),
            "locked": format_atoms(asset.to_money(owner.held[asset.index])),
            "freeze": "0",
            "ipoable": "0",
            "ipoing": "0",
            "isLegalMoney": False,
            "storage": "0",
            "trading": asset.symbol in bases | quotes,
            "withdrawing": format_atoms(asset.to_money(owner.withdrawing[asset.index])),
            "networkList": [
                _network(asset, network, default=number == 0) for number, network in enumerate(asset.networks.values())
            ],
        }
        for asset in call.venue.engine.assets.values()
    ]


def _network(asset: Asset, network: DefineNetwork, *, default: bool) -> dict[str, object]:
    return {
        "network": network.network,
        "coin": asset.symbol,
        "name": network.network,
        "isDefault": default,
        "depositEnable": True,
        "depositDesc": "",
        "depositDust": format_atoms(ATOMS // 10**network.decimals),
        **_withdrawals(asset, network),
        "addressRegex": "^(0x)[0-9A-Fa-f]{40}$",
        "memoRegex": "",
        "minConfirm": network.confirmations,
        "unLockConfirm": network.confirmations,
        "contractAddress": network.contract,
        "resetAddressStatus": False,
        "specialTips": "",
        "sameAddress": False,
        "estimatedArrivalTime": 1,
        "busy": False,
    }


def _withdrawals(asset: Asset, network: DefineNetwork) -> dict[str, object]:
    terms = asset.withdrawal_terms.get(network.network)
    if terms is None:
        return {
            "withdrawEnable": False,
            "withdrawDesc": "Withdrawals over this network are not offered.",
            "withdrawFee": "0",
            "withdrawMin": "0",
            "withdrawMax": "0",
            "withdrawIntegerMultiple": "0",
        }
    return {
        "withdrawEnable": terms.enabled,
        "withdrawDesc": "" if terms.enabled else terms.reason or "Withdrawals are suspended.",
        "withdrawFee": asset.to_decimal(terms.fee),
        "withdrawMin": asset.to_decimal(terms.minimum),
        "withdrawMax": asset.to_decimal(terms.maximum) if terms.maximum else _NO_MAXIMUM,
        "withdrawIntegerMultiple": asset.to_decimal(terms.step or chain_unit(network, scale=asset.scale)),
    }
