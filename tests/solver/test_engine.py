"""The engine's own promises: it never raises on an event, and an index keeps what open orders rest on."""

import typing

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker.solver import SolverEngine
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import Constituent, OrderState
from solver.test_recovery import run
from solver.world import ALICE, amt, make_world

JOURNAL = run(make_world()).journal
ODD = st.sampled_from([-(10**30), -1, 0, 1, 10**12, 10**18, 10**36])


@st.composite
def odd_histories(draw):
    """A real session, out of order, with parts missing and numbers replaced."""
    events = [event for event, _, _ in JOURNAL]
    start = draw(st.integers(0, len(events)))
    picked = events[:start] + draw(st.lists(st.sampled_from(events), max_size=25))
    history = []
    for event in picked:
        numbers = [name for name in event.__struct_fields__ if type(getattr(event, name)) is int]
        if numbers and draw(st.integers(0, 3)) == 0:
            event = msgspec.structs.replace(event, **{draw(st.sampled_from(numbers)): draw(ODD)})
        history.append(event)
    return history


@settings(max_examples=200, deadline=None)
@given(history=odd_histories())
def test_no_history_of_events_makes_it_raise_or_unbalances_the_books(history):
    engine = SolverEngine()
    for number, event in enumerate(history):
        engine.apply(event, sequence=number, at=JOURNAL[0][2] + number * 10**9)
        assert engine.ledger.balanced()


def test_every_event_and_output_survives_the_journals_encoding():
    world = run(make_world())
    decoder = msgspec.json.Decoder(SolverEngine.event_type)
    for event, _, _ in world.journal:
        assert decoder.decode(msgspec.json.encode(event)) == event
    outputs = msgspec.json.Decoder(out.SolverCommand | out.SolverReport)
    for output in (*world.commands, *world.reports):
        assert outputs.decode(msgspec.json.encode(output)) == output


def test_every_kind_of_event_is_handled():
    engine = SolverEngine()
    kinds = {kind.__name__ for kind in typing.get_args(ev.SolverEvent)}
    assert kinds == {name for name in ev.__all__ if name not in ("Book", "Event", "SolverEvent")}
    assert engine.name == "solver"


def test_index_quantities_follow_from_weights_and_prices_rounded_down():
    world = make_world()
    world.create_index(
        "WEIGHTED",
        gate="0x" + "77" * 20,
        target_price=amt("1000"),
        constituents=(
            Constituent(asset="BTC", weight=2, reference_price=amt("70000")),
            Constituent(asset="ETH", weight=1, reference_price=amt("3000")),
        ),
    )
    report = world.told(out.IndexReport)[-1]
    assert dict(report.quantities) == {"BTC": amt("0.009523809523809523"), "ETH": amt("0.111111111111111111")}


def test_index_that_makes_no_sense_is_refused_with_the_reason():
    world = make_world()
    bad = [
        {"constituents": (Constituent(asset="BTC"),)},
        {"constituents": (Constituent(asset="USDC", quantity=1),)},
        {"constituents": (Constituent(asset="BTC", quantity=1),) * 2},
        {"management_fee": amt("1")},
        {"gate": "0x00"},
        {"venue": "elsewhere"},
        {"version": 0},
    ]
    for options in bad:
        world.create_index(**options)
        report = world.told(out.IndexReport)[-1]
        assert not report.accepted
        assert report.reason


def test_new_basket_and_fee_do_not_touch_what_is_filled_already():
    world = make_world()
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt("0.05"))]
    world.order(ALICE, "1000")
    world.deposit(ALICE, "1000")
    world.run(1)
    assert world.engine.order(ALICE, "one").units > 0
    basket = (Constituent(asset="BTC", quantity=amt("0.002")), Constituent(asset="SOL", quantity=amt("1")))
    world.create_index(version=2, constituents=basket, management_fee=amt("0.02"))
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt("5"))]
    world.run(3)
    invoice = world.minted[1]
    assert world.last(ALICE).state is OrderState.MINTED
    assert (invoice.basket_version, invoice.management_fee) == (1, 0)
    assert {lot.asset for lot in invoice.lots} == {"BTC", "ETH"}
