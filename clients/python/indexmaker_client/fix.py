"""A FIX client over WebSocket: logs on with an account's key, places orders, and loses no message.

```python
async with FixClient("ws://127.0.0.1:9880/fix", signer, sender_comp_id="DESK1") as fix:
    order_id = await fix.submit(index="TOP20", cash="250")
    async for event in fix.events():
        print(event)
```
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType

import aiohttp
import structlog

from indexmaker_client.fix_messages import Event, event_of
from indexmaker_client.fix_store import MemoryStore, SessionState, SessionStore
from indexmaker_client.fix_transport import LARGEST_MESSAGE, ClientTransport
from indexmaker_client.signer import Signer
from indexmaker_fix.connection import Connection
from indexmaker_fix.dictionary import DICTIONARY
from indexmaker_fix.effects import Close, Deliver, Effect, LoggedOn, Replay, Restart, Send
from indexmaker_fix.errors import FixError, GarbledError, LogonRefusedError
from indexmaker_fix.message import Body, Message, decode
from indexmaker_fix.session import Phase, Session
from indexmaker_fix.values import time_text

__all__ = ["FixClient"]

_log = structlog.get_logger(__name__)

_SECOND = 1_000_000_000
_SEND_QUEUE = 10_000
_LOGON_SECONDS = 10.0


def _new_id() -> str:
    return uuid.uuid4().hex


class FixClient:
    """One session. Orders given while the gateway is away are sent when it is back; what it said meanwhile arrives.

    With a `store` the session goes on where the last client with the same store left it, and an event counts as taken
    when the next one is asked for: otherwise it comes again, with the same `exec_id`. Without one the session starts
    anew, and what the gateway kept for an earlier client of this name is forgotten.
    """

    def __init__(
        self,
        url: str,
        signer: Signer,
        *,
        sender_comp_id: str,
        target_comp_id: str = "INDEXMAKER",
        store: SessionStore | None = None,
        heartbeat_seconds: int = 30,
        reconnect_seconds: float = 0.5,
        now: Callable[[], int] = time.time_ns,
        new_id: Callable[[], str] = _new_id,
    ) -> None:
        self._url = url
        self._signer = signer
        self._heartbeat = heartbeat_seconds
        self._reconnect = reconnect_seconds
        self._now = now
        self._new_id = new_id
        self._reset = store is None
        self._store = store or MemoryStore()
        self._state = self._store.load()
        self._machine = Session(
            sender=sender_comp_id,
            target=target_comp_id,
            next_in=self._state.next_in,
            next_out=self._state.next_out,
            tell_rejects=True,
        )
        self._connection: Connection | None = None
        self._events: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()
        self._unfinished: deque[int] = deque()
        self._logged_on = asyncio.Event()
        self._leaving = False
        self._group = asyncio.TaskGroup()
        self._work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> FixClient:
        """Connect and log on; raises `LogonRefusedError`, or what `aiohttp` raises when nobody listens."""
        await self._group.__aenter__()
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._work = self._group.create_task(self._run(first))
        try:
            await first
        except (FixError, OSError, aiohttp.ClientError):
            await self._group.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Log out."""
        assert self._work is not None
        self._leaving = True
        if self.logged_on:
            self._perform(self._machine.logout("bye", now=self._now()))
        else:
            self._work.cancel()
        await self._group.__aexit__(kind, error, trace)

    @property
    def logged_on(self) -> bool:
        """Whether the gateway is there now."""
        return self._logged_on.is_set()

    async def wait_logged_on(self) -> None:
        """Wait until the gateway is there."""
        await self._logged_on.wait()

    async def submit(
        self,
        *,
        index: str,
        cash: str,
        client_order_id: str = "",
        limit_price: str = "",
        max_fee: str = "",
        expires_at: int = 0,
        quote_id: str = "",
    ) -> str:
        """Sign and send an order to buy index tokens for `cash` USDC, all costs included; returns its id.

        `quote_id` is a binding quote for that very amount.

        `expires_at` is UTC nanoseconds, 0 for as long as the gateway lets orders live.
        """
        terms = {"limit_price": limit_price, "max_fee": max_fee, "quote_id": quote_id}
        return self._new_order("BUY", index, cash, client_order_id, expires_at=expires_at, **terms)

    async def sell(
        self,
        *,
        index: str,
        units: str,
        client_order_id: str = "",
        limit_price: str = "",
        max_fee: str = "",
        expires_at: int = 0,
        quote_id: str = "",
    ) -> str:
        """Sign and send an order to sell index tokens that are, or will be, in the index's gate; returns its id.

        `limit_price` is the least USDC for one token after the venue's fees.
        """
        terms = {"limit_price": limit_price, "max_fee": max_fee, "quote_id": quote_id}
        return self._new_order("SELL", index, units, client_order_id, expires_at=expires_at, **terms)

    def _new_order(
        self,
        side: str,
        index: str,
        amount: str,
        client_order_id: str,
        *,
        limit_price: str,
        max_fee: str,
        expires_at: int,
        quote_id: str,
    ) -> str:
        order_id = client_order_id or self._new_id()
        signature = self._signer.sign_order(
            client_order_id=order_id,
            side=side,
            index=index,
            amount=amount,
            limit_price=limit_price,
            max_fee=max_fee,
            expires_at=expires_at,
            quote_id=quote_id,
        )
        body = self._order_fields(order_id, index, side=side)
        body |= {"CashOrderQty": amount, "Currency": "USDC"} if side == "BUY" else {"OrderQty": amount}
        body |= {"OrdType": "2", "Price": limit_price} if limit_price else {"OrdType": "1"}
        if max_fee:
            body["MaxFee"] = max_fee
        if quote_id:
            body["QuoteID"] = quote_id
        if expires_at:
            body |= {"TimeInForce": "6", "ExpireTime": time_text(expires_at)}
        self._send("D", body, signature=signature)
        return order_id

    async def cancel(self, client_order_id: str, *, index: str, side: str = "BUY") -> str:
        """Sign and send the wish to end an order; returns the id of the wish."""
        cancel_id = self._new_id()
        signature = self._signer.sign_cancel(client_order_id=client_order_id)
        body = self._order_fields(cancel_id, index, side=side) | {"OrigClOrdID": client_order_id}
        self._send("F", body, signature=signature)
        return cancel_id

    async def amend(
        self,
        client_order_id: str,
        *,
        index: str,
        cash: str = "",
        units: str = "",
        limit_price: str = "",
        max_fee: str = "",
        expires_at: int = 0,
        side: str = "BUY",
    ) -> str:
        """Sign and send new terms, `cash` for a buy order or `units` for a sell; what is left out stays. Returns the
        id of the change.

        The order keeps its client order id; the answer is an `ExecutionReport` with `exec_type` 5, or a `CancelReject`.
        """
        amend_id = self._new_id()
        signature = self._signer.sign_amend(
            client_order_id=client_order_id,
            amend_id=amend_id,
            amount=cash if side == "BUY" else units,
            limit_price=limit_price,
            max_fee=max_fee,
            expires_at=expires_at,
        )
        body = self._order_fields(amend_id, index, side=side) | {"OrigClOrdID": client_order_id}
        terms = {"CashOrderQty": cash, "OrderQty": units, "Price": limit_price, "MaxFee": max_fee}
        body |= {name: value for name, value in terms.items() if value}
        if expires_at:
            body["ExpireTime"] = time_text(expires_at)
        self._send("G", body, signature=signature)
        return amend_id

    async def ask_status(self, client_order_id: str, *, index: str, side: str = "BUY") -> None:
        """Ask for an order; the answer is an `ExecutionReport` with `exec_type` I."""
        body = self._order_fields(client_order_id, index, side=side)
        del body["TransactTime"]
        self._send("H", body)

    async def ask_quote(
        self, *, index: str, cash: str = "", units: str = "", binding: bool = False, request_id: str = ""
    ) -> str:
        """Ask what a buy for `cash` USDC, or a sell of `units`, would get; returns the id of the request. The answer is
        a `QuoteReport` or a `QuoteReject`.

        With `binding` the wish is signed and capacity is held; the same id again gets the same quote as it stands.
        """
        quote_request = request_id or self._new_id()
        side, amount = ("SELL", units) if units else ("BUY", cash)
        body = self._order_fields("", index, side=side)
        del body["ClOrdID"]
        body |= {"QuoteReqID": quote_request, "BindingQuote": "Y" if binding else "N"}
        body |= {"OrderQty": units} if units else {"CashOrderQty": cash, "Currency": "USDC"}
        sign = self._signer.sign_quote
        signed = sign(client_quote_id=quote_request, side=side, index=index, amount=amount) if binding else ""
        self._send("R", body, signature=signed)
        return quote_request

    async def ask_indices(self) -> str:
        """Ask for the indices; the answer is a `SecurityList` with the returned request id."""
        request_id = self._new_id()
        self._send("x", {"SecurityReqID": request_id, "SecurityListRequestType": "4"})
        return request_id

    async def events(self) -> AsyncIterator[Event]:
        """Everything that the gateway tells, each message once and in order; for one reader at a time."""
        while True:
            number, event = await self._events.get()
            yield event
            self._unfinished.remove(number)
            self._save()

    def _order_fields(self, client_order_id: str, index: str, *, side: str) -> Body:
        return {
            "ClOrdID": client_order_id,
            "Account": str(self._signer.account),
            "Symbol": index,
            "Side": "1" if side == "BUY" else "2",
            "TransactTime": time_text(self._now()),
        }

    def _send(self, msg_type: str, body: Body, *, signature: str = "") -> None:
        trailer = {"SignatureLength": str(len(signature)), "Signature": signature} if signature else {}
        self._perform([self._machine.send(msg_type, body, now=self._now(), trailer=trailer)])

    # --- the session

    async def _run(self, first: asyncio.Future[None]) -> None:
        async with aiohttp.ClientSession() as http:
            while not self._leaving:
                try:
                    await self._converse(http, first)
                except (aiohttp.ClientError, OSError, TimeoutError, FixError) as error:
                    if not first.done():
                        first.set_exception(error)
                        return
                    _log.info("connection lost", url=self._url, reason=str(error))
                if not self._leaving:
                    await asyncio.sleep(self._reconnect)

    async def _converse(self, http: aiohttp.ClientSession, first: asyncio.Future[None]) -> None:
        async with http.ws_connect(self._url, protocols=("fixt.1.1+json",), max_msg_size=LARGEST_MESSAGE) as socket:
            transport = ClientTransport(socket, peer=self._url)
            challenge = await self._challenge(transport)
            connection = Connection(transport, send_queue=_SEND_QUEUE, now=self._now)
            self._connection = connection
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(connection.write())
                    like = (self._machine.sender, self._machine.target)
                    replayer = group.create_task(connection.replay_asked(self._kept, like=like))
                    try:
                        reset, now = self._reset, self._now()
                        self._perform(
                            self._machine.start(now=now, heartbeat=self._heartbeat, body=challenge, reset=reset)
                        )
                        await self._listen(transport, connection, first)
                    finally:
                        replayer.cancel()
                        connection.finish("bye")
            except* (ConnectionError, TimeoutError, FixError) as group_error:
                raise group_error.exceptions[0] from None
            finally:
                self._connection = None
                self._logged_on.clear()
                self._machine.disconnected()

    async def _challenge(self, transport: ClientTransport) -> Body:
        """Read the gateway's challenge; the fields that answer it."""
        challenge = await self._receive(transport, seconds=_LOGON_SECONDS)
        if challenge is None or challenge.msg_type != "U1":
            raise LogonRefusedError("the gateway did not send a challenge")
        signature = self._signer.sign_logon(
            challenge=challenge.body["LogonChallenge"],
            sender_comp_id=self._machine.sender,
            target_comp_id=self._machine.target,
        )
        account = str(self._signer.account)
        return {"Username": account, "RawDataLength": str(len(signature)), "RawData": signature}

    async def _listen(self, transport: ClientTransport, connection: Connection, first: asyncio.Future[None]) -> None:
        while not connection.ended:
            opening = self._machine.phase is Phase.LOGGING_ON
            wait = self._machine.deadline() - self._now()
            try:
                message = await self._receive(transport, seconds=wait / _SECOND)
            except TimeoutError:
                effects = self._machine.tick(now=self._now())
            else:
                if message is None:
                    if opening:
                        raise LogonRefusedError("the gateway closed the connection")
                    return
                effects = self._machine.receive(message, now=self._now())
            if opening and not effects:
                continue
            if opening and isinstance(effects[0], Close):
                raise LogonRefusedError(effects[0].reason)
            self._perform(effects)
            if opening:
                self._reset = False
            if opening and not first.done():
                first.set_result(None)

    async def _receive(self, transport: ClientTransport, *, seconds: float) -> Message | None:
        data = await transport.receive(seconds=seconds)
        if data is None:
            return None
        message, fault = DICTIONARY.check(
            decode(data, largest=LARGEST_MESSAGE, brackets=LARGEST_MESSAGE), sender="gateway"
        )
        if fault is not None:
            raise GarbledError(f"the gateway sent a message that breaks the dictionary: {fault.text}")
        return message

    def _perform(self, effects: Sequence[Effect]) -> None:
        """Keep first, then act."""
        for effect in effects:
            match effect:
                case Send(message, stored=True):
                    self._state.kept[message.number] = message
                case Deliver(message):
                    self._unfinished.append(message.number)
                case Restart():
                    self._state.kept = {}
                case LoggedOn(acknowledged):
                    self._state.kept = {
                        number: message for number, message in self._state.kept.items() if number >= acknowledged
                    }
                case _:
                    pass
        self._save()
        for effect in effects:
            self._release(effect)

    def _release(self, effect: Effect) -> None:
        match effect, self._connection:
            case Deliver(message), _:
                self._deliver(message)
            case LoggedOn(), _:
                self._logged_on.set()
            case Send(message), Connection() as connection:
                connection.push(message)
            case Replay(begin, end), Connection() as connection:
                connection.replay(begin, end)
            case Close(reason), Connection() as connection:
                connection.end(reason)
            case _:
                pass

    def _deliver(self, message: Message) -> None:
        event = event_of(message)
        if event is None:
            self._unfinished.remove(message.number)
        else:
            self._events.put_nowait((message.number, event))

    def _kept(self, begin: int, end: int, limit: int) -> list[Message]:
        numbers = sorted(number for number in self._state.kept if begin <= number <= end)
        return [self._state.kept[number] for number in numbers[:limit]]

    def _save(self) -> None:
        next_in = self._unfinished[0] if self._unfinished else self._machine.next_in
        self._state = SessionState(next_in=next_in, next_out=self._machine.next_out, kept=self._state.kept)
        self._store.save(self._state)
