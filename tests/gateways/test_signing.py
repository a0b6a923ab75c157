"""Signatures and timing, with the vectors of the public documentation."""

from __future__ import annotations

import pytest

from indexmaker.gateways.binance.errors import ApiError
from indexmaker.gateways.binance.parameters import Parameters
from indexmaker.gateways.binance.signing import (
    check_signature,
    check_timing,
    rest_payload,
    sign,
    ws_payload,
)

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
ORDER = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
NOW = 1_700_000_000_000_000_000
MS = NOW // 1_000_000


def test_rest_vector_of_the_documentation() -> None:
    expected = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert sign(ORDER, secret=SECRET) == expected
    check_signature(rest_payload(f"{ORDER}&signature={expected}", ""), signature=expected.upper(), secret=SECRET)


def test_rest_signature_covers_what_was_sent_percent_encoded() -> None:
    payload = ORDER.replace("LTCBTC", "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96")
    expected = "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"
    assert sign(rest_payload(payload, ""), secret=SECRET) == expected


def test_query_and_body_are_joined_by_nothing() -> None:
    head, tail = ORDER[:66], ORDER[66:]
    assert rest_payload(head, tail) == ORDER


def test_websocket_vector_of_the_documentation_is_sorted_by_name() -> None:
    parameters = {
        "type": "LIMIT",
        "symbol": "BTCUSDT",
        "side": "SELL",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "recvWindow": "100",
        "timestamp": "1645423376532",
        "apiKey": KEY,
        "signature": "not covered",
    }
    expected = "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
    assert sign(ws_payload(parameters), secret=SECRET) == expected


def test_another_signature_is_refused() -> None:
    with pytest.raises(ApiError, match="Signature for this request is not valid"):
        check_signature(ORDER, signature="0" * 64, secret=SECRET)


@pytest.mark.parametrize(
    ("sent", "window"), [(MS, None), (MS - 5000, None), (MS + 999, None), (MS - 60_000, "60000"), (MS * 1000, None)]
)
def test_requests_within_the_window_pass(sent: int, window: str | None) -> None:
    values = {"timestamp": str(sent)} | ({"recvWindow": window} if window else {})
    check_timing(Parameters(values), now=NOW)


OUTSIDE = "Timestamp for this request is outside of the recvWindow."
AHEAD = "Timestamp for this request was 1000ms ahead of the server's time."


@pytest.mark.parametrize(
    ("values", "code", "text"),
    [
        ({"timestamp": str(MS - 5001)}, -1021, OUTSIDE),
        ({"timestamp": str(MS - 2), "recvWindow": "1.999"}, -1021, OUTSIDE),
        ({"timestamp": str(MS + 1000)}, -1021, AHEAD),
        ({"timestamp": str(MS), "recvWindow": "60001"}, -1131, "recvWindow must be less than 60000"),
        (
            {"timestamp": "soon"},
            -1102,
            "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
        ),
        ({}, -1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."),
    ],
)
def test_requests_outside_the_window_are_refused(values: dict[str, str], code: int, text: str) -> None:
    with pytest.raises(ApiError) as refusal:
        check_timing(Parameters(values), now=NOW)
    assert (refusal.value.code, refusal.value.text) == (code, text)
