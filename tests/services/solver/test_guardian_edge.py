"""The core's side of the guardian: it asks until it is answered, and passes on nothing but the answer."""

from __future__ import annotations

import asyncio

import grpc.aio
import msgspec
import pytest

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.solver.v1 import guardian_pb2, guardian_pb2_grpc
from indexmaker.connectors.errors import InvalidFieldError, TransientError
from indexmaker.connectors.interceptors import CallGuard
from indexmaker.services.guardian.accounts import account_of
from indexmaker.services.solver.edges import GuardianEdge
from indexmaker.services.solver.edges.chain import ChainEdge
from indexmaker.solver.commands import Invoice, SettleInvoice, SignInvoice
from indexmaker.solver.events import InvoiceSigned, InvoiceVetoed, SettlementUpdated
from indexmaker.solver.vocabulary import SettlementState

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


class Guardian(guardian_pb2_grpc.GuardianServiceServicer):
    """Answers as the test says, one answer after another; an exception is raised."""

    def __init__(self, *answers: guardian_pb2.SignResponse | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[guardian_pb2.SignRequest] = []

    async def Sign(self, request: guardian_pb2.SignRequest, context: object) -> guardian_pb2.SignResponse:  # type: ignore[override]  # noqa: N802
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


SIGNATURE = guardian_pb2.SignResponse(
    signature=guardian_pb2.InvoiceSignature(signer="0xs", signature="0x99", lots_root="0x77", digest="0xd")
)
SIGNED = InvoiceSigned(invoice_id="i-1", signer="0xs", signature="0x99", lots_root="0x77", digest="0xd")


async def asked(guardian: Guardian, address: str) -> object:
    """What the core is told of the guardian's answer."""
    answers: asyncio.Queue[object] = asyncio.Queue()
    server = grpc.aio.server(interceptors=(CallGuard(lambda: True),))
    guardian_pb2_grpc.add_GuardianServiceServicer_to_server(guardian, server)
    server.add_insecure_port(address)
    async with grpc.aio.insecure_channel(address) as channel:
        edge = GuardianEdge(channel, post=answers.put)
        edge.dispatch(SignInvoice(command_id="si-1", invoice=INVOICE))
        running = asyncio.ensure_future(edge.run())
        await server.start()
        try:
            return await asyncio.wait_for(answers.get(), 10)
        finally:
            running.cancel()
            await server.stop(None)


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"unix:{tmp_path_factory.mktemp('g')}/g.sock"


async def test_a_veto_is_passed_on_with_every_reason(address: str) -> None:
    found = [
        guardian_pb2.Discrepancy(check="BALANCE", text="off by one"),
        guardian_pb2.Discrepancy(check="LOT", text="x"),
    ]
    answer = await asked(Guardian(guardian_pb2.SignResponse(veto=guardian_pb2.Veto(discrepancies=found))), address)
    assert answer == InvoiceVetoed(invoice_id="i-1", reason="BALANCE: off by one; LOT: x")


async def test_a_guardian_that_cannot_judge_yet_is_asked_again(address: str) -> None:
    guardian = Guardian(TransientError("no venue"), SIGNATURE)
    assert await asked(guardian, address) == SIGNED
    assert len(guardian.asked) == 2


async def test_a_refusal_for_good_is_a_veto_and_not_silence(address: str) -> None:
    answer = await asked(Guardian(InvalidFieldError("account", "give one")), address)
    assert isinstance(answer, InvoiceVetoed)
    assert "give one" in answer.reason


async def test_the_account_arrives_as_it_is(address: str) -> None:
    guardian = Guardian(SIGNATURE)
    await asked(guardian, address)
    assert account_of(guardian.asked[0]) == INVOICE


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
