"""Finds the anvil binary: the environment, then the path, then npm packages of this checkout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from indexmaker_evm.devnet.errors import AnvilNotFoundError

__all__ = ["find_anvil"]

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


def find_anvil(environment: Mapping[str, str] = os.environ, *, contracts: Path = CONTRACTS) -> Path:
    """Return the binary.

    The order is `$ANVIL`, `anvil` on the path, `node_modules` in `$INDEXMAKER_TOOLS`, `node_modules` beside the
    Solidity sources. The npm package's platform binary is used directly, so Node itself is not needed to run it.

    Raises:
        AnvilNotFoundError: nothing was found, or `$ANVIL` is set to something that cannot be run.
    """
    if wanted := environment.get("ANVIL"):
        found = shutil.which(wanted, path=environment.get("PATH"))
        if found is None:
            raise AnvilNotFoundError(f"ANVIL={wanted} is not an executable file: correct or unset it")
        return Path(found)
    if found := shutil.which("anvil", path=environment.get("PATH")):
        return Path(found)
    folders = [contracts / "node_modules"]
    if tools := environment.get("INDEXMAKER_TOOLS"):
        folders.insert(0, Path(tools) / "node_modules")
    for binary in (binary for folder in folders for binary in _platform_binaries(folder)):
        return binary
    raise AnvilNotFoundError(
        f"no anvil in $ANVIL, on the path or in {', '.join(map(str, folders))}: "
        f"run `npm ci --ignore-scripts` in {contracts}, or set ANVIL to the binary"
    )


def _platform_binaries(node_modules: Path) -> Iterator[Path]:
    """The package manager installs the binary of this platform only."""
    for pattern in ("anvil-*/bin/anvil", "anvil-*/bin/anvil.exe"):
        for path in sorted((node_modules / "@foundry-rs").glob(pattern)):
            if os.access(path, os.X_OK):
                yield path
