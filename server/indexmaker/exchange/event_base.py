"""What every event of the exchange is."""

from __future__ import annotations

import msgspec

__all__ = ["Event"]


class Event(msgspec.Struct, frozen=True, array_like=True, tag_field="event", gc=False):
    """What all events share: they are values, and are written as arrays; new fields come last, with a default."""
