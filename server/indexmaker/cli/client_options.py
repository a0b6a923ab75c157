"""Options and output that the client commands share."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Annotated, TypeVar

import grpc
from cyclopts import Parameter
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from indexmaker.connectors.status import error_of
from indexmaker_client import Client

__all__ = ["Core", "Json", "print_json", "print_table", "run_client"]

T = TypeVar("T")

Core = Annotated[
    str,
    Parameter(
        help="Address of the core: unix:/run/core.sock or host:port.", env_var="INDEXMAKER_CORE", show_default=True
    ),
]
Json = Annotated[bool, Parameter(name="--json", help="Print JSON, one object a line.", negative="")]


def run_client(core: str, work: Callable[[Client], Awaitable[int]]) -> int:
    """Connect, do the work and turn failures into one line on stderr; 0 done, 1 refused, 3 core not reachable."""

    async def session() -> int:
        async with Client(core, token=os.environ.get("INDEXMAKER_TOKEN", "")) as client:
            return await work(client)

    try:
        return asyncio.run(session())
    except grpc.aio.AioRpcError as failure:
        error = error_of(failure)
        if failure.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            print(f"no core answers at {core}: start it with `indexmaker up`, or give --core", file=sys.stderr)
            return 3
        print(f"{error.reason}: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def print_json(messages: Iterable[Message]) -> None:
    """One JSON object a line, with every field."""
    for message in messages:
        text = MessageToJson(
            message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, indent=None
        )
        print(text, flush=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people; wider than the terminal rather than cut."""
    table = Table(box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console()
    needed = Measurement.get(console, console.options.update(max_width=10_000), table).maximum
    Console(width=max(console.width, needed)).print(table)
