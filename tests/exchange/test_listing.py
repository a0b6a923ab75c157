"""The built-in listing is accepted whole, and a broken file is refused with the place of the fault."""

from __future__ import annotations

import msgspec
import pytest

from indexmaker.exchange import ExchangeEngine, ListingError
from indexmaker.exchange.events import Configured
from indexmaker.exchange.listing import builtin_listing, parse_listing
from indexmaker.money import parse_atoms


@pytest.fixture(scope="module")
def engine():
    engine = ExchangeEngine()
    for number, command in enumerate(builtin_listing().commands()):
        assert isinstance(engine.apply(command, sequence=number, at=0)[0], Configured)
    return engine


def test_the_listing_offers_at_least_34_assets_against_usdc(engine):
    assert sum(market.quote.symbol == "USDC" for market in engine.markets.values()) >= 34
    assert {"BTCUSDT", "ETHUSDT"} <= set(engine.markets)


def test_every_market_can_be_seeded_around_its_reference(engine):
    for market in engine.markets.values():
        reference = market.definition.reference
        filters = market.filters
        assert reference >= 100, f"{market.symbol}: a tick is more than 1 % of the price"
        assert filters.min_price < reference < filters.max_price
        smallest = market.notional(price=reference, quantity=1)
        assert smallest < filters.min_notional, f"{market.symbol}: one lot is above the smallest notional"
        five = filters.min_notional // smallest + 1
        assert filters.min_quantity < five < filters.market_max_quantity < filters.max_quantity


def test_btc_has_the_usual_grid(engine):
    market = engine.markets["BTCUSDC"]
    assert market.ticks(parse_atoms("112000.01")) == 11_200_001
    assert market.lots(parse_atoms("0.00001")) == 1
    assert market.filters.min_notional == 5 * 10**8


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("tick", "nought", "BTCUSDC: tick"),
        ("tick", "0", "BTCUSDC: tick and step must be positive"),
        ("reference", "1.001", "BTCUSDC: reference"),
        ("quote", "NONE", "BTCNONE: quote asset"),
    ],
)
def test_a_wrong_entry_is_named(field, value, message):
    raw = msgspec.to_builtins(builtin_listing())
    raw["markets"][0][field] = value
    with pytest.raises(ListingError, match=message):
        list(parse_listing(msgspec.json.encode(raw)).commands())


def test_an_unknown_field_is_refused():
    raw = msgspec.to_builtins(builtin_listing())
    raw["markets"][0]["colour"] = "red"
    with pytest.raises(ListingError, match="colour"):
        parse_listing(msgspec.json.encode(raw))
