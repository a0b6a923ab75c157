"""What the guardian hears from chain and venue, on its own connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio
import msgspec
import pytest

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2
from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.errors import TransientError
from indexmaker.services.guardian.chain_record import ChainRecord, read_record, request_key, write_record
from indexmaker.services.guardian.chain_watch import ChainWatch, SharedKeyError
from indexmaker.services.guardian.venue_watch import VenueWatch
from indexmaker.services.solver.edges.order_entry import events_of_report
from indexmaker.solver.events import ExecutionReported
from indexmaker.solver.guardian import trade_key, verify_trades
from indexmaker.solver.vocabulary import Finality
from system.harness import signer
from system.outside import GATE, Outside

CHAIN = 42161
ALICE = signer(1).account


@asynccontextmanager
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    world = Outside(tmp_path)
    await world.configure()
    await world.start()
    try:
        async with asyncio.timeout(30):
            yield world
    finally:
        await world.kill()


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("g")
    folder.chmod(0o700)
    return folder


@asynccontextmanager
async def watching(place: Path, *, sender: str = "0xguardian", patience: float = 5.0) -> AsyncIterator[ChainWatch]:
    async with open_channel(f"unix:{place}/mock-chain.sock") as channel, asyncio.TaskGroup() as tasks:
        watch = ChainWatch(
            channel, gates=lambda: {(CHAIN, GATE)}, signer=sender, file=place / "chain.json", patience=patience
        )
        running = tasks.create_task(watch.run())
        try:
            yield watch
        finally:
            running.cancel()


async def test_a_request_is_known_as_the_gate_logged_it_and_after_a_restart(place: Path) -> None:
    async with outside(place) as world:
        request_id = int(world.deposit(ALICE, "150"))
        async with watching(place) as watch:
            found = await watch.request(CHAIN, GATE, request_id)
            assert found is not None
            assert (found.account, found.amount) == (f"{CHAIN}:{ALICE.address}", 150 * 10**18)
            watch.save()
    async with watching(place, patience=0.05) as watch:  # the chain is away, the record is not
        assert await watch.request(CHAIN, GATE, request_id) == found


async def test_a_chain_that_is_away_is_no_reason_for_a_veto(place: Path) -> None:
    async with watching(place, patience=0.05) as watch:
        with pytest.raises(TransientError):
            await watch.request(CHAIN, GATE, 1)


async def test_a_request_that_no_gate_logged_is_none(place: Path) -> None:
    async with outside(place) as world:
        known = int(world.deposit(ALICE, "150"))
        async with watching(place, patience=1) as watch:
            assert await watch.request(CHAIN, GATE, known) is not None
            assert await watch.request(CHAIN, GATE, known + 1) is None


async def test_a_guardian_with_the_keepers_key_ends(place: Path) -> None:
    async with outside(place) as world:
        with pytest.raises(ExceptionGroup) as ended:
            async with watching(place, sender=world.chain.config.sender.upper().replace("0X", "0x")):
                await asyncio.sleep(10)
        assert ended.group_contains(SharedKeyError)


def event(body: str, **values: object) -> pb.ChainEvent:
    kind, finality = values.pop("kind", pb.ChainEvent.KIND_APPLY), values.pop("finality", pb.FINALITY_FINAL)
    made = pb.ChainEvent(contract=GATE, kind=kind, finality=finality)
    made.id.chain_id, made.id.tx_hash = CHAIN, "0xAA"
    getattr(made, body).request_id = "1"
    for name, value in values.items():
        setattr(getattr(made, body), name, value)
    return made


def requested(**values: object) -> pb.ChainEvent:
    return event("deposit_requested", controller="0xAB", amount="5", **values)


KEY = request_key(CHAIN, GATE, 1)
RETRACT = pb.ChainEvent.KIND_RETRACT


def record_of(*events: pb.ChainEvent) -> ChainRecord:
    record = ChainRecord()
    for one in events:
        record.take(one)
    return record


def test_finality_grows_with_what_the_chain_tells() -> None:
    record = record_of(requested(finality=pb.FINALITY_SEEN))
    assert record.requests[KEY].finality is Finality.SEEN
    record.take(requested(finality=pb.FINALITY_CONFIRMED, kind=pb.ChainEvent.KIND_PROMOTE))
    assert record.requests[KEY].finality is Finality.CONFIRMED


def test_a_reorg_takes_back_what_it_undid() -> None:
    settled = {"spent": "3", "fee": "1", "back": "1", "out": "2", "lots_root": "0x77"}
    record = record_of(requested(), event("request_settled", **settled))
    known = record.requests[KEY].settled
    assert known is not None
    assert known.amounts == (3 * 10**18, 10**18, 10**18, 2 * 10**18)
    record.take(event("request_settled", kind=RETRACT, **settled))
    assert record.requests[KEY].settled is None
    record.take(requested(kind=RETRACT))
    assert record.requests == {}


def test_withdrawals_defaults_and_limits_are_kept() -> None:
    record = record_of(
        requested(),
        event("request_terms", min_units="2", max_fee="0.5"),
        event("request_cancelled"),
        event("request_defaulted", amount="5"),
    )
    found = record.requests[KEY]
    assert (found.least, found.max_fee, found.cancelled, found.defaulted) == (2 * 10**18, 5 * 10**17, True, True)


def test_redemptions_are_kept_apart_from_deposits() -> None:
    record = record_of(
        event("redemption_requested", controller="0xAB", units="5"),
        event("redemption_terms", min_amount="2", max_fee="0.5"),
        event("redemption_settled", burned="3", returned="2", paid="1", fee="0.1", lots_root="0x"),
    )
    found = record.requests[KEY]
    assert (found.redemption, found.amount, found.least) == (True, 5 * 10**18, 2 * 10**18)
    assert found.settled is not None
    assert found.settled.amounts[:2] == (3 * 10**18, 2 * 10**18)


def test_a_damaged_chain_record_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "chain.json"
    record = record_of(requested())
    write_record(file, record)
    assert read_record(file) == record
    file.write_bytes(file.read_bytes().replace(b'"amount":5', b'"amount":6'))
    assert read_record(file) == ChainRecord()
    assert read_record(tmp_path / "none") == ChainRecord()


async def traded(world: Outside) -> dict[str, ExecutionReported]:
    """One order at the venue, and its trades as the venue reports them."""
    place = order_entry_pb2.PlaceOrder(
        client_order_id="c-1", symbol="BTCUSDC", side=order_entry_pb2.SIDE_BUY, price="50000", quantity="0.01"
    )
    result = await world.venue.answer(order_entry_pb2.ExecuteRequest(correlation_id=1, place=place))
    found = [one for one in events_of_report("mock", result.report) if isinstance(one, ExecutionReported)]
    return {trade_key(one.venue, one.symbol, one.trade_id): one for one in found}


async def test_the_venue_is_asked_for_the_trades_of_each_order_once(place: Path) -> None:
    async with outside(place) as world, open_channel(f"unix:{place}/mock-venue.sock") as channel:
        journaled = await traded(world)
        watch = VenueWatch("mock", channel)
        assert verify_trades(journaled, await watch.trades(journaled)) == ()
        assert verify_trades(journaled, await watch.trades(journaled)) == ()
        assert world.venue.queries["c-1"] == 1


@pytest.mark.parametrize(
    "change",
    [{"price": 1}, {"quantity": 1}, {"commission": 1}, {"commission_asset": "BNB"}, {"trade_id": "999"}],
    ids=["price", "quantity", "commission", "commission asset", "trade id"],
)
async def test_a_trade_that_the_venue_tells_otherwise_is_found_out(place: Path, change: dict[str, object]) -> None:
    async with outside(place) as world, open_channel(f"unix:{place}/mock-venue.sock") as channel:
        (trade,) = (await traded(world)).values()
        altered = msgspec.structs.replace(trade, **change)
        journaled = {trade_key(altered.venue, altered.symbol, altered.trade_id): altered}
        assert verify_trades(journaled, await VenueWatch("mock", channel).trades(journaled))


async def test_an_order_that_the_venue_never_saw_is_found_out(place: Path) -> None:
    async with outside(place) as world, open_channel(f"unix:{place}/mock-venue.sock") as channel:
        (trade,) = (await traded(world)).values()
        journaled = {"mock:BTCUSDC:1": msgspec.structs.replace(trade, client_order_id="c-never", trade_id="1")}
        (found,) = verify_trades(journaled, await VenueWatch("mock", channel).trades(journaled))
        assert "does not know" in found.text


async def test_a_venue_that_is_away_is_no_reason_for_a_veto(place: Path) -> None:
    async with outside(place) as world:
        journaled = await traded(world)
    async with grpc.aio.insecure_channel(f"unix:{place}/mock-venue.sock") as channel:
        with pytest.raises(TransientError):
            await VenueWatch("mock", channel, seconds=0.2).trades(journaled)
