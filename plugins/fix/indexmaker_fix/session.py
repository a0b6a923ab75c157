"""The FIX session layer as a state machine without I/O: both sides of a session, the gateway's and a client's.

Messages come in through `accept` (the logon, at the gateway), `receive` and `garbled`; time through `tick`; each call
returns effects, to be carried out in order. Numbers and kept messages must be on disk before a message is written.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping

from indexmaker_fix.dictionary import DICTIONARY
from indexmaker_fix.effects import Close, Deliver, Effect, LoggedOn, Replay, Restart, Send
from indexmaker_fix.errors import Fault, SessionReason
from indexmaker_fix.liveness import Liveness, Need
from indexmaker_fix.message import Body, Fields, Message
from indexmaker_fix.rejects import reject_body
from indexmaker_fix.values import parse_time, time_text

__all__ = ["HEARTBEAT_RANGE", "Phase", "Session"]

HEARTBEAT_RANGE = range(1, 301)
"""Seconds that HeartBtInt may have."""

_SECOND = 1_000_000_000
_LOGON_WAIT = 10 * _SECOND
_LOGOUT_WAIT = 5 * _SECOND
_LONGEST_TYPE = 2


class Phase(enum.Enum):
    """Where a session is."""

    AWAY = "away"
    LOGGING_ON = "logging on"
    ACTIVE = "active"
    LOGGING_OUT = "logging out"


class Session:
    """One side. `next_in` and `next_out` are the numbers expected next and given next; they outlive connections.

    `tolerance` is by how many nanoseconds the other side's SendingTime may differ from our clock; with `tell_rejects`
    the other side's rejects are delivered like application messages.
    """

    def __init__(
        self,
        *,
        sender: str,
        target: str,
        next_in: int = 1,
        next_out: int = 1,
        tolerance: int = 120 * _SECOND,
        tell_rejects: bool = False,
    ) -> None:
        self.sender = sender
        self.target = target
        self.next_in = next_in
        self.next_out = next_out
        self.phase = Phase.AWAY
        self._tolerance = tolerance
        self._tell_rejects = tell_rejects
        self._liveness = Liveness(interval=30 * _SECOND, now=0)
        self._gap_end = 0
        self._gap_asked_at = 0
        self._closing_at = 0

    # --- opening and closing

    def start(self, *, now: int, heartbeat: int, body: Body | None = None, reset: bool = False) -> list[Effect]:
        """Log on, at a client; `body` is added to the logon. With `reset` both sides start at 1 again."""
        self._begin(now, heartbeat)
        effects: list[Effect] = []
        if reset:
            self.next_in = self.next_out = 1
            effects.append(Restart())
        self.phase = Phase.LOGGING_ON
        self._closing_at = now + _LOGON_WAIT
        terms: Body = {
            "EncryptMethod": "0",
            "HeartBtInt": str(heartbeat),
            "DefaultApplVerID": "9",
            "NextExpectedMsgSeqNum": str(self.next_in),
        }
        if reset:
            terms["ResetSeqNumFlag"] = "Y"
        return [*effects, self._send("A", terms | (body or {}), now)]

    def accept(self, logon: Message, *, now: int) -> list[Effect]:
        """Take the other side's logon, whose identity was proven before, or refuse it without using a number."""
        objection = self._objection(logon)
        if objection:
            return [self.refusal(objection, now=now), Close(objection)]
        effects: list[Effect] = []
        if logon.body.get("ResetSeqNumFlag") == "Y":
            self.next_in = self.next_out = 1
            effects.append(Restart())
        self._begin(now, int(logon.body["HeartBtInt"]))
        self.phase = Phase.ACTIVE
        wanted = logon.body.get("NextExpectedMsgSeqNum")
        acknowledged = int(wanted) if wanted and not effects else self.next_out
        if logon.number == self.next_in:
            self.next_in += 1
        else:
            self._open_gap(logon.number, now)
        first = self.next_out
        body: Body = {
            "EncryptMethod": "0",
            "HeartBtInt": logon.body["HeartBtInt"],
            "DefaultApplVerID": "9",
            "NextExpectedMsgSeqNum": str(self.next_in),
        }
        if effects:
            body["ResetSeqNumFlag"] = "Y"
        effects += [LoggedOn(acknowledged), self._send("A", body, now)]
        if acknowledged < first:
            effects.append(Replay(acknowledged))
        if self._gap_end and not wanted:
            effects.append(self._ask(now))
        return effects

    def refusal(self, text: str, *, now: int) -> Send:
        """A logout that uses up no number."""
        return Send(Message(header=self._header("5", self.next_out, now), body={"Text": text}))

    def logout(self, text: str, *, now: int) -> list[Effect]:
        """Say goodbye, and wait a little for the answer."""
        if self.phase is not Phase.ACTIVE:
            return []
        self.phase = Phase.LOGGING_OUT
        self._closing_at = now + _LOGOUT_WAIT
        return [self._send("5", {"Text": text}, now)]

    def disconnected(self) -> None:
        """The connection is gone; numbers stay."""
        self.phase = Phase.AWAY
        self._gap_end = 0

    # --- what comes in

    def receive(self, message: Message, *, now: int, fault: Fault | None = None) -> list[Effect]:
        """Take a message that was held against the dictionary; `fault` is what was found."""
        self._liveness.heard(now)
        if self.phase is Phase.LOGGING_ON:
            return self._on_answer(message, now, fault)
        names = (message.header.get("SenderCompID"), message.header.get("TargetCompID"))
        if fault is None and names != (self.target, self.sender):
            fault = Fault(reason=SessionReason.COMP_ID, text=f"this session is of {self.target}, not {names[0]}")
            return [self._reject(message, fault, now), *self._end("CompID problem", now)]
        if fault is None and message.msg_type == "4" and message.body.get("GapFillFlag") != "Y":
            return self._on_reset(message, now)
        if message.number > self.next_in:
            return self._on_gap(message, now, fault)
        if message.number < self.next_in:
            return self._on_old(message, now)
        self.next_in += 1
        effects = self._on_next(message, now, fault)
        if self._gap_end and self.next_in > self._gap_end:
            self._gap_end = 0
        return effects

    def garbled(self, fault: Fault, *, now: int) -> list[Effect]:
        """Answer a frame that has no place in the sequence."""
        self._liveness.heard(now)
        return [self.send("3", {"RefSeqNum": "0"} | reject_body(fault), now=now)]

    def send(self, msg_type: str, body: Body, *, now: int, trailer: Fields | None = None) -> Send:
        """Number an application message; it is kept, whether the other side is there or not."""
        return Send(self._numbered(msg_type, body, now, trailer), stored=True)

    # --- time

    def deadline(self) -> int:
        """When `tick` should be called at the latest, UTC nanoseconds."""
        if self.phase in (Phase.LOGGING_ON, Phase.LOGGING_OUT):
            return self._closing_at
        deadline = self._liveness.deadline()
        return min(deadline, self._gap_asked_at + self._liveness.interval) if self._gap_end else deadline

    def tick(self, *, now: int) -> list[Effect]:
        """Do what silence calls for."""
        if self.phase in (Phase.LOGGING_ON, Phase.LOGGING_OUT):
            return [Close(f"no answer while {self.phase.value}")] if now >= self._closing_at else []
        if self.phase is not Phase.ACTIVE:
            return []
        effects: list[Effect] = []
        for need in self._liveness.needs(now):
            if need is Need.GIVE_UP:
                return self._end("no answer to the test request", now)
            body = {"TestReqID": time_text(now)} if need is Need.TEST else {}
            effects.append(self._send("1" if need is Need.TEST else "0", body, now))
        if self._gap_end and now - self._gap_asked_at >= self._liveness.interval:
            effects.append(self._ask(now))
        return effects

    # --- parts

    def _begin(self, now: int, heartbeat: int) -> None:
        self._liveness = Liveness(interval=heartbeat * _SECOND, now=now)
        self._gap_end = 0

    def _objection(self, logon: Message) -> str:
        if int(logon.body["HeartBtInt"]) not in HEARTBEAT_RANGE:
            return f"HeartBtInt must be {HEARTBEAT_RANGE.start} to {HEARTBEAT_RANGE.stop - 1} seconds"
        if logon.body.get("ResetSeqNumFlag") == "Y":
            return "" if logon.number == 1 else "a logon that resets the numbers has MsgSeqNum 1"
        if logon.number < self.next_in:
            return f"MsgSeqNum too low, expecting {self.next_in} but received {logon.number}"
        wanted = int(logon.body.get("NextExpectedMsgSeqNum", "1"))
        if not 1 <= wanted <= self.next_out:
            return f"NextExpectedMsgSeqNum must be 1 to {self.next_out}, not {wanted}"
        return ""

    def _on_answer(self, message: Message, now: int, fault: Fault | None) -> list[Effect]:
        if fault is not None:
            return [Close(fault.text)]
        if message.msg_type != "A":
            return [Close(message.body.get("Text", f"the logon was answered with MsgType {message.msg_type}"))]
        acknowledged = int(message.body.get("NextExpectedMsgSeqNum", str(self.next_out)))
        if message.number < self.next_in or acknowledged > self.next_out:
            return [Close(f"the gateway is at {message.number}/{acknowledged}, we at {self.next_in}/{self.next_out}")]
        self.phase = Phase.ACTIVE
        effects: list[Effect] = [LoggedOn(acknowledged)]
        if message.number == self.next_in:
            self.next_in += 1
        else:
            self._open_gap(message.number, now)
        if acknowledged < self.next_out:
            effects.append(Replay(acknowledged))
        return effects

    def _on_reset(self, message: Message, now: int) -> list[Effect]:
        new = int(message.body["NewSeqNo"])
        if new < self.next_in:
            text = f"NewSeqNo may not go back from {self.next_in} to {new}"
            return [self._reject(message, Fault(reason=SessionReason.OUT_OF_RANGE, text=text, tag=36), now)]
        self.next_in = new
        self._gap_end = 0
        return []

    def _on_gap(self, message: Message, now: int, fault: Fault | None) -> list[Effect]:
        effects: list[Effect] = []
        # Answered although it is early: else two sides that both miss something wait for each other.
        if message.msg_type == "2" and fault is None:
            effects.append(self._replay(message))
        if message.msg_type == "5":
            return self._on_logout(now)
        waiting = self._gap_end != 0
        self._open_gap(message.number, now)
        return effects if waiting else [*effects, self._ask(now)]

    def _on_old(self, message: Message, now: int) -> list[Effect]:
        if message.possible_duplicate:
            return []
        return self._end(f"MsgSeqNum too low, expecting {self.next_in} but received {message.number}", now)

    def _on_next(self, message: Message, now: int, fault: Fault | None) -> list[Effect]:
        fault = fault or self._time_fault(message, now)
        if fault is not None:
            return [self._reject(message, fault, now)]
        handlers: Mapping[str, Callable[[Message, int], list[Effect]]] = {
            "0": lambda _message, _now: [],
            "1": lambda asked, at: [self._send("0", {"TestReqID": asked.body["TestReqID"]}, at)],
            "2": lambda asked, _now: [self._replay(asked)],
            "3": lambda told, _now: [Deliver(told)] if self._tell_rejects else [],
            "4": self._on_gap_fill,
            "5": lambda _message, at: self._on_logout(at),
            "A": self._on_second_logon,
        }
        handler = handlers.get(message.msg_type)
        return handler(message, now) if handler else [Deliver(message)]

    def _on_gap_fill(self, message: Message, now: int) -> list[Effect]:
        new = int(message.body["NewSeqNo"])
        if new <= message.number:
            text = f"a gap fill goes forward, not from {message.number} to {new}"
            return [self._reject(message, Fault(reason=SessionReason.OUT_OF_RANGE, text=text, tag=36), now)]
        self.next_in = new
        return []

    def _on_second_logon(self, message: Message, now: int) -> list[Effect]:
        fault = Fault(reason=SessionReason.OTHER, text="the session is already logged on")
        return [self._reject(message, fault, now)]

    def _on_logout(self, now: int) -> list[Effect]:
        if self.phase is Phase.LOGGING_OUT:
            return [Close("logged out")]
        self.phase = Phase.LOGGING_OUT
        return [self._send("5", {}, now), Close("the other side logged out")]

    def _time_fault(self, message: Message, now: int) -> Fault | None:
        if message.possible_duplicate and "OrigSendingTime" not in message.header:
            text = "OrigSendingTime is required with PossDupFlag"
            return Fault(reason=SessionReason.REQUIRED_MISSING, text=text, tag=DICTIONARY.tag("OrigSendingTime"))
        if abs(now - parse_time(message.header["SendingTime"])) <= self._tolerance:
            return None
        text = f"SendingTime differs by more than {self._tolerance // _SECOND} s from the gateway's clock"
        return Fault(reason=SessionReason.SENDING_TIME, text=text, tag=DICTIONARY.tag("SendingTime"))

    def _replay(self, request: Message) -> Replay:
        return Replay(max(int(request.body["BeginSeqNo"]), 1), int(request.body["EndSeqNo"]))

    def _open_gap(self, number: int, now: int) -> None:
        if not self._gap_end:
            self._gap_asked_at = now
        self._gap_end = max(self._gap_end, number)

    def _ask(self, now: int) -> Send:
        self._gap_asked_at = now
        return self._send("2", {"BeginSeqNo": str(self.next_in), "EndSeqNo": "0"}, now)

    def _end(self, text: str, now: int) -> list[Effect]:
        self.phase = Phase.LOGGING_OUT
        return [self._send("5", {"Text": text}, now), Close(text)]

    def _reject(self, message: Message, fault: Fault, now: int) -> Send:
        body: Body = {"RefSeqNum": str(message.number)} | reject_body(fault)
        if message.msg_type.isalnum() and len(message.msg_type) <= _LONGEST_TYPE:
            body["RefMsgType"] = message.msg_type
        return self.send("j" if fault.business else "3", body, now=now)

    def _send(self, msg_type: str, body: Body, now: int) -> Send:
        return Send(self._numbered(msg_type, body, now, None))

    def _numbered(self, msg_type: str, body: Body, now: int, trailer: Fields | None) -> Message:
        message = Message(header=self._header(msg_type, self.next_out, now), body=body, trailer=trailer or {})
        self.next_out += 1
        self._liveness.spoke(now)
        return message

    def _header(self, msg_type: str, number: int, now: int) -> Fields:
        return {
            "BeginString": "FIXT.1.1",
            "MsgType": msg_type,
            "MsgSeqNum": str(number),
            "SenderCompID": self.sender,
            "TargetCompID": self.target,
            "SendingTime": time_text(now),
        }
