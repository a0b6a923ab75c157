"""How many blocks one `eth_getLogs` may span: nodes differ, and say so only by refusing. Pure."""

from __future__ import annotations

import re

__all__ = ["RangeSize"]

_SUGGESTED = re.compile(r"\[\s*(0x[0-9a-fA-F]+)\s*,\s*(0x[0-9a-fA-F]+)\s*\]")


class RangeSize:
    """Halved when a node refuses, grown by a fifth when it does not."""

    def __init__(self, start: int = 2_000, *, ceiling: int = 100_000) -> None:
        self.blocks = start
        self._ceiling = ceiling

    def refused(self, message: str, *, asked: int) -> bool:
        """Shrink after a refusal of `asked` blocks; False when one block was too much already."""
        if asked <= 1:
            return False
        hint = _SUGGESTED.search(message)
        wanted = int(hint[2], 16) - int(hint[1], 16) + 1 if hint else asked // 2
        self.blocks = wanted if 0 < wanted < asked else asked // 2
        return True

    def accepted(self) -> None:
        """Grow a little."""
        self.blocks = min(self.blocks + self.blocks // 5 + 1, self._ceiling)
