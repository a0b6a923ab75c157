"""One supervisor for one run directory: two of them would take each other's sockets."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexmaker.connectors.address import private_directory
from indexmaker.connectors.errors import AddressError

__all__ = ["run_lock"]


@contextmanager
def run_lock(run_dir: Path) -> Iterator[None]:
    """Hold the directory until the block, or the process, ends.

    Raises:
        AddressError: Another supervisor holds it, or it is open to others.
    """
    private_directory(run_dir.absolute())
    path = run_dir / "supervisor.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            raise AddressError(
                f"{run_dir} is in use by another supervisor (process {holder}): stop that one, "
                "or choose another run_directory"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
