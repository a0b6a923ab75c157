"""What a plugin says of itself before any of its code is loaded."""

from __future__ import annotations

import enum
import re

import msgspec

__all__ = ["Manifest", "Role"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")


class Role(enum.StrEnum):
    """A service that a plugin may serve beside its life cycle."""

    MARKET_DATA = "market-data"
    ORDER_ENTRY = "order-entry"
    FUNDING = "funding"
    CHAIN = "chain"
    BRIDGE = "bridge"
    GATEWAY = "gateway"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin's card, returned by its `connector_manifest` hook.

    Attributes:
        name: Kind of the plugin, lower case with dashes, equal to the name of its entry point.
        summary: One line for `indexmaker plugin list`.
        roles: The services that it serves.
        target: `package.module:Class` of its `Connector`; imported only in the plugin's own process.
        extra: Extra of the distribution that brings its dependencies; empty when it needs none.
        python: Interpreter to run it with; empty means the supervisor's own.
        argv: Whole command line that replaces `python -m indexmaker.connectors.host NAME`, for plugins in
            another language, environment or image. The host's options (`--listen`, `--name`, `--data-dir`)
            are appended.

    Raises:
        ValueError: A name or target that breaks its rule, or no role at all.
    """

    name: str
    summary: str
    roles: tuple[Role, ...]
    target: str
    extra: str = ""
    python: str = ""
    argv: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(
                f"plugin name {self.name!r} must be lower-case words joined by dashes, such as evm-archive"
            )
        if not self.roles:
            raise ValueError(f"plugin {self.name} names no role; pick from {', '.join(Role)}")
        if not self.argv and not _TARGET.match(self.target):
            raise ValueError(f"target {self.target!r} of plugin {self.name} must be package.module:Class")
