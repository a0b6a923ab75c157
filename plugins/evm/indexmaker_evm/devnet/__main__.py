"""`python -m indexmaker_evm.devnet`: runs the development network until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import structlog

from indexmaker_evm.devnet.deploy import DEFAULT_INDICES, IndexToDeploy
from indexmaker_evm.devnet.errors import DevnetError
from indexmaker_evm.devnet.network import NetworkSettings, run_network

__all__ = ["main"]

EXIT_FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return the exit code: 0 stopped when asked, 1 failed with a message on stderr, 2 wrong usage."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    settings = _settings(arguments)
    problems: list[str] = []
    try:
        asyncio.run(_run(settings))
    except* DevnetError as group:
        problems.extend(_messages(group))
    for problem in problems:
        sys.stderr.write(f"devnet: {problem}\n")
    return EXIT_FAILED if problems else 0


def _messages(group: BaseExceptionGroup[DevnetError]) -> Iterator[str]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _messages(error)
        else:
            yield str(error)


async def _run(settings: NetworkSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_network(settings, ready=_announce, stop=stop)


def _announce(manifest: Path) -> None:
    line = msgspec.json.encode({"ready": True, "manifest": str(manifest)})
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()


def _settings(arguments: Sequence[str] | None) -> NetworkSettings:
    parser = argparse.ArgumentParser(
        prog="python -m indexmaker_evm.devnet",
        description="Runs two local chains (ids 42161 and 8453) with every contract, funded accounts and a "
        "bridge relayer. Prints one JSON line when ready and writes devnet.json to the run directory.",
    )
    parser.add_argument("--run-dir", type=Path, required=True, help="for devnet.json, keys and logs")
    parser.add_argument("--indices", type=Path, help='JSON list of {"symbol": ..., "name": ...} to deploy')
    parser.add_argument("--arbitrum-port", type=int, default=0, help="default: any free port")
    parser.add_argument("--base-port", type=int, default=0, help="default: any free port")
    parser.add_argument("--block-seconds", type=int, default=1, help="0: one block per transaction (default: 1)")
    parser.add_argument("--state-dir", type=Path, help="keep the chains here between runs")
    given = parser.parse_args(arguments)
    return NetworkSettings(
        run_dir=given.run_dir.resolve(),
        indices=DEFAULT_INDICES if given.indices is None else _read_indices(given.indices, parser),
        arbitrum_port=given.arbitrum_port,
        base_port=given.base_port,
        block_seconds=given.block_seconds,
        state_dir=given.state_dir.resolve() if given.state_dir else None,
    )


def _read_indices(path: Path, parser: argparse.ArgumentParser) -> list[IndexToDeploy]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[IndexToDeploy])
    except (OSError, msgspec.DecodeError) as error:
        parser.error(f'--indices {path}: {error}; it holds a list such as [{{"symbol": "TOP10", "name": "Top Ten"}}]')


if __name__ == "__main__":
    sys.exit(main())
