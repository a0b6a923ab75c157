"""The process may die before or after any line of its journal; the next one goes on, and money moves once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from across.conftest import Networks
from across.steps import USDC, VENUE_ADDRESS, at_route, at_venue, at_wallet, commit_collateral, configuration, until
from indexmaker.connectors.clock import SystemClock
from indexmaker.connectors.configuration import decode_configuration
from indexmaker_across import events as ev
from indexmaker_across.config import AcrossConfig
from indexmaker_across.journal import TransferJournal
from indexmaker_across.router import Router
from indexmaker_across.transfer import Leg, Phase, Terms, Transfer
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.signer import from_key

pytestmark = pytest.mark.integration

STEPS: dict[str, tuple[type[msgspec.Struct], Leg | None]] = {
    "planned": (ev.DepositPlanned, None),
    "deposit-sent": (ev.TransactionSent, Leg.DEPOSIT),
    "deposit-confirmed": (ev.TransactionConfirmed, Leg.DEPOSIT),
    "filled": (ev.FillSeen, None),
    "payment-sent": (ev.TransactionSent, Leg.PAYMENT),
    "payment-confirmed": (ev.TransactionConfirmed, Leg.PAYMENT),
}


class Killed(Exception):
    """The process died here."""


def dying_journal(step: str, moment: str) -> type[TransferJournal]:
    kind, leg = STEPS[step]

    class DyingJournal(TransferJournal):
        def record_all(
            self, changes: Sequence[tuple[Transfer, ev.Event]], *, refund_key: str = "", withdrawal_key: str = ""
        ) -> None:
            fatal = any(isinstance(event, kind) and getattr(event, "leg", None) is leg for _, event in changes)
            if fatal and moment == "before":
                raise Killed
            super().record_all(changes, refund_key=refund_key, withdrawal_key=withdrawal_key)
            if fatal:
                raise Killed

    return DyingJournal


def router(client: DevnetClient, directory: Path, journal_type: type[TransferJournal] = TransferJournal) -> Router:
    config = decode_configuration(AcrossConfig, msgspec.json.encode(configuration(client)))
    signer = from_key(config.router_key.reveal())
    return Router(config, signer, directory, clock=SystemClock(), journal_type=journal_type)


TERMS = Terms(
    transfer_id="t-1",
    source="EVM:ARBITRUM:USDC",
    destination="VENUE:binance:USDC",
    amount=1000 * USDC,
    min_out=990 * USDC,
    recipient=VENUE_ADDRESS,
)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_killed_router_goes_on_and_money_moves_once(
    networks: Networks, tmp_path: Path, step: str, moment: str
) -> None:
    async with networks() as client:
        await commit_collateral(client, 2000)
        dying = router(client, tmp_path, dying_journal(step, moment))
        await dying.desk.start(TERMS)
        with pytest.RaisesGroup(Killed):
            async with asyncio.timeout(60):
                await dying.run()

        revived = router(client, tmp_path)
        await revived.desk.start(TERMS)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(revived.run())

            async def sent() -> bool:
                return revived.desk.get("t-1").phase is Phase.SENT

            await until(sent)
            transfer = revived.desk.get("t-1")
            running.cancel()
        assert await at_route(client) == 1000 * USDC
        assert (await at_venue(client), await at_wallet(client)) == (transfer.received, 0)
