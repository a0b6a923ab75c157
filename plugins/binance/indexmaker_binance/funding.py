"""Deposits: where to send money, and what has arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.money import format_atoms, parse_atoms
from indexmaker_binance.api import VenueApi
from indexmaker_binance.assets import AssetNames, network_of
from indexmaker_binance.errors import BinanceError
from indexmaker_binance.history_watch import HistoryWatch

__all__ = ["Funding", "deposit_watch", "read_deposit"]

_log = structlog.get_logger(__name__)

_MILLISECOND = 10**6
_PAGE = 1_000
_DAY = 86_400_000 * _MILLISECOND
_LONGEST = 89 * _DAY
"""The venue answers for at most 90 days at once."""

Status = pb.VenueDeposit.Status

_STATUS = {
    0: Status.STATUS_PENDING,
    1: Status.STATUS_CREDITED,
    2: Status.STATUS_FAILED,  # rejected
    6: Status.STATUS_CREDITED,  # tradable, not yet withdrawable
    7: Status.STATUS_FAILED,  # wrong deposit
    8: Status.STATUS_PENDING,  # waits for the user's confirmation
}


class Funding:
    """The wallet of one account."""

    def __init__(self, api: VenueApi, *, names: AssetNames, networks: Mapping[str, str]) -> None:
        self._api = api
        self._names = names
        self._networks = networks

    async def deposit_address(self, asset: str, chain_id: int) -> pb.GetDepositAddressResponse:
        """Where to send an asset on a chain; raises `BinanceError`."""
        coin = self._names.venue(asset)
        network = network_of(chain_id, overrides=self._networks)
        content = await self._api.wallet("get_deposit_address", coin=coin, network=network)
        address = str(content["address"])
        return pb.GetDepositAddressResponse(
            address=address.lower() if address[:2].lower() == "0x" else address,
            network=network,
            min_amount=await self._least(coin, network),
        )

    async def deposits(self, since: int, *, until: int) -> list[pb.VenueDeposit]:
        """Deposits that the venue first recorded at or after a time, oldest first; 0 means the last 89 days."""
        found: list[pb.VenueDeposit] = []
        start = since or until - _LONGEST
        while start <= until:
            end = min(until, start + _LONGEST)
            found += await self._span(start // _MILLISECOND, -(-end // _MILLISECOND))
            start = end + 1
        unique = {deposit.deposit_id: deposit for deposit in found if deposit.recorded_at >= since}
        return sorted(unique.values(), key=lambda deposit: (deposit.recorded_at, deposit.deposit_id))

    async def _span(self, start_ms: int, end_ms: int) -> list[pb.VenueDeposit]:
        found: list[pb.VenueDeposit] = []
        while True:
            page = await self._api.wallet(
                "get_deposit_history", startTime=start_ms, endTime=end_ms, offset=len(found), limit=_PAGE
            )
            found += [read_deposit(item, names=self._names) for item in page]
            if len(page) < _PAGE:
                return found

    async def _least(self, coin: str, network: str) -> str:
        """Least amount that is credited; empty when the venue does not tell."""
        try:
            coins: Sequence[Mapping[str, Any]] = await self._api.wallet("get_all_coins_info")
        except BinanceError as error:
            _log.warning("coin table not read", error=str(error))
            return ""
        for entry in coins:
            for item in entry.get("networkList", ()) if entry.get("coin") == coin else ():
                if item.get("network") == network and item.get("depositDust"):
                    return format_atoms(parse_atoms(str(item["depositDust"])))
        return ""


def deposit_watch(since: int) -> HistoryWatch[pb.VenueDeposit]:
    """Finds new and changed deposits for one listener."""
    return HistoryWatch(
        since,
        key=lambda deposit: deposit.deposit_id,
        at=lambda deposit: deposit.recorded_at,
        pending=lambda deposit: deposit.status == Status.STATUS_PENDING,
    )


def read_deposit(item: Mapping[str, Any], *, names: AssetNames) -> pb.VenueDeposit:
    """Read one element of the deposit history; a status that is not known counts as pending."""
    tx_hash, address = str(item.get("txId", "")), str(item.get("address", ""))
    return pb.VenueDeposit(
        deposit_id=str(item.get("id") or f"{item['network']}:{tx_hash}:{item['coin']}"),
        amount=common_pb2.AssetAmount(
            asset=names.common(item["coin"]), amount=format_atoms(parse_atoms(str(item["amount"])))
        ),
        network=item["network"],
        tx_hash=_lower(tx_hash),
        address=_lower(address),
        status=_STATUS.get(int(item["status"]), Status.STATUS_PENDING),
        recorded_at=int(item["insertTime"]) * _MILLISECOND,
    )


def _lower(text: str) -> str:
    return text.lower() if text[:2].lower() == "0x" else text
