"""Trading rules are read exactly and named as the venue names them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from indexmaker.money import ATOMS, parse_atoms
from indexmaker_binance.assets import AssetNames
from indexmaker_binance.errors import FilterRefusedError
from indexmaker_binance.filters import OrderContext, read_symbol

from .fake_venue import symbol_entry

NAMES = AssetNames({})


def rules(*extra):
    entry = symbol_entry("BTCUSDC", "BTC", "USDC")
    entry["filters"] += extra
    return read_symbol(entry, venue="v", names=NAMES)


def refused(made, *, buy=True, quantity="1", price="100", **context) -> str:
    with pytest.raises(FilterRefusedError) as error:
        made.check(buy=buy, quantity=parse_atoms(quantity), price=parse_atoms(price), context=OrderContext(**context))
    return error.value.rule


def test_limits_themselves_are_allowed():
    made = rules()
    for quantity, price in (("0.0001", "50000"), ("9000", "100"), ("0.05", "100"), ("9", "1000000")):
        made.check(buy=True, quantity=parse_atoms(quantity), price=parse_atoms(price))


@pytest.mark.parametrize(
    ("order", "name"),
    [
        ({"price": "0"}, "PRICE_FILTER"),
        ({"price": "1000000.01"}, "PRICE_FILTER"),
        ({"price": "100.001"}, "PRICE_FILTER"),
        ({"quantity": "0.00005"}, "LOT_SIZE"),
        ({"quantity": "9000.0001"}, "LOT_SIZE"),
        ({"quantity": "0.0499"}, "NOTIONAL"),
        ({"quantity": "9000", "price": "1000.01"}, "NOTIONAL"),
        ({"open_orders": 200}, "MAX_NUM_ORDERS"),
    ],
)
def test_first_broken_filter_is_named(order, name):
    assert refused(rules(), **order) == name


def test_price_too_far_from_the_average_is_judged_by_side():
    made = rules(
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "1.2",
            "bidMultiplierDown": "0.8",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.5",
        }
    )
    assert refused(made, price="120.01", reference_price=100 * ATOMS) == "PERCENT_PRICE_BY_SIDE"
    assert refused(made, price="79.99", reference_price=100 * ATOMS) == "PERCENT_PRICE_BY_SIDE"
    made.check(buy=False, quantity=ATOMS, price=60 * ATOMS, context=OrderContext(reference_price=100 * ATOMS))
    made.check(buy=True, quantity=ATOMS, price=60 * ATOMS)


def test_position_limit_counts_what_is_held_for_buys_only():
    made = rules({"filterType": "MAX_POSITION", "maxPosition": "2"})
    assert refused(made, position=parse_atoms("1.5")) == "MAX_POSITION"
    made.check(buy=False, quantity=ATOMS, price=100 * ATOMS, context=OrderContext(position=9 * ATOMS))


def test_instrument_that_does_not_trade_refuses_everything():
    assert refused(rules().halted()) == "TRADING_STATUS"


def test_disabled_grid_falls_back_to_the_venues_decimals():
    entry = symbol_entry("AB", "A", "B")
    entry["filters"] = [{"filterType": "LOT_SIZE", "minQty": "0", "maxQty": "0", "stepSize": "0"}]
    made = read_symbol(entry, venue="v", names=NAMES)
    assert (made.instrument.lot_step, made.instrument.tick_size) == (10**10, 10**10)


def test_recorded_rules_of_real_symbols_are_understood():
    folder = os.environ.get("INDEXMAKER_FIXTURES")
    if not folder:
        pytest.skip("INDEXMAKER_FIXTURES is not set")
    content = json.loads(Path(folder, "exchangeInfo_2025-08-07_25_symbols.json").read_text())
    for entry in content["symbols"]:
        made = read_symbol(entry, venue="binance", names=NAMES)
        assert made.instrument.tick_size > 0
        assert made.instrument.min_notional > 0
