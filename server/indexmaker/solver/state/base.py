"""The parent of the mutable records."""

from __future__ import annotations

import msgspec

__all__ = ["Record"]


class Record(msgspec.Struct, kw_only=True):
    """Parent of the mutable records."""
