"""The data dictionary: which messages and fields exist; every message is held against it before anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import msgspec

from indexmaker_fix.errors import BusinessReason, Fault, FaultyError, SessionReason
from indexmaker_fix.message import Frame, Message
from indexmaker_fix.values import CHECKS

__all__ = ["DICTIONARY", "Dictionary", "Field", "MessageType", "Section", "load_dictionary"]

_GROUP = "GROUP"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field: its tag, data type, greatest length and, for an enumeration, its values with their meaning."""

    tag: int
    type: str
    length: int = 64
    values: dict[str, str] = {}


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Fields that must and may occur in a header, a trailer or a group."""

    required: tuple[str, ...]
    optional: tuple[str, ...]


class MessageType(Section, frozen=True, kw_only=True):
    """A message: `category` is session or application, `sender` gateway, client or both."""

    name: str
    category: str
    sender: str


class Dictionary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that may be said; `unsupported` are types that FIX knows and this gateway does not."""

    fields: dict[str, Field]
    groups: dict[str, Section]
    header: Section
    trailer: Section
    messages: dict[str, MessageType]
    unsupported: frozenset[str]

    def is_application(self, msg_type: str) -> bool:
        """Whether messages of the type are delivered to the application (and sent again on request)."""
        known = self.messages.get(msg_type)
        return known is None or known.category == "application"

    def tag(self, name: str) -> int:
        """Number of a field; 0 when there is none of the name."""
        field = self.fields.get(name)
        return field.tag if field else 0

    def check(self, frame: Frame, *, sender: str) -> tuple[Message, Fault | None]:
        """Hold a frame from `sender` (client or gateway) against the dictionary.

        Returns the message, and the first fault found; of a faulty message only the header's strings are kept.
        """
        header = {str(name): value for name, value in frame.header.items() if isinstance(value, str)}
        try:
            self._check_section(frame.header, self.header)
            kind = self._type_of(header["MsgType"], sender)
            self._check_section(frame.body, kind)
            self._check_section(frame.trailer, self.trailer)
        except FaultyError as error:
            return Message(header=header, body={}), error.fault
        return Message(header=header, body=frame.body, trailer=frame.trailer), None

    def _type_of(self, msg_type: str, sender: str) -> MessageType:
        kind = self.messages.get(msg_type)
        if kind is not None and kind.sender in ("both", sender):
            return kind
        if kind is not None or msg_type in self.unsupported:
            text = f"MsgType {msg_type} is not taken by this gateway"
            raise FaultyError(BusinessReason.UNSUPPORTED_TYPE, text, business=True)
        raise FaultyError(SessionReason.INVALID_TYPE, f"there is no MsgType {msg_type[:8]!r}", tag=35)

    def _check_section(self, values: Mapping[str, Any], section: Section) -> None:
        for name in section.required:
            if name not in values:
                raise FaultyError(SessionReason.REQUIRED_MISSING, f"{name} is required", tag=self.tag(name))
        for name, value in values.items():
            field = self.fields.get(name)
            if field is None:
                raise FaultyError(SessionReason.UNDEFINED, f"there is no field {name[:40]!r}")
            if name not in section.required and name not in section.optional:
                raise FaultyError(SessionReason.NOT_FOR_MESSAGE, f"{name} does not belong here", tag=field.tag)
            self._check_value(name, field, value)

    def _check_value(self, name: str, field: Field, value: object) -> None:
        if field.type == _GROUP:
            for entry in self._entries(name, field, value):
                self._check_section(entry, self.groups[name])
            return
        if not isinstance(value, str):
            raise FaultyError(SessionReason.WRONG_FORMAT, f"send {name} as a JSON string", tag=field.tag)
        if not value:
            raise FaultyError(SessionReason.NO_VALUE, f"{name} is empty; leave it out", tag=field.tag)
        if len(value) > field.length:
            text = f"{name} may have {field.length} characters, not {len(value)}"
            raise FaultyError(SessionReason.OUT_OF_RANGE, text, tag=field.tag)
        if field.values and value not in field.values:
            text = f"{name} must be one of {', '.join(field.values)}"
            raise FaultyError(SessionReason.OUT_OF_RANGE, text, tag=field.tag)
        fits, rule = CHECKS[field.type]
        if not fits(value):
            raise FaultyError(SessionReason.WRONG_FORMAT, f"{name} must be {rule}", tag=field.tag)

    def _entries(self, name: str, field: Field, value: object) -> Iterator[Mapping[str, Any]]:
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise FaultyError(SessionReason.WRONG_FORMAT, f"send {name} as a list of objects", tag=field.tag)
        yield from value


def load_dictionary() -> Dictionary:
    """The dictionary of this package."""
    text = resources.files(__package__ or "indexmaker_fix").joinpath("dictionary.json").read_bytes()
    return msgspec.json.decode(text, type=Dictionary)


DICTIONARY = load_dictionary()
"""The dictionary in force."""
