"""One supervisor for one run directory."""

import os
import subprocess
import sys

import pytest

from indexmaker.connectors.errors import AddressError
from indexmaker.connectors.run_lock import run_lock


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path):
    with run_lock(tmp_path / "run"), pytest.raises(AddressError, match=str(os.getpid())), run_lock(tmp_path / "run"):
        pass


def test_the_directory_is_free_again_after_the_block(tmp_path):
    for _ in range(2):
        with run_lock(tmp_path / "run"):
            assert (tmp_path / "run" / "supervisor.lock").exists()


def test_a_killed_holder_holds_nothing(tmp_path):
    code = (
        "import os, sys, pathlib\n"
        "from indexmaker.connectors.run_lock import run_lock\n"
        "with run_lock(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], check=False)
    assert ended.returncode == -9
    with run_lock(tmp_path / "run"):
        pass
