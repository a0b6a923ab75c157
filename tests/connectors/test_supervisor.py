import asyncio
import os
import signal
from pathlib import Path

import pytest
import uvloop
from grpc.aio import AioRpcError

from connectors.worlds import QUICK, happened, script, toy, world
from indexmaker.api.bridge.v1 import bridge_pb2, bridge_pb2_grpc
from indexmaker.api.connector.v1 import connector_pb2, connector_pb2_grpc
from indexmaker.api.operations.v1 import operations_pb2, operations_pb2_grpc
from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.connector import State
from indexmaker.connectors.errors import (
    AuthenticationError,
    ConfigurationRefusedError,
    NotFoundError,
    ProcessFailedError,
    SpecificationError,
    SupervisionError,
)
from indexmaker.connectors.lifecycle import Phase, Policy
from indexmaker.connectors.specs import ProcessSpec, start_order
from indexmaker.connectors.status import error_of
from indexmaker.connectors.supervision_service import serve_supervision
from indexmaker.connectors.supervisor import Supervisor
from indexmaker.connectors.table import News

SERVICE = "import json, signal\nprint(json.dumps({'ready': True, 'port': 7}))\nsignal.pause()"
pytestmark = pytest.mark.timeout(60)


async def greeting(channel):
    stub = bridge_pb2_grpc.BridgeServiceStub(channel)
    response = await stub.ListRoutes(bridge_pb2.ListRoutesRequest(), wait_for_ready=True, timeout=10)
    return response.routes[0].source


async def test_a_plugin_is_started_configured_and_stopped_in_order():
    async with world(toy(greeting="hi")) as (supervisor, news):
        await supervisor.wait_ready()
        status = supervisor.status("toy")
        assert (status.state, status.restarts, status.plugin) == (State.READY, 0, "connectors.toy:Toy")
        assert status.pid > 0
        assert supervisor.facts("toy")["instance_id"] == status.instance_id
        async with open_channel(status.address) as channel:
            assert await greeting(channel) == "hi"
    assert [event.news for event in news] == [News.STARTED, News.READY, News.EXITED, News.STOPPED]
    assert news[2].reason == "exited with status 0"


async def test_a_killed_plugin_comes_back_at_its_address_as_another_instance():
    async with world(toy(greeting="again")) as (supervisor, _), asyncio.TaskGroup() as group:
        await supervisor.wait_ready("toy")
        before = supervisor.status("toy")
        async with open_channel(before.address) as channel:
            assert await greeting(channel) == "again"
            back = group.create_task(happened(supervisor, lambda event: event.news is News.READY))
            supervisor.kill("toy", signal.SIGKILL)
            await back
            after = supervisor.status("toy")
            assert await greeting(channel) == "again", "the old channel reconnects by itself"
        assert (after.address, after.restarts) == (before.address, 1)
        assert after.instance_id != before.instance_id
        assert after.pid != before.pid


async def test_only_the_supervisor_may_configure_its_plugins():
    async with world(toy()) as (supervisor, _):
        await supervisor.wait_ready()
        async with open_channel(supervisor.status("toy").address) as channel:
            stub = connector_pb2_grpc.ConnectorServiceStub(channel)
            with pytest.raises(AioRpcError) as caught:
                await stub.Configure(connector_pb2.ConfigureRequest(configuration="{}", revision=9))
            assert isinstance(error_of(caught.value), AuthenticationError)
            with pytest.raises(AioRpcError):
                await stub.Shutdown(connector_pb2.ShutdownRequest())


async def test_a_refused_new_configuration_keeps_the_last_good_one_also_after_a_restart():
    async with world(toy(greeting="one")) as (supervisor, _), asyncio.TaskGroup() as group:
        await supervisor.wait_ready()
        await supervisor.configure("toy", {"greeting": "two"})
        with pytest.raises(ConfigurationRefusedError) as caught:
            await supervisor.configure("toy", {"greeting": "bad"})
        assert caught.value.path == "greeting"
        async with open_channel(supervisor.status("toy").address) as channel:
            assert await greeting(channel) == "two"
            back = group.create_task(happened(supervisor, lambda event: event.news is News.READY))
            supervisor.kill("toy")
            await back
            assert await greeting(channel) == "two"


