"""The same journal gives the same state, from the beginning or from any dump."""

from __future__ import annotations

import random

import msgspec
import pytest

from exchange.floor import QUOTE, Floor, setup_commands
from exchange.sessions import random_session
from exchange.test_funding import ADDRESS, REPORT
from indexmaker.exchange import ExchangeEngine, StateError
from indexmaker.exchange.commands import (
    AllowWithdrawalAddress,
    DefineNetwork,
    ExchangeCommand,
    MarketFilters,
    RegisterDepositAddress,
    ReportWithdrawal,
    RequestWithdrawal,
    SetAddressBook,
    SetMarketFilters,
    SetWithdrawalTerms,
)
from indexmaker.exchange.events import ExchangeEvent
from indexmaker.exchange.vocabulary import WithdrawalStatus

START = 1_700_000_000_000_000_000
STEP = 300_000_000
FILTERS = MarketFilters(max_orders=20, bid_up_ppm=1_100_000, bid_down_ppm=900_000, average_minutes=1)

WITHDRAWALS = [
    SetWithdrawalTerms(asset=QUOTE, network="BASE", fee=10, minimum=20, approve_above=1_000),
    SetAddressBook(account=1, required=True),
    AllowWithdrawalAddress(account=1, network="BASE", address=ADDRESS),
    *(
        RequestWithdrawal(
            account=account, asset=QUOTE, network="BASE", address=ADDRESS, amount=amount, withdraw_order_id="w"
        )
        for account, amount in ((1, 100), (2, 2_000), (3, 500))
    ),
    ReportWithdrawal(withdrawal_id=1, status=WithdrawalStatus.SENT, tx_hash="0xAA"),
    ReportWithdrawal(withdrawal_id=3, status=WithdrawalStatus.FAILED, reason="reverted"),
]


def session(seed: int) -> list[ExchangeCommand]:
    rng = random.Random(seed)
    commands = setup_commands(FILTERS)
    commands += [
        DefineNetwork(asset=QUOTE, network="BASE", chain_id=8453, decimals=6, confirmations=5),
        RegisterDepositAddress(account=1, network="BASE", address=ADDRESS),
        REPORT,
        *WITHDRAWALS,
        *random_session(rng, 400, start=START, step=STEP),
        SetMarketFilters(market="ABCUSD", filters=MarketFilters(average_minutes=2)),
        *random_session(rng, 100, start=START + 450 * STEP, step=STEP),
    ]
    return commands


def run(engine: ExchangeEngine, commands: list[ExchangeCommand], *, first: int = 0) -> list[list[ExchangeEvent]]:
    return [
        list(engine.apply(command, sequence=number, at=START + number * STEP))
        for number, command in enumerate(commands, first)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_decoded_journal_replays_to_the_same_outputs_and_the_same_bytes(seed):
    commands = session(seed)
    live, replayed = ExchangeEngine(), ExchangeEngine()
    outputs = run(live, commands)
    journal = [msgspec.json.encode(command) for command in commands]
    decoder = msgspec.json.Decoder(ExchangeEngine.event_type)
    assert run(replayed, [decoder.decode(entry) for entry in journal]) == outputs
    assert replayed.dump() == live.dump()


@pytest.mark.parametrize("seed", range(3))
def test_an_engine_loaded_anywhere_goes_on_like_the_one_that_never_stopped(seed):
    commands = session(seed)
    live = ExchangeEngine()
    outputs = run(live, commands)
    for cut in random.Random(seed).sample(range(len(commands)), 12):
        first, second = ExchangeEngine(), ExchangeEngine()
        run(first, commands[:cut])
        second.load(first.dump())
        assert second.dump() == first.dump()
        assert run(second, commands[cut:], first=cut) == outputs[cut:]
        assert second.dump() == live.dump()


def test_a_loaded_engine_answers_readers_alike():
    live, loaded = ExchangeEngine(), ExchangeEngine()
    run(live, session(0))
    loaded.load(live.dump())
    for account in (1, 2, 3):
        for read in ("open_orders", "all_orders"):
            ids = [order.order_id for order in getattr(live, read)(account)]
            assert [order.order_id for order in getattr(loaded, read)(account)] == ids
        assert loaded.account_trades(account) == live.account_trades(account)
    assert loaded.depth("ABCUSD", levels=0) == live.depth("ABCUSD", levels=0)
    assert [deposit.tx_hash for deposit in loaded.deposits(1)] == ["0xfeed"]
    assert list(loaded.assets) == list(live.assets)


@pytest.mark.parametrize("data", [b"", b"[]", b"[99,[],[],[],[],[],[],[],[],0,0]"])
def test_bytes_of_another_kind_or_version_are_refused_with_a_reason(data):
    with pytest.raises(StateError, match="state"):
        ExchangeEngine().load(data)


def test_outputs_survive_encoding():
    floor = Floor()
    floor.sell(1, 5, price=100)
    outputs = floor.buy(2, 7, price=101)
    data = msgspec.json.encode(outputs)
    assert msgspec.json.decode(data, type=list[ExchangeEvent]) == outputs
