"""The configuration file: what is accepted, and how a fault is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexmaker.config import ConfigurationFault, load_settings
from indexmaker.money import parse_atoms

GOOD = """
run_directory = "/tmp/run"

[solver]
max_order_value = "750.5"

[venues.binance]
market_data = "md"
order_entry = "oe"

[plugins.md]
plugin = "binance-market-data"

[plugins.oe]
plugin = "binance-orders"
config = { environment = "testnet" }

[[indices]]
symbol = "TOP2"
name = "Two"
chain_id = 42161
gate = "0x1111111111111111111111111111111111111111"
token = "0x2222222222222222222222222222222222222222"
weights = { BTC = "0.6", ETH = "0.4" }
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "indexmaker.toml"
    file.write_text(text)
    return file


def fault(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationFault) as caught:
        load_settings(written(tmp_path, text))
    return str(caught.value)


def test_a_good_file_is_read_with_exact_amounts(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, GOOD))
    assert settings.solver.max_order_value == parse_atoms("750.5")
    assert settings.indices[0].weights["BTC"] == parse_atoms("0.6")
    assert settings.socket("md") == "unix:/tmp/run/md.sock"


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEXMAKER__CORE__LISTEN", "127.0.0.1:1234")
    assert load_settings(written(tmp_path, GOOD)).core.listen == "127.0.0.1:1234"


def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    text = fault(tmp_path, GOOD.replace("max_order_value", "max_order_valeu"))
    assert "solver.max_order_valeu: unknown key; did you mean 'max_order_value'?" in text


def test_an_unknown_table_is_refused(tmp_path: Path) -> None:
    assert "solvers: unknown key; did you mean 'solver'?" in fault(tmp_path, GOOD.replace("[solver]", "[solvers]"))


def test_an_unknown_key_of_a_plugin_table_is_refused_at_its_place(tmp_path: Path) -> None:
    text = fault(tmp_path, GOOD.replace('plugin = "binance-orders"', 'plugin = "binance-orders"\nrequire = []'))
    assert "plugins.oe.require: unknown key; did you mean 'requires'?" in text


def test_a_venue_without_its_plugin_is_refused(tmp_path: Path) -> None:
    text = fault(tmp_path, GOOD.replace('order_entry = "oe"', 'order_entry = "oee"'))
    assert "venues.binance.order_entry: no table [plugins.oee]; did you mean 'oe'?" in text


def test_weights_that_do_not_sum_to_one_are_refused(tmp_path: Path) -> None:
    assert "TOP2.weights: they sum to 0.9" in fault(tmp_path, GOOD.replace('"0.4"', '"0.3"'))


def test_a_float_amount_is_refused_with_how_to_write_it(tmp_path: Path) -> None:
    assert "write the amount as a string" in fault(tmp_path, GOOD.replace('"750.5"', "750.5"))


def test_broken_toml_and_a_missing_file_are_told_plainly(tmp_path: Path) -> None:
    assert "is not valid TOML" in fault(tmp_path, "[core")
    with pytest.raises(ConfigurationFault, match="No such file"):
        load_settings(tmp_path / "none.toml")
