"""Orders from a client through the gateway to a core and back, over a real WebSocket and real gRPC."""

from __future__ import annotations

import asyncio

from indexmaker_client.fix_messages import ExecutionReport, TradeCaptureReport


async def take(client, count):
    taken = []
    async with asyncio.timeout(10):
        async for event in client.events():
            taken.append(event)
            if len(taken) == count:
                return taken
    raise AssertionError("unreachable")


async def test_order_is_reported_from_acceptance_to_the_invoice_of_its_mint(house):
    async with house.gateway(), house.client() as fix:
        order_id = await fix.submit(index="TOP2", cash="250", limit_price="120", max_fee="1.5")
        (new,) = await take(fix, 1)
        assert isinstance(new, ExecutionReport)
        assert (new.exec_type, new.status, new.client_order_id, new.amount) == ("0", "0", order_id, "250")

        await house.core.fill(order_id, units="1.5", value="150")
        await house.core.mint(order_id)
        fill, minted, invoice = await take(fix, 3)
        assert (fill.exec_type, fill.status, fill.last_units, fill.average_price) == ("F", "1", "1.5", "100")
        assert (minted.exec_type, minted.status, minted.units, minted.refund) == ("B", "2", "2", "49.249999")
        assert minted.mint_tx_hash == "0x" + "cd" * 32
        assert {fee.kind: fee.amount for fee in minted.fees} == {
            "VENUE": "0.2",
            "BRIDGE_CAPITAL": "0.3",
            "MANAGEMENT": "0.25",
        }
        assert isinstance(invoice, TradeCaptureReport)
        assert [(lot.trade_id, lot.quantity, lot.value) for lot in invoice.lots] == [("77", "0.002", "200")]
        assert invoice.deposit == "250"
