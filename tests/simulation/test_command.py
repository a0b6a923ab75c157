"""`indexmaker simulate`: what it prints and how it ends."""

from __future__ import annotations

import msgspec

from indexmaker.cli.simulate import simulate
from indexmaker.solver.handlers import fills


def test_json_has_everything_about_a_run(capsys):
    assert simulate(seed=1, steps=400, faults="lost,crashes", json=True) == 0
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert (answer["engine"], answer["seed"], answer["violations"]) == ("solver", 1, [])
    assert answer["steps"] >= 400
    assert set(answer["faults"]) <= {"lost", "crashes"}
    assert answer["orders"] >= answer["minted"] > 0
    for name in ("crashes", "redeemed", "refunded", "state_hash", "elapsed_s", "steps_per_s", "virtual_s"):
        assert name in answer


def test_text_is_for_people(capsys):
    assert simulate(seed=1, steps=200, faults="none") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["engine", "solver"]
    assert any(line.startswith("state_hash") for line in lines)


def test_a_broken_rule_ends_with_one_and_says_how_to_see_it_again(capsys, monkeypatch):
    monkeypatch.setattr(fills, "_book", lambda *_: None)
    assert simulate(seed=1, steps=2_000, faults="none", shrink_seconds=5) == 1
    out = capsys.readouterr().out
    assert "BROKEN       BOOKS:" in out
    assert "--seed 1 --steps 2000 --faults none" in out
    assert "the last events:" in out


def test_bad_arguments_end_with_two(capsys):
    assert simulate(engine="toaster") == 2
    assert simulate(faults="fire") == 2
    assert capsys.readouterr().err.count("\n") == 2
