"""What can go wrong between this plugin and a chain; in brackets the kind that callers are told.

RpcError                      the node answered with an error (stays inside)
ChainUnknownError             [NOT_FOUND] no chain of that id is configured
KeyMissingError               [REJECTED] a transaction was asked of a plugin without a key
NodeUnavailableError          [TRANSIENT] no node answers
WrongChainError               [REJECTED] a node serves another chain than configured
ReorgTooDeepError             [REJECTED] the chain was rewritten below the window that is followed
CursorUnknownError            [REJECTED] a cursor's block left the chain and nobody remembers it
InsufficientFundsError        [TRANSIENT] the sender cannot pay for the gas
FeeLimitError                 [TRANSIENT] fees have risen above the configured limit
JournalMismatchError          [REJECTED] the transaction journal belongs to another chain

A field that breaks its rule is the kit's `InvalidFieldError`, a bad key its `ConfigurationError`.
"""

from __future__ import annotations

from indexmaker.connectors.errors import NotFoundError, RejectedError, TransientError

__all__ = [
    "ChainUnknownError",
    "CursorUnknownError",
    "FeeLimitError",
    "InsufficientFundsError",
    "JournalMismatchError",
    "KeyMissingError",
    "NodeUnavailableError",
    "ReorgTooDeepError",
    "RpcError",
    "WrongChainError",
]


class ChainUnknownError(NotFoundError):
    """No chain of that id is configured."""

    def __init__(self, chain_id: int, *, known: tuple[int, ...]) -> None:
        super().__init__(f"chain {chain_id} is not configured here; served are {', '.join(map(str, known))}")


class KeyMissingError(RejectedError):
    """The plugin runs as a watcher."""

    def __init__(self, chain_id: int) -> None:
        super().__init__(
            f"this plugin holds no key for chain {chain_id}: it watches only. Configure `signer` to send transactions"
        )


class RpcError(Exception):
    """The node understood and refused. `data` is a revert's payload, if there is one."""

    def __init__(self, method: str, *, code: int, message: str, data: bytes | None = None) -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class NodeUnavailableError(TransientError):
    """No configured node gave a usable answer. Nothing is known about the request's effect."""


class WrongChainError(RejectedError):
    """A node serves another chain than configured."""

    def __init__(self, url: str, *, expected: int, found: int) -> None:
        super().__init__(f"{url} serves chain {found}, not {expected}: correct `rpc` or `chain_id`")


class ReorgTooDeepError(RejectedError):
    """The chain was rewritten below the window; what was delivered can no longer be retracted."""

    def __init__(self, chain_id: int, *, block: int, window: int) -> None:
        super().__init__(
            f"chain {chain_id}: the block at height {block} was replaced, deeper than the {window} blocks that are "
            "followed. Check the nodes; then restart this plugin, and resume the client below the fork"
        )


class CursorUnknownError(RejectedError):
    """A client's cursor cannot be brought back to the chain."""

    def __init__(self, chain_id: int, *, number: int, block_hash: str) -> None:
        super().__init__(
            f"chain {chain_id}: block {number} {block_hash} of the cursor is not on the chain, and neither this "
            "plugin nor the nodes remember it. If the chain was started anew, start the client anew; otherwise "
            "check what was delivered since, and resume from a block that is on the chain"
        )


class InsufficientFundsError(TransientError):
    """The sender cannot pay for the gas; nothing was sent."""

    def __init__(self, chain_id: int, *, sender: str) -> None:
        super().__init__(f"chain {chain_id}: {sender} has not enough native coin for gas; fund it and send again")


class FeeLimitError(TransientError):
    """Fees are above the limit; nothing was sent."""

    def __init__(self, chain_id: int, *, wanted: int, limit: int) -> None:
        super().__init__(
            f"chain {chain_id}: a fee of {wanted} wei per gas is needed, `max_fee_gwei` allows {limit} wei; "
            "wait, or raise the limit"
        )


class JournalMismatchError(RejectedError):
    """The journal holds transactions of another chain with the same id."""

    def __init__(self, chain_id: int, *, journal: str, chain: str) -> None:
        super().__init__(
            f"chain {chain_id}: its first block is {chain}, but the journal of transactions was written for a chain "
            f"that starts with {journal}. If the network was set up anew, remove this plugin's data directory; "
            "otherwise correct `rpc`"
        )
