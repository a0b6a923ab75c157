"""Events to journal bytes and back, old schema versions included.

The bytes are JSON: msgspec writes it as fast as MessagePack, and unlike MessagePack it carries integers of
any size, which amounts in atoms of 10**-18 need (19 tokens already exceed 64 bits).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, get_args

import msgspec

from indexmaker.runtime.engine import E, Engine
from indexmaker.runtime.errors import UndecodableError, UnknownEventError

__all__ = ["Codec", "Upcast"]

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns an event of one schema version, as plain JSON values, into the next version."""


class Codec(Generic[E]):
    """Encodes and decodes the events of one engine."""

    def __init__(
        self,
        name: str,
        *,
        event_type: Any,  # noqa: ANN401 - a union is not a type
        schema_version: int,
        upcasts: Mapping[int, Upcast] | None = None,
    ) -> None:
        self.schema_version = schema_version
        self._name = name
        self._types: tuple[type, ...] = get_args(event_type) or (event_type,)
        self._encoder = msgspec.json.Encoder(order="deterministic")
        self._decoder = msgspec.json.Decoder(event_type)
        self._upcasts = dict(upcasts or {})

    @classmethod
    def of(cls, engine: Engine[E, Any]) -> Codec[E]:
        """The codec of an engine; its attribute `upcasts` (version -> step to the next) is used."""
        return cls(
            engine.name,
            event_type=engine.event_type,
            schema_version=engine.schema_version,
            upcasts=getattr(engine, "upcasts", None),
        )

    def encode(self, event: E) -> bytes:
        """Journal bytes of an event; raises `UnknownEventError` when it is not one of the engine's."""
        if not isinstance(event, self._types):
            names = ", ".join(sorted(kind.__name__ for kind in self._types))
            raise UnknownEventError(f"{self._name}: {type(event).__name__} is not an event; known are {names}")
        try:
            return self._encoder.encode(event)
        except (TypeError, ValueError, OverflowError) as reason:
            raise UnknownEventError(f"{self._name}: {type(event).__name__} cannot be encoded: {reason}") from reason

    def decode(self, payload: bytes, *, sequence: int, schema_version: int) -> E:
        """The event of a journal entry, brought to the current schema version.

        Raises:
            UndecodableError: damaged bytes, a newer schema version, or a missing upcast.
        """
        try:
            if schema_version != self.schema_version:
                payload = self._upcast(payload, schema_version)
            event: E = self._decoder.decode(payload)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as reason:
            raise UndecodableError(
                self._name, sequence=sequence, schema_version=schema_version, reason=str(reason)
            ) from reason
        return event

    def _upcast(self, payload: bytes, version: int) -> bytes:
        if version > self.schema_version:
            raise ValueError(f"this program knows versions up to {self.schema_version}; run a newer one")
        raw = msgspec.json.decode(payload)
        for step in range(version, self.schema_version):
            if step not in self._upcasts:
                raise ValueError(f"no upcast from version {step} to {step + 1} is registered")
            raw = self._upcasts[step](raw)
        return msgspec.json.encode(raw)
