"""Arguments of the exchange process."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexmaker.money import ATOMS
from indexmaker.services.exchange.errors import SettingError
from indexmaker.services.exchange.settings import (
    ChainSetting,
    Listen,
    WithdrawalSetting,
    parse_account,
    parse_chain,
    parse_listen,
    parse_withdrawals,
)

TOKEN = "0x" + "Ab" * 20


def test_account_with_play_money() -> None:
    account = parse_account("key:hush:USDC=100.5,BTC=1")
    assert (account.key, account.secret) == ("key", "hush")
    assert account.balances == (("USDC", 100_5 * ATOMS // 10), ("BTC", ATOMS))
    assert parse_account("key:hush").balances == ()
    assert "hush" not in repr(account)


def test_secret_may_lie_in_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "secret"
    place.write_text("from-file\n")
    monkeypatch.setenv("EXCHANGE_SECRET", "from-env")
    assert parse_account(f"key:file:{place}:USDC=1").secret == "from-file"
    assert parse_account("key:env:EXCHANGE_SECRET").secret == "from-env"


@pytest.mark.parametrize("text", ["key", ":hush", "key:", "key:hush:USDC", "key:hush:USDC=1e3"])
def test_unreadable_account_is_refused_without_repeating_the_secret(text: str) -> None:
    with pytest.raises(SettingError) as refusal:
        parse_account(text)
    assert "hush" not in str(refusal.value)


def test_chain_with_and_without_confirmations() -> None:
    assert parse_chain(f"8453:{TOKEN}") == ChainSetting(chain_id=8453, token=TOKEN.lower(), confirmations=12)
    chain = parse_chain(f"31337:{TOKEN}:3:100")
    assert (chain.confirmations, chain.from_block, chain.network) == (3, 100, "EVM31337")
    assert parse_chain(f"8453:{TOKEN}").network == "BASE"


@pytest.mark.parametrize("text", ["8453", "base:" + TOKEN, "8453:0x12", f"8453:{TOKEN}:0", f"8453:{TOKEN}:1:2:3"])
def test_unreadable_chain_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="--chain"):
        parse_chain(text)


def test_withdrawal_terms_with_and_without_limits() -> None:
    assert parse_withdrawals("8453:0.5:5") == WithdrawalSetting(chain_id=8453, fee=ATOMS // 2, minimum=5 * ATOMS)
    limited = parse_withdrawals("8453:0:5:1000:100")
    assert (limited.maximum, limited.approve_above) == (1000 * ATOMS, 100 * ATOMS)


@pytest.mark.parametrize("text", ["8453", "8453:1", "base:1:2", "8453:1:x", "8453:1:2:3:4:5"])
def test_unreadable_withdrawal_terms_are_refused(text: str) -> None:
    with pytest.raises(SettingError, match="--withdrawals"):
        parse_withdrawals(text)


def test_listen_address() -> None:
    assert parse_listen("127.0.0.1:0") == Listen(host="127.0.0.1", port=0)
    assert parse_listen("[::1]:80") == Listen(host="::1", port=80)
    for text in ("9000", "host:", "host:70000", ":80"):
        with pytest.raises(SettingError, match="HOST:PORT"):
            parse_listen(text)
