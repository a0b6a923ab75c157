"""Nothing malformed gets past the dictionary, and every refusal names its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker_fix.dictionary import DICTIONARY
from indexmaker_fix.errors import GarbledError
from indexmaker_fix.message import LARGEST_FRAME, Message, decode, encode
from indexmaker_fix.values import CHECKS, parse_time, time_text

HEADER = {
    "BeginString": "FIXT.1.1",
    "MsgType": "D",
    "MsgSeqNum": "2",
    "SenderCompID": "DESK1",
    "TargetCompID": "INDEXMAKER",
    "SendingTime": "20260102-03:04:05.678",
}
ORDER = {
    "ClOrdID": "o-1",
    "Account": "42161:0x" + "11" * 20,
    "Symbol": "TOP2",
    "Side": "1",
    "TransactTime": "20260102-03:04:05.678",
    "OrdType": "1",
    "CashOrderQty": "250",
}


def check(header=HEADER, body=ORDER, trailer=None):
    text = json.dumps({"Header": header, "Body": body, "Trailer": trailer or {}})
    return DICTIONARY.check(decode(text), sender="client")


def test_order_by_the_book_has_no_fault():
    message, fault = check()
    assert fault is None
    assert (message.msg_type, message.number, message.body) == ("D", 2, ORDER)


@pytest.mark.parametrize(
    ("change", "reason", "tag"),
    [
        ({"Side": None}, "1", 54),
        ({"Side": "3"}, "5", 54),
        ({"CashOrderQty": 250}, "6", 152),
        ({"CashOrderQty": "1e3"}, "6", 152),
        ({"CashOrderQty": "-1"}, "6", 152),
        ({"CashOrderQty": ""}, "4", 152),
        ({"CashOrderQty": ["1"]}, "6", 152),
        ({"ClOrdID": "x" * 37}, "5", 11),
        ({"ClOrdID": "a\x01b"}, "6", 11),
        ({"TransactTime": "2026-01-02T03:04:05"}, "6", 60),
        ({"TransactTime": "20261302-03:04:05"}, "6", 60),
        ({"AvgPx": "1"}, "2", 6),
        ({"Nonsense": "1"}, "3", 0),
    ],
)
def test_fault_names_reason_and_tag(change, reason, tag):
    body = {name: value for name, value in (ORDER | change).items() if value is not None}
    _, fault = check(body=body)
    assert fault is not None
    assert (fault.reason, fault.tag, fault.business) == (reason, tag, False)


def test_type_that_fix_knows_and_this_gateway_does_not_is_a_business_matter():
    _, fault = check(header=HEADER | {"MsgType": "E"})
    assert fault is not None
    assert (fault.business, fault.reason) == (True, "3")


def test_type_that_nobody_knows_is_a_session_matter():
    _, fault = check(header=HEADER | {"MsgType": "Q9"})
    assert fault is not None
    assert (fault.business, fault.reason, fault.tag) == (False, "11", 35)


def test_client_may_not_send_what_only_the_gateway_says():
    _, fault = check(header=HEADER | {"MsgType": "8"})
    assert fault is not None


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        "null",
        b"\xff\xfe",
        "\ud800",
        '{"Header":{},"Body":{}}',
        '{"Header":[],"Body":{},"Trailer":{}}',
        '{"Header":{"MsgType":"D","MsgSeqNum":2},"Body":{},"Trailer":{}}',
        '{"Header":{"MsgType":1,"MsgSeqNum":"2"},"Body":{},"Trailer":{}}',
        '{"Header":{"MsgType":"D","MsgSeqNum":"٣"},"Body":{},"Trailer":{}}',
        '{"Header":{"MsgType":"D","MsgSeqNum":"' + "9" * 19 + '"},"Body":{},"Trailer":{}}',
        "[" * 60_000,
        '{"a":' * 10_000,
        "x" * (LARGEST_FRAME + 1),
    ],
)
def test_frame_without_a_place_in_the_sequence_is_garbled(frame):
    with pytest.raises(GarbledError):
        decode(frame)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(sorted(DICTIONARY.fields)) | st.text(max_size=8)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*DICTIONARY.messages, "Q9", ""]),
    st.dictionaries(names, values, max_size=6),
    st.dictionaries(names, values, max_size=4),
    st.dictionaries(names, values, max_size=3),
)
def test_whatever_is_sent_gets_a_verdict_and_only_strings_get_through(msg_type, header, body, trailer):
    text = json.dumps({"Header": HEADER | header | {"MsgType": msg_type}, "Body": body, "Trailer": trailer})
    try:
        frame = decode(text)
    except GarbledError:
        return
    message, fault = DICTIONARY.check(frame, sender="client")
    if fault is None:
        parts = [*message.header.values(), *message.trailer.values(), *message.body.values()]
        assert all(isinstance(part, str | list) for part in parts)
    else:
        assert message.body == {}


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.binary(max_size=3))
def test_damaged_frame_is_garbled_or_judged_and_never_raises_anything_else(cut, noise):
    text = encode(Message(header=HEADER, body=ORDER)).encode()
    damaged = text[:cut] + noise + text[cut + len(noise) :]
    try:
        DICTIONARY.check(decode(damaged), sender="client")
    except GarbledError:
        assert damaged != text


def test_message_survives_its_encoding():
    message = Message(header=HEADER, body=ORDER | {"NoMiscFees": [{"MiscFeeAmt": "1"}]}, trailer={"Signature": "0x"})
    frame = decode(encode(message))
    assert (frame.header, frame.body, frame.trailer) == (message.header, message.body, message.trailer)


@given(st.integers(0, 2**63 - 1))
def test_times_keep_their_nanoseconds(at):
    assert parse_time(time_text(at)) == at


def test_every_field_of_the_dictionary_has_a_type_that_can_be_checked():
    sections = [DICTIONARY.header, DICTIONARY.trailer, *DICTIONARY.messages.values(), *DICTIONARY.groups.values()]
    named = {name for section in sections for name in (*section.required, *section.optional)}
    assert named == set(DICTIONARY.fields)
    for name, field in DICTIONARY.fields.items():
        assert field.type in CHECKS or name in DICTIONARY.groups
    assert len({field.tag for field in DICTIONARY.fields.values()}) == len(DICTIONARY.fields)


def test_reference_documents_every_field_of_our_own():
    page = (Path(__file__).parents[2] / "docs/reference/fix.md").read_text()
    rows = {
        tuple(cell.strip() for cell in line.split("|")[1:3]) for line in page.splitlines() if line.startswith("| 20")
    }
    own = {(str(field.tag), name) for name, field in DICTIONARY.fields.items() if field.tag >= 20_000}
    assert rows == own
