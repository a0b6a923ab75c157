"""The guardian's edge: signs what it finds nothing wrong with, and only that."""

from __future__ import annotations

import asyncio

import grpc.aio
import msgspec
from eth_account import Account
from eth_account.messages import encode_typed_data

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.services.solver.edges import GuardianEdge
from indexmaker.services.solver.edges.chain import ChainEdge
from indexmaker.services.solver.lots_root import lots_root
from indexmaker.solver.commands import Invoice, SettleInvoice, SignInvoice
from indexmaker.solver.events import InvoiceSigned, InvoiceVetoed, SettlementUpdated
from indexmaker.solver.vocabulary import SettlementState
from indexmaker.typed_data import invoice_typed_data

KEY = "0x" + "31" * 32
UNIT = 10**12

INVOICE = Invoice(
    invoice_id="i-1",
    order_id="o-1",
    client_order_id="a",
    account="42161:0x" + "ab" * 20,
    index="TOP2",
    basket_version=1,
    chain_id=42161,
    gate="0x" + "11" * 20,
    request_id=7,
    deposit_tx="0x01",
    transfer_id="t-1",
    deposit=100 * UNIT,
    assets=80 * UNIT,
    venue_fees=1 * UNIT,
    routing_fees=2 * UNIT,
    management_fee=3 * UNIT,
    rounding=0,
    refund=14 * UNIT,
    units=5,
    spent=81 * UNIT,
    fee=5 * UNIT,
    deadline=9_000_000_000,
    lots=(),
)


async def decided(review) -> object:  # type: ignore[no-untyped-def]
    answers: asyncio.Queue[object] = asyncio.Queue()
    edge = GuardianEdge(KEY, post=answers.put, review=review)
    edge.dispatch(SignInvoice(command_id="si-1", invoice=INVOICE))
    running = asyncio.ensure_future(edge.run())
    try:
        return await asyncio.wait_for(answers.get(), 5)
    finally:
        running.cancel()


async def test_an_invoice_with_a_fault_is_vetoed_with_the_reason_and_never_signed() -> None:
    answer = await decided(lambda invoice: ("BALANCE: off by one", "UNITS: too many"))
    assert answer == InvoiceVetoed(invoice_id="i-1", reason="BALANCE: off by one; UNITS: too many")


async def test_a_good_invoice_is_signed_in_the_tokens_own_units() -> None:
    answer = await decided(lambda invoice: ())
    assert isinstance(answer, InvoiceSigned)
    typed = invoice_typed_data(
        chain_id=42161,
        gate=INVOICE.gate,
        request_id=7,
        spent=81,
        fee=5,
        back=14,
        out=5,
        lots_root=lots_root(()),
        deadline=9,
    )
    signer = Account.recover_message(encode_typed_data(full_message=typed), signature=answer.signature)
    assert signer.lower() == answer.signer == Account.from_key(KEY).address.lower()


async def test_a_mint_that_loses_its_block_after_it_was_confirmed_is_told_as_reorganised() -> None:
    told: list[SettlementUpdated] = []

    async def post(event: object) -> None:
        assert isinstance(event, SettlementUpdated)
        told.append(event)

    async with grpc.aio.insecure_channel("unix:/nowhere") as channel:
        edge = ChainEdge(channel, post=post, commit=post, gates=lambda: (), cursors=None)  # type: ignore[arg-type]
        edge.dispatch(
            SettleInvoice(
                command_id="st-1",
                chain_id=42161,
                gate=INVOICE.gate,
                invoice=msgspec.structs.replace(INVOICE),
                lots_root="0x",
                signer="0x",
                signature="0x",
            )
        )
        states = ("STATE_MINED", "STATE_CONFIRMED", "STATE_BROADCAST", "STATE_CONFIRMED", "STATE_REVERTED")
        for state in states:
            transaction = pb.Transaction(command_id="st-1", state=pb.Transaction.State.Value(state), tx_hashes=["0xa"])
            await edge.tell(transaction)
    assert [event.state for event in told] == [
        SettlementState.SUBMITTED,
        SettlementState.CONFIRMED,
        SettlementState.REORGED,
        SettlementState.SUBMITTED,
        SettlementState.CONFIRMED,
        SettlementState.REORGED,
        SettlementState.REVERTED,
    ]
