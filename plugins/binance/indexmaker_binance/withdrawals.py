"""Withdraws so that one request never moves money twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from msgspec.structs import replace

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.money import format_atoms, parse_atoms
from indexmaker_binance.api import VenueApi
from indexmaker_binance.assets import AssetNames, network_of
from indexmaker_binance.errors import (
    BinanceError,
    EnvironmentRefusedError,
    FilterRefusedError,
    NotReachedError,
    ResultUnknownError,
    UnknownNetworkError,
    VenueRefusedError,
)
from indexmaker_binance.withdrawal_journal import Requested, WithdrawalJournal
from indexmaker_binance.withdrawal_messages import (
    accepted,
    read_withdrawal,
    reject,
    reject_of_venue,
    same_request,
)
from indexmaker_binance.withdrawal_terms import NetworkTerms, read_request, terms_of

__all__ = ["Outcome", "WithdrawalSettings", "Withdrawals"]

_log = structlog.get_logger(__name__)

Outcome = pb.VenueWithdrawal | pb.WithdrawalReject

_MILLISECOND = 10**6
_MINUTE = 60_000 * _MILLISECOND
_DAY = 86_400_000 * _MILLISECOND
_LONGEST = 89 * _DAY
"""The venue answers for less than 90 days at once."""
_PAGE = 1_000
_KEY_CODES = frozenset({-1002, -1022, -2014, -2015})


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalSettings:
    """`doubt_ms` after a request without an answer, one that the history does not show was never taken."""

    enabled: bool
    doubt_ms: int


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Withdrawals:
    """One account's withdrawals. Requests under the same id are carried out one after the other."""

    def __init__(
        self,
        api: VenueApi,
        journal: WithdrawalJournal,
        settings: WithdrawalSettings,
        *,
        names: AssetNames,
        networks: Mapping[str, str],
    ) -> None:
        self._api = api
        self._journal = journal
        self._settings = settings
        self._names = names
        self._networks = networks
        self._turns: dict[str, _Turn] = {}

    async def quote(self, asset: str, chain_id: int) -> pb.QuoteWithdrawalResponse:
        """What a withdrawal costs now; raises `BinanceError`."""
        network = network_of(chain_id, overrides=self._networks)
        return (await self._terms(self._names.venue(asset), network)).quote()

    async def withdraw(self, request: pb.WithdrawRequest) -> Outcome:
        """Send money, or say what became of the first request under this id.

        Raises:
            EnvironmentRefusedError: withdrawals are switched off here.
            BinanceError: nothing was sent; the same request may be made again.
        """
        if not self._settings.enabled:
            raise EnvironmentRefusedError("withdrawals are switched off: set `withdrawals` in the configuration")
        try:
            network = request.network or network_of(request.chain_id, overrides=self._networks)
            coin = self._names.venue(request.asset)
            requested = read_request(request, coin=coin, network=network, now=self._api.venue_now())
        except (FilterRefusedError, UnknownNetworkError) as error:
            return reject(request.withdrawal_id, pb.REJECT_CLASS_FILTER, str(error))
        async with self._turn(request.withdrawal_id):
            earlier = await self._journal.find(request.withdrawal_id)
            if earlier is not None and not earlier.same_terms(requested):
                return _used_otherwise(requested)
            found = await self._look_up(request.withdrawal_id, earlier)
            if isinstance(found, pb.VenueWithdrawal):
                return self._matching(found, requested)
            if found:
                return reject(request.withdrawal_id, pb.REJECT_CLASS_AMBIGUOUS, found)
            return await self._send(requested)

    async def query(self, withdrawal_id: str) -> pb.VenueWithdrawal:
        """What became of a withdrawal.

        Raises:
            ResultUnknownError: it cannot be told yet whether the venue took it; ask again.
            BinanceError: the venue cannot be asked.
        """
        async with self._turn(withdrawal_id):
            found = await self._look_up(withdrawal_id, await self._journal.find(withdrawal_id))
        if isinstance(found, pb.VenueWithdrawal):
            return found
        if found:
            raise ResultUnknownError(found)
        return pb.VenueWithdrawal(
            withdrawal_id=withdrawal_id,
            status=pb.VenueWithdrawal.STATUS_NOT_FOUND,
            reason="the venue has no withdrawal of this id in the last 89 days",
        )

    async def history(self, since: int, *, until: int) -> list[pb.VenueWithdrawal]:
        """Withdrawals requested at or after a time, oldest first; 0 means the last 89 days. Raises `BinanceError`."""
        found: list[pb.VenueWithdrawal] = []
        first = since // 10**9 * 10**9  # the venue tells whole seconds
        start = first or until - _LONGEST
        while start <= until:
            end = min(until, start + _LONGEST)
            found += await self._span(start // _MILLISECOND, -(-end // _MILLISECOND))
            start = end + 1
        unique = {one.venue_withdrawal_id: one for one in found if one.requested_at >= first}
        return sorted(unique.values(), key=lambda one: (one.requested_at, one.venue_withdrawal_id))

    async def _span(self, start_ms: int, end_ms: int) -> list[pb.VenueWithdrawal]:
        found: list[pb.VenueWithdrawal] = []
        while True:
            page = await self._api.wallet(
                "get_withdraw_history", startTime=start_ms, endTime=end_ms, offset=len(found), limit=_PAGE
            )
            try:
                found += [read_withdrawal(item, names=self._names) for item in page]
            except (KeyError, ValueError) as error:
                raise ResultUnknownError(f"the venue's withdrawal history is malformed: {error!r}") from error
            if len(page) < _PAGE:
                return found

    async def _look_up(self, withdrawal_id: str, earlier: Requested | None) -> pb.VenueWithdrawal | str:
        """The withdrawal of an id, empty when the venue does not have it, or why that cannot be said yet.

        A search by the id alone goes back seven days at the venue, too few for one that was lost track of.
        """
        asked_at = self._api.venue_now()
        since = max(earlier.requested_at - _DAY, asked_at - _LONGEST) if earlier else 0
        for withdrawal in await self.history(since, until=asked_at + _MINUTE):
            if withdrawal.withdrawal_id == withdrawal_id:
                if earlier is not None and not earlier.venue_id:
                    await self._journal.confirm(withdrawal_id, withdrawal.venue_withdrawal_id)
                if earlier is not None and same_request(withdrawal, earlier, names=self._names):
                    withdrawal.amount.amount = earlier.amount
                return withdrawal
        if earlier is None:
            return ""
        if earlier.venue_id:
            return accepted(earlier, names=self._names)
        if asked_at < earlier.doubt_until:
            seconds = -(-(earlier.doubt_until - asked_at) // 10**9)
            return f"the request had no answer and is not in the history; that is final in {seconds} s"
        await self._journal.forget(withdrawal_id)
        return ""

    async def _send(self, requested: Requested) -> Outcome:
        terms = await self._terms(requested.coin, requested.network)
        if not terms.enabled:
            return reject(requested.withdrawal_id, pb.REJECT_CLASS_HALTED, terms.reason)
        try:
            terms.check(parse_atoms(requested.amount))
        except FilterRefusedError as error:
            return reject(requested.withdrawal_id, pb.REJECT_CLASS_FILTER, str(error))
        now = self._api.venue_now()
        requested = replace(
            requested,
            fee=format_atoms(terms.fee),
            requested_at=now,
            doubt_until=now + self._settings.doubt_ms * _MILLISECOND,
        )
        await self._journal.record(requested)
        try:
            answer = await self._api.wallet(
                "withdraw",
                patience_ms=0,  # the doubt is counted from here
                coin=requested.coin,
                network=requested.network,
                address=requested.address,
                amount=requested.amount,
                withdrawOrderId=requested.withdrawal_id,
            )
            venue_id = str(answer["id"])
        except NotReachedError:
            await self._journal.forget(requested.withdrawal_id)
            raise
        except VenueRefusedError as error:
            await self._journal.forget(requested.withdrawal_id)
            if error.code in _KEY_CODES:
                raise
            return reject_of_venue(requested.withdrawal_id, error)
        except (ResultUnknownError, KeyError, TypeError) as error:
            _log.warning("withdrawal without answer", withdrawal_id=requested.withdrawal_id, error=str(error))
            return await self._unanswered(requested)
        await self._journal.confirm(requested.withdrawal_id, venue_id)
        _log.info("withdrawal requested", withdrawal_id=requested.withdrawal_id, venue_id=venue_id)
        return accepted(replace(requested, venue_id=venue_id), names=self._names)

    async def _unanswered(self, requested: Requested) -> Outcome:
        try:
            found = await self._look_up(requested.withdrawal_id, requested)
        except BinanceError as error:
            found = f"the venue cannot be asked: {error}"
        if isinstance(found, pb.VenueWithdrawal):
            return self._matching(found, requested)
        return reject(requested.withdrawal_id, pb.REJECT_CLASS_AMBIGUOUS, found)

    async def _terms(self, coin: str, network: str) -> NetworkTerms:
        return terms_of(await self._api.wallet("get_all_coins_info"), coin=coin, network=network)

    def _matching(self, found: pb.VenueWithdrawal, requested: Requested) -> Outcome:
        return found if same_request(found, requested, names=self._names) else _used_otherwise(requested)

    @asynccontextmanager
    async def _turn(self, withdrawal_id: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(withdrawal_id, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[withdrawal_id]


def _used_otherwise(requested: Requested) -> pb.WithdrawalReject:
    return reject(requested.withdrawal_id, pb.REJECT_CLASS_OTHER, "this withdrawal id was used for another withdrawal")
