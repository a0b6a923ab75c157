"""Whether the optional dependencies of a plugin are installed, read from its distribution's metadata."""

from __future__ import annotations

import re
from importlib import metadata

__all__ = ["missing_requirements"]

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_OWN_EXTRAS = re.compile(r"\[([^\]]*)\]")
_MARKER = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


def missing_requirements(distribution: str, extra: str) -> tuple[str, ...]:
    """Names of the distributions that an extra asks for and that are not installed; versions are not compared."""
    if not extra:
        return ()
    missing: dict[str, None] = {}
    for requirement in metadata.requires(distribution) or ():
        marker = _MARKER.search(requirement)
        if marker is None or marker[1] != extra:
            continue
        match = _NAME.match(requirement)
        assert match is not None
        name = match[1]
        own = _OWN_EXTRAS.search(requirement.split(";")[0])
        if name == distribution and own is not None:
            for inner in own[1].split(","):
                missing |= dict.fromkeys(missing_requirements(distribution, inner.strip()))
        elif not _installed(name):
            missing[name] = None
    return tuple(missing)


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
