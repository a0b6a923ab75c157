"""What operators of the exchange decide: withdrawals that wait for approval.

It listens on a unix socket in the data directory that only the directory's owner can open; there is no other key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import structlog
from aiohttp import web

from indexmaker.exchange.commands import ApproveWithdrawal, ExchangeCommand, RejectWithdrawal
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import Rejected, WithdrawalChanged
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.withdrawals import Withdrawal
from indexmaker.gateways.binance.venue import ExchangeSequencer

__all__ = ["SOCKET", "Decision", "ShownWithdrawal", "operator_face"]

SOCKET = "operator.sock"

_log = structlog.get_logger(__name__)


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who decides, and for a refusal why."""

    operator: str
    reason: str = ""


class ShownWithdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """A withdrawal as operators see it; amounts are decimals, times UTC nanoseconds."""

    withdrawal_id: int
    account: int
    asset: str
    network: str
    address: str
    amount: str
    fee: str
    status: str
    tx_hash: str
    reason: str
    requested_at: int


class _Face:
    def __init__(self, engine: ExchangeEngine, sequencer: ExchangeSequencer) -> None:
        self._engine = engine
        self._sequencer = sequencer

    async def list(self, request: web.Request) -> web.Response:
        """Withdrawals that have not ended; with `?all=1` all of them."""
        everything = request.query.get("all") == "1"
        found = [self._shown(one) for one in self._engine.withdrawals() if everything or not one.ended]
        return _json(found)

    async def approve(self, request: web.Request) -> web.Response:
        """Hand one to the hot wallet."""
        decision = await _decision(request)
        if isinstance(decision, web.Response):
            return decision
        return await self._decide(ApproveWithdrawal(withdrawal_id=_number(request), operator=decision.operator))

    async def reject(self, request: web.Request) -> web.Response:
        """Refuse one; the money goes back to its owner."""
        decision = await _decision(request)
        if isinstance(decision, web.Response):
            return decision
        command = RejectWithdrawal(withdrawal_id=_number(request), operator=decision.operator, reason=decision.reason)
        return await self._decide(command)

    async def _decide(self, command: ExchangeCommand) -> web.Response:
        answer = (await self._sequencer.submit(command)).outputs[0]
        if isinstance(answer, Rejected):
            unknown = answer.code is RejectCode.UNKNOWN_WITHDRAWAL
            return _json({"error": answer.message}, status=404 if unknown else 409)
        assert isinstance(answer, WithdrawalChanged)
        _log.info("withdrawal_decided", withdrawal_id=answer.withdrawal_id, status=str(answer.status))
        decided = self._engine.withdrawal(answer.withdrawal_id)
        assert decided is not None, "it was changed just now"
        return _json(self._shown(decided))

    def _shown(self, withdrawal: Withdrawal) -> ShownWithdrawal:
        asset = self._engine.assets[withdrawal.asset]
        return ShownWithdrawal(
            withdrawal_id=withdrawal.withdrawal_id,
            account=withdrawal.account,
            asset=withdrawal.asset,
            network=withdrawal.network,
            address=withdrawal.address,
            amount=asset.to_decimal(withdrawal.amount),
            fee=asset.to_decimal(withdrawal.fee),
            status=str(withdrawal.status),
            tx_hash=withdrawal.tx_hash,
            reason=withdrawal.reason,
            requested_at=withdrawal.requested_at,
        )


@asynccontextmanager
async def operator_face(
    engine: ExchangeEngine, sequencer: ExchangeSequencer, *, data: Path | None
) -> AsyncIterator[None]:
    """Serve operators while the block runs; without a data directory, or below a very long path, there is no place."""
    if data is None:
        yield
        return
    face = _Face(engine, sequencer)
    application = web.Application()
    application.router.add_get("/withdrawals", face.list)
    application.router.add_post(r"/withdrawals/{number:\d{1,18}}/approve", face.approve)
    application.router.add_post(r"/withdrawals/{number:\d{1,18}}/reject", face.reject)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.UnixSite(runner, str(data / SOCKET)).start()
        except OSError as error:  # the path of a socket may have about 100 characters
            _log.warning("operators_not_served", place=str(data / SOCKET), why=str(error))
        yield
    finally:
        await runner.cleanup()


async def _decision(request: web.Request) -> Decision | web.Response:
    """The decision, or the answer to one that is none."""
    try:
        decision = msgspec.json.decode(await request.read(), type=Decision)
    except msgspec.DecodeError as error:
        return _json({"error": str(error)}, status=400)
    if not decision.operator.strip():
        return _json({"error": "name the operator who decides"}, status=400)
    if request.path.endswith("/reject") and not decision.reason.strip():
        return _json({"error": "give a reason for the refusal"}, status=400)
    return decision


def _number(request: web.Request) -> int:
    return int(request.match_info["number"])


def _json(content: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")
