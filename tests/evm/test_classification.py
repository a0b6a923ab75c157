"""What clients say of a transaction, a revert or a range, and what it means here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker_evm.codecs import error_text
from indexmaker_evm.contracts import artifact
from indexmaker_evm.errors import RpcError
from indexmaker_evm.follower.ranges import RangeSize
from indexmaker_evm.rpc import redact
from indexmaker_evm.transactions.classification import Verdict, classify, judge
from indexmaker_evm.transactions.fees import Fees, raised, suggested


def _error(message: str) -> RpcError:
    return RpcError("eth_sendRawTransaction", code=-32000, message=message)


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        ("already known", Verdict.ACCEPTED),
        ("transaction already imported", Verdict.ACCEPTED),
        ("known transaction: abc", Verdict.ACCEPTED),
        ("nonce too low", Verdict.NONCE_USED),
        ("nonce too low: address 0x1, tx: 3 state: 4", Verdict.NONCE_USED),
        ("OldNonce", Verdict.NONCE_USED),
        ("nonce too high", Verdict.NONCE_GAP),
        ("replacement transaction underpriced", Verdict.UNDERPRICED),
        ("transaction underpriced", Verdict.UNDERPRICED),
        ("max fee per gas less than block base fee", Verdict.UNDERPRICED),
        ("FeeTooLow, EffectivePriorityFeePerGas too low", Verdict.UNDERPRICED),
        ("insufficient funds for gas * price + value", Verdict.NO_FUNDS),
        ("Insufficient funds for gas * price + value", Verdict.NO_FUNDS),
        ("txpool is full", Verdict.REFUSED),
    ],
)
def test_a_refusal_is_sorted_by_its_text(message: str, verdict: Verdict) -> None:
    assert classify(_error(message)) is verdict


def test_one_node_that_took_the_transaction_is_enough() -> None:
    assert judge([_error("nonce too high"), "0xhash", _error("txpool is full")]) == (Verdict.ACCEPTED, "")


def test_a_custom_error_is_told_by_name_and_arguments() -> None:
    selector = next(s for s, entry in artifact("IndexGate").errors().items() if entry["name"] == "RouteUnknown")
    data = selector + (7).to_bytes(32, "big")
    assert error_text(data, message="execution reverted") == "RouteUnknown(routeId=7)"


@pytest.mark.parametrize("data", [None, b"", b"\x01\x02", b"\xde\xad\xbe\xef", b"\x08\xc3\x79\xa0" + b"\xff" * 32])
def test_a_revert_that_cannot_be_read_is_told_by_the_nodes_text(data: bytes | None) -> None:
    assert "execution reverted" in error_text(data, message="execution reverted")


@given(st.integers(0, 10**15), st.integers(0, 10**12), st.integers(0, 10**15), st.integers(0, 10**12))
def test_a_raise_is_always_one_that_nodes_accept(base: int, tip: int, later_base: int, later_tip: int) -> None:
    before = suggested(base_fee=base, tip=tip)
    after = raised(before, market=suggested(base_fee=later_base, tip=later_tip))
    assert after.max_fee * 100 >= before.max_fee * 110
    assert after.priority_fee * 100 >= before.priority_fee * 110
    assert after.max_fee > before.max_fee
    assert after.priority_fee > before.priority_fee
    assert after.max_fee >= after.priority_fee
    assert isinstance(after, Fees)


def test_a_range_shrinks_to_what_the_node_suggests_and_never_below_one_block() -> None:
    size = RangeSize(2_000)
    assert size.refused("this block range should work: [0x64, 0xc7]", asked=2_000)
    assert size.blocks == 100
    assert size.refused("too many results", asked=100)
    assert size.blocks == 50
    assert not size.refused("too many results", asked=1)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("https://arb.example.com/v2/SECRET", "https://arb.example.com/…"),
        ("https://user:SECRET@node.example.com", "https://node.example.com/…"),
        ("https://node.example.com/?key=SECRET", "https://node.example.com/…"),
    ],
)
def test_a_url_is_shown_without_what_could_be_a_key(url: str, shown: str) -> None:
    assert redact(url) == shown