async def test_a_configuration_refused_at_the_start_gives_up_with_the_place():
    async with world(toy(greting="x")) as (supervisor, _):
        with pytest.raises(ProcessFailedError, match=r"greting: unknown key greting \(did you mean greeting\?\)"):
            await supervisor.wait_ready()
        assert supervisor.status("toy").restarts == 0


async def test_a_crash_loop_is_given_up_and_an_operator_can_start_it_again():
    async with world(toy(fail=True)) as (supervisor, news):
        with pytest.raises(ProcessFailedError, match=r"ended 6 times within 60 s, last: .*exited with status 1"):
            await supervisor.wait_ready()
        assert supervisor.status("toy").state is State.FAILED
        restarts = [event for event in news if event.news is News.RESTARTING]
        assert len(restarts) == 5
        assert all(QUICK.backoff_first <= event.delay <= QUICK.backoff_cap for event in restarts)
        assert len([event for event in news if event.news is News.STARTED]) == 6
        supervisor.restart("toy")
        await happened(supervisor, lambda event: event.news is News.STARTED)


async def test_a_plugin_that_works_in_part_is_ready_and_shown_as_degraded():
    async with world(toy(degraded=True)) as (supervisor, _):
        await supervisor.wait_ready()
        status = supervisor.status("toy")
    assert (status.phase, status.state, status.reason) == (Phase.READY, State.DEGRADED, "half of it is missing")


async def test_a_plugin_that_hangs_is_killed_and_replaced():
    async with world(toy(), probe_limit=0.1) as (supervisor, news), asyncio.TaskGroup() as group:
        await supervisor.wait_ready()
        back = group.create_task(happened(supervisor, lambda event: event.news is News.READY))
        supervisor.kill("toy", signal.SIGSTOP)
        await back
        assert any("not answered 3 probes" in event.reason for event in news)


async def test_an_operators_restart_drains_and_replaces_the_process():
    async with world(toy(open_work=3)) as (supervisor, news), asyncio.TaskGroup() as group:
        await supervisor.wait_ready()
        before = supervisor.status("toy").instance_id
        back = group.create_task(happened(supervisor, lambda event: event.news is News.READY))
        supervisor.restart("toy")
        assert (await back).instance_id != before
        assert [event.reason for event in news if event.news is News.EXITED] == ["exited with status 0"]


async def test_a_plain_process_is_ready_with_its_line_and_others_use_what_it_says():
    echo = "import json, os, signal\nprint(json.dumps({'ready': True, 'got': os.environ['PORT']}))\nsignal.pause()"
    core = script("core", echo, requires=("chain",), env=lambda facts: {"PORT": str(facts["chain"]["port"])})
    async with world(core, script("chain", SERVICE)) as (supervisor, news):
        await supervisor.wait_ready()
        assert supervisor.facts("core") == {"ready": True, "got": "7"}
    order = [(event.name, event.news) for event in news]
    assert order.index(("chain", News.READY)) < order.index(("core", News.STARTED))
    assert order.index(("core", News.STOPPED)) < order.index(("chain", News.EXITED))


async def test_what_requires_a_process_that_was_given_up_is_given_up_too():
    broken = script("chain", "raise SystemExit(78)")
    async with world(script("core", SERVICE, requires=("chain",)), broken) as (supervisor, _):
        with pytest.raises(ProcessFailedError, match="it requires chain"):
            await supervisor.wait_ready("core")


async def test_a_process_that_never_says_ready_is_started_again():
    policy = Policy(start_limit=10**8, backoff_first=10**6, backoff_cap=10**6, intensity=1)
    async with world(script("mute", "import signal; signal.pause()", policy=policy)) as (supervisor, _):
        with pytest.raises(ProcessFailedError, match=r"not ready within 0\.1 s"):
            await supervisor.wait_ready()


async def test_a_process_that_ignores_sigterm_is_killed_after_the_grace():
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVICE
    async with world(script("old", stubborn, policy=Policy(stop_grace=10**8))) as (supervisor, news):
        await supervisor.wait_ready()
    assert [event.reason for event in news if event.news is News.EXITED] == ["killed by SIGKILL"]


