"""A session with its numbers on disk and, while the client is there, its connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from indexmaker.connectors.clock import Clock
from indexmaker.identifiers import AccountId
from indexmaker_fix.connection import Connection
from indexmaker_fix.effects import Close, Deliver, Effect, LoggedOn, Replay, Restart, Send
from indexmaker_fix.message import Body, Message
from indexmaker_fix.session import Session
from indexmaker_fix.store import Change, SessionRow, Store, drop_kept, keep, put_session, take

__all__ = ["LiveSession"]

_log = structlog.get_logger(__name__)


class LiveSession:
    """Carries out what the state machine asks for: first everything on disk, then the wire, in one order."""

    def __init__(
        self,
        row: SessionRow,
        *,
        gateway: str,
        tolerance: int,
        keep_messages: int,
        store: Store,
        clock: Clock,
        deliver: Callable[[LiveSession, Message], None],
    ) -> None:
        self.comp_id = row.comp_id
        self.session_id = row.session_id
        self.account = AccountId.parse(row.account)
        self.changed_at = row.changed_at
        self.pending = 0
        self.claimed = False
        self.machine = Session(
            sender=gateway, target=row.comp_id, next_in=row.next_in, next_out=row.next_out, tolerance=tolerance
        )
        self._keep_messages = keep_messages
        self._store = store
        self._clock = clock
        self._deliver = deliver
        self._connection: Connection | None = None

    @property
    def connected(self) -> bool:
        """Whether the client is logged on."""
        return self._connection is not None

    async def perform(self, effects: Sequence[Effect], *, connection: Connection | None = None) -> None:
        """Carry out effects of the machine; `connection` is the one that is logging on, or speaks."""
        if effects:
            changes = self.changes(effects)
            await self._store.commit(changes, then=lambda: self.release(effects, connection))

    async def send(self, msg_type: str, body: Body, *, extra: Sequence[Change] = ()) -> None:
        """Send an application message, now or when the client is back, together with other changes."""
        await self.send_all([(msg_type, body)], extra=extra)

    async def send_all(self, messages: Sequence[tuple[str, Body]], *, extra: Sequence[Change] = ()) -> None:
        """Send several, in one transaction with other changes."""
        effects = self.number(messages)
        changes = [*self.changes(effects), *extra]
        await self._store.commit(changes, then=lambda: self.release(effects, None))

    def number(self, messages: Sequence[tuple[str, Body]]) -> list[Effect]:
        """Give application messages their numbers; the effects must be committed at once, and in this order."""
        now = self._clock.now()
        return [self.machine.send(msg_type, body, now=now) for msg_type, body in messages]

    def changes(self, effects: Sequence[Effect]) -> list[Change]:
        """What must be on disk before the effects are released."""
        changes: list[Change] = []
        for effect in effects:
            match effect:
                case Send(message, stored=True):
                    changes.append(keep(self.session_id, message))
                case Deliver(message):
                    self.pending += 1
                    changes.append(take(self.session_id, message))
                case Restart():
                    changes.append(drop_kept(self.session_id, below=2**63 - 1))
                case LoggedOn(acknowledged):
                    changes.append(drop_kept(self.session_id, below=acknowledged - self._keep_messages))
                case Replay() | Close() | Send():
                    pass
        row = SessionRow(self.comp_id, str(self.account), self.machine.next_in, self.machine.next_out, self.changed_at)
        return [*changes, put_session(row)]

    def release(self, effects: Sequence[Effect], speaking: Connection | None) -> None:
        """Let out what is on disk."""
        for effect in effects:
            match effect:
                case LoggedOn():
                    self._connection = speaking
                    self.changed_at = self._clock.now()
                    _log.info("logged on", session=self.session_id)
                case Send(message):
                    # A refused logon is answered although its connection never becomes the session's.
                    connection = self._connection or speaking
                    if connection is not None:
                        connection.push(message)
                case Deliver(message):
                    self._deliver(self, message)
                case Replay(begin, end):
                    if self._connection is not None:
                        self._connection.replay(begin, end)
                case Close(reason):
                    if speaking is not None:
                        speaking.end(reason)
                case Restart():
                    pass

    async def logout(self, reason: str) -> None:
        """Say goodbye to the client, if it is there."""
        await self.perform(self.machine.logout(reason, now=self._clock.now()), connection=self._connection)

    async def left(self) -> None:
        """The connection is gone; waits until what it asked for before is done."""
        await self._store.commit(self.changes([]), then=self._forget_connection)

    def _forget_connection(self) -> None:
        if self._connection is not None:
            _log.info("left", session=self.session_id, reason=self._connection.close_reason)
        self._connection = None
        self.claimed = False
        self.machine.disconnected()
        self.changed_at = self._clock.now()
