"""The session's rules one by one, without any wire."""

from __future__ import annotations

import pytest

from indexmaker_fix.effects import Close, Deliver, LoggedOn, Replay, Restart, Send
from indexmaker_fix.errors import Fault
from indexmaker_fix.limits import RateLimit
from indexmaker_fix.message import Message
from indexmaker_fix.session import Phase, Session
from indexmaker_fix.values import time_text

SECOND = 1_000_000_000
NOW = 1_790_000_000 * SECOND


def said(msg_type, number, body=None, *, now=NOW, **header):
    head = {
        "BeginString": "FIXT.1.1",
        "MsgType": msg_type,
        "MsgSeqNum": str(number),
        "SenderCompID": "DESK",
        "TargetCompID": "GATE",
        "SendingTime": time_text(now),
    }
    return Message(header=head | header, body=body or {})


def logon(number, **body):
    return said("A", number, {"EncryptMethod": "0", "HeartBtInt": "10", "DefaultApplVerID": "9"} | body)


def gate(next_in=1, next_out=1):
    return Session(sender="GATE", target="DESK", next_in=next_in, next_out=next_out)


def opened(next_in=2, next_out=1):
    session = gate(next_in - 1, next_out)
    session.accept(logon(next_in - 1), now=NOW)
    return session


def types(effects):
    return [effect.message.msg_type if isinstance(effect, Send) else type(effect) for effect in effects]


def test_logon_that_names_the_next_expected_number_gets_what_it_missed_at_once():
    effects = gate(next_in=5, next_out=9).accept(logon(5, NextExpectedMsgSeqNum="7"), now=NOW)
    assert types(effects) == [LoggedOn, "A", Replay]
    assert effects[2] == Replay(7)


def test_logon_that_is_ahead_is_told_what_to_send_again():
    effects = gate(next_in=5).accept(logon(8, NextExpectedMsgSeqNum="1"), now=NOW)
    assert types(effects) == [LoggedOn, "A"]
    assert effects[1].message.body["NextExpectedMsgSeqNum"] == "5"


def test_logon_that_is_ahead_and_names_no_number_is_asked():
    effects = gate(next_in=5).accept(logon(8), now=NOW)
    assert types(effects) == [LoggedOn, "A", "2"]


@pytest.mark.parametrize(
    "bad",
    [
        logon(4),
        logon(5, NextExpectedMsgSeqNum="10"),
        logon(5, NextExpectedMsgSeqNum="0"),
        logon(5, HeartBtInt="0"),
        logon(5, HeartBtInt="301"),
        logon(5, ResetSeqNumFlag="Y"),
    ],
    ids=["low", "ahead of us", "zero", "no heartbeat", "rare heartbeat", "reset not at one"],
)
def test_refused_logon_uses_no_number_and_leaves_the_session_away(bad):
    session = gate(next_in=5, next_out=9)
    assert types(session.accept(bad, now=NOW)) == ["5", Close]
    assert (session.next_in, session.next_out, session.phase) == (5, 9, Phase.AWAY)


def test_reset_forgets_what_was_kept_before_anything_is_numbered():
    effects = gate(next_in=5, next_out=9).accept(logon(1, ResetSeqNumFlag="Y"), now=NOW)
    assert types(effects) == [Restart, LoggedOn, "A"]
    assert effects[2].message.number == 1


def test_answer_to_a_logon_with_a_smaller_number_than_known_ends_the_client():
    client = Session(sender="DESK", target="GATE", next_in=9, next_out=3)
    client.start(now=NOW, heartbeat=10)
    answer = Message(header=said("A", 4).header, body={"NextExpectedMsgSeqNum": "4"})
    assert types(client.receive(answer, now=NOW)) == [Close]


def test_client_sends_at_once_what_the_answer_to_its_logon_shows_to_be_missing():
    client = Session(sender="DESK", target="GATE", next_out=5)
    client.start(now=NOW, heartbeat=10)
    answer = Message(header=said("A", 1).header, body={"NextExpectedMsgSeqNum": "3"})
    assert client.receive(answer, now=NOW) == [LoggedOn(3), Replay(3)]


def test_silence_is_tested_once_and_then_given_up():
    session = opened()
    assert types(session.tick(now=NOW + 9 * SECOND)) == []
    assert types(session.tick(now=NOW + 10 * SECOND)) == ["0"]
    assert types(session.tick(now=NOW + 12 * SECOND)) == ["1"]
    assert types(session.tick(now=NOW + 13 * SECOND)) == []
    assert types(session.tick(now=NOW + 24 * SECOND)) == ["5", Close]


