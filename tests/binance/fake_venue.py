"""A small scripted venue: keeps books and orders, and misbehaves on request."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter, deque
from datetime import UTC, datetime
from decimal import Decimal

from aiohttp import WSMsgType, web


def eight(value) -> str:
    return f"{Decimal(value):.8f}"


def symbol_entry(symbol: str, base: str, quote: str, *, status: str = "TRADING") -> dict:
    return {
        "symbol": symbol,
        "status": status,
        "baseAsset": base,
        "quoteAsset": quote,
        "baseAssetPrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.0001", "maxQty": "9000.0", "stepSize": "0.0001"},
            {"filterType": "NOTIONAL", "minNotional": "5.0", "maxNotional": "9000000.0"},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        ],
    }


class FakeVenue:
    """Scripted through its attributes; `calls` counts (method, path)."""

    def __init__(self) -> None:
        self.symbols = [symbol_entry("BTCUSDC", "BTC", "USDC"), symbol_entry("ETHUSDC", "ETH", "USDC")]
        self.books = {entry["symbol"]: {"u": 100, "b": {}, "a": {}} for entry in self.symbols}
        self.streams: dict[web.WebSocketResponse, set[str]] = {}
        self.stream_requests: list[tuple[float, dict]] = []
        self.user_sockets: list[web.WebSocketResponse] = []
        self.calls: Counter[tuple[str, str]] = Counter()
        self.stale_snapshots = 0
        self.clock_ahead_ms = 0
        self.next_replies: dict[tuple[str, str], deque] = {}
        self.orders: dict[int, dict] = {}
        self.trades: list[dict] = []
        self.balances = {"USDC": ["10000", "0"], "BTC": ["0", "0"]}
        self.deposits: list[dict] = []
        self.withdrawals: list[dict] = []
        self.withdraw_terms = {
            "network": "BASE",
            "depositEnable": True,
            "depositDust": "0.01",
            "withdrawEnable": True,
            "withdrawFee": "0.5",
            "withdrawMin": "5",
            "withdrawMax": "1000",
            "withdrawIntegerMultiple": "0.000001",
        }
        self.history_lag = 0
        """How many readings of the history do not show withdrawals yet."""
        self.fill = Decimal(0)
        """Part of each new order that fills at once."""
        self.send_events = True
        self.order_ids, self.trade_ids = itertools.count(7), itertools.count(1001)
        self.url = ""

    # -- faults -----------------------------------------------------------------------------------------------

    def script(self, method: str, path: str, *actions) -> None:
        """Each action serves one request: `("before"|"after", status, body, headers)` or `("before"|"after", "cut")`;
        `after` carries the request out first."""
        self.next_replies.setdefault((method, path), deque()).extend(actions)

    async def drop_streams(self) -> None:
        for socket in list(self.streams):
            await socket.close()

    async def drop_users(self) -> None:
        for socket in list(self.user_sockets):
            await socket.close()

    # -- market data ------------------------------------------------------------------------------------------

    async def move(self, symbol: str, *, bids=(), asks=(), send: int = 1, span: int = 1) -> None:
        book = self.books[symbol]
        first = book["u"] + 1
        book["u"] += span
        for side, levels in (("b", bids), ("a", asks)):
            for price, size in levels:
                book[side].pop(price, None) if not Decimal(size) else book[side].update({price: size})
        event = {"e": "depthUpdate", "E": self.now(), "s": symbol, "U": first, "u": book["u"]}
        event |= {"b": [list(level) for level in bids], "a": [list(level) for level in asks]}
        for _ in range(send):
            await self.publish(f"{symbol.lower()}@depth@100ms", event)

    async def publish(self, stream: str, data: dict) -> None:
        for socket, wanted in list(self.streams.items()):
            if stream in wanted:
                await socket.send_json({"stream": stream, "data": data})

    def now(self) -> int:
        return time.time_ns() // 10**6 + self.clock_ahead_ms

    async def on_stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.streams[socket] = set()
        try:
            async for frame in socket:
                if frame.type != WSMsgType.TEXT:
                    break
                message = json.loads(frame.data)
                self.stream_requests.append((time.monotonic(), message))
                change = self.streams[socket].update if message["method"] == "SUBSCRIBE" else None
                (change or self.streams[socket].difference_update)(message["params"])
                await socket.send_json({"result": None, "id": message["id"]})
        finally:
            self.streams.pop(socket, None)
        return socket

    def on_depth(self, query) -> dict:
        book = self.books[query["symbol"]]
        late = 0
        if self.stale_snapshots:
            self.stale_snapshots -= 1
            late = 10
        depth = int(query["limit"])
        bids = sorted(book["b"].items(), key=lambda level: -Decimal(level[0]))[:depth]
        asks = sorted(book["a"].items(), key=lambda level: Decimal(level[0]))[:depth]
        return {"lastUpdateId": book["u"] - late, "bids": bids, "asks": asks}

    # -- account ----------------------------------------------------------------------------------------------

    def find(self, query) -> dict | None:
        for order in reversed(self.orders.values()):
            named = order["clientOrderId"] == query.get("origClientOrderId")
            if order["symbol"] == query["symbol"] and (named or str(order["orderId"]) == query.get("orderId")):
                return order
        return None

    async def place(self, query) -> dict | tuple[int, dict]:
        open_ids = {o["clientOrderId"] for o in self.orders.values() if o["status"] in ("NEW", "PARTIALLY_FILLED")}
        if query["newClientOrderId"] in open_ids:
            return 400, {"code": -2010, "msg": "Duplicate order sent."}
        order = {
            "symbol": query["symbol"],
            "orderId": next(self.order_ids),
            "clientOrderId": query["newClientOrderId"],
            "price": eight(query["price"]),
            "origQty": eight(query["quantity"]),
            "executedQty": eight(0),
            "cummulativeQuoteQty": eight(0),
            "status": "NEW",
            "timeInForce": query["timeInForce"],
            "type": query["type"],
            "side": query["side"],
            "time": self.now(),
            "updateTime": self.now(),
            "transactTime": self.now(),
        }
        self.orders[order["orderId"]] = order
        await self.report(order, "NEW")
        fills = []
        if self.fill:
            quantity = Decimal(query["quantity"]) * self.fill
            fills.append(await self.trade(order["orderId"], quantity, at=order["transactTime"]))
        if query["timeInForce"] != "GTC" and order["status"] in ("NEW", "PARTIALLY_FILLED"):
            order["status"] = "EXPIRED"
            await self.report(order, "EXPIRED")
        shown = [{**fill, "tradeId": fill["id"]} for fill in fills]
        return {**order, "fills": shown}

    async def trade(self, order_id: int, quantity: Decimal, *, at: int = 0) -> dict:
        """Fill a part of an order; one that is filled as it comes in has one time for both."""
        order = self.orders[order_id]
        done = Decimal(order["executedQty"]) + quantity
        value = Decimal(order["cummulativeQuoteQty"]) + quantity * Decimal(order["price"])
        order |= {"executedQty": eight(done), "cummulativeQuoteQty": eight(value), "updateTime": self.now()}
        order["status"] = "FILLED" if done == Decimal(order["origQty"]) else "PARTIALLY_FILLED"
        buys = order["side"] == "BUY"
        trade = {
            "symbol": order["symbol"],
            "id": next(self.trade_ids),
            "orderId": order_id,
            "price": order["price"],
            "qty": eight(quantity),
            "commission": eight(quantity / 1000 if buys else quantity * Decimal(order["price"]) / 1000),
            "commissionAsset": "BTC" if buys else "USDC",
            "time": at or self.now(),
            "isBuyer": buys,
            "isMaker": False,
        }
        self.trades.append(trade)
        await self.report(order, "TRADE", trade=trade)
        return trade

    async def report(self, order: dict, kind: str, *, trade: dict | None = None) -> None:
        event = {"e": "executionReport", "E": self.now(), "s": order["symbol"], "c": order["clientOrderId"], "C": ""}
        if kind == "CANCELED":
            event |= {"c": "cancel-id", "C": order["clientOrderId"]}
        event |= {"S": order["side"], "o": "LIMIT", "f": order["timeInForce"], "q": order["origQty"], "r": "NONE"}
        event |= {"p": order["price"], "x": kind, "X": order["status"], "i": order["orderId"], "T": self.now(), "t": -1}
        event |= {"z": order["executedQty"], "Z": order["cummulativeQuoteQty"], "n": "0", "N": None, "m": False}
        if trade:
            event |= {"t": trade["id"], "l": trade["qty"], "L": trade["price"], "n": trade["commission"]}
            event["T"] = trade["time"]
            event["N"] = trade["commissionAsset"]
        if self.send_events:
            for socket in list(self.user_sockets):
                await socket.send_json({"subscriptionId": 0, "event": event})

    def withdraw(self, query) -> dict:
        """Like the real one, it does not mind a repeated `withdrawOrderId`: each request moves money."""
        fee = Decimal(self.withdraw_terms["withdrawFee"])
        moment = datetime.fromtimestamp(self.now() // 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
        item = {"id": f"v-{len(self.withdrawals) + 1}", "coin": query["coin"], "network": query["network"]}
        item |= {"amount": str(Decimal(query["amount"]) - fee), "transactionFee": str(fee), "status": 2}
        item |= {"address": query["address"], "txId": "", "applyTime": moment, "info": ""}
        item |= {"withdrawOrderId": query["withdrawOrderId"]}
        self.withdrawals.append(item)
        return {"id": item["id"]}

    def withdraw_history(self, query) -> list:
        if self.history_lag:
            self.history_lag -= 1
            return []
        return self.withdrawals

    async def cancel(self, query) -> dict | tuple[int, dict]:
        order = self.find(query)
        if order is None or order["status"] not in ("NEW", "PARTIALLY_FILLED"):
            return 400, {"code": -2011, "msg": "Unknown order sent."}
        order["status"] = "CANCELED"
        await self.report(order, "CANCELED")
        return {**order, "origClientOrderId": order["clientOrderId"], "clientOrderId": "cancel-id"}

    def my_trades(self, query) -> list:
        found = [trade for trade in self.trades if trade["symbol"] == query["symbol"]]
        if "orderId" in query:
            found = [trade for trade in found if trade["orderId"] == int(query["orderId"])]
        if "fromId" in query:
            found = [trade for trade in found if trade["id"] >= int(query["fromId"])]
        return found[: int(query.get("limit", 500))]

    async def on_user(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            async for frame in socket:
                message = json.loads(frame.data)
                assert message["method"] == "userDataStream.subscribe.signature"
                assert message["params"]["signature"]
                await socket.send_json({"id": message["id"], "status": 200, "result": {"subscriptionId": 0}})
                self.user_sockets.append(socket)
        finally:
            if socket in self.user_sockets:
                self.user_sockets.remove(socket)
        return socket

    # -- serving ----------------------------------------------------------------------------------------------

    async def on_rest(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/api/v3/").removeprefix("/sapi/v1/")
        query = {**request.query, **(await request.post())}
        self.calls[request.method, path] += 1
        script = self.next_replies.get((request.method, path))
        action = script.popleft() if script else None
        if action and action[0] == "before":
            return self.misbehave(request, action)
        answer = await self.answer(request.method, path, query)
        if action:
            return self.misbehave(request, action)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return web.json_response(body, status=status, headers={"X-MBX-USED-WEIGHT-1M": "10"})

    def misbehave(self, request: web.Request, action: tuple) -> web.StreamResponse:
        if action[1] == "cut":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        _, status, body, *headers = action
        return web.json_response(body, status=status, headers=headers[0] if headers else {})

    async def answer(self, method: str, path: str, query: dict):
        if method == "POST" and path == "order":
            return await self.place(query)
        if method == "DELETE" and path == "order":
            return await self.cancel(query)
        simple = {
            "ping": dict,
            "time": lambda: {"serverTime": self.now()},
            "exchangeInfo": self.exchange_info,
            "depth": lambda: self.on_depth(query),
            "order": lambda: self.find(query) or (400, {"code": -2013, "msg": "Order does not exist."}),
            "openOrders": lambda: [
                order
                for order in self.orders.values()
                if order["status"] in ("NEW", "PARTIALLY_FILLED") and query.get("symbol") in (None, order["symbol"])
            ],
            "myTrades": lambda: self.my_trades(query),
            "account": lambda: {
                "balances": [{"asset": a, "free": eight(f), "locked": eight(b)} for a, (f, b) in self.balances.items()]
            },
            "asset/tradeFee": lambda: [
                {"symbol": entry["symbol"], "makerCommission": "0.001", "takerCommission": "0.002"}
                for entry in self.symbols
            ],
            "account/commission": lambda: {
                "symbol": query["symbol"],
                "standardCommission": {"maker": "0.001", "taker": "0.002", "buyer": "0.0", "seller": "0.0"},
                "taxCommission": {"maker": "0.0", "taker": "0.0001", "buyer": "0.0", "seller": "0.0"},
                "specialCommission": {"maker": "0.0", "taker": "0.0", "buyer": "0.0", "seller": "0.0"},
            },
            "capital/deposit/address": lambda: {"coin": query["coin"], "address": "0xAbC1", "tag": "", "url": ""},
            "capital/config/getall": lambda: [{"coin": "USDC", "networkList": [self.withdraw_terms]}],
            "capital/withdraw/apply": lambda: self.withdraw(query),
            "capital/withdraw/history": lambda: self.withdraw_history(query),
            "capital/deposit/hisrec": lambda: [
                item for item in self.deposits if item["insertTime"] >= int(query.get("startTime", 0))
            ],
        }
        return simple[path]()

    def exchange_info(self) -> dict:
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
        ]
        return {"rateLimits": limits, "exchangeFilters": [], "symbols": self.symbols}

    async def __aenter__(self) -> FakeVenue:
        app = web.Application()
        app.router.add_get("/stream", self.on_stream)
        app.router.add_get("/ws-api/v3", self.on_user)
        app.router.add_route("*", "/api/v3/{rest:.*}", self.on_rest)
        app.router.add_route("*", "/sapi/v1/{rest:.*}", self.on_rest)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exception) -> None:
        await self.drop_streams()
        await self.drop_users()
        await self.runner.cleanup()


async def until(condition, *, seconds: float = 10) -> None:
    """Wait for something outside our reach."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the other side is polled
            await asyncio.sleep(0.01)
