"""Leases in the journal's own database, so that the fence and the append share a transaction."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from indexmaker.runtime.errors import LeaseLostError
from indexmaker.runtime.lease import Holder, Lease, claim, is_gone
from indexmaker.storage.database import Database
from indexmaker.storage.models import LeaseRow, table

__all__ = ["SqlLeases"]

_leases = table(LeaseRow)


class SqlLeases:
    """Keeps the `LeaseStore` contract. `gone` says whether a holder's process has ended."""

    def __init__(self, database: Database, *, gone: Callable[[Holder, Holder], bool] = is_gone) -> None:
        self._database = database
        self._gone = gone

    async def acquire(self, engine: str, *, holder: Holder, now: int, ttl: int) -> Lease:
        """Take the lease; raises `LeaseHeldError`. Times in nanoseconds."""

        def work(connection: sa.Connection) -> Lease:
            current = _current(connection, engine)
            lease = claim(current, engine=engine, holder=holder, now=now, ttl=ttl, gone=self._gone)
            if current is None:
                connection.execute(sa.insert(_leases).values(engine=engine, **_columns(lease)))
            else:
                connection.execute(sa.update(_leases).where(_leases.c.engine == engine).values(_columns(lease)))
            return lease

        try:
            return await self._database.write(work)
        except sa.exc.IntegrityError:
            # Two newcomers met on PostgreSQL, where a missing row cannot be locked; the row exists by now.
            return await self._database.write(work)

    async def renew(self, lease: Lease, *, now: int, ttl: int) -> Lease:
        """Extend the lease; raises `LeaseLostError` when it has changed hands or the database fails."""
        try:
            count = await self._database.write(lambda connection: _set_expiry(connection, lease, now + ttl))
        except sa.exc.SQLAlchemyError as reason:
            raise LeaseLostError(
                lease.engine, epoch=lease.epoch, reason=f"it could not be renewed ({type(reason).__name__})"
            ) from reason
        if count != 1:
            raise LeaseLostError(lease.engine, epoch=lease.epoch, reason="another process has taken over")
        return Lease(lease.engine, lease.epoch, lease.holder, lease.acquired_at, now + ttl)

    async def release(self, lease: Lease, *, now: int) -> None:
        """End the lease now; nothing happens when it has changed hands."""
        await self._database.write(lambda connection: _set_expiry(connection, lease, now))

    def current(self, engine: str) -> Lease | None:
        """The lease as it stands, ended or not."""
        with self._database.reading() as connection:
            return _current(connection, engine)


def _current(connection: sa.Connection, engine: str) -> Lease | None:
    query = sa.select(_leases).where(_leases.c.engine == engine).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    holder = Holder(row.owner, row.host, row.scope, row.pid, row.started)
    return Lease(row.engine, row.epoch, holder, row.acquired_at, row.expires_at)


def _columns(lease: Lease) -> dict[str, int | str]:
    holder = {name: getattr(lease.holder, name) for name in Holder.__struct_fields__}
    return {
        "epoch": lease.epoch,
        "acquired_at": lease.acquired_at,
        "expires_at": lease.expires_at,
        **holder,
    }


def _set_expiry(connection: sa.Connection, lease: Lease, expires_at: int) -> int:
    mine = (_leases.c.engine == lease.engine, _leases.c.epoch == lease.epoch)
    return connection.execute(sa.update(_leases).where(*mine).values(expires_at=expires_at)).rowcount
