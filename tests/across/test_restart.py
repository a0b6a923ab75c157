"""The process may die before or after any line of its journal; the next one goes on, and money moves once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from across.conftest import Networks
from across.killing import Killed, dying_journal, router
from across.steps import USDC, VENUE_ADDRESS, at_route, at_venue, at_wallet, commit_collateral, until
from indexmaker_across import events as ev
from indexmaker_across.transfer import Leg, Phase, Terms

pytestmark = pytest.mark.integration

STEPS: dict[str, tuple[type[msgspec.Struct], Leg | None]] = {
    "planned": (ev.DepositPlanned, None),
    "deposit-sent": (ev.TransactionSent, Leg.DEPOSIT),
    "deposit-confirmed": (ev.TransactionConfirmed, Leg.DEPOSIT),
    "filled": (ev.FillSeen, None),
    "payment-sent": (ev.TransactionSent, Leg.PAYMENT),
    "payment-confirmed": (ev.TransactionConfirmed, Leg.PAYMENT),
}


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
        kind, leg = STEPS[step]
        dying = router(client, tmp_path, dying_journal(kind, leg=leg, moment=moment))
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
