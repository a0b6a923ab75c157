"""The parent of all events."""

from __future__ import annotations

import msgspec

__all__ = ["Event"]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Parent of all events; the class name is the tag in the journal."""
