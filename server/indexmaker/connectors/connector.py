"""The class that a plugin's author writes, and the small types that it speaks in."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from indexmaker.connectors.clock import Clock
from indexmaker.connectors.manifest import Manifest

if TYPE_CHECKING:
    import grpc.aio

__all__ = ["Capability", "Connector", "Context", "Probe", "State", "Upstream"]

C = TypeVar("C", bound=msgspec.Struct)


class State(enum.Enum):
    """Whether a plugin can work; the names are those of the proto's `State`."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    DRAINING = "draining"
    FAILED = "failed"


class Capability(msgspec.Struct, frozen=True):
    """One thing that the plugin can (or plainly cannot) do, such as `order-entry.amend`."""

    name: str
    supported: bool = True
    note: str = ""


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """Something outside that the plugin depends on, named without secrets. `heard_at` is UTC nanoseconds."""

    name: str
    connected: bool
    heard_at: int = 0


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """The plugin's own judgement of itself; `reason` is one line, empty when READY."""

    state: State
    reason: str = ""
    upstreams: tuple[Upstream, ...] = ()


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What the host gives to a connector.

    Attributes:
        name: Name of this process in the host's configuration; two plugins of one kind have two names.
        instance_id: New for each process; goes into every stream message.
        data_dir: Private directory that survives restarts. No other live process works in it.
        clock: Time.
    """

    name: str
    instance_id: str
    data_dir: Path
    clock: Clock


class Connector(Generic[C]):
    """Base of every plugin. The host makes one, without arguments, in the plugin's own process.

    Order of calls: `register` once, before anything else; `configure` when the host offers a configuration;
    `run` once, after the first accepted one; `probe` at any time; `drain` before an orderly end, then `run`
    is cancelled. Calls to the role services are held off with UNAVAILABLE until the first configuration is
    accepted.
    """

    configuration: type[C]
    """Type of the configuration: a frozen `msgspec.Struct`; fields that hold secrets are `SecretRef`."""

    manifest: Manifest | None = None
    """Only for connectors that are started by their target instead of by an entry point."""

    def capabilities(self) -> Sequence[Capability]:
        """What the plugin can do within its roles. May be called before `configure`."""
        return ()

    async def configure(self, config: C, *, context: Context) -> None:
        """Take a configuration in force, or raise and change nothing: the last accepted one stays.

        Called one at a time; again for each new revision, also while `run` is running. Check what can be
        checked cheaply (keys, addresses); connecting belongs into `run`.

        Raises:
            ConfigurationError: Refused; path, summary and detail go back to the host as a diagnostic.
        """
        raise NotImplementedError

    async def run(self) -> None:
        """Work until cancelled, in a task group of the plugin's own.

        An exception means that the plugin cannot go on: it is logged, the process ends with status 1 and the
        supervisor starts a new one. Returning means that there is no background work.
        """

    def register(self, server: grpc.aio.Server) -> None:
        """Add the servicers of the plugin's roles to the server."""
        raise NotImplementedError

    def probe(self) -> Probe:
        """Judge whether the plugin can work. Must answer at once, from what is known."""
        return Probe(state=State.READY)

    async def drain(self, *, deadline: int) -> AsyncIterator[int]:
        """Take no new work, finish what is open, and yield how much is left whenever that changes.

        `deadline` is UTC nanoseconds. Ending the iteration means drained; by default there is nothing to
        finish.
        """
        for remaining in (0,):
            yield remaining

    def last_sequences(self) -> Mapping[str, int]:
        """Last sequence sent on each stream, told to the host when drained."""
        return {}
