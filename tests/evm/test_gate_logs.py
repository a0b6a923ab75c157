"""Reading logs of gates and factories, whatever is in them."""

from __future__ import annotations

from typing import get_args

from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.money import format_atoms
from indexmaker_evm.contracts import artifact
from indexmaker_evm.event_messages import event_message
from indexmaker_evm.events import (
    Body,
    ChainLog,
    Finality,
    IndexDeployed,
    Kind,
    Notice,
    RedemptionCommitted,
    RedemptionSettled,
    RedemptionTerms,
    WeightsSet,
)
from indexmaker_evm.follower.gate_logs import FACTORY_TOPIC, GATE_TOPICS, factory_body, gate_body
from indexmaker_evm.tokens import GateTokens

TOKENS = GateTokens(asset="0x" + "a" * 40, asset_decimals=6, share="0x" + "b" * 40, share_decimals=18)
SOMEBODY = "0x" + "c" * 40
WHOLE = 10**18
uint128 = st.integers(0, 2**90)


def topics(event: str, *arguments: int | str) -> tuple[str, ...]:
    name = "0x" + artifact("IndexGate").topic(event).hex()
    values = (f"{int(value, 16) if isinstance(value, str) else value:064x}" for value in arguments)
    return (name, *(f"0x{value}" for value in values))


@given(burned=uint128, returned=uint128, paid=uint128, fee=uint128)
def test_tokens_and_dollars_of_a_settlement_have_their_own_decimals(
    burned: int, returned: int, paid: int, fee: int
) -> None:
    words = ["uint256", "uint256", "uint256", "uint256", "bytes32", "bytes32"]
    data = encode(words, [burned, returned, paid, fee, b"\1" * 32, b"\2" * 32])
    body = gate_body(topics("RedemptionSettled", 7, SOMEBODY), data, TOKENS)
    assert body == RedemptionSettled(
        request_id="7",
        controller=SOMEBODY,
        burned=format_atoms(burned),
        returned=format_atoms(returned),
        paid=format_atoms(paid * 10**12),
        fee=format_atoms(fee * 10**12),
        lots_root="0x" + "01" * 32,
        redemption_hash="0x" + "02" * 32,
    )


@given(limit=st.integers(0, 2**256 - 1), settle_by=st.integers(0, 2**256 - 1))
def test_numbers_beyond_money_and_time_are_cut_not_fatal(limit: int, settle_by: int) -> None:
    terms = gate_body(topics("RedemptionTerms", 1), encode(["uint256"] * 2, [limit, limit]), TOKENS)
    assert isinstance(terms, RedemptionTerms)
    assert len(terms.max_fee.split(".")[0]) <= 29
    locked = gate_body(topics("RedemptionCommitted", 1), encode(["uint256"] * 2, [1, settle_by]), TOKENS)
    assert isinstance(locked, RedemptionCommitted)
    assert event_message(notice(locked)).redemption_committed.settle_by == locked.settle_by


@given(
    weights=st.dictionaries(st.text("ABCXYZ12", min_size=1, max_size=32), st.integers(1, WHOLE), min_size=1),
    effective=st.integers(0, 2**40),
)
def test_weights_of_any_number_are_read_as_the_codec_wrote_them(weights: dict[str, int], effective: int) -> None:
    symbols = [symbol.encode().ljust(32, b"\0") for symbol in weights]
    data = encode(["uint256", "bytes32[]", "uint256[]"], [effective, symbols, list(weights.values())])
    body = gate_body(topics("WeightsSet", 9), data, TOKENS)
    told = tuple((symbol, format_atoms(weight)) for symbol, weight in weights.items())
    assert body == WeightsSet(version="9", effective_at=min(effective, 253_402_300_799), weights=told)


@given(padded=st.binary(min_size=32, max_size=32))
def test_a_symbol_that_is_no_text_is_told_as_hexadecimal(padded: bytes) -> None:
    data = encode(["uint256", "bytes32[]", "uint256[]"], [0, [padded], [WHOLE]])
    body = gate_body(topics("WeightsSet", 1), data, TOKENS)
    assert isinstance(body, WeightsSet)
    ((symbol, _),) = body.weights
    assert symbol.isprintable()
    assert symbol == "0x" + padded.hex() or symbol.encode().ljust(32, b"\0") == padded


@given(symbol=st.text(max_size=80))
def test_a_new_index_is_read_whatever_its_symbol(symbol: str) -> None:
    gate, token = "0x" + "1" * 40, "0x" + "2" * 40
    logged = (FACTORY_TOPIC, "0x" + gate[2:].rjust(64, "0"), "0x" + token[2:].rjust(64, "0"))
    told = factory_body(logged, encode(["string"], [symbol]))
    assert told == IndexDeployed(symbol=symbol, gate=gate, token=token)


def notice(body: Body) -> Notice:
    log = ChainLog(
        chain_id=1,
        tx_hash="0x1",
        log_index=0,
        block_number=1,
        block_hash="0x2",
        block_at=0,
        contract=SOMEBODY,
        body=body,
    )
    return Notice(kind=Kind.APPLY, finality=Finality.SEEN, log=log)


def test_every_kind_of_event_has_a_message_of_its_own() -> None:
    bodies = {
        kind(**{name: () if name == "weights" else 1 if name in ("settle_by", "effective_at") else "1" for name in
                kind.__struct_fields__})
        for kind in get_args(Body)
    }  # fmt: skip
    named = {event_message(notice(body)).WhichOneof("body") for body in bodies}
    assert named == {field.name for field in pb.ChainEvent.DESCRIPTOR.oneofs_by_name["body"].fields}
    assert len(GATE_TOPICS) == len(named) - 2  # a factory's and a token's are not a gate's
