"""Orders from a client through the gateway to a core and back, over a real WebSocket and real gRPC."""

from __future__ import annotations

import asyncio

from indexmaker_client.fix_messages import CancelReject, ExecutionReport, TradeCaptureReport


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


async def test_refused_order_says_why(house):
    async with house.gateway(), house.client() as fix:
        await fix.submit(index="NONE", cash="250")
        (report,) = await take(fix, 1)
        assert (report.exec_type, report.status, report.reject_reason) == ("8", "8", "1")
        assert (report.reject_code, report.text) == ("UNKNOWN_INDEX", "no index NONE")


async def test_cancel_is_reported_under_its_own_id(house):
    async with house.gateway(), house.client() as fix:
        order_id = await fix.submit(index="TOP2", cash="250")
        await take(fix, 1)
        cancel_id = await fix.cancel(order_id, index="TOP2")
        (report,) = await take(fix, 1)
        assert (report.exec_type, report.status) == ("4", "4")
        assert (report.client_order_id, report.original_client_order_id) == (cancel_id, order_id)


async def test_cancel_that_comes_too_late_is_refused_once(house):
    async with house.gateway(), house.client() as fix:
        order_id = await fix.submit(index="TOP2", cash="250")
        await house.core.mint(await one_order(fix))
        await take(fix, 2)
        cancel_id = await fix.cancel(order_id, index="TOP2")
        await fix.ask_status(order_id, index="TOP2")
        refusal, status = sorted(await take(fix, 2), key=lambda event: isinstance(event, ExecutionReport))
        assert isinstance(refusal, CancelReject)
        assert (refusal.client_order_id, refusal.reason, refusal.code) == (cancel_id, "0", "TOO_LATE")
        assert (status.exec_type, status.status, status.state) == ("I", "2", "MINTED")


async def one_order(fix):
    (report,) = await take(fix, 1)
    return report.client_order_id


async def test_new_terms_are_reported_under_the_id_of_the_change(house):
    async with house.gateway(), house.client() as fix:
        order_id = await fix.submit(index="TOP2", cash="250", limit_price="120")
        await take(fix, 1)
        amend_id = await fix.amend(order_id, index="TOP2", cash="200", limit_price="110")
        (report,) = await take(fix, 1)
        assert (report.exec_type, report.status, report.amount, report.limit_price) == ("5", "0", "200", "110")
        assert (report.client_order_id, report.original_client_order_id) == (amend_id, order_id)


async def test_terms_that_cannot_be_had_are_refused_once(house):
    async with house.gateway(), house.client() as fix:
        order_id = await fix.submit(index="TOP2", cash="250")
        await take(fix, 1)
        amend_id = await fix.amend(order_id, index="TOP2", cash="1")
        await fix.ask_status(order_id, index="TOP2")
        refusal, status = sorted(await take(fix, 2), key=lambda event: isinstance(event, ExecutionReport))
        assert isinstance(refusal, CancelReject)
        assert (refusal.client_order_id, refusal.original_client_order_id) == (amend_id, order_id)
        assert refusal.code == "ALREADY_USED"
        assert status.amount == "250"


async def test_new_terms_for_an_unknown_order_are_refused(house):
    async with house.gateway(), house.client() as fix:
        amend_id = await fix.amend("nobody", index="TOP2", cash="200")
        (refusal,) = await take(fix, 1)
        assert isinstance(refusal, CancelReject)
        assert (refusal.client_order_id, refusal.code) == (amend_id, "UNKNOWN_ORDER")


async def test_cancel_of_an_unknown_order_is_refused(house):
    async with house.gateway(), house.client() as fix:
        await fix.cancel("nothing", index="TOP2")
        (refusal,) = await take(fix, 1)
        assert isinstance(refusal, CancelReject)
        assert (refusal.reason, refusal.original_client_order_id) == ("1", "nothing")


async def test_status_of_an_unknown_order_is_a_reject_that_is_no_report_of_a_change(house):
    async with house.gateway(), house.client() as fix:
        await fix.ask_status("nothing", index="TOP2")
        (report,) = await take(fix, 1)
        assert (report.exec_type, report.status, report.reject_reason) == ("I", "8", "5")
