"""A node's `newHeads` as a wake-up. What it says is not believed, and nothing is missed when it is silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from indexmaker_evm.rpc import redact

__all__ = ["wake_on_heads"]

log = structlog.get_logger(__name__)

RECONNECT_S = 5.0
_SUBSCRIBE = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]})


async def wake_on_heads(url: str, wake: Callable[[], None]) -> None:
    """Call `wake` at each message, reconnecting for ever, until cancelled."""
    while True:
        try:
            async with connect(url) as socket:
                await socket.send(_SUBSCRIBE)
                wake()  # for what came while nobody listened
                async for _ in socket:
                    wake()
        except (OSError, TimeoutError, WebSocketException) as error:
            log.info("heads_unsubscribed", node=redact(url), reason=type(error).__name__)
        await asyncio.sleep(RECONNECT_S)