async def test_a_missing_program_is_given_up_at_once():
    spec = ProcessSpec(name="none", kind="service", argv=("/no/such/program",), policy=Policy(intensity=0))
    async with world(spec) as (supervisor, _):
        with pytest.raises(ProcessFailedError, match="status 127"):
            await supervisor.wait_ready()


async def test_a_command_line_that_cannot_be_made_fails_only_its_process():
    spec = ProcessSpec(name="none", kind="service", argv=lambda facts: [facts["absent"]["port"]])
    async with world(spec, script("chain", SERVICE)) as (supervisor, _):
        with pytest.raises(ProcessFailedError, match="command line cannot be made"):
            await supervisor.wait_ready("none")
        await supervisor.wait_ready("chain")


async def test_descendants_of_a_process_end_with_it():
    code = (
        "import json, subprocess, sys, signal\n"
        "child = subprocess.Popen([sys.executable, '-S', '-c', 'import signal; signal.pause()'])\n"
        "print(json.dumps({'ready': True, 'child': child.pid}))\nsignal.pause()"
    )
    async with world(script("parent", code)) as (supervisor, _):
        await supervisor.wait_ready()
        child = supervisor.facts("parent")["child"]
        os.kill(child, 0)
    state = await asyncio.to_thread(_process_state, child)
    assert state in ("gone", "Z")


def _process_state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "gone"


async def test_operators_list_and_restart_processes_over_the_socket():
    async with (
        world(toy(), script("chain", SERVICE)) as (supervisor, _),
        serve_supervision(supervisor) as address,
        open_channel(address) as channel,
        asyncio.TaskGroup() as group,
    ):
        await supervisor.wait_ready()
        stub = operations_pb2_grpc.PluginServiceStub(channel)
        listed = (await stub.ListProcesses(operations_pb2.ListProcessesRequest())).processes
        assert [(one.name, one.kind, one.state) for one in listed] == [
            ("toy", "plugin", connector_pb2.STATE_READY),
            ("chain", "service", connector_pb2.STATE_READY),
        ]
        back = group.create_task(happened(supervisor, lambda event: event.news is News.READY))
        await stub.RestartProcess(operations_pb2.RestartProcessRequest(name="toy"))
        assert (await back).name == "toy"
        with pytest.raises(AioRpcError) as caught:
            await stub.RestartProcess(operations_pb2.RestartProcessRequest(name="tor"))
        assert isinstance(error_of(caught.value), NotFoundError)


async def test_signals_to_what_does_not_run_are_refused():
    async with world(script("mute", "raise SystemExit(78)")) as (supervisor, _):
        with pytest.raises(ProcessFailedError):
            await supervisor.wait_ready()
        with pytest.raises(SupervisionError, match="mute is not running"):
            supervisor.kill("mute")


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        ([script("a", ""), script("a", "")], "same name"),
        ([script("a", "", requires=("b",))], "requires 'b'"),
        ([script("a", "", requires=("b",)), script("b", "", requires=("a",))], "circle"),
        ([script("../a", "")], "must be lower-case"),
    ],
)
def test_a_list_of_processes_that_makes_no_sense_is_refused(specs, words):
    with pytest.raises(SpecificationError, match=words):
        start_order(specs)


def test_the_supervisor_works_on_uvloop_as_well():
    async def scenario():
        async with world(toy(), script("chain", SERVICE)) as (supervisor, news), asyncio.TaskGroup() as group:
            await supervisor.wait_ready()
            back = group.create_task(happened(supervisor, lambda event: event.news is News.READY))
            supervisor.kill("toy")
            await back
        return [event.reason for event in news if event.news is News.EXITED]

    ends = uvloop.run(scenario())
    assert sorted(ends) == ["exited with status 0", "killed by SIGKILL", "killed by SIGTERM"]


async def test_a_cancelled_supervisor_stops_everything_in_order(tmp_path):
    tmp_path.chmod(0o700)
    core = script("core", SERVICE, requires=("chain",))
    supervisor = Supervisor([core, script("chain", SERVICE)], run_dir=tmp_path / "r", data_root=tmp_path / "d")
    news = []
    supervisor.subscribe(news.append)
    running = asyncio.ensure_future(supervisor.run())
    await supervisor.wait_ready()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [event.name for event in news if event.news is News.STOPPED] == ["core", "chain"]
    assert all(status.pid == 0 for status in supervisor.processes())
