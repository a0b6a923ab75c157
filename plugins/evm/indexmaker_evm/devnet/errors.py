"""What can go wrong with the development network.

DevnetError
├── AnvilNotFoundError      no node binary; the message says how to get one
├── PortTakenError          a wanted port is in use
├── NodeFailedError         a node did not start, or stopped
├── TransactionFailedError  a transaction was refused or reverted
├── ManifestError           devnet.json is missing or foreign
└── StateMismatchError      the state directory belongs to another setup
"""

from __future__ import annotations

__all__ = [
    "AnvilNotFoundError",
    "DevnetError",
    "ManifestError",
    "NodeFailedError",
    "PortTakenError",
    "StateMismatchError",
    "TransactionFailedError",
]


class DevnetError(Exception):
    """Base of all; the message is meant for the person at the terminal."""


class AnvilNotFoundError(DevnetError):
    """No anvil binary was found."""


class PortTakenError(DevnetError):
    """Another process listens on a wanted port."""


class NodeFailedError(DevnetError):
    """A node did not become ready or stopped on its own."""


class TransactionFailedError(DevnetError):
    """A transaction of the setup, the relayer or a user was refused or reverted."""


class ManifestError(DevnetError):
    """`devnet.json` cannot be read."""


class StateMismatchError(DevnetError):
    """The saved chain state was made for other indices."""
