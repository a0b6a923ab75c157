"""Definitions: exact grids only, repeatable, and refused when they contradict."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from exchange.floor import BASE, MARKET, QUOTE, Floor
from indexmaker.exchange import OffGridError
from indexmaker.exchange.commands import (
    CreateAccount,
    DefineAsset,
    DefineFeeTier,
    DefineMarket,
    DefineNetwork,
    MarketFilters,
    SetAccountStatus,
    SetFeeTier,
    SetMarketFilters,
    SetMarketStatus,
)
from indexmaker.exchange.events import Configured
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import AccountStatus, MarketStatus
from indexmaker.money import parse_atoms

ASSET = DefineAsset(symbol="NEW", scale=8)
OTHER = DefineMarket(symbol="OTHER", base=BASE, quote=QUOTE, tick=10**16, lot=10**15)
NETWORK = DefineNetwork(asset=QUOTE, network="BASE", chain_id=8453, decimals=6, confirmations=5)
TIER = DefineFeeTier(tier="vip", maker_ppm=1, taker_ppm=2)
ACCOUNT = CreateAccount(account=7, name="seven", tier="standard")


@pytest.mark.parametrize("command", [ASSET, OTHER, NETWORK, TIER, ACCOUNT])
def test_a_repeated_definition_changes_nothing(command):
    floor = Floor()
    answers = [floor.do(command)[0], floor.do(command)[0]]
    assert all(isinstance(answer, Configured) for answer in answers)
    assert [answer.changed for answer in answers] == [True, False]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ASSET, replace(ASSET, scale=9)),
        (OTHER, replace(OTHER, tick=10**17)),
        (NETWORK, replace(NETWORK, decimals=7)),
        (ACCOUNT, replace(ACCOUNT, name="eight")),
    ],
)
def test_a_contradicting_definition_is_refused(first, second):
    floor = Floor()
    floor.do(first)
    assert floor.rejection(floor.do(second)) is RejectCode.ALREADY_DEFINED


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (replace(OTHER, tick=10**15), RejectCode.INEXACT_MARKET),
        (replace(OTHER, lot=10**14), RejectCode.INEXACT_MARKET),
        (replace(OTHER, base=QUOTE, quote=BASE, lot=10**12), RejectCode.INEXACT_MARKET),
        (replace(OTHER, tick=0), RejectCode.OUT_OF_RANGE),
        (replace(OTHER, lot=-1), RejectCode.OUT_OF_RANGE),
        (replace(OTHER, base="NONE"), RejectCode.UNKNOWN_ASSET),
        (replace(OTHER, quote=BASE), RejectCode.MALFORMED),
        (replace(OTHER, symbol="no-good"), RejectCode.MALFORMED),
        (
            replace(OTHER, tick=10**18, filters=MarketFilters(max_price=2**63 - 1, max_quantity=2**63 - 1)),
            RejectCode.OUT_OF_RANGE,
        ),
        (replace(OTHER, filters=MarketFilters(min_price=-1)), RejectCode.OUT_OF_RANGE),
        (replace(OTHER, filters=MarketFilters(max_notional=2**127)), RejectCode.OUT_OF_RANGE),
        (replace(OTHER, filters=MarketFilters(average_minutes=61)), RejectCode.OUT_OF_RANGE),
        (replace(ASSET, scale=19), RejectCode.MALFORMED),
        (replace(ASSET, symbol=""), RejectCode.MALFORMED),
        (replace(NETWORK, asset="NONE"), RejectCode.UNKNOWN_ASSET),
        (replace(NETWORK, decimals=-1), RejectCode.MALFORMED),
        (replace(TIER, maker_ppm=-1), RejectCode.MALFORMED),
        (replace(TIER, tier=""), RejectCode.MALFORMED),
        (replace(ACCOUNT, account=0), RejectCode.MALFORMED),
        (replace(ACCOUNT, tier="none"), RejectCode.UNKNOWN_FEE_TIER),
        (SetFeeTier(account=1, tier="none"), RejectCode.UNKNOWN_FEE_TIER),
        (SetFeeTier(account=9, tier="standard"), RejectCode.UNKNOWN_ACCOUNT),
        (SetAccountStatus(account=9, status=AccountStatus.ACTIVE), RejectCode.UNKNOWN_ACCOUNT),
        (SetMarketStatus(market="NONE", status=MarketStatus.OPEN), RejectCode.UNKNOWN_MARKET),
        (SetMarketFilters(market="NONE", filters=MarketFilters()), RejectCode.UNKNOWN_MARKET),
        (SetMarketFilters(market=MARKET, filters=MarketFilters(max_orders=-1)), RejectCode.OUT_OF_RANGE),
    ],
)
def test_a_senseless_definition_is_refused_and_changes_nothing(command, code):
    floor = Floor()
    before = floor.engine.dump()
    assert floor.rejection(floor.do(command)) is code
    assert floor.engine.dump() == before


def test_an_asset_listed_later_has_balances_in_older_accounts():
    floor = Floor()
    floor.do(ASSET)
    assert floor.engine.balance(1, "NEW") == (0, 0)


def test_decimals_become_ticks_and_lots_or_the_error_names_the_nearest():
    market = Floor().engine.markets[MARKET]
    assert market.ticks(parse_atoms("12.34")) == 1234
    assert market.lots(parse_atoms("0.005")) == 5
    assert market.price_money(1234) == parse_atoms("12.34")
    assert market.quantity_money(5) == parse_atoms("0.005")
    with pytest.raises(OffGridError, match=r"12\.345 .* 12\.34 and 12\.35"):
        market.ticks(parse_atoms("12.345"))


def test_amounts_of_the_ledger_read_as_decimals():
    usd = Floor().engine.assets[QUOTE]
    assert usd.to_decimal(123_456) == "1.23456"
    assert usd.from_money(usd.to_money(123_456) + 1) == 123_456
