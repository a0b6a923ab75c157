"""Index tokens become money again over real sockets: locked, sold, withdrawn, carried back, paid."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from indexmaker.api.operations.v1 import operations_pb2 as pb
from indexmaker.api.solver.v1 import invoices_pb2
from indexmaker.connectors.testing import LoseWithdrawal, MockVenueConfig, PayOut, RefuseWithdrawal
from indexmaker.money import parse_atoms
from system.audit import check_books
from system.harness import Core, System, name_of, signer, system
from system.outside import BALANCES, PAIRS

ALICE, BOB = signer(1), signer(2)


@asynccontextmanager
async def holders(*, venue: MockVenueConfig | None = None, **options: object) -> AsyncIterator[tuple[System, Core]]:
    """A core of which Alice and Bob have bought the index for 400 each."""
    async with system(venue=venue, **options) as world, world.core() as core:
        for user in (ALICE, BOB):
            world.outside.deposit(user.account, "400")
            await core.client.submit(user, client_order_id="buy", index="TOP2", amount="400")
        await core.until("MINTED", count=2)
        await core.settled()
        yield world, core


async def sell(world: System, core: Core, user=ALICE, *, escrow="2", units="2", **terms) -> None:
    world.outside.redeem(user.account, escrow)
    order = await core.client.sell(user, client_order_id="sale", index="TOP2", units=units, **terms)
    assert name_of(order.state) == "PENDING_TOKENS", order.reason


async def test_a_sale_is_locked_sold_withdrawn_carried_and_paid():
    async with holders() as (world, core):
        await sell(world, core, escrow="2.5")
        (*_, report) = await core.until("PAID")
        await core.settled()
        order = await core.client.order(ALICE.account, "sale")
        invoice = await core.client.invoice(order.invoice_id)
        check_books(core.engine.ledger, world.outside.venue.book.balances)
        (settled,) = [event.redemption_settled for event in world.outside.chain.told("redemption_settled")]
    assert (invoice.kind, invoice.final) == (invoices_pb2.INVOICE_KIND_REDEMPTION, True)
    assert (settled.burned, settled.returned, settled.paid) == (invoice.burned, invoice.returned, invoice.paid)
    assert parse_atoms("1.98") <= parse_atoms(settled.burned) == parse_atoms("2.5") - parse_atoms(settled.returned)
    assert (report.order.paid, report.order.returned) == (invoice.paid, invoice.returned)
    assert report.tx_hash == invoice.mint_tx_hash
    uses = (invoice.paid, invoice.venue_fees, invoice.routing_fees, invoice.redemption_fee, invoice.rounding)
    assert parse_atoms(invoice.proceeds) == sum(parse_atoms(one or "0") for one in uses)
    assert sum(parse_atoms(lot.value) for lot in invoice.lots) == parse_atoms(invoice.proceeds)
    (back,) = [one for one in world.outside.bridge.asked if one.source.startswith("VENUE:")]
    assert back.source_tx_hash


async def test_the_gate_may_take_the_payment_before_it_is_sent():
    async with holders() as (world, core):
        await sell(world, core)
        await core.until("PAID")
    asked = [request.WhichOneof("command") for request in world.outside.chain.asked]
    assert asked.count("approve_gate") == 1
    assert asked.index("approve_gate") < asked.index("settle_redemption")


async def test_a_gate_approved_before_a_restart_is_not_approved_again():
    async with system() as world:
        for restart in range(2):
            async with world.core() as core:
                world.outside.deposit(ALICE.account, "400")
                await core.client.submit(ALICE, client_order_id=f"buy-{restart}", index="TOP2", amount="400")
                await core.until("MINTED", count=restart + 1)
                await core.settled()
    assert [request.HasField("approve_gate") for request in world.outside.chain.asked].count(True) == 1


async def test_the_tokens_and_the_way_of_the_money_can_be_looked_at():
    async with holders() as (world, core):
        await sell(world, core, escrow="2.5")
        await core.until("PAID")
        (lot,) = await core.client.redemptions(ALICE.account)
        transfer = (await core.client.transfers())[-1]
    assert set(lot.buckets) == {"burned", "returned"}
    assert sum(map(parse_atoms, lot.buckets.values())) == parse_atoms("2.5")
    assert (transfer.source, transfer.destination) == ("VENUE:mock:USDC", "EVM:ARBITRUM:USDC")
    charged = parse_atoms(transfer.amount_in) - parse_atoms(transfer.amount_out)
    assert sum(parse_atoms(fee.amount) for fee in transfer.fees) == charged


async def test_a_cancelled_sale_of_which_nothing_was_sold_returns_every_token():
    async with holders() as (world, core):
        await sell(world, core, limit_price="1000")
        await core.when(lambda state: any(o.side == "SELL" and o.state == "READY" for o in state.orders.values()))
        answer = await core.client.cancel(ALICE, client_order_id="sale")
        assert answer.cancel_pending or name_of(answer.state) == "CANCELLED"
        await core.when(lambda state: all(order.state.final for order in state.orders.values()))
        (settled,) = [event.redemption_settled for event in world.outside.chain.told("redemption_settled")]
    assert (settled.burned, settled.returned, settled.paid) == ("0", "2", "0")


@pytest.mark.parametrize("answer", [LoseWithdrawal(executed=True), LoseWithdrawal(executed=False)])
async def test_a_withdrawal_whose_answer_is_lost_is_made_once(answer):
    venue = MockVenueConfig(pairs=PAIRS, balances=BALANCES, withdrawal_script=(answer,))
    async with holders(venue=venue) as (world, core):
        await sell(world, core)
        await core.until("PAID")
        check_books(core.engine.ledger, world.outside.venue.book.balances)


async def test_a_refused_withdrawal_waits_for_a_person_who_restarts_it():
    refusal = RefuseWithdrawal(reject_class="HALTED", detail="maintenance")
    venue = MockVenueConfig(pairs=PAIRS, balances=BALANCES, withdrawal_script=(refusal, PayOut()))
    async with holders(venue=venue) as (world, core):
        await sell(world, core)
        await core.when(lambda state: any(one.stage == "FAILED" for one in state.payouts.values()))
        (payout_id,) = core.engine.state.payouts
        decision = pb.DecideRequest(operator="ann", reason="the network is back")
        decision.restart_payout.payout_id = payout_id
        await core.client.decide(decision)
        await core.until("PAID")
        check_books(core.engine.ledger, world.outside.venue.book.balances)


async def test_a_reverted_payment_is_made_anew():
    async with holders() as (world, core):
        world.outside.chain.refusals["settle_redemption"] = "PriceBelowLimit"
        await sell(world, core)
        await core.when(lambda state: any(one.redemption and one.retry_at for one in state.orders.values()))
        world.pass_time(6)
        await core.until("PAID")
        assert len(world.outside.chain.told("redemption_settled")) == 1
