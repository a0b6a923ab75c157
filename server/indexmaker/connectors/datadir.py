"""The private, persistent directory of a process, held by one live process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexmaker.connectors.address import private_directory
from indexmaker.connectors.errors import DataDirBusyError

__all__ = ["held_data_dir"]


@contextmanager
def held_data_dir(path: Path) -> Iterator[Path]:
    """Make the directory (mode 0700) and hold it; the kernel lets go when the process ends, however it ends.

    Raises:
        DataDirBusyError: Another live process holds it; two of them would, for one, spend the same nonces.
    """
    private_directory(path)
    with (path / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataDirBusyError(f"another live process works in {path}; stop it, or use another directory") from None
        yield path
