"""What a session asks its surroundings to do, in order."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from indexmaker_fix.message import Message

__all__ = ["Close", "Deliver", "Effect", "LoggedOn", "Replay", "Restart", "Send"]


class Send(msgspec.Struct, frozen=True, tag=True):
    """Write a message; a `stored` one is kept, to be sent again on request."""

    message: Message
    stored: bool = False


class Deliver(msgspec.Struct, frozen=True, tag=True):
    """Hand an application message to the application: each once, in order."""

    message: Message


class Replay(msgspec.Struct, frozen=True, tag=True):
    """Send again what is kept from `begin` to `end`, the rest as gap fills; `end` 0 means everything up to now."""

    begin: int
    end: int = 0


class Restart(msgspec.Struct, frozen=True, tag=True):
    """Both sides start at 1 again: forget what is kept."""


class LoggedOn(msgspec.Struct, frozen=True, tag=True):
    """The session is open; `acknowledged` is the first number that the other side has not received."""

    acknowledged: int


class Close(msgspec.Struct, frozen=True, tag=True):
    """Close the connection, after what was sent before."""

    reason: str


Effect: TypeAlias = Send | Deliver | Replay | Restart | LoggedOn | Close
