"""Invoices of a whole system: numbered, archived, served as pages, verified by anyone with the journal, and guarded."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from indexmaker.api.solver.v1 import guardian_pb2, guardian_pb2_grpc, invoices_pb2
from indexmaker.connectors.channel import open_channel
from indexmaker.money import parse_atoms
from indexmaker.services.guardian.accounts import mint_message
from indexmaker.services.guardian.signing import signer_of
from indexmaker.services.solver.lots_root import lots_root, proves
from indexmaker.solver.commands import Invoice, InvoiceLot
from indexmaker.solver.vocabulary import LotSource
from system.harness import Core, System, signer, system

ALICE, BOB = signer(1), signer(2)


async def mint(
    world: System, core: Core, *, user=ALICE, name: str = "one", amount: str = "150"
) -> invoices_pb2.Invoice:
    """Order, deposit, mint; returns the invoice."""
    await core.client.submit(user, client_order_id=name, index="TOP2", amount=amount)
    world.outside.deposit(user.account, amount)
    await core.when(lambda state: any(o.client_order_id == name and o.settle_final for o in state.orders.values()))
    (found,) = [one for one in await core.client.invoices(user.account) if one.client_order_id == name]
    return await core.client.invoice(found.invoice_id)


@asynccontextmanager
async def guardian_of(world: System) -> AsyncIterator[guardian_pb2_grpc.GuardianServiceStub]:
    async with open_channel(world.settings.socket("guardian")) as channel:
        yield guardian_pb2_grpc.GuardianServiceStub(channel)


def account_of(world: Core, invoice_id: str) -> Invoice:
    orders = world.engine.state.orders.values()
    return next(o.invoice for o in orders if o.invoice is not None and o.invoice.invoice_id == invoice_id)


async def test_invoices_are_numbered_in_the_order_of_their_settlement_and_survive_the_core() -> None:
    async with system() as world:
        async with world.core() as core:
            first = await mint(world, core)
            second = await mint(world, core, user=BOB, name="two", amount="90")
            assert (first.number, second.number) == (1, 2)
            assert first.final
            assert first.transactions[0].step == "deposit"
            assert first.transactions[-1].step == "mint"
        async with world.core() as core:
            assert await core.client.invoice(first.invoice_id) == first
            assert [one.number for one in await core.client.invoices()] == [2, 1]


async def test_every_lot_of_an_invoice_is_proved_against_the_root_on_chain() -> None:
    async with system() as world, world.core() as core:
        invoice = await mint(world, core)
        (settled,) = world.outside.chain.told("request_settled")
        assert settled.request_settled.lots_root == invoice.lots_root
        assert len(invoice.lots) >= 2
        for lot in invoice.lots:
            amounts = {name: parse_atoms(getattr(lot, name)) for name in ("quantity", "price", "value", "fee")}
            names = {name: getattr(lot, name) for name in ("asset", "venue", "symbol", "trade_id", "batch_id")}
            rebuilt = InvoiceLot(**names, **amounts, source=LotSource(lot.source))  # type: ignore[arg-type]
            assert proves(rebuilt, list(lot.proof), root=invoice.lots_root)


async def test_nothing_is_minted_without_the_guardian() -> None:
    async with system(guarded=False) as world, world.core() as core:
        await core.client.submit(ALICE, client_order_id="one", index="TOP2", amount="150")
        world.outside.deposit(ALICE.account, "150")
        await core.when(lambda state: any(o.invoice is not None for o in state.orders.values()))
        await asyncio.sleep(0.3)
        assert not world.outside.chain.told("request_settled")
        async with world.guarded():
            await core.settled()
        assert world.outside.chain.told("request_settled")


async def test_a_venue_that_tells_another_story_stops_the_mint() -> None:
    async with system(guarded=False) as world, world.core() as core:
        await core.client.submit(ALICE, client_order_id="one", index="TOP2", amount="150")
        world.outside.deposit(ALICE.account, "150")
        await core.when(lambda state: any(o.invoice is not None for o in state.orders.values()))
        for report in world.outside.venue.book.orders.values():
            for trade in report.trades:
                trade.price = "1"
        async with world.guarded():
            await core.when(lambda state: any(o.vetoed for o in state.orders.values()))
        (order,) = core.engine.state.orders.values()
        assert "VENUE" in order.vetoed
        assert not world.outside.chain.told("request_settled")


async def test_what_was_signed_is_signed_again_only_with_a_later_deadline() -> None:
    async with system() as world, world.core() as core:
        invoice = account_of(core, (await mint(world, core)).invoice_id)
        async with guardian_of(world) as guardian:
            for change in ({}, {"refund": invoice.refund + 10**12}):
                request = guardian_pb2.SignRequest(mint=mint_message(msgspec.structs.replace(invoice, **change)))
                response = await guardian.Sign(request, timeout=20)
                checks = {one.check for one in response.veto.discrepancies}
                assert "CHAIN" in checks  # it is settled: nothing is signed for it any more
                assert ("SIGNED_BEFORE" in checks) == bool(change)
            known = await guardian.GetGuardian(guardian_pb2.GetGuardianRequest(), timeout=5)
            assert known.signed == 1


async def test_a_review_names_every_check_and_signs_nothing() -> None:
    async with system() as world, world.core() as core:
        shown = await mint(world, core)
        invoice = account_of(core, shown.invoice_id)
        async with guardian_of(world) as guardian:
            request = guardian_pb2.ReviewRequest(mint=mint_message(invoice))
            response = await guardian.Review(request, timeout=20)
        findings = {one.check: list(one.findings) for one in response.results}
        assert {check for check, found in findings.items() if found} == {"CHAIN"}
        assert {"BALANCE", "LOT", "UNITS", "VENUE", "SIGNED_BEFORE"} <= findings.keys()
        assert response.lots_root == lots_root(invoice.lots) == shown.lots_root


async def test_the_signature_on_chain_is_the_guardians() -> None:
    async with system() as world, world.core() as core:
        invoice = account_of(core, (await mint(world, core)).invoice_id)
        (settle,) = [one.settle for one in world.outside.chain.asked if one.HasField("settle")]
        assert signer_of(invoice, signature=settle.signature) == settle.signer


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_the_page_of_an_invoice_is_where_its_link_says() -> None:
    port = free_port()
    more = f'[invoices]\nlisten = "127.0.0.1:{port}"\nsecret = "env:INVOICE_SECRET"\n'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INVOICE_SECRET", "some words that nobody guesses")
        async with system(tail=more) as world, world.core() as core, aiohttp.ClientSession() as web:
            invoice = await mint(world, core)
            async with web.get(invoice.page, headers={"Accept": "text/html"}) as response:
                page = await response.text()
            assert response.status == 200
            assert f"Mint invoice {invoice.number}" in page
            assert invoice.deposit in page
            async with web.get(invoice.page.partition("?")[0]) as response:
                assert response.status == 404


async def verify(*arguments: str) -> tuple[int, str]:
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "indexmaker.cli.app", "invoice", "verify", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await running.communicate()
    assert running.returncode is not None
    return running.returncode, out.decode()


def copy_of(world: System, place: Path) -> Path:
    with sqlite3.connect(world.settings.core.database.removeprefix("sqlite:///")) as source:
        copy = sqlite3.connect(place / "copy.db")
        source.backup(copy)
        copy.close()
    return place / "copy.db"


async def test_an_invoice_is_verified_by_journal_venue_and_chain(tmp_path: Path) -> None:
    async with system() as world:
        async with world.core() as core:
            invoice = await mint(world, core)
        run = world.settings.run_directory
        code, text = await verify(invoice.invoice_id, "--config", str(run / "indexmaker.toml"))
        assert code == 0, text
        assert "FAIL" not in text
        assert "not asked" not in text
        copy = copy_of(world, tmp_path)
        for report in world.outside.venue.book.orders.values():
            for trade in report.trades:
                trade.quantity = "1"
        code, text = await verify(invoice.invoice_id, "--config", str(run / "indexmaker.toml"))
        assert code == 1
        assert "VENUE" in text
        assert text.count("FAIL") == 1
    code, text = await verify(invoice.invoice_id, "--journal", str(copy))
    assert code == 0, text
    assert "not asked: VENUE, CHAIN, SETTLEMENT" in text
    assert (await verify("i-none", "--journal", str(copy)))[0] == 2
    assert (await verify(invoice.invoice_id, "--journal", str(tmp_path / "none.db")))[0] == 2


async def test_a_journal_that_was_altered_fails_by_name(tmp_path: Path) -> None:
    async with system() as world:
        async with world.core() as core:
            invoice = await mint(world, core)
        copy = copy_of(world, tmp_path)
    with sqlite3.connect(copy) as opened:
        opened.execute("DROP TRIGGER journal_entries_no_update")
        opened.execute("UPDATE journal_entries SET at = at + 1 WHERE sequence = 5")
    code, text = await verify(invoice.invoice_id, "--journal", str(copy))
    assert code == 1, text
    assert "JOURNAL" in text
    assert "FAIL" in text
