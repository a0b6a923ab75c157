"""Generates the gRPC stubs of `proto/` into `server/indexmaker/api/` while the package is built."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent


def generate(root: Path = ROOT) -> list[Path]:
    """Compile every proto file; return the folders that hold stubs."""
    import grpc_tools
    from grpc_tools import protoc

    proto = root / "proto"
    out = root / "server"
    api = out / "indexmaker" / "api"
    shutil.rmtree(api, ignore_errors=True)
    sources = sorted(str(path.relative_to(proto)) for path in proto.rglob("*.proto"))
    include = Path(grpc_tools.__file__).parent / "_proto"
    scripts = Path(sys.executable).parent
    plugins = [
        f"--plugin=protoc-gen-{name}={found}"
        for name in ("mypy", "mypy_grpc")
        if (found := shutil.which(f"protoc-gen-{name}", path=str(scripts)) or shutil.which(f"protoc-gen-{name}"))
    ]
    status = protoc.main(
        [
            "protoc",
            f"-I{proto}",
            f"-I{include}",
            *plugins,
            f"--python_out={out}",
            f"--grpc_python_out={out}",
            f"--mypy_out=quiet:{out}",
            f"--mypy_grpc_out=quiet:{out}",
            *sources,
        ]
    )
    if status:
        raise RuntimeError(f"protoc failed with status {status}")
    folders = sorted(
        {path.parent for path in api.rglob("*_pb2.py")} | {api} | {p.parent.parent for p in api.rglob("*_pb2.py")}
    )
    for folder in folders:
        (folder / "__init__.py").write_text('"""Generated from proto/; do not edit."""\n')
    return folders


class StubsHook(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        generate(Path(self.root))


if __name__ == "__main__":
    generate()
