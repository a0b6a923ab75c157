"""Starts a program that dies with its parent: `python -I -S launch.py PARENT_PID PROGRAM [ARGUMENT …]`.

The kernel keeps the parent-death signal across exec, so the program keeps its process id and needs to know
nothing of this. Only the standard library is used, because it runs before every process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["die_with_parent", "launch_argv"]

_PR_SET_PDEATHSIG = 1
_EX_USAGE = 64
_EX_NOTFOUND = 127


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies (Linux; elsewhere nothing happens).

    Ends the process at once when `parent` is dead already.
    """
    if sys.platform != "linux":
        return
    # SIGKILL: what outlives its supervisor must not decide for itself whether to stop.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:
        sys.exit(f"parent process {parent} is gone")


def launch_argv(argv: Sequence[str]) -> list[str]:
    """The command line that starts `argv` as a child of this process that dies with it."""
    return [sys.executable, "-I", "-S", str(Path(__file__)), str(os.getpid()), *argv]


def main() -> None:
    """Become the program that the arguments name."""
    if len(sys.argv) < 3 or not sys.argv[1].isdecimal():
        sys.stderr.write("usage: launch.py PARENT_PID PROGRAM [ARGUMENT …]\n")
        sys.exit(_EX_USAGE)
    die_with_parent(int(sys.argv[1]))
    program = sys.argv[2:]
    try:
        os.execvp(program[0], program)
    except OSError as error:
        sys.stderr.write(f"cannot start {program[0]}: {error.strerror}\n")
        sys.exit(_EX_NOTFOUND)


if __name__ == "__main__":
    main()
