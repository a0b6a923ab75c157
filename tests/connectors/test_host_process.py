"""The host process as the kernel and a person meet it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from connectors.worlds import TESTS
from indexmaker.connectors.address import LONGEST_PATH, check_address, private_directory, socket_address
from indexmaker.connectors.datadir import held_data_dir
from indexmaker.connectors.errors import AddressError, DataDirBusyError, HandshakeError
from indexmaker.connectors.handshake import (
    Handshake,
    invitation_environment,
    invite,
    parse_handshake,
    take_invitation,
)
from indexmaker.connectors.launch import launch_argv
from indexmaker.connectors.specs import plugin_process
from indexmaker.connectors.supervisor import Supervisor

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TESTS)}
HOST = [sys.executable, "-m", "indexmaker.connectors.host", "connectors.toy:Toy"]
LINE = Handshake(v=1, contract=(1, 3), net="unix", addr="unix:/run/x.sock", pid=7, instance="abc")


def run(*arguments, env=ENVIRONMENT):
    return subprocess.run([*HOST, *arguments], env=env, capture_output=True, text=True, timeout=30, check=False)


def test_started_by_hand_it_explains_itself():
    done = run()
    assert (done.returncode, done.stdout) == (64, "")
    assert "indexmaker plugin run connectors.toy:Toy --standalone" in done.stderr


def test_standalone_it_serves_and_stops_in_order():
    process = subprocess.Popen(
        [*HOST, "--standalone"], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    line = json.loads(process.stdout.readline())
    assert (line["v"], line["contract"], line["net"], line["pid"]) == (1, [1, 1], "unix", process.pid)
    assert Path(line["addr"].removeprefix("unix:")).is_socket()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert json.loads(errors.splitlines()[-1])["event"] == "stopped"


def test_standalone_with_a_refused_configuration_says_what_to_mend(tmp_path):
    config = tmp_path / "toy.toml"
    config.write_text('greting = "x"\n')
    done = run("--standalone", "--config", str(config))
    assert done.returncode == 78
    assert "greting: unknown key greting. did you mean greeting?" in done.stderr


def test_a_plugin_whose_work_fails_exits_with_one(tmp_path):
    config = tmp_path / "toy.json"
    config.write_text('{"fail": true}')
    done = run("--standalone", "--config", str(config))
    assert done.returncode == 1
    assert "upstream said no" in done.stderr


def test_a_socket_path_that_is_too_long_is_refused_with_the_limit():
    long = "unix:/tmp/" + "x" * LONGEST_PATH
    done = run("--standalone", "--listen", long)
    assert done.returncode == 78
    assert "the kernel allows 107; choose a shorter run directory" in done.stderr
    with pytest.raises(AddressError, match="the kernel allows 107"):
        Supervisor([plugin_process("toy", plugin="a:B")], run_dir=Path(f"/tmp/{'y' * 120}"), data_root=Path("/tmp"))
    Path(f"/tmp/{'y' * 120}").rmdir()


def test_the_longest_path_that_is_allowed_is_allowed():
    check_address("unix:/" + "x" * (LONGEST_PATH - 1))
    with pytest.raises(AddressError):
        check_address("unix:/" + "x" * LONGEST_PATH)
    with pytest.raises(AddressError, match="not absolute"):
        check_address("unix:relative.sock")


def test_sockets_lie_in_directories_that_only_their_owner_may_enter(tmp_path):
    assert private_directory(tmp_path / "new").stat().st_mode & 0o777 == 0o700
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(AddressError, match="chmod 700"):
        private_directory(tmp_path / "open")
    done = run("--standalone", "--listen", f"unix:{tmp_path}/open/x.sock")
    assert (done.returncode, "open to others" in done.stderr) == (78, True)


def test_a_network_address_needs_credentials():
    done = run("--standalone", "--listen", "127.0.0.1:0")
    assert (done.returncode, "needs mutual TLS" in done.stderr) == (78, True)


def test_one_process_at_a_time_works_in_a_data_directory(tmp_path):
    with (
        held_data_dir(tmp_path / "data") as held,
        pytest.raises(DataDirBusyError, match=str(held)),
        held_data_dir(held),
    ):
        pass
    with held_data_dir(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_the_invitation_is_taken_out_of_the_environment_and_its_token_is_not_shown():
    invitation = invite()
    environment = {"PATH": "/bin", **invitation_environment(invitation)}
    taken = take_invitation(environment)
    assert taken is not None
    assert taken.token == invitation.token
    assert environment == {"PATH": "/bin"}
    assert taken.token not in repr(taken)
    assert take_invitation({"INDEXMAKER_PLUGIN_COOKIE": "wrong", "INDEXMAKER_PLUGIN_TOKEN": "x"}) is None


def test_the_handshake_line_survives_the_journey_and_unknown_keys():
    text = LINE.line()[:-2] + b',"new":1}\n'
    assert parse_handshake(text, expected_address="unix:/run/x.sock") == LINE


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"hello", "is no handshake"),
        (b'{"v":1}', "is no handshake"),
        (LINE.line().replace(b'"v":1', b'"v":2'), "version 2 is not known"),
        (LINE.line().replace(b"[1,3]", b"[2,3]"), "upgrade the older of the two"),
        (LINE.line().replace(b"x.sock", b"y.sock"), "was told unix:/run/x.sock"),
    ],
)
def test_a_first_line_that_does_not_fit_is_refused_with_the_reason(line, words):
    with pytest.raises(HandshakeError, match=words):
        parse_handshake(line, expected_address="unix:/run/x.sock")


async def test_plugins_die_with_a_supervisor_that_is_killed():
    code = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from connectors.worlds import script, toy
        from indexmaker.connectors.supervisor import Supervisor
        async def main():
            pause = "import json, signal; print(json.dumps({'ready': True})); signal.pause()"
            root = Path(sys.argv[1])
            supervisor = Supervisor([toy(), script("chain", pause)], run_dir=root / "run", data_root=root / "data")
            async with asyncio.TaskGroup() as group:
                group.create_task(supervisor.run())
                await supervisor.wait_ready()
                print(*(status.pid for status in supervisor.processes()), file=sys.stderr, flush=True)
        asyncio.run(main())
    """)
    with tempfile.TemporaryDirectory(prefix="im-") as scratch:
        parent = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            scratch,
            env=ENVIRONMENT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert parent.stderr is not None
        pids = [int(word) for word in (await parent.stderr.readline()).split()]
        assert len(pids) == 2
        watched = [os.pidfd_open(pid) for pid in pids]
        parent.kill()
        await parent.wait()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            for fd in watched:
                ended = asyncio.Event()
                loop.add_reader(fd, ended.set)
                await ended.wait()
                loop.remove_reader(fd)
                os.close(fd)


def test_a_launched_program_that_does_not_exist_says_so():
    done = subprocess.run(launch_argv(["/no/such/program"]), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (127, "cannot start /no/such/program: No such file or directory\n")


def test_addresses_are_fixed_by_directory_and_name():
    assert socket_address(Path("/run/im"), "evm") == "unix:/run/im/evm.sock"
