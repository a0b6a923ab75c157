"""Building HTML from values: everything that is not an element is escaped, so no value can become markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

__all__ = ["Element", "Node", "document", "tag"]

_VOID = frozenset({"meta", "br", "hr", "rect"})


class Element:
    """Finished markup; made by `tag` only."""

    __slots__ = ("markup",)

    def __init__(self, markup: str) -> None:
        self.markup = markup


Node = Element | str | Iterable["Node"]
"""What may stand in an element: an element, text (escaped), or several of them."""


def tag(name: str, /, *children: Node, raw: str = "", **attributes: str) -> Element:
    """An element; `raw` is content of our own that must not be escaped (a style sheet).

    An underscore at the end of an attribute's name is dropped (`class_`), others become dashes.
    """
    parts = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"' for key, value in attributes.items()
    )
    if name in _VOID:
        return Element(f"<{name}{parts}>" if name != "rect" else f"<{name}{parts}/>")
    return Element(f"<{name}{parts}>{raw}{''.join(map(_markup, children))}</{name}>")


def document(*children: Node, lang: str = "en") -> str:
    """A whole page."""
    return "<!DOCTYPE html>\n" + tag("html", *children, lang=lang).markup + "\n"


def _markup(node: Node) -> str:
    if isinstance(node, Element):
        return node.markup
    if isinstance(node, str):
        return escape(node, quote=False)
    return "".join(map(_markup, node))