def test_an_answer_ends_the_suspicion():
    session = opened()
    session.tick(now=NOW + 12 * SECOND)
    session.receive(said("0", 2, now=NOW + 13 * SECOND), now=NOW + 13 * SECOND)
    assert Close not in types(session.tick(now=NOW + 24 * SECOND))


def test_gap_is_asked_for_once_and_again_only_after_a_heartbeat():
    session = opened()
    assert types(session.receive(said("B", 4), now=NOW)) == ["2"]
    assert types(session.receive(said("B", 5), now=NOW)) == []
    assert "2" in types(session.tick(now=NOW + 10 * SECOND))
    assert session.next_in == 2


def test_request_to_send_again_is_served_even_when_it_comes_early():
    effects = opened(next_out=7).receive(said("2", 5, {"BeginSeqNo": "3", "EndSeqNo": "4"}), now=NOW)
    assert types(effects) == [Replay, "2"]
    assert effects[0] == Replay(3, 4)


def test_duplicate_is_dropped_and_an_unmarked_repetition_ends_the_session():
    session = opened(next_in=5)
    again = {"PossDupFlag": "Y", "OrigSendingTime": time_text(NOW)}
    assert session.receive(said("B", 3, **again), now=NOW) == []
    assert types(session.receive(said("B", 3), now=NOW)) == ["5", Close]


def test_duplicate_that_was_never_seen_is_delivered():
    again = {"PossDupFlag": "Y", "OrigSendingTime": time_text(NOW)}
    assert types(opened().receive(said("B", 2, **again), now=NOW)) == [Deliver]


def test_duplicate_without_its_first_time_is_rejected():
    (reject,) = opened().receive(said("B", 2, PossDupFlag="Y"), now=NOW)
    assert (reject.message.msg_type, reject.message.body["RefTagID"]) == ("3", "122")


def test_fault_is_rejected_with_its_tag_uses_the_number_and_is_kept():
    session = opened()
    (reject,) = session.receive(said("D", 2), now=NOW, fault=Fault(reason="1", text="no side", tag=54))
    assert (reject.message.msg_type, reject.message.body["RefTagID"], reject.stored) == ("3", "54", True)
    assert session.next_in == 3


def test_fault_out_of_turn_waits_for_its_turn():
    session = opened()
    assert types(session.receive(said("D", 3), now=NOW, fault=Fault(reason="1", text="x"))) == ["2"]
    assert session.next_in == 2


def test_message_of_another_comp_id_ends_the_session():
    assert types(opened().receive(said("0", 2, SenderCompID="OTHER"), now=NOW)) == ["3", "5", Close]


@pytest.mark.parametrize(("new", "after"), [("9", 9), ("1", 2)])
def test_numbers_are_set_forward_and_never_back(new, after):
    session = opened()
    effects = session.receive(said("4", 77, {"NewSeqNo": new}), now=NOW)
    assert session.next_in == after
    assert types(effects) == ([] if after == 9 else ["3"])


@pytest.mark.parametrize(("new", "after"), [("6", 6), ("2", 3), ("1", 3)])
def test_gap_fill_goes_forward(new, after):
    session = opened()
    effects = session.receive(said("4", 2, {"GapFillFlag": "Y", "NewSeqNo": new}), now=NOW)
    assert session.next_in == after
    assert types(effects) == ([] if after == 6 else ["3"])


def test_logout_is_answered_and_an_answered_logout_closes():
    assert types(opened().receive(said("5", 2), now=NOW)) == ["5", Close]
    leaving = opened()
    assert types(leaving.logout("bye", now=NOW)) == ["5"]
    assert types(leaving.receive(said("5", 2), now=NOW)) == [Close]


def test_logout_without_an_answer_closes_after_a_while():
    session = opened()
    session.logout("bye", now=NOW)
    assert session.tick(now=session.deadline() - 1) == []
    assert types(session.tick(now=session.deadline())) == [Close]


def test_numbers_go_on_while_the_other_side_is_away():
    session = gate(next_out=4)
    assert [session.send("B", {}, now=NOW).message.number for _ in range(3)] == [4, 5, 6]


def test_rate_limit_gives_back_by_time_and_takes_nothing_when_it_refuses():
    limit = RateLimit(per_second=2, burst=10, now=NOW)
    assert limit.take(10, now=NOW) == 0
    assert limit.take(3, now=NOW) == 1_500
    assert limit.take(3, now=NOW + SECOND) == 500
    assert limit.take(3, now=NOW + SECOND + SECOND // 2) == 0
