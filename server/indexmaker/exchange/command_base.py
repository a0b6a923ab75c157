"""What every command of the exchange is."""

from __future__ import annotations

import msgspec

__all__ = ["Command"]


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="command"):
    """What all commands share: they are values, and a field at its default is not written."""
