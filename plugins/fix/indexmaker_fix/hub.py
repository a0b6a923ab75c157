"""All sessions of the gateway: found by name and by account, each with a worker that answers its requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from indexmaker.connectors.clock import Clock
from indexmaker.identifiers import AccountId
from indexmaker_fix.configuration import FixConfig
from indexmaker_fix.desk import Desk
from indexmaker_fix.effects import Effect
from indexmaker_fix.errors import LogonRefusedError
from indexmaker_fix.live_session import LiveSession
from indexmaker_fix.message import Body, Message
from indexmaker_fix.reports import order_id
from indexmaker_fix.store import Change, SessionRow, Store, answered, put_cancel

__all__ = ["Hub"]

_log = structlog.get_logger(__name__)

_SECOND = 1_000_000_000


class Hub:
    """Knows every session that ever logged on."""

    def __init__(self, config: FixConfig, *, store: Store, desk: Desk, clock: Clock, group: asyncio.TaskGroup) -> None:
        self._config = config
        self._store = store
        self._desk = desk
        self._clock = clock
        self._group = group
        self._sessions: dict[str, LiveSession] = {}
        self._by_account: dict[AccountId, list[LiveSession]] = {}
        self._requests: dict[str, asyncio.Queue[Message]] = {}
        for row in store.sessions():
            self._add(row)
        for pending in store.pending():
            session = self._sessions[pending.session_id]
            session.pending += 1
            self._deliver(session, pending.message)

    @property
    def sessions(self) -> Sequence[LiveSession]:
        """All of them, by name."""
        return [self._sessions[name] for name in sorted(self._sessions)]

    def find(self, session_id: str) -> LiveSession | None:
        """The session of a name, `COMP_ID@ACCOUNT`."""
        return self._sessions.get(session_id)

    def of_account(self, account: AccountId) -> Sequence[LiveSession]:
        """The sessions that get an account's reports."""
        return self._by_account.get(account, ())

    def claim(self, comp_id: str, account: AccountId) -> LiveSession:
        """The session of a proven account under a comp id, for one connection at a time.

        Raises:
            LogonRefusedError: the comp id is not registered for the account, or the session is logged on already.
        """
        registered = self._config.comp_ids
        if registered and registered.get(comp_id, "").lower() != str(account):
            raise LogonRefusedError(f"SenderCompID {comp_id} is not registered for {account}; ask the operator")
        row = SessionRow(comp_id, str(account), 1, 1, self._clock.now())
        session = self._sessions.get(row.session_id) or self._add(row)
        if session.claimed:
            raise LogonRefusedError(f"{comp_id} is logged on already; one connection at a time")
        session.claimed = True
        return session

    async def distribute(
        self, messages: Sequence[tuple[LiveSession, str, Body]], *, extra: Sequence[Change] = ()
    ) -> None:
        """Send messages to several sessions, in one transaction with other changes: all of it or nothing."""
        numbered: list[tuple[LiveSession, list[Effect]]] = [
            (session, session.number([(msg_type, body)])) for session, msg_type, body in messages
        ]
        changes = [change for session, effects in numbered for change in session.changes(effects)]

        def release() -> None:
            for session, effects in numbered:
                session.release(effects, None)

        await self._store.commit([*changes, *extra], then=release)

    def _add(self, row: SessionRow) -> LiveSession:
        session = LiveSession(
            row,
            gateway=self._config.comp_id,
            tolerance=self._config.clock_tolerance_seconds * _SECOND,
            keep_messages=self._config.keep_messages,
            store=self._store,
            clock=self._clock,
            deliver=self._deliver,
        )
        self._sessions[session.session_id] = session
        self._by_account.setdefault(session.account, []).append(session)
        self._requests[session.session_id] = asyncio.Queue()
        self._group.create_task(self._work(session), name=f"requests of {session.session_id}")
        return session

    def _deliver(self, session: LiveSession, message: Message) -> None:
        self._requests[session.session_id].put_nowait(message)

    async def _work(self, session: LiveSession) -> None:
        requests = self._requests[session.session_id]
        while True:
            message = await requests.get()
            if message.msg_type == "F":
                await self._remember_cancel(session, message)
            answers = await self._desk.carry_out(
                message, account=session.account, request_id=f"{session.comp_id}.{message.number}"
            )
            session.pending -= 1
            await session.send_all(answers, extra=[answered(session.session_id, message.number)])

    async def _remember_cancel(self, session: LiveSession, message: Message) -> None:
        """Reports on the cancel may overtake its answer, so its id is kept before it is asked."""
        cancelled = order_id(str(session.account), message.body["OrigClOrdID"])
        await self._store.commit([put_cancel(session.session_id, cancelled, message.body["ClOrdID"])])
