"""One development network for the session, as its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from indexmaker_evm.devnet.binary import find_anvil
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.errors import AnvilNotFoundError


@pytest.fixture(scope="session")
def manifest_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    try:
        find_anvil()
    except AnvilNotFoundError as error:
        pytest.skip(str(error))
    run_dir = tmp_path_factory.mktemp("devnet")
    command = [sys.executable, "-m", "indexmaker_evm.devnet", "--run-dir", str(run_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            assert ready["ready"] is True
            yield Path(ready["manifest"])
        finally:
            process.terminate()


@pytest.fixture
async def client(manifest_path: Path) -> AsyncIterator[DevnetClient]:
    async with DevnetClient.from_file(manifest_path) as client:
        yield client
