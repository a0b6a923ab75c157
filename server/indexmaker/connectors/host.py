"""The process of one plugin: `python -m indexmaker.connectors.host NAME`.

A supervisor starts it with an invitation in the environment and reads the handshake line from its standard output.
Started by hand it explains itself, unless `--standalone` asks it to serve for debugging.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import structlog
import uvloop

from indexmaker.connectors.address import socket_address
from indexmaker.connectors.clock import SystemClock
from indexmaker.connectors.connector import Connector, Context
from indexmaker.connectors.datadir import held_data_dir
from indexmaker.connectors.errors import Diagnostic, PluginError, RegistryError
from indexmaker.connectors.handshake import CONTRACT_MAX, CONTRACT_MIN, Handshake, Invitation, take_invitation
from indexmaker.connectors.host_options import HostOptions, parse_options, read_configuration
from indexmaker.connectors.launch import die_with_parent
from indexmaker.connectors.logging import configure_plugin_logging
from indexmaker.connectors.registry import load_manifest, load_target
from indexmaker.connectors.serving import Serving, serving

__all__ = ["EXIT_FAILED", "EXIT_UNUSABLE", "main", "run_plugin"]

EXIT_FAILED = 1
"""The plugin's work raised: starting it again may help."""
EXIT_UNUSABLE = 78
"""The plugin cannot be loaded, configured or bound as it is: a human must mend something."""
_EXIT_USAGE = 64

_log = structlog.get_logger("indexmaker.connectors.host")

_EXPLANATION = """\
This is the plugin {name!r}. It is meant to be started by the supervisor (`indexmaker up`), which configures it and
reads where it listens from its first line.

To run it by hand, for debugging:
    indexmaker plugin run {name} --standalone --config FILE.toml
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the plugin that the arguments name; returns the exit status."""
    options = parse_options(sys.argv[1:] if argv is None else argv)
    return run_plugin(options)


def run_plugin(options: HostOptions) -> int:
    """Run a plugin until it is stopped: 0 stopped in order, 1 its work failed, 78 unusable as it is, 64 by hand."""
    invitation = take_invitation(os.environ)
    if invitation is None and not options.standalone:
        sys.stderr.write(_EXPLANATION.format(name=options.plugin))
        return _EXIT_USAGE
    if invitation is not None:
        die_with_parent(0)
    # What libraries print must not get between the handshake and its reader.
    first_line = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    instance_id = uuid.uuid4().hex
    configure_plugin_logging(plugin=options.name, instance_id=instance_id)
    try:
        with ExitStack() as stack:
            stack.enter_context(first_line)
            return _run(options, invitation, instance_id, first_line, stack)
    except PluginError as error:
        _log.error("plugin cannot run", reason=str(error))
        return EXIT_UNUSABLE


def _run(
    options: HostOptions, invitation: Invitation | None, instance_id: str, first_line: BinaryIO, stack: ExitStack
) -> int:
    manifest, version = load_manifest(options.plugin)
    connector = load_target(manifest.target)()
    if not isinstance(connector, Connector):
        raise RegistryError(f"{manifest.target} is not a Connector")
    data_dir, address = options.data_dir, options.listen
    if data_dir is None or not address:
        scratch = Path(tempfile.mkdtemp(prefix="indexmaker-"))
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        data_dir = data_dir or scratch / "data"
        address = address or socket_address(scratch, options.name)
    stack.enter_context(held_data_dir(data_dir))
    context = Context(name=options.name, instance_id=instance_id, data_dir=data_dir, clock=SystemClock())
    handshake = Handshake(
        v=1,
        contract=(CONTRACT_MIN, CONTRACT_MAX),
        net="unix" if address.startswith("unix:") else "tcp",
        addr=address,
        pid=os.getpid(),
        instance=instance_id,
    )

    async def live() -> int:
        async with serving(
            connector,
            manifest=manifest,
            context=context,
            address=address,
            version=version,
            token=invitation.token if invitation else "",
        ) as served:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, served.life.stopping.set)
            first_line.write(handshake.line())
            first_line.close()
            return await _until_stopped(served, options, context)

    return uvloop.run(live())


async def _until_stopped(served: Serving, options: HostOptions, context: Context) -> int:
    _log.info("serving", address=served.address)
    if options.standalone:
        remarks = await served.service.configure(read_configuration(options.config), revision=1)
        if remarks:
            sys.stderr.write(_refusal(remarks))
            return EXIT_UNUSABLE
    await served.life.stopping.wait()
    if served.life.failure:
        return EXIT_FAILED
    if not served.life.draining and served.life.configured.is_set():
        await served.service.drain(deadline=context.clock.now() + int(options.drain_seconds * 1e9))
    _log.info("stopped")
    return 0


def _refusal(remarks: tuple[Diagnostic, ...]) -> str:
    lines = [f"  {one.attribute or '(whole)'}: {one.summary}. {one.detail}".rstrip() for one in remarks]
    return "\n".join(["the configuration was refused:", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
