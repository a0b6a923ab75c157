"""Index orders through gRPC into a durable journal: signed, checked, committed, answered."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import grpc.aio
import msgspec
from eth_account import Account
from eth_account.messages import encode_typed_data

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.api.solver.v1 import solver_pb2_grpc as rpc
from indexmaker.bench.figures import Figure, percentile
from indexmaker.bench.solver_world import CHAIN, reference_events
from indexmaker.identifiers import AccountId
from indexmaker.runtime import Sequencer, SystemClock
from indexmaker.services.solver.orders_service import OrdersService
from indexmaker.services.solver.reports import project
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.engine import SolverEngine
from indexmaker.storage import Database, ReportLog, ReportRecorder, SqlJournal, upgrade
from indexmaker.typed_data import order_typed_data

__all__ = ["intake_figures"]

_GROUP = 64
_Output = out.SolverCommand | out.SolverReport


def intake_figures(*, orders: int = 2_000) -> list[Figure]:
    """Orders a second and the wait for an answer, over one stream and one call at a time, on one fresh core each."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _signed(orders, root / "orders.bin")
        _signed(max(100, orders // 8), root / "few.bin")
        for name in ("unary", "stream"):
            (root / name).mkdir(mode=0o700)
        unary = asyncio.run(_measure(root / "unary", root / "few.bin", group=1))
        stream = asyncio.run(_measure(root / "stream", root / "orders.bin", group=_GROUP))
    for name, found, peer in (("one call each", unary, None), (f"stream, {_GROUP} a message", stream, unary)):
        if found.accepted != found.orders:
            raise RuntimeError(f"{found.accepted} of {found.orders} orders were accepted")
        compared = found.rate / peer.rate if peer else 1.0
        figures.append(
            Figure(
                name=f"orders durable, {name}", value=found.rate, unit="orders/s", peer="one call each", ratio=compared
            )
        )
        for share in (0.5, 0.99):
            wait = percentile(found.waits, share) * 1000
            figures.append(Figure(name=f"answer p{share * 100:g}, {name}", value=wait, unit="ms"))
    return figures


def _signed(count: int, file: Path) -> None:
    """Orders of as many users, signed with the users' keys."""
    message = pb.SubmitIndexOrdersRequest()
    for number in range(count):
        key = Account.from_key((number + 1).to_bytes(32, "big"))
        owner = AccountId(CHAIN, key.address.lower())
        typed = order_typed_data(owner, client_order_id="one", side="BUY", index="ALL", amount="1000")
        signature = "0x" + key.sign_message(encode_typed_data(full_message=typed)).signature.hex().removeprefix("0x")
        terms = pb.IndexOrderTerms(
            client_order_id="one",
            account=common_pb2.AccountId(chain_id=owner.chain_id, address=owner.address),
            side=pb.INDEX_SIDE_BUY,
            index="ALL",
            amount="1000",
        )
        message.orders.append(pb.SubmitIndexOrderRequest(terms=terms, signature=signature))
    file.write_bytes(message.SerializeToString())


class _Found(msgspec.Struct):
    """What the client measured."""

    orders: int
    accepted: int
    seconds: float
    waits: list[float]

    @property
    def rate(self) -> float:
        return self.orders / self.seconds


async def _measure(root: Path, file: Path, *, group: int) -> _Found:
    upgrade(root / "journal.db")
    engine = SolverEngine()
    with Database(root / "journal.db") as database:
        sequencer: Sequencer[ev.SolverEvent, _Output] = Sequencer(
            engine, SqlJournal(database, engine.name), clock=SystemClock()
        )
        recorder: ReportRecorder[ev.SolverEvent, _Output] = ReportRecorder(
            ReportLog(database, engine.name), project=project
        )
        sequencer.subscribe(recorder)
        server = grpc.aio.server()
        rpc.add_SolverServiceServicer_to_server(OrdersService(engine, sequencer, recorder), server)
        address = f"unix:{root}/core.sock"
        server.add_insecure_port(address)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(sequencer.run())
            recording = tasks.create_task(recorder.run())
            for event in reference_events(assets=81):
                await sequencer.submit(event)
            await server.start()
            found = await _client(address, file, group)
            await server.stop(None)
            sequencer.stop()
            await running
            recorder.stop()
            await recording
    return found


async def _client(address: str, file: Path, group: int) -> _Found:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "indexmaker.bench.intake_client",
        address,
        str(file),
        str(group),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the client ended with {process.returncode}")
    return msgspec.json.decode(output, type=_Found)
