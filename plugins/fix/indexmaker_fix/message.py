"""A FIX message, and its JSON encoding: Header, Body and Trailer with field names; every value is a string."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from indexmaker_fix.errors import GarbledError, SessionReason

__all__ = ["LARGEST_FRAME", "MOST_BRACKETS", "Body", "Fields", "Frame", "Message", "decode", "encode"]

LARGEST_FRAME = 64 * 1024
"""Bytes of the largest frame that the gateway reads."""

MOST_BRACKETS = 256
"""Objects and lists in a frame that the gateway reads. It bounds the depth before a parser is trusted with it: parsers
recurse, and how deep they may is a setting of the process.
"""

Fields: TypeAlias = dict[str, str]
Body: TypeAlias = dict[str, Any]
"""Names to strings, or to lists of such objects for repeating groups."""

_PARTS = ("Header", "Body", "Trailer")
_LONGEST_NUMBER = 18


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A message as it travels."""

    header: Fields
    body: Body
    trailer: Fields = {}

    @property
    def msg_type(self) -> str:
        """MsgType(35)."""
        return self.header["MsgType"]

    @property
    def number(self) -> int:
        """MsgSeqNum(34)."""
        return int(self.header["MsgSeqNum"])

    @property
    def possible_duplicate(self) -> bool:
        """PossDupFlag(43)."""
        return self.header.get("PossDupFlag") == "Y"


class Frame(msgspec.Struct, frozen=True):
    """A JSON object of the right outer shape with a readable MsgType and MsgSeqNum; nothing else is checked yet."""

    header: dict[str, Any]
    body: dict[str, Any]
    trailer: dict[str, Any]


def encode(message: Message) -> str:
    """The message as one JSON object."""
    return msgspec.json.encode(message).decode()


def decode(data: str | bytes, *, largest: int = LARGEST_FRAME, brackets: int = MOST_BRACKETS) -> Frame:
    """Read the outer shape of a frame.

    Raises:
        GarbledError: too large, not JSON, nested too deeply, not Header, Body and Trailer, or without a MsgType and
            MsgSeqNum that can be read; such a frame takes no place in the sequence.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > largest:
        raise GarbledError(f"a frame may have {largest} bytes, this one has {len(raw)}")
    if raw.count(b"{") + raw.count(b"[") > brackets:
        raise GarbledError(f"the frame is nested too deeply; it may have {brackets} objects and lists")
    try:
        parts = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise GarbledError("the frame is not JSON") from None
    except RecursionError:
        raise GarbledError("the frame is nested too deeply") from None
    if not isinstance(parts, dict) or set(parts) != set(_PARTS):
        raise GarbledError("a message is one JSON object with Header, Body and Trailer")
    if not all(isinstance(parts[name], dict) for name in _PARTS):
        raise GarbledError("Header, Body and Trailer are JSON objects")
    header = parts["Header"]
    number = header.get("MsgSeqNum")
    if not isinstance(header.get("MsgType"), str):
        raise GarbledError("MsgType is missing or not a JSON string", reason=SessionReason.REQUIRED_MISSING, tag=35)
    if not (isinstance(number, str) and number.isascii() and number.isdecimal() and len(number) <= _LONGEST_NUMBER):
        raise GarbledError("MsgSeqNum is missing or not a JSON string of digits", tag=34)
    return Frame(header, parts["Body"], parts["Trailer"])
