"""Leases: who may write, and when another may take over."""

from __future__ import annotations

import asyncio
import os

import msgspec
import pytest

from indexmaker.runtime import Holder, Lease, LeaseHeldError, LeaseKeeper, LeaseLostError, ManualClock, this_process
from indexmaker.runtime.lease import claim, is_gone

TTL = 10_000_000_000
OTHER = Holder("other", "far-away", "boot/ns", 42, "777")


def held(*, until: int = TTL) -> Lease:
    return Lease("toy", 4, OTHER, acquired_at=0, expires_at=until)


def test_the_first_lease_has_epoch_one() -> None:
    lease = claim(None, engine="toy", holder=this_process("me"), now=5, ttl=TTL)
    assert (lease.epoch, lease.acquired_at, lease.expires_at) == (1, 5, 5 + TTL)


def test_a_live_lease_is_refused_and_its_owner_named() -> None:
    with pytest.raises(LeaseHeldError, match=r"run by other \(process 42 on far-away, epoch 4, lease ends in 9\.0 s\)"):
        claim(held(), engine="toy", holder=this_process("me"), now=1_000_000_000, ttl=TTL)


def test_an_ended_lease_is_taken_over_under_a_new_epoch() -> None:
    assert claim(held(until=100), engine="toy", holder=this_process("me"), now=100, ttl=TTL).epoch == 5


def test_a_lease_of_a_process_that_is_gone_is_taken_over_at_once() -> None:
    lease = claim(held(), engine="toy", holder=this_process("me"), now=1, ttl=TTL, gone=lambda _one, _me: True)
    assert lease.epoch == 5


def test_a_process_is_gone_only_if_that_can_be_seen_from_here() -> None:
    me = this_process("me")
    assert not is_gone(me, me)
    assert not is_gone(msgspec.structs.replace(me, host="elsewhere", pid=2**22 + 1), me)
    assert not is_gone(msgspec.structs.replace(me, scope="another boot", pid=2**22 + 1), me)
    assert is_gone(msgspec.structs.replace(me, pid=2**22 + 1), me)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs a process table")  # noqa: PTH110
def test_a_reused_process_id_is_not_mistaken_for_the_holder() -> None:
    me = this_process("me")
    assert is_gone(msgspec.structs.replace(me, started="1"), me)


class Shelf:
    """A lease store that records what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.renewed = asyncio.Event()
        self.lost = False

    async def acquire(self, engine: str, *, holder: Holder, now: int, ttl: int) -> Lease:
        self.calls.append("acquire")
        return Lease(engine, 1, holder, now, now + ttl)

    async def renew(self, lease: Lease, *, now: int, ttl: int) -> Lease:
        if self.lost:
            raise LeaseLostError(lease.engine, epoch=lease.epoch, reason="another process has taken over")
        self.calls.append("renew")
        self.renewed.set()
        return Lease(lease.engine, lease.epoch, lease.holder, lease.acquired_at, now + ttl)

    async def release(self, lease: Lease, *, now: int) -> None:
        self.calls.append("release")


def keeper_of(shelf: Shelf) -> LeaseKeeper:
    return LeaseKeeper(shelf, engine="toy", holder=this_process("me"), clock=ManualClock(), ttl=3_000_000)


async def test_the_keeper_renews_until_it_is_stopped_and_then_releases() -> None:
    shelf = Shelf()
    keeper = keeper_of(shelf)
    await keeper.acquire()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keeper.run())
        await shelf.renewed.wait()
        keeper.stop()
    assert shelf.calls[:2] == ["acquire", "renew"]
    assert shelf.calls[-1] == "release"


async def test_a_lost_lease_ends_the_keeper_with_an_error() -> None:
    shelf = Shelf()
    keeper = keeper_of(shelf)
    await keeper.acquire()
    shelf.lost = True
    with pytest.raises(LeaseLostError, match="must stop"):
        await keeper.run()
    assert "release" not in shelf.calls
