"""`python -m indexmaker.bench.intake_client SOCKET FILE GROUP`: sends signed orders over one stream and times the
answers. A process of its own, so that it does not share the core's interpreter.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path

from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.api.solver.v1 import solver_pb2_grpc as rpc
from indexmaker.connectors.channel import open_channel

__all__ = ["main"]

_WINDOW = 4
"""Messages that may wait for their answer."""


async def _run(address: str, orders: list[pb.SubmitIndexOrderRequest], group: int) -> dict[str, object]:
    waits: list[float] = []
    accepted = 0
    async with open_channel(address) as channel:
        stub = rpc.SolverServiceStub(channel)
        begun = time.perf_counter()
        if group == 1:
            for order in orders:
                sent = time.perf_counter()
                response = await stub.SubmitIndexOrder(order)
                waits.append(time.perf_counter() - sent)
                accepted += response.order.state == pb.INDEX_ORDER_STATE_PENDING_COLLATERAL
        else:
            call = stub.SubmitIndexOrders()
            times: deque[float] = deque()
            messages = [orders[start : start + group] for start in range(0, len(orders), group)]
            for number in range(len(messages) + _WINDOW):
                if number < len(messages):
                    times.append(time.perf_counter())
                    await call.write(pb.SubmitIndexOrdersRequest(orders=messages[number]))
                if number >= _WINDOW - 1 and times:
                    answer = await call.read()
                    assert isinstance(answer, pb.SubmitIndexOrdersResponse)
                    waits += [time.perf_counter() - times.popleft()] * len(answer.results)
                    accepted += sum(
                        result.response.order.state == pb.INDEX_ORDER_STATE_PENDING_COLLATERAL
                        for result in answer.results
                    )
            await call.done_writing()
        spent = time.perf_counter() - begun
    return {"orders": len(orders), "accepted": accepted, "seconds": spent, "waits": waits}


def main(address: str, file: str, group: str) -> None:
    """Read the orders, send them, print the times as JSON."""
    data = pb.SubmitIndexOrdersRequest.FromString(Path(file).read_bytes())
    print(json.dumps(asyncio.run(_run(address, list(data.orders), int(group)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
