"""What a run ends with when a rule was broken."""

from __future__ import annotations

__all__ = ["Violation"]


class Violation(Exception):
    """A rule that did not hold. `kind` is stable, so that runs can be compared; the text is for people."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text
