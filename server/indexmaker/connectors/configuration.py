"""Configurations of plugins: the schema from the type, and decoding with places and hints."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from indexmaker.connectors.errors import ConfigurationError, ConfigurationRefusedError, Diagnostic
from indexmaker.connectors.secrets import SecretRef

__all__ = ["decode_configuration", "diagnostic_of", "json_schema"]

C = TypeVar("C", bound=msgspec.Struct)

_PLACE = re.compile(r"\A(?P<what>.*?)(?: - at `(?P<place>[^`]*)`)?\Z", re.DOTALL)
_MISSING = re.compile(r"missing required field `([^`]*)`")


def diagnostic_of(error: ConfigurationError) -> Diagnostic:
    """The remark that an error stands for."""
    return Diagnostic(summary=error.summary, attribute=error.path, detail=error.detail)


def json_schema(config_type: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema of a configuration type; properties that hold secrets carry `"secret": true`."""
    return msgspec.json.schema(config_type, schema_hook=_schema_of)


def decode_configuration(config_type: type[C], text: bytes | str) -> C:
    """Read a JSON object as a configuration.

    Raises:
        ConfigurationRefusedError: It is not JSON, breaks the schema, or has keys that nobody reads (with the
            nearest known name). Values are never repeated in the message.
    """
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigurationRefusedError((Diagnostic(summary="the configuration is not a JSON object"),)) from None
    remarks = list(_unknown_keys(msgspec.inspect.type_info(config_type), raw, ""))
    try:
        config = msgspec.json.decode(text, type=config_type, dec_hook=_decode)
    except msgspec.ValidationError as error:
        if not (remarks and "unknown field" in str(error)):
            remarks.append(_remark(str(error)))
    if remarks:
        raise ConfigurationRefusedError(tuple(remarks))
    return config


def _schema_of(kind: type) -> dict[str, Any]:
    if kind is SecretRef:
        return {
            "type": "string",
            "secret": True,
            "pattern": "^(file|env):.+",
            "description": "reference to a secret: file:/path or env:NAME",
        }
    raise NotImplementedError(f"{kind.__name__} has no place in a configuration")


def _decode(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hook
    if kind is SecretRef and isinstance(value, str):
        return SecretRef(value)
    raise TypeError(f"expected a reference to a secret, got {type(value).__name__}")


def _remark(message: str) -> Diagnostic:
    match = _PLACE.match(message)
    assert match is not None
    place = re.sub(r"\[(\d+)\]", r".\1", match["place"] or "").replace("[...]", ".*").removeprefix("$").lstrip(".")
    summary = match["what"]
    missing = _MISSING.search(summary)
    if missing:
        place = f"{place}.{missing[1]}".lstrip(".")
        return Diagnostic(summary="required, but missing", attribute=place, detail=f"add {missing[1]}")
    return Diagnostic(summary=summary, attribute=place)


def _unknown_keys(info: msgspec.inspect.Type, raw: object, place: str) -> Iterator[Diagnostic]:
    """Walk the raw value beside its type and remark on every key that no field reads."""
    inspect = msgspec.inspect
    if isinstance(info, inspect.Metadata):
        yield from _unknown_keys(info.type, raw, place)
    elif isinstance(info, inspect.UnionType):
        for part in _parts(info, raw):
            yield from _unknown_keys(part, raw, place)
    elif isinstance(info, inspect.StructType) and isinstance(raw, dict):
        yield from _unknown_in_struct(info, raw, place)
    elif isinstance(info, inspect.DictType) and isinstance(raw, dict):
        for key, value in raw.items():
            yield from _unknown_keys(info.value_type, value, f"{place}{key}.")
    elif isinstance(info, inspect.CollectionType) and isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from _unknown_keys(info.item_type, value, f"{place}{index}.")


def _unknown_in_struct(info: msgspec.inspect.StructType, raw: dict[str, Any], place: str) -> Iterator[Diagnostic]:
    fields = {field.encode_name: field for field in info.fields}
    for key, value in raw.items():
        if key in fields:
            yield from _unknown_keys(fields[key].type, value, f"{place}{key}.")
        elif key != info.tag_field:
            near = difflib.get_close_matches(key, fields, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(fields)}"
            yield Diagnostic(summary=f"unknown key {key}", attribute=f"{place}{key}", detail=hint)


def _parts(info: msgspec.inspect.UnionType, raw: object) -> Iterator[msgspec.inspect.Type]:
    """The members of a union that a raw value can belong to: tagged structs by their tag, others all."""
    for part in info.types:
        tag_field = part.tag_field if isinstance(part, msgspec.inspect.StructType) else None
        if tag_field is None:
            yield part
        elif isinstance(part, msgspec.inspect.StructType) and isinstance(raw, dict):
            yield from [part] * (raw.get(tag_field) == part.tag)
