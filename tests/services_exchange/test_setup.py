"""What the process journals at its start, and what it leaves alone at the next."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from indexmaker.connectors.secrets import SecretRef
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.listing import builtin_listing
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.money import ATOMS
from indexmaker.services.exchange.errors import DefinitionError, SettingError
from indexmaker.services.exchange.settings import AccountSetting, ChainSetting, WithdrawalSetting
from indexmaker.services.exchange.setup import set_up
from indexmaker.services.exchange.wallet import DepositWallet, open_wallet

PHRASE = "test test test test test test test test test test test junk"
FIRST, SECOND = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
BASE = ChainSetting(chain_id=8453, token="0x" + "cc" * 20)
ALICE = AccountSetting(key="alice", secret="a", balances=(("USDC", 100 * ATOMS),))
BOB = AccountSetting(key="bob", secret="b")


async def start(
    engine: ExchangeEngine,
    sequencer: ExchangeSequencer,
    *accounts: AccountSetting,
    chain: ChainSetting = BASE,
    withdrawals: tuple[WithdrawalSetting, ...] = (),
) -> dict[str, int]:
    return await set_up(
        engine,
        sequencer,
        listing=builtin_listing(),
        accounts=accounts,
        chains=[chain],
        wallet=DepositWallet(PHRASE),
        withdrawals=withdrawals,
    )


async def test_first_start_lists_markets_and_opens_accounts_with_addresses(
    engine: ExchangeEngine, sequencer: ExchangeSequencer
) -> None:
    numbers = await start(engine, sequencer, ALICE, BOB)
    assert "BTCUSDC" in engine.markets
    assert engine.balance(numbers["alice"], "USDC") == (100 * 10**8, 0)
    assert engine.deposit_addresses(numbers["alice"]) == [("BASE", FIRST)]
    assert engine.deposit_addresses(numbers["bob"]) == [("BASE", SECOND)]
    assert engine.assets["USDC"].networks["BASE"].contract == BASE.token


async def test_later_start_keeps_numbers_and_pays_nothing_twice(
    engine: ExchangeEngine, sequencer: ExchangeSequencer
) -> None:
    before = await start(engine, sequencer, ALICE, BOB)
    state = engine.dump()
    again = await start(engine, sequencer, BOB, ALICE)
    assert again == before
    assert engine.dump() == state


async def test_contradiction_to_what_is_in_force_is_told(engine: ExchangeEngine, sequencer: ExchangeSequencer) -> None:
    await start(engine, sequencer, ALICE)
    other = dataclasses.replace(BASE, token="0x" + "dd" * 20)
    with pytest.raises(DefinitionError, match="define_network"):
        await start(engine, sequencer, ALICE, chain=other)


async def test_withdrawal_terms_follow_the_settings_and_end_with_them(
    engine: ExchangeEngine, sequencer: ExchangeSequencer
) -> None:
    terms = WithdrawalSetting(chain_id=8453, fee=ATOMS // 2, minimum=5 * ATOMS)
    await start(engine, sequencer, withdrawals=(terms,))
    first = sequencer.sequence
    await start(engine, sequencer, withdrawals=(terms,))
    assert sequencer.sequence == first
    in_force = engine.assets["USDC"].withdrawal_terms["BASE"]
    assert (in_force.fee, in_force.minimum, in_force.enabled) == (5 * 10**7, 5 * 10**8, True)
    await start(engine, sequencer)
    assert engine.assets["USDC"].withdrawal_terms["BASE"].enabled is False
    with pytest.raises(DefinitionError, match="chain 1 is not among"):
        await start(engine, sequencer, withdrawals=(dataclasses.replace(terms, chain_id=1),))


async def test_play_money_in_an_unknown_asset_is_refused(engine: ExchangeEngine, sequencer: ExchangeSequencer) -> None:
    with pytest.raises(DefinitionError, match="'NOPE'"):
        await start(engine, sequencer, AccountSetting(key="k", secret="s", balances=(("NOPE", 1),)))


def test_new_phrase_is_kept_private_and_found_again(tmp_path: Path) -> None:
    made = open_wallet(None, data=tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert open_wallet(None, data=tmp_path).address(3) == made.address(3)
    assert open_wallet(None, data=None).address(0) != made.address(0)


def test_phrase_by_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHRASE", PHRASE)
    wallet = open_wallet(SecretRef("env:PHRASE"), data=None)
    assert wallet.address(0) == FIRST
    assert "junk" not in repr(wallet)
    monkeypatch.setenv("PHRASE", "no phrase at all")
    with pytest.raises(SettingError):
        open_wallet(SecretRef("env:PHRASE"), data=None)
