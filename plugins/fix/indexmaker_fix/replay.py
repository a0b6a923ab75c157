"""Sending kept messages again: marked as possible duplicates, with gap fills where nothing is kept."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from indexmaker_fix.message import Message
from indexmaker_fix.values import time_text

__all__ = ["replayed"]


def replayed(kept: Iterable[Message], *, begin: int, end: int, like: tuple[str, str], now: int) -> list[Message]:
    """The answer to a request for the numbers `begin` to `end`, both included.

    `kept` are the kept messages of that range in order; `like` the sender's and the target's comp ids.
    """
    answer: list[Message] = []
    position = begin
    for message in kept:
        if message.number > position:
            answer.append(_gap_fill(position, message.number, like, now))
        again = {"PossDupFlag": "Y", "OrigSendingTime": message.header["SendingTime"], "SendingTime": time_text(now)}
        answer.append(msgspec.structs.replace(message, header=message.header | again))
        position = message.number + 1
    if position <= end:
        answer.append(_gap_fill(position, end + 1, like, now))
    return answer


def _gap_fill(number: int, new: int, like: tuple[str, str], now: int) -> Message:
    header = {
        "BeginString": "FIXT.1.1",
        "MsgType": "4",
        "MsgSeqNum": str(number),
        "SenderCompID": like[0],
        "TargetCompID": like[1],
        "SendingTime": time_text(now),
        "PossDupFlag": "Y",
        "OrigSendingTime": time_text(now),
    }
    return Message(header=header, body={"GapFillFlag": "Y", "NewSeqNo": str(new)})
