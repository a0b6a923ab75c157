"""What the plugin takes as its configuration, and how it says no."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from indexmaker.connectors.clock import SystemClock
from indexmaker.connectors.configuration import decode_configuration, json_schema
from indexmaker.connectors.connector import Context, State
from indexmaker.connectors.errors import ConfigurationError
from indexmaker_evm.config import EvmConfig
from indexmaker_evm.connector import EvmConnector
from indexmaker_evm.manifest import connector_manifest
from indexmaker_evm.signer import Envelope, from_key, from_keystore
from indexmaker_evm.transactions.journal import TransactionJournal
from indexmaker_evm.transactions.model import Transaction, TxState

KEY = "0x" + "4c" * 32
CHAIN = {"chain_id": 42161, "name": "arbitrum", "rpc": ["http://127.0.0.1:1"]}


def _config(**changes: Any) -> EvmConfig:
    return decode_configuration(EvmConfig, json.dumps({"chains": [CHAIN], **changes}))


def _context(directory: Path) -> Context:
    return Context(name="evm", instance_id="i", data_dir=directory, clock=SystemClock())


def _key_file(directory: Path, text: str = KEY) -> str:
    (directory / "key").write_text(text + "\n")
    return f"file:{directory / 'key'}"


async def test_a_key_is_optional_and_its_field_is_marked_secret(tmp_path: Path) -> None:
    connector = EvmConnector()
    await connector.configure(_config(), context=_context(tmp_path))
    assert connector.probe().state is State.STARTING
    assert '"secret": true' in json.dumps(json_schema(EvmConfig))


async def test_a_url_may_be_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_URL", "https://node.example.com/v2/CANARY")
    connector = EvmConnector()
    await connector.configure(_config(chains=[CHAIN | {"rpc": ["env:NODE_URL"]}]), context=_context(tmp_path))
    (upstream,) = connector.probe().upstreams
    assert upstream.name == "arbitrum https://node.example.com/…"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"signer": {}}, "signer"),
        ({"signer": {"private_key": "env:A", "keystore": "/a"}}, "signer"),
        ({"signer": {"keystore": "/missing", "passphrase": "env:A"}}, "signer.keystore"),
        ({"chains": [CHAIN, CHAIN]}, "chains"),
        ({"chains": [CHAIN | {"rpc": ["ftp://x"]}]}, "chains.0.rpc.0"),
    ],
)
async def test_a_refusal_names_the_place(tmp_path: Path, changes: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        await EvmConnector().configure(_config(**changes), context=_context(tmp_path))
    assert refused.value.path == path


async def test_a_key_that_is_none_is_refused_without_being_repeated(tmp_path: Path) -> None:
    signer = {"private_key": _key_file(tmp_path, "CANARY-not-hexadecimal")}
    with pytest.raises(ConfigurationError) as refused:
        await EvmConnector().configure(_config(signer=signer), context=_context(tmp_path))
    assert refused.value.path == "signer.private_key"
    assert "CANARY" not in str(refused.value)


async def test_a_different_configuration_needs_a_new_process(tmp_path: Path) -> None:
    connector = EvmConnector()
    await connector.configure(_config(), context=_context(tmp_path))
    await connector.configure(_config(), context=_context(tmp_path))
    with pytest.raises(ConfigurationError, match="restart the plugin"):
        await connector.configure(_config(chains=[CHAIN | {"confirmations": 9}]), context=_context(tmp_path))


async def test_a_key_cannot_change_while_transactions_of_it_are_open(tmp_path: Path) -> None:
    journal = TransactionJournal(tmp_path / "transactions.sqlite")
    journal.add(
        Transaction(
            command_id="c",
            chain_id=42161,
            digest=b"",
            sender="0x" + "0e" * 20,
            to="0x" + "0f" * 20,
            data=b"",
            state=TxState.BROADCAST,
            nonce=0,
        )
    )
    journal.close()
    signer = {"private_key": _key_file(tmp_path)}
    with pytest.raises(ConfigurationError, match="configure that key until they are final"):
        await EvmConnector().configure(_config(signer=signer), context=_context(tmp_path))


def test_a_keystore_opens_with_its_passphrase_only() -> None:
    document = json.dumps(Account.encrypt(KEY, "open sesame", iterations=2))
    assert from_keystore(document, passphrase="open sesame").address == from_key(KEY).address
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        from_keystore(document, passphrase="wrong")
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        from_keystore("{}", passphrase="open sesame")


def test_a_signer_signs_the_same_bytes_again_and_never_shows_its_key() -> None:
    signer = from_key(KEY)
    envelope = Envelope(chain_id=1, nonce=3, to="0x" + "0b" * 20, data=b"\x01", gas=21_000, max_fee=10, priority_fee=1)
    signed = signer.sign(envelope)
    assert signer.sign(envelope) == signed
    assert Account.recover_transaction(signed.raw).lower() == signer.address
    assert KEY[2:] not in repr(signer) + repr(vars(signer)) + repr(signed)


def test_the_manifest_names_the_connector() -> None:
    manifest = connector_manifest()
    assert (manifest.name, manifest.target) == ("evm", "indexmaker_evm.connector:EvmConnector")
