"""One setting moves every address; secrets stay where they are."""

from __future__ import annotations

from base64 import b64decode
from urllib.parse import urlencode

import grpc.aio
import pytest
from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC, RSA
from Crypto.Signature import eddsa, pkcs1_15

from indexmaker.api.connector.v1 import connector_pb2, connector_pb2_grpc
from indexmaker.connectors.configuration import decode_configuration, json_schema
from indexmaker.connectors.errors import ConfigurationError
from indexmaker.connectors.testing.serve import serve_connector
from indexmaker_binance import manifest, manifest_orders
from indexmaker_binance.client import VenueClient
from indexmaker_binance.configuration import MarketDataConfig, OrdersConfig, credentials_of
from indexmaker_binance.environment import CustomEnvironment, resolve
from indexmaker_binance.errors import EnvironmentRefusedError
from indexmaker_binance.orders import BinanceOrders


def test_one_base_moves_every_address():
    found = resolve(CustomEnvironment(base="https://venue.example:8443/"))
    assert (found.rest, found.sapi) == ("https://venue.example:8443",) * 2
    assert found.ws_api == "wss://venue.example:8443/ws-api/v3"
    assert found.stream == "wss://venue.example:8443"


@pytest.mark.parametrize(
    "mix",
    [
        {"base": "http://127.0.0.1:1", "sapi": "https://api.binance.com"},
        {"base": "http://127.0.0.1:1", "stream": "wss://stream.testnet.binance.vision"},
        {"base": "https://testnet.binance.vision", "sapi": "https://api.binance.com"},
        {"base": "https://api.binance.com"},
        {"base": "127.0.0.1:1"},
        {"base": "http://user:password@127.0.0.1"},
    ],
)
def test_mixed_or_malformed_addresses_are_refused(mix):
    with pytest.raises(EnvironmentRefusedError):
        resolve(CustomEnvironment(**mix))


async def test_no_request_of_a_client_leaves_its_environment():
    client = VenueClient(
        resolve(CustomEnvironment(base="http://127.0.0.1:1")), credentials=None, timeout_ms=10, recv_window_ms=5000
    )
    try:
        urls = [value for name, value in vars(client).items() if name.endswith("URL")]
        assert len(urls) > 10
        assert all("127.0.0.1" in url or "not-configured.invalid" in url for url in urls)
    finally:
        await client.close_connection()


async def test_mix_is_refused_with_its_place(monkeypatch):
    monkeypatch.setenv("FAKE_KEY", "the-key")
    config = '{"environment": {"base": "http://127.0.0.1:1", "sapi": "https://api.binance.com"},'
    config += '"api_key": "env:FAKE_KEY", "api_secret": "env:FAKE_KEY"}'
    async with serve_connector(BinanceOrders()) as channel:
        stub = connector_pb2_grpc.ConnectorServiceStub(channel)
        request = connector_pb2.ConfigureRequest(configuration=config, revision=1)
        response = await stub.Configure(request, wait_for_ready=True)
        assert isinstance(channel, grpc.aio.Channel)
    assert not response.accepted
    assert response.diagnostics[0].attribute == "environment"


def test_exactly_one_kind_of_key_is_needed_and_secrets_are_not_shown(monkeypatch):
    monkeypatch.setenv("FAKE_KEY", "the-key")
    text = '{"environment": "testnet", "api_key": "env:FAKE_KEY"%s}'
    with pytest.raises(ConfigurationError):
        credentials_of(decode_configuration(OrdersConfig, text % ""))
    found = credentials_of(decode_configuration(OrdersConfig, text % ', "api_secret": "env:FAKE_KEY"'))
    assert found.secret == "the-key"
    assert "the-key" not in repr(found)
    with pytest.raises(ConfigurationError) as refused:
        credentials_of(decode_configuration(OrdersConfig, text % ', "private_key": "env:FAKE_KEY"'))
    assert refused.value.path == "private_key"
    assert "the-key" not in str(refused.value)


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
async def test_asymmetric_keys_sign_requests(kind, monkeypatch):
    key = ECC.generate(curve="Ed25519") if kind == "ed25519" else RSA.generate(2048)
    pem = key.export_key(format="PEM")
    monkeypatch.setenv("FAKE_KEY", pem if isinstance(pem, str) else pem.decode())
    text = '{"environment": "testnet", "api_key": "env:FAKE_KEY", "private_key": "env:FAKE_KEY"}'
    config = decode_configuration(OrdersConfig, text)
    client = VenueClient(resolve("testnet"), credentials=credentials_of(config), timeout_ms=10, recv_window_ms=5000)
    await client.close_connection()
    params = client.signed_frame("userDataStream.subscribe.signature", request_id="1")["params"]
    signature = b64decode(params.pop("signature"))
    payload = urlencode(sorted(params.items())).encode()
    if kind == "ed25519":
        eddsa.new(key.public_key(), "rfc8032").verify(payload, signature)
    else:
        pkcs1_15.new(key.public_key()).verify(SHA256.new(payload), signature)


def test_manifests_name_what_is_served():
    cards = manifest.connector_manifest(), manifest_orders.connector_manifest()
    assert [card.name for card in cards] == ["binance-market-data", "binance-orders"]
    assert "environment" in json_schema(MarketDataConfig)["$defs"]["MarketDataConfig"]["required"]
