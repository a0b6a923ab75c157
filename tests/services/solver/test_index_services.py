"""Index management and quotes over gRPC, by the client library, with live books played by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio
import pytest

from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.api.solver.v1 import indices_pb2_grpc, quotes_pb2, quotes_pb2_grpc
from indexmaker.cli.index_create import index_from
from indexmaker.connectors.interceptors import CallGuard
from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, parse_atoms
from indexmaker.runtime import ManualClock, MemoryJournal, Sequencer
from indexmaker.services.solver.indices_service import IndicesService
from indexmaker.services.solver.nav import NavDesk, NavRecorder
from indexmaker.services.solver.quotes_service import QuotesService
from indexmaker.solver import SolverEngine
from indexmaker.solver import events as ev
from indexmaker.solver.state import Index
from indexmaker.solver.vocabulary import Finality, Side
from indexmaker.storage import Database, NavHistory, upgrade
from indexmaker_client import Client, Signer

CHAIN = 42161
FACTORY = "0x" + "fa" * 20
GATE = "0x" + "ab" * 20
KEY = "0x" + "11" * 32
TEMPLATE = ev.IndexCreated(symbol="", chain_id=0, gate="", token="", constituents=())
DEFINITION = {
    "symbol": "DUO",
    "name": "Two of them",
    "chain_id": CHAIN,
    "target_price": "100",
    "annual_fee": "0.01",
    "weights": {"BTC": "0.5", "ETH": "0.5"},
    "reference_prices": {"BTC": "100000", "ETH": "4000"},
}


def rules(base: str) -> Instrument:
    return Instrument(
        venue="binance",
        symbol=f"{base}USDC",
        base=base,
        quote="USDC",
        tick_size=parse_atoms("0.01"),
        lot_step=parse_atoms("0.00001"),
        min_notional=parse_atoms("5"),
        taker_fee=parse_atoms("0.001"),
    )


@dataclass
class Books:
    """Deep books at one price each."""

    prices: dict[str, str] = field(default_factory=lambda: {"BTCUSDC": "100000", "ETHUSDC": "4000"})
    age_ns: int = 0

    def priced(self, symbol: str, *, now: int) -> tuple[int, int]:
        return (parse_atoms(self.prices[symbol]), self.age_ns) if symbol in self.prices else (0, 0)

    def freeze(self, symbols: set[str], *, now: int) -> tuple[ev.Book, ...]:
        spread = parse_atoms("0.01")
        return tuple(
            ev.Book(
                venue="binance",
                symbol=symbol,
                bids=((parse_atoms(self.prices[symbol]) - spread, 10**6 * ATOMS),),
                asks=((parse_atoms(self.prices[symbol]) + spread, 10**6 * ATOMS),),
                age_ns=self.age_ns,
            )
            for symbol in sorted(symbols & self.prices.keys())
        )


@dataclass
class Core:
    engine: SolverEngine
    sequencer: Sequencer
    books: Books
    clock: ManualClock
    history: NavHistory
    recorder: NavRecorder
    client: Client
    indices: IndicesService


async def route_cost(index: Index, side: Side, value: int) -> int:
    return parse_atoms("0.3")


@asynccontextmanager
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    engine, clock, books = SolverEngine(), ManualClock(1_700_000_000_000_000_000), Books()
    sequencer: Sequencer = Sequencer(engine, MemoryJournal("solver"), clock=clock)
    upgrade(tmp_path / "solver.db")
    with Database(tmp_path / "solver.db") as database:
        history = NavHistory(database, "solver")
        desk = NavDesk(engine, {"binance": books}, clock=clock)
        recorder = NavRecorder(desk, history)
        indices = IndicesService(
            engine,
            sequencer,
            template=TEMPLATE,
            factories={CHAIN: FACTORY},
            desk=desk,
            history=history,
        )
        quotes = QuotesService(engine, sequencer, {"binance": books}, clock=clock, route_cost=route_cost)
        server = grpc.aio.server(interceptors=(CallGuard(lambda: True),))
        indices_pb2_grpc.add_IndexServiceServicer_to_server(indices, server)
        quotes_pb2_grpc.add_QuoteServiceServicer_to_server(quotes, server)
        server.add_insecure_port(f"unix:{tmp_path}/core.sock")
        await server.start()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sequencer.run())
            instruments = (rules("BTC"), rules("ETH"))
            await sequencer.submit(ev.InstrumentsUpdated(venue="binance", instruments=instruments))
            async with Client(f"unix:{tmp_path}/core.sock") as client:
                yield Core(engine, sequencer, books, clock, history, recorder, client, indices)
            indices.release()
            await server.stop(None)
            sequencer.stop()


def definition(**changes: object) -> tuple[pb.Index, str]:
    return index_from(DEFINITION | changes)


async def deployed(running: Core) -> pb.Index:
    index, price = definition()
    await running.client.management.create(index, target_price=price, deploy=True)
    await running.sequencer.submit(
        ev.IndexDeployed(
            chain_id=CHAIN,
            factory=FACTORY,
            symbol="DUO",
            gate=GATE,
            token="0x" + "cd" * 20,
            tx_hash="0xde",
            finality=Finality.CONFIRMED,
        )
    )
    return await running.client.index("DUO")


async def test_a_deployment_is_visible_on_its_way_and_active_once_the_contracts_are_there(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        index, price = definition()
        made = await running.client.management.create(index, target_price=price, deploy=True)
        again = await running.client.management.create(index, target_price=price, deploy=True)
        assert (made.state, again.state) == (pb.INDEX_STATE_DEPLOYING, pb.INDEX_STATE_DEPLOYING)
        assert [one.symbol for one in await running.client.indices()] == ["DUO"]
        found = await deployed(running)
        assert (found.state, found.gate, found.name) == (pb.INDEX_STATE_ACTIVE, GATE, "Two of them")
        assert found.deployment_tx_hash == "0xde"
        assert {one.asset: one.quantity for one in found.constituents} == {"BTC": "0.0005", "ETH": "0.0125"}


async def test_another_definition_of_a_symbol_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        await deployed(running)
        index, price = definition(name="Something else")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await running.client.management.create(index, target_price=price, deploy=True)
        assert "another definition" in (refused.value.details() or "")


async def test_a_chain_without_a_factory_is_told(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        index, price = definition(chain_id=1)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await running.client.management.create(index, target_price=price, deploy=True)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert str(CHAIN) in (refused.value.details() or "")


async def test_weights_and_delistings_go_to_the_gate_and_show_up_once_they_are_published(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        await deployed(running)
        management = running.client.management
        await management.set_weights("DUO", {"BTC": "0.7", "ETH": "0.3"}, proposal_id="p1")
        assert await management.delist("DUO", "ETH", proposal_id="p2") == {"BTC": "1"}
        await running.sequencer.submit(
            ev.WeightsPublished(
                chain_id=CHAIN,
                gate=GATE,
                version=1,
                effective_at=0,
                weights=(("BTC", 7 * ATOMS // 10), ("ETH", 3 * ATOMS // 10)),
                tx_hash="0x3e",
                finality=Finality.CONFIRMED,
            )
        )
        (waiting,) = await management.rebalances("DUO")
        assert waiting.state == pb.Rebalance.STATE_SCHEDULED
        await running.sequencer.submit(ev.Tick())
        books = running.books.freeze({"BTCUSDC", "ETHUSDC"}, now=0)
        await running.sequencer.submit(ev.BatchSolve(books=books))
        (done,) = await management.rebalances()
        assert (done.state, done.basket_version) == (pb.Rebalance.STATE_COMPLETED, 2)
        shown = await running.client.index("DUO")
        assert (shown.basket_version, shown.weights_version) == (2, 1)


async def test_states_and_bounds_are_set_and_a_retired_index_stays_retired(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        await deployed(running)
        management = running.client.management
        limits = pb.IndexLimits(max_supply="1000")
        index = await management.set_limits("DUO", min_order="20", limits=limits)
        assert (index.min_order, index.limits.max_supply) == ("20", "1000")
        assert (await management.set_limits("DUO", max_order="50")).limits.max_supply == "1000"
        assert (await management.set_state("DUO", pb.INDEX_STATE_PAUSED)).state == pb.INDEX_STATE_PAUSED
        await management.set_state("DUO", pb.INDEX_STATE_RETIRED)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await management.set_state("DUO", pb.INDEX_STATE_ACTIVE)
        assert "retired for ever" in (refused.value.details() or "")


async def test_the_value_of_a_unit_is_streamed_when_it_changes_with_the_age_of_its_prices(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        await deployed(running)
        running.books.age_ns = 2_000_000_000
        told = running.client.management.watch_nav(["DUO"], interval_ms=50)
        first = await anext(told)
        assert (first.value, first.oldest_price_ms, list(first.missing)) == ("100", 2000, [])
        running.books.prices["ETHUSDC"] = "5000"
        assert (await anext(told)).value == "112.5"
        del running.books.prices["BTCUSDC"]
        spoiled = await anext(told)
        assert (spoiled.value, list(spoiled.missing)) == ("", ["BTC"])
        await told.aclose()


async def test_values_are_recorded_but_for_those_without_a_price(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        await deployed(running)
        await running.recorder.record()
        running.clock.advance(60 * 10**9)
        running.books.prices["BTCUSDC"] = "110000"
        await running.recorder.record()
        await running.recorder.record()
        del running.books.prices["BTCUSDC"]
        running.clock.advance(60 * 10**9)
        await running.recorder.record()
        history = await running.client.management.nav_history("DUO")
        assert [one.value for one in history] == ["105", "100"]
        assert len(await running.client.management.nav_history("DUO", limit=1)) == 1


async def test_an_indicative_quote_is_read_only_and_a_binding_one_is_given_once(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        await deployed(running)
        before = running.sequencer.sequence
        quote = await running.client.quotes.indicative(side="BUY", index="DUO", amount="500")
        assert quote.possible
        assert running.sequencer.sequence == before
        signer = Signer(CHAIN, KEY)
        held = await running.client.quotes.binding(signer, client_quote_id="q1", side="BUY", index="DUO", amount="500")
        again = await running.client.quotes.binding(signer, client_quote_id="q1", side="BUY", index="DUO", amount="500")
        assert held == again == await running.client.quotes.get(held.quote_id)
        assert (held.state, held.quote.units) == (quotes_pb2.QUOTE_STATE_OPEN, quote.units)


async def test_a_binding_quote_in_another_accounts_name_is_refused(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        await deployed(running)
        signer = Signer(CHAIN, KEY)
        signature = signer.sign_quote(client_quote_id="q1", side="BUY", index="DUO", amount="500")
        request = quotes_pb2.RequestBindingQuoteRequest(
            client_quote_id="q1", index="DUO", side=quotes_pb2.RequestBindingQuoteRequest().side + 1, amount="501"
        )
        request.account.chain_id, request.account.address = CHAIN, signer.account.address
        request.signature = signature
        async with grpc.aio.insecure_channel(f"unix:{tmp_path}/core.sock") as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await quotes_pb2_grpc.QuoteServiceStub(channel).RequestBindingQuote(request)
        assert "signature" in (refused.value.details() or "")
        assert not running.engine.state.quotes


async def test_what_cannot_be_quoted_says_which_asset_and_rule(tmp_path: Path) -> None:
    async with core(tmp_path) as running:
        await deployed(running)
        del running.books.prices["ETHUSDC"]
        quote = await running.client.quotes.indicative(side="BUY", index="DUO", amount="500")
        assert (quote.possible, quote.reason, list(quote.obstacles)) == (False, "NO_MARKET", ["ETH: no book"])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"weigths": {}}, "weigths"),
        ({"weights": {}}, "weights"),
        ({"weights": {"BTC": 1}}, "weights"),
        ({"chain_id": "42161"}, "chain_id"),
        ({"min_order": 10}, "min_order"),
    ],
)
def test_a_file_with_a_wrong_key_is_refused_by_its_name(change: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        index_from(DEFINITION | change)
