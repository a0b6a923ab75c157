"""Socket addresses: unix sockets in private directories, short enough for the kernel."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from indexmaker.connectors.errors import AddressError

__all__ = ["LONGEST_PATH", "check_address", "private_directory", "socket_address", "socket_path"]

LONGEST_PATH = 107
"""Bytes that Linux allows for the path of a unix socket, without the closing zero."""

_SCHEME = "unix:"


def socket_address(directory: Path, name: str) -> str:
    """The fixed address of a process in a run directory; raises `AddressError` when the path is too long."""
    address = f"{_SCHEME}{directory / name}.sock"
    check_address(address)
    return address


def socket_path(address: str) -> Path | None:
    """The path of a unix address; None for a network address."""
    return Path(address.removeprefix(_SCHEME)) if address.startswith(_SCHEME) else None


def check_address(address: str) -> None:
    """Raise `AddressError` for a relative or too long socket path."""
    path = socket_path(address)
    if path is None:
        return
    if not path.is_absolute():
        raise AddressError(f"socket path {path} is not absolute; write {_SCHEME}{path.absolute()}")
    length = len(os.fsencode(path))
    if length > LONGEST_PATH:
        raise AddressError(
            f"socket path {path} has {length} bytes, the kernel allows {LONGEST_PATH}; choose a shorter run directory"
        )


def private_directory(path: Path) -> Path:
    """Make a directory that only its owner may enter; an existing one must be so already.

    Raises:
        AddressError: It belongs to somebody else, or others may enter it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise AddressError(f"directory {path} belongs to user {status.st_uid}; choose one of your own")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise AddressError(f"directory {path} is open to others; run `chmod 700 {path}` or choose another")
    return path
