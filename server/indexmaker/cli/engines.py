"""Engines by name, imported when needed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from indexmaker.runtime import Engine

__all__ = ["ENGINES", "EngineNotFoundError", "engine_factory"]

ENGINES = {
    "exchange": "indexmaker.exchange.engine:ExchangeEngine",
    "solver": "indexmaker.solver.engine:SolverEngine",
}
"""Where each engine's class is; it is constructed without arguments."""


class EngineNotFoundError(Exception):
    """No such engine, or its class cannot be imported."""


def engine_factory(name: str) -> Callable[[], Engine[Any, Any]]:
    """Something that makes fresh engines, from a registered name or `package.module:Class`.

    Raises:
        EngineNotFoundError: an unknown name, or a class that is not there.
    """
    place = ENGINES.get(name, name)
    module_name, colon, class_name = place.partition(":")
    if not colon:
        raise EngineNotFoundError(
            f"no engine {name!r}; known are {', '.join(sorted(ENGINES))}, or package.module:Class"
        )
    try:
        factory: Callable[[], Engine[Any, Any]] = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as reason:
        raise EngineNotFoundError(f"engine {name!r} cannot be imported from {place}: {reason}") from reason
    return factory
