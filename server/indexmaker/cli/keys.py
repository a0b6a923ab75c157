"""The key of the account that signs, as commands are given it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from indexmaker_client import Signer

__all__ = ["KeyFile", "read_signer"]

KeyFile = Annotated[
    Path | None,
    Parameter(help="File with the account's private key; otherwise the variable INDEXMAKER_PRIVATE_KEY is read."),
]


def read_signer(chain_id: int, key_file: Path | None) -> Signer | None:
    """The account's signer; None after saying on stderr what is wrong with the key."""
    try:
        key = key_file.read_text().strip() if key_file else os.environ.get("INDEXMAKER_PRIVATE_KEY", "")
        if not key:
            print("no key: give --key-file FILE or set INDEXMAKER_PRIVATE_KEY", file=sys.stderr)
            return None
        return Signer(chain_id, key)
    except OSError as error:
        print(f"--key-file: {error.strerror}: {key_file}", file=sys.stderr)
    except ValueError:
        print("the private key is not 32 bytes of hexadecimal", file=sys.stderr)
    return None
