"""The configuration file: what is accepted, and how a fault is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexmaker.config import OPEN_STATES, STRATEGIES, ConfigurationFault, load_settings
from indexmaker.money import parse_atoms
from indexmaker.services.solver.bootstrap import solver_config
from indexmaker.solver.batching import strategy_named
from indexmaker.solver.config import FinalityTier, SolverConfig
from indexmaker.solver.vocabulary import Finality, OrderState

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


def solver(tmp_path: Path, keys: str) -> SolverConfig:
    file = tmp_path / "indexmaker.toml"
    file.write_text(GOOD.replace("[solver]", "[solver]\n" + keys))
    return solver_config(load_settings(file).solver, invoice_life_ns=7)


def test_every_knob_of_the_solver_can_be_set(tmp_path: Path) -> None:
    keys = """
strategy = "proportional"
deposit_finality_above = { FINAL = "50000" }
settlement_finality = "FINAL"
order_life_seconds = 60
max_order_life_seconds = 120
account_open_orders = 3
account_daily_notional = "1000"
quote_life_seconds = 5
default_tolerance = "0.02"
price_slack = "0.002"
batch_orders = 9
idle_batches = 4
inventory_budgets = { BTC = "10" }
inventory_limit = "600"
inventory_limits = { BTC = "20" }
routing_max_orders = 8
routing_attempts = 6
settlement_attempts = 7
retry_delay_ms = 11
order_timeout_ms = 12
query_attempts = 13
leg_attempts = 14
rate_backoff_ms = 15
hold_seconds = 16
rebalance_drain_seconds = 17
rebalance_trade_seconds = 18
rebalance_rounds = 19
fee_period_seconds = 20
stuck_after_seconds = { READY = 21 }
max_batch_value = "22"
max_in_flight_value = "23"
min_batch_value = "24"
inventory_budget = "26"
price_impact = "0.03"
routing_window_ms = 27
aggregation_window_ms = 28
book_max_age_ms = 29
mint_threshold = "0.9"
retention_hours = 30
"""
    config, usual = solver(tmp_path, keys), SolverConfig()
    assert [name for name in SolverConfig.__struct_fields__ if getattr(config, name) == getattr(usual, name)] == []
    assert config.finality[-1] == FinalityTier(amount=parse_atoms("50000"), finality=Finality.FINAL)
    assert dict(config.max_ages)[OrderState.READY] == 21 * 10**9
    assert dict(config.max_ages)[OrderState.ENGAGED] == dict(usual.max_ages)[OrderState.ENGAGED]
    assert config.inventory_budget_of("BTC") == parse_atoms("10")
    assert (config.hold_ns, config.retry_delay_ns) == (16 * 10**9, 11 * 10**6)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ('strategy = "neting"', "solver.strategy: Value error, 'neting' is not one of netting, water-filling,"),
        ('strategy = "neting"', "did you mean 'netting'?"),
        ('deposit_finality_above = { FINALL = "1" }', "did you mean 'FINAL'?"),
        ("stuck_after_seconds = { MINTED = 1 }", "'MINTED' is not one of"),
        ("order_life_seconds = 60\nmax_order_life_seconds = 59", "order_life_seconds is above"),
        ('account_daily_notional = "-1"', "solver.account_daily_notional"),
        ("leg_attempts = 0", "solver.leg_attempts"),
    ],
)
def test_a_knob_out_of_range_is_told_with_its_key(tmp_path: Path, keys: str, text: str) -> None:
    assert text in fault(tmp_path, GOOD.replace("[solver]", "[solver]\n" + keys))


def test_the_strategies_of_the_configuration_are_those_of_the_solver() -> None:
    assert [strategy_named(name).name for name in STRATEGIES] == list(STRATEGIES)


def test_orders_can_be_told_as_stuck_in_every_state_that_has_an_age() -> None:
    assert {state.value for state, _ in SolverConfig().max_ages} == set(OPEN_STATES)
