"""A failing run is made small, and is shown so that a person can follow it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.simulation.actions import Action, describe, group_of
from indexmaker.simulation.faults import FaultKind, UnknownFaultError, parse_faults
from indexmaker.simulation.registry import UnknownEngineError, simulation_of
from indexmaker.simulation.result import SimulationRequest
from indexmaker.simulation.shrinking import shrink
from indexmaker.solver.handlers import settlement


def never() -> bool:
    return False


@given(st.lists(st.integers(0, 99), min_size=1, max_size=60), st.data())
def test_what_is_left_fails_and_cannot_lose_anything_more(items, data):
    needed = data.draw(st.lists(st.sampled_from(items), min_size=1, max_size=3))

    def fails(some):
        return list(some) if all(some.count(one) >= needed.count(one) for one in needed) else None

    if fails(items) is None:
        return
    kept = shrink(items, group=lambda item: item % 7, fails=fails, out_of_time=never)
    assert sorted(kept) == sorted(needed)


def test_without_time_nothing_is_left_out():
    items = list(range(100))
    assert shrink(items, group=str, fails=lambda some: list(some), out_of_time=lambda: True) == items


def test_the_history_before_the_last_actions_is_dropped_when_these_fail_alone():
    tried = []

    def fails(some):
        tried.append(len(some))
        return list(some) if 999 in some else None

    assert shrink(list(range(1000)), group=str, fails=fails, out_of_time=never) == [999]
    assert max(tried) <= 30


def test_a_violation_is_reported_with_its_seed_and_a_short_trace(monkeypatch):
    plain = settlement.build_invoice

    def more(*args, **options):
        invoice = plain(*args, **options)
        return msgspec.structs.replace(invoice, units=invoice.units + (10 if invoice.units else 0))

    monkeypatch.setattr(settlement, "build_invoice", more)
    request = SimulationRequest(seed=3, steps=3_000, faults=frozenset({FaultKind.LATE}), shrink_s=20.0)
    result = simulation_of("solver")(request, lambda steps: None)
    (broken,) = result.violations
    assert broken.kind == "HONEST_VETO"
    assert broken.reproduce == "indexmaker simulate --engine solver --seed 3 --steps 3000 --faults late"
    assert len(broken.trace) <= 3 < broken.actions
    assert any(" buy " in line for line in broken.trace)
    assert broken.last_events


def test_actions_are_told_in_a_line_and_grouped_by_who_they_are_about():
    deposit = Action(1_500_000_000, "deposit", (7, 3, "TOP3", 5, 0, -1))
    assert describe(deposit) == "       1.500s  deposit    7 3 TOP3 5 0 -1"
    assert group_of(deposit) == group_of(Action(0, "cancel", (3, "b7"))) == "user 3"
    assert group_of(Action(0, "lost", ("chain", "in", 0))) == "lost"


def test_faults_are_named_by_kind():
    assert parse_faults("all") == frozenset(FaultKind)
    assert parse_faults("none") == frozenset()
    assert parse_faults("lost, crashes") == {FaultKind.LOST, FaultKind.CRASHES}
    with pytest.raises(UnknownFaultError, match="say all, none, or some of"):
        parse_faults("lost,fire")


def test_an_engine_without_a_simulation_is_refused():
    with pytest.raises(UnknownEngineError, match="known are"):
        simulation_of("toaster")
