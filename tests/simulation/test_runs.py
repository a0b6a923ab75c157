"""Whole runs: whatever goes wrong, no rule breaks, everything ends, and real work is done."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from simulation.runs import KINDS, run


def test_a_world_without_faults_mints_and_redeems_most_orders():
    made = run(1, 4_000, "none")
    assert made.violation is None
    world = made.world
    ends = world.orders.ends
    assert ends["minted"] + ends["paid"] > 2 * world.orders.taken // 3
    assert min(ends["minted"], ends["paid"], ends["cancelled"], ends["expired"], ends["rejected"]) > 0
    assert world.orders.batches > 20
    assert world.orders.partial > ends["minted"]
    assert world.venue.fills > 100
    assert world.chain.contracts.refunds > 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_rule_breaks_under_one_kind_of_fault(kind):
    made = run(2, 1_500, kind)
    assert made.violation is None
    if kind != "duplicates":  # a duplicate is not a deed of the world but of a user
        assert made.world.faults[kind] > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_rule_breaks_under_all_faults_together(seed):
    made = run(seed, 3_000)
    assert made.violation is None
    assert made.world.core.crashes > 0
    assert made.world.orders.ends["minted"] > 20


def test_no_rule_breaks_with_the_netting_auction():
    assert run(4, 600, strategy="netting").violation is None


@pytest.mark.slow
def test_no_rule_breaks_in_a_long_run():
    made = run(5, 150_000)
    assert made.violation is None
    assert made.world.orders.ends["paid"] > 500


def simulate(seed: int, hash_seed: str) -> dict[str, object]:
    """What another process answers."""
    code = f"from indexmaker.cli.simulate import simulate; simulate(seed={seed}, steps=1200, json=True)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": hash_seed}
    )
    answer: dict[str, object] = msgspec.json.decode(done.stdout)
    return {name: value for name, value in answer.items() if name not in ("elapsed_s", "steps_per_s")}


def test_the_same_seed_gives_the_same_run_in_every_process():
    first = simulate(7, "1")
    assert first["violations"] == []
    assert simulate(7, "2") == first
    assert simulate(8, "1")["state_hash"] != first["state_hash"]
