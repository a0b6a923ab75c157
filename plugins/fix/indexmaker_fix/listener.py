"""The door for clients: a WebSocket server, and the conversation on each connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from indexmaker.connectors.clock import Clock
from indexmaker.connectors.errors import ConfigurationError
from indexmaker_fix.configuration import FixConfig, Limits, listen_address
from indexmaker_fix.connection import Connection
from indexmaker_fix.dictionary import DICTIONARY
from indexmaker_fix.door import Door
from indexmaker_fix.effects import Effect
from indexmaker_fix.errors import BusinessReason, Fault, GarbledError, LogonRefusedError
from indexmaker_fix.hub import Hub
from indexmaker_fix.limits import RateLimit
from indexmaker_fix.live_session import LiveSession
from indexmaker_fix.logon import challenge_message, proven_account
from indexmaker_fix.message import Message, decode
from indexmaker_fix.requests import reference_of
from indexmaker_fix.session import Session
from indexmaker_fix.store import Store
from indexmaker_fix.transport import WebSocketTransport

__all__ = ["PATH", "SUBPROTOCOL", "Listener", "bound"]

_log = structlog.get_logger(__name__)

PATH = "/fix"
SUBPROTOCOL = "fixt.1.1+json"
_LARGEST_READ = 1024 * 1024
_CLOSE_SECONDS = 2.0
_SECOND = 1_000_000_000


def bound(config: FixConfig, *, remembered: str) -> socket.socket:
    """A listening socket; with port 0 the `remembered` port if it is free. Raises `ConfigurationError`."""
    host, port = listen_address(config.listen)
    wanted = [int(remembered)] if port == 0 and remembered else []
    failure: OSError | None = None
    for candidate in (*wanted, port):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, candidate))
        except OSError as error:
            made.close()
            failure = error
        else:
            return made
    raise ConfigurationError("listen", f"cannot listen on {config.listen}: {failure}", "choose another port")


class Listener:
    """Takes connections, lets proven ones become sessions, and listens to them."""

    def __init__(
        self, config: FixConfig, hub: Hub, *, store: Store, clock: Clock, new_challenge: Callable[[], str]
    ) -> None:
        self._config = config
        self._hub = hub
        self._store = store
        self._clock = clock
        self._new_challenge = new_challenge
        self._door = Door(config.limits, patience=2 * config.logon_seconds)

    @asynccontextmanager
    async def serving(self, listening: socket.socket) -> AsyncIterator[str]:
        """Serve on a socket until the block ends; yields the URL."""
        app = web.Application()
        app.router.add_get(PATH, self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_SECONDS, handler_cancellation=True)
        await runner.setup()
        assert runner.server is not None
        server = await asyncio.get_running_loop().create_server(self._door.guarding(runner.server), sock=listening)
        try:
            host, port = listening.getsockname()[:2]
            yield f"ws://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
        finally:
            server.close()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", SUBPROTOCOL)
        if SUBPROTOCOL not in [one.strip() for one in offered.split(",")]:
            return web.Response(status=400, text=f"this gateway speaks {SUBPROTOCOL}\n")
        stream = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,), max_msg_size=_LARGEST_READ, timeout=_CLOSE_SECONDS, compress=False
        )
        await stream.prepare(request)
        transport = WebSocketTransport(request, stream)
        connection = Connection(transport, send_queue=self._config.limits.send_queue, now=self._clock.now)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(connection.write())
                try:
                    await self._converse(transport, connection, group)
                finally:
                    connection.finish("closed")
                await asyncio.wait((writer,), timeout=_CLOSE_SECONDS)
                transport.abort()
        except* ConnectionError:
            _log.debug("connection lost", peer=transport.peer)
        return stream

    async def _converse(self, transport: WebSocketTransport, connection: Connection, group: asyncio.TaskGroup) -> None:
        try:
            logon, session = await self._first(transport, connection)
        except LogonRefusedError as error:
            _log.info("logon refused", peer=transport.peer, reason=str(error))
            connection.finish(str(error))
            return
        if session is None:
            return
        self._door.proven(transport.wire)
        replayer = None
        try:
            await session.perform(session.machine.accept(logon, now=self._clock.now()), connection=connection)
            like = (self._config.comp_id, session.comp_id)
            name = session.session_id
            replayer = group.create_task(
                connection.replay_asked(
                    lambda begin, end, limit: self._store.kept(name, begin=begin, end=end, limit=limit), like=like
                )
            )
            await self._listen(transport, connection, session)
        finally:
            if replayer is not None:
                replayer.cancel()
            await session.left()

    async def _first(self, transport: WebSocketTransport, connection: Connection) -> tuple[Message, LiveSession | None]:
        """Challenge the client, read its logon, prove it, and claim its session."""
        challenge = self._new_challenge()
        connection.push_unnumbered(challenge_message(challenge, gateway=self._config.comp_id, now=self._clock.now()))
        target = "UNKNOWN"
        try:
            try:
                data = await transport.receive(seconds=self._config.logon_seconds)
            except TimeoutError:
                raise LogonRefusedError(f"no logon within {self._config.logon_seconds} s") from None
            if data is None:
                raise LogonRefusedError("the client went away")
            try:
                frame = decode(data)
            except GarbledError as error:
                raise LogonRefusedError(str(error)) from None
            logon, fault = DICTIONARY.check(frame, sender="client")
            target = logon.header.get("SenderCompID", target)
            if fault is not None:
                raise LogonRefusedError(fault.text)
            if logon.msg_type != "A":
                raise LogonRefusedError("the first message must be a Logon")
            if logon.header["TargetCompID"] != self._config.comp_id:
                raise LogonRefusedError(f"TargetCompID must be {self._config.comp_id}")
            account = proven_account(logon, challenge=challenge)
            return logon, self._hub.claim(logon.header["SenderCompID"], account)
        except LogonRefusedError as error:
            refusal = Session(sender=self._config.comp_id, target=target).refusal(str(error), now=self._clock.now())
            connection.push_unnumbered(refusal.message)
            raise

    async def _listen(self, transport: WebSocketTransport, connection: Connection, session: LiveSession) -> None:
        limits = self._config.limits
        now = self._clock.now()
        limit = RateLimit(per_second=limits.weight_per_second, burst=limits.weight_burst, now=now)
        while not connection.ended:
            wait = session.machine.deadline() - self._clock.now()
            try:
                data = await transport.receive(seconds=wait / _SECOND)
            except TimeoutError:
                effects = session.machine.tick(now=self._clock.now())
            else:
                if data is None:
                    return
                effects = self._take(data, session, limit, limits)
            await session.perform(effects, connection=connection)

    def _take(self, data: str | bytes, session: LiveSession, limit: RateLimit, limits: Limits) -> list[Effect]:
        now = self._clock.now()
        try:
            frame = decode(data)
        except GarbledError as error:
            wait = limit.take(1, now=now)
            return [] if wait else session.machine.garbled(error.fault, now=now)
        message, fault = DICTIONARY.check(frame, sender="client")
        wait = limit.take(limits.weights.get(message.msg_type, 1), now=now)
        if fault is None and wait and DICTIONARY.is_application(message.msg_type):
            fault = _throttled(message, f"too many messages; wait {wait} ms")
        if fault is None and session.pending >= limits.pending and DICTIONARY.is_application(message.msg_type):
            fault = _throttled(message, f"{session.pending} requests wait for the core; wait for their answers")
        return session.machine.receive(message, now=now, fault=fault)


def _throttled(message: Message, text: str) -> Fault:
    return Fault(reason=BusinessReason.THROTTLED, text=text, business=True, reference=reference_of(message))
