"""Finding the node binary."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexmaker_evm.devnet.binary import find_anvil
from indexmaker_evm.devnet.errors import AnvilNotFoundError, PortTakenError
from indexmaker_evm.devnet.node import choose_port


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_environment_wins_over_the_path_and_the_path_over_packages(tmp_path: Path) -> None:
    named = executable(tmp_path / "named" / "my-anvil")
    on_path = executable(tmp_path / "bin" / "anvil")
    packaged = executable(tmp_path / "tools" / "node_modules" / "@foundry-rs" / "anvil-os-cpu" / "bin" / "anvil")
    environment = {
        "ANVIL": str(named),
        "PATH": str(on_path.parent),
        "INDEXMAKER_TOOLS": str(tmp_path / "tools"),
    }
    assert find_anvil(environment, contracts=tmp_path) == named
    assert find_anvil({**environment, "ANVIL": ""}, contracts=tmp_path) == on_path
    assert find_anvil({**environment, "ANVIL": "", "PATH": ""}, contracts=tmp_path) == packaged
    beside_sources = find_anvil({"PATH": ""}, contracts=tmp_path / "tools")
    assert beside_sources == packaged


def test_a_missing_binary_is_explained_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(AnvilNotFoundError, match="npm ci"):
        find_anvil({"PATH": ""}, contracts=tmp_path)


def test_a_wrong_anvil_variable_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(AnvilNotFoundError, match="correct or unset"):
        find_anvil({"ANVIL": str(tmp_path / "nothing"), "PATH": ""}, contracts=tmp_path)


def test_a_port_in_use_is_refused_with_its_number() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=str(port)):
            choose_port(port)
