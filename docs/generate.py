"""Writes the reference pages that follow from code: `python docs/generate.py`, or `--check` to compare only."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc_tools
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from indexmaker.config import Settings

ROOT = Path(__file__).parent.parent
PAGES = {"reference/protos.md": "protos", "reference/configuration.md": "configuration"}
SCALARS = {
    value.number: value.name.removeprefix("TYPE_").lower()
    for value in FieldDescriptorProto.Type.DESCRIPTOR.values  # type: ignore[attr-defined]
}
REPEATED = FieldDescriptorProto.LABEL_REPEATED


def descriptors() -> list[FileDescriptorProto]:
    """All protos with their comments."""
    proto = ROOT / "proto"
    include = Path(grpc_tools.__file__).parent / "_proto"
    sources = sorted(str(path.relative_to(proto)) for path in proto.rglob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set.binpb"
        status = protoc.main(
            ["protoc", f"-I{proto}", f"-I{include}", "--include_source_info", f"--descriptor_set_out={out}", *sources]
        )
        if status:
            raise SystemExit(status)
        return list(FileDescriptorSet.FromString(out.read_bytes()).file)


def comments(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    """Leading comments by path within the file."""
    return {
        tuple(place.path): " ".join(place.leading_comments.split())
        for place in file.source_code_info.location
        if place.leading_comments
    }


def type_of(field: FieldDescriptorProto) -> str:
    """The field's type as one reads it."""
    name = field.type_name.rpartition(".")[2] if field.type_name else SCALARS[field.type]
    return f"repeated {name}" if field.label == REPEATED else name


def message_lines(
    message: DescriptorProto, path: tuple[int, ...], said: dict[tuple[int, ...], str], prefix: str = ""
) -> Iterator[str]:
    """A message, its enums and nested messages."""
    if message.options.map_entry:
        return
    yield f"#### {prefix}{message.name}\n\n{said.get(path, '')}\n"
    if message.field:
        yield "| field | type | meaning |\n|---|---|---|"
        for number, field in enumerate(message.field):
            yield f"| `{field.name}` | {type_of(field)} | {said.get((*path, 2, number), '')} |"
        yield ""
    for number, enum in enumerate(message.enum_type):
        yield from enum_lines(enum, (*path, 4, number), said, f"{message.name}.")
    for number, nested in enumerate(message.nested_type):
        yield from message_lines(nested, (*path, 3, number), said, f"{message.name}.")


def enum_lines(
    enum: EnumDescriptorProto, path: tuple[int, ...], said: dict[tuple[int, ...], str], prefix: str = ""
) -> Iterator[str]:
    """An enumeration."""
    yield f"#### {prefix}{enum.name}\n\n{said.get(path, '')}\n\n| value | meaning |\n|---|---|"
    for number, value in enumerate(enum.value):
        if value.number:
            yield f"| `{value.name}` | {said.get((*path, 2, number), '')} |"
    yield ""


def protos() -> str:
    """The page of all interfaces."""
    lines = ["# Protocol reference", "", "Generated from `proto/`; do not edit.", ""]
    for file in descriptors():
        said = comments(file)
        lines += [f"## {file.package}", "", f"`{file.name}`. {said.get((12,), '')}", ""]
        for number, service in enumerate(file.service):
            lines += [f"### {service.name}", "", said.get((6, number), ""), "", "| call | does |", "|---|---|"]
            for position, method in enumerate(service.method):
                request = ("stream " if method.client_streaming else "") + method.input_type.rpartition(".")[2]
                response = ("stream " if method.server_streaming else "") + method.output_type.rpartition(".")[2]
                meaning = said.get((6, number, 2, position), "")
                lines.append(f"| `{method.name}({request}) -> {response}` | {meaning} |")
            lines.append("")
        lines += ["### Messages", ""]
        for number, enum in enumerate(file.enum_type):
            lines += enum_lines(enum, (5, number), said)
        for number, message in enumerate(file.message_type):
            lines += message_lines(message, (4, number), said)
    return "\n".join(lines).rstrip() + "\n"


def _tables(model: type[BaseModel], name: str) -> Iterator[str]:
    summary = (model.__doc__ or "").strip().splitlines()[0]
    yield f"## `{name}`\n\n{summary}\n\n| key | default | meaning |\n|---|---|---|"
    nested: list[tuple[type[BaseModel], str]] = []
    for key, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None:
            place = key if name == "top level" else f"{name.strip('[]')}.{key}"
            keyed = f"[[{place}]]" if "list" in str(field.annotation) else f"[{place}]"
            nested.append((inner, f"[{place}.NAME]" if "dict" in str(field.annotation) else keyed))
        yield f"| `{key}` | {_default(field)} | {field.description or ''} |"
    yield ""
    for inner, place in nested:
        yield from _tables(inner, place)


def _model_in(annotation: object) -> type[BaseModel] | None:
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    return next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value in (None, {}, []):
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 10**12:
        return f"`{value / 10**18:g}`"
    return f"`{value}`"


def configuration() -> str:
    """The page of the configuration file."""
    lines = [
        "# Configuration reference",
        "",
        "Generated from `indexmaker.config`; do not edit.",
        "One TOML file; amounts are strings; unknown keys are refused.",
        "`INDEXMAKER__CORE__LISTEN` overrides `listen` in `[core]`.",
        "",
        *_tables(Settings, "top level"),
    ]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write the pages, or compare them."""
    stale = []
    for name, maker in PAGES.items():
        page = ROOT / "docs" / name
        text = globals()[maker]()
        if "--check" not in sys.argv:
            page.write_text(text)
        elif not page.exists() or page.read_text() != text:
            stale.append(name)
    for name in stale:
        print(f"docs/{name} is out of date: run `python docs/generate.py`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
