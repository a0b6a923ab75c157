"""A core that cannot work says why in plain words, and by its exit code whether starting it again may help."""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from system.harness import system, write_configuration

UNUSABLE, BUSY = 78, 75


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="im-") as scratch:
        yield Path(scratch)


async def serve(file: Path, *, process: str = "solver") -> tuple[int, str]:
    """Exit code and the end of standard error, after the log lines."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "indexmaker.cli.app", process, "serve", "--config", str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        _, errors = await running.communicate()
    text = errors.decode()
    assert "Traceback" not in text
    assert running.returncode is not None
    return running.returncode, "\n".join(line for line in text.splitlines() if not line.startswith('{"'))


async def test_an_unknown_key_is_named_with_the_nearest_known_one(run_dir):
    file = write_configuration(run_dir, core='databse = "x"')
    code, text = await serve(file)
    assert code == UNUSABLE
    assert "core.databse: unknown key; did you mean 'database'?" in text


async def test_a_missing_file_is_named(run_dir):
    code, text = await serve(run_dir / "nothing.toml")
    assert code == UNUSABLE
    assert "nothing.toml" in text
    assert "--config" in text


async def test_a_missing_guardian_key_is_named_by_its_place(run_dir):
    file = write_configuration(run_dir)
    (run_dir / "guardian.key").unlink()
    code, text = await serve(file, process="guardian")
    assert code == UNUSABLE
    assert text.startswith("guardian.private_key: ")
    assert str(run_dir / "guardian.key") in text


@pytest.mark.parametrize("content", ["0x1234abcd", "not-a-key", "0x" + "00" * 32])
async def test_a_malformed_guardian_key_is_refused_and_not_shown(run_dir, content):
    file = write_configuration(run_dir)
    (run_dir / "guardian.key").write_text(content)
    code, text = await serve(file, process="guardian")
    assert code == UNUSABLE
    assert text.startswith("guardian.private_key: ")
    assert content not in text


async def test_a_secret_in_place_of_its_reference_is_refused_and_not_shown(run_dir):
    file = write_configuration(run_dir)
    pasted = "0x" + "5a" * 32
    file.write_text(file.read_text().replace(f"file:{run_dir}/guardian.key", pasted))
    code, text = await serve(file, process="guardian")
    assert code == UNUSABLE
    assert "guardian.private_key" in text
    assert pasted not in text


async def test_the_guardian_does_not_share_a_plugins_key(run_dir):
    file = write_configuration(run_dir)
    key = f"file:{run_dir}/guardian.key"
    chain = 'plugin = "indexmaker.connectors.testing.chain:MockChain"'
    file.write_text(file.read_text().replace(chain, f'{chain}\nconfig = {{ signer = {{ private_key = "{key}" }} }}'))
    code, text = await serve(file, process="guardian")
    assert code == UNUSABLE
    assert "plugin mock-chain has the same one" in text


async def test_a_port_that_is_taken_is_named(run_dir):
    (run_dir / "token").write_text("sesame")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        file = write_configuration(run_dir, core=f'listen = "{address}"\ntoken = "file:{run_dir}/token"')
        code, text = await serve(file)
    assert code == UNUSABLE
    assert f"core.listen: {address} cannot be listened on" in text


async def test_a_run_directory_that_others_may_enter_is_refused(run_dir):
    file = write_configuration(run_dir)
    run_dir.chmod(0o755)
    code, text = await serve(file)
    assert code == UNUSABLE
    assert "open to others" in text


async def test_a_database_that_cannot_be_opened_is_named(run_dir):
    file = write_configuration(run_dir)
    (run_dir / "solver.db").mkdir()
    code, text = await serve(file)
    assert code == BUSY
    assert str(run_dir / "solver.db") in text


async def test_a_second_core_on_the_same_journal_is_told_who_runs_the_first():
    async with system() as world, world.core() as core:
        before = core.engine.dump()
        code, text = await serve(world.outside.run_dir / "indexmaker.toml")
        assert code == BUSY
        assert "solver is already run by solver-" in text
        assert (await core.client.status()).engine == "solver"  # the first one goes on, at its own socket
        assert core.engine.dump() == before
