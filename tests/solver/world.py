"""A venue, two chains, a bridge and a guardian in memory: plays the solver's commands back as events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, format_atoms, parse_atoms
from indexmaker.solver import SolverConfig, SolverEngine
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import (
    AssetOrderStatus,
    Constituent,
    FeeAmount,
    Finality,
    RejectClass,
    SettlementState,
    Side,
    TransferState,
    WithdrawalState,
)

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
CHAIN = 42161
GATE = "0x" + "ab" * 20
ALICE = f"{CHAIN}:0x{'a1' * 20}"
BOB = f"{CHAIN}:0x{'b0' * 20}"
CAROL = f"{CHAIN}:0x{'c0' * 20}"
USER_MONEY = ["unconfirmed", "confirmed", "routed", "reserved", "spent", "refunded"]


def amt(text: str) -> int:
    return parse_atoms(text)


def instrument(base: str, **rules: int) -> Instrument:
    values = {
        "tick_size": amt("0.01"),
        "lot_step": amt("0.00001"),
        "min_notional": amt("5"),
        "taker_fee": amt("0.001"),
    }
    return Instrument(venue="binance", symbol=f"{base}USDC", base=base, quote="USDC", **(values | rules))


@dataclass
class Market:
    """What the venue would fill: levels that executions eat. `bids` are one unit at `bid` unless given."""

    asks: list[tuple[int, int]]
    bid: int
    bids: list[tuple[int, int]] | None = None
    age_ns: int = 0
    flags: tuple[ev.BookFlag, ...] = ()


def market(price: str, *, quantity: str = "1000000", spread: str = "0.02") -> Market:
    ask = amt(price)
    return Market(asks=[(ask, amt(quantity))], bid=ask - amt(spread))


def deep_market(price: str, *, quantity: str = "1000000", spread: str = "0.02") -> Market:
    """As deep on the side of the bids as on that of the asks."""
    found = market(price, quantity=quantity, spread=spread)
    found.bids = [(found.bid, amt(quantity))]
    return found


Hook = Callable[["World", out.SolverCommand], list[ev.SolverEvent] | None]
"""Answers a command in the world's stead; None lets the world answer."""


@dataclass
class World:
    """Every deed is done once per command id; a repeat only tells its outcome again."""

    engine: SolverEngine = field(default_factory=SolverEngine)
    config: SolverConfig = field(default_factory=SolverConfig)
    markets: dict[str, Market] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    routing_fee: int = amt("0.5")
    withdrawal_fee: int = amt("0.25")
    commission_asset: str | None = None
    commission_rate: int | None = None
    hooks: list[Hook] = field(default_factory=list)
    duplicate: bool = False
    now: int = START
    sequence: int = 0
    requests: int = 0
    trades: int = 0
    inbox: deque[out.SolverCommand] = field(default_factory=deque)
    journal: list[tuple[ev.SolverEvent, int, int]] = field(default_factory=list)
    commands: list[out.SolverCommand] = field(default_factory=list)
    reports: list[out.SolverReport] = field(default_factory=list)
    answered: dict[str, list[ev.SolverEvent]] = field(default_factory=dict)
    bought: dict[str, int] = field(default_factory=dict)
    venue_trades: list[ev.ExecutionReported] = field(default_factory=list)
    minted: dict[int, out.Invoice] = field(default_factory=dict)
    redeemed: dict[int, out.RedemptionInvoice] = field(default_factory=dict)
    withdrawn: dict[str, int] = field(default_factory=dict)
    """What the venue has sent out, by command id."""

    def submit(self, event: ev.SolverEvent) -> list[out.SolverCommand | out.SolverReport]:
        self.sequence += 1
        self.journal.append((event, self.sequence, self.now))
        outputs = list(self.engine.apply(event, sequence=self.sequence, at=self.now))
        for output in outputs:
            if isinstance(output, out.Command):
                self.commands.append(output)
                self.inbox.append(output)
            else:
                self.reports.append(output)
        assert self.engine.ledger.balanced()
        if self.duplicate:
            self._again(event)
        return outputs

    def _again(self, event: ev.SolverEvent) -> None:
        before = self.engine.dump()
        self.sequence += 1
        again = self.engine.apply(event, sequence=self.sequence, at=self.now)
        self.journal.append((event, self.sequence, self.now))
        assert self.engine.dump() == before, f"a repeated {type(event).__name__} changed the state"
        assert not [o for o in again if isinstance(o, out.Command)]

    def create_index(self, symbol: str = "TOP2", **options: object) -> None:
        constituents = options.pop("constituents", None) or (
            Constituent(asset="BTC", quantity=amt("0.001")),
            Constituent(asset="ETH", quantity=amt("0.02")),
        )
        known = self.engine.state.indices.get(symbol)
        version = known.version + 1 if known else 1
        values = {"chain_id": CHAIN, "gate": GATE, "token": "0x" + "22" * 20, "version": version} | options
        self.submit(ev.IndexCreated(symbol=symbol, constituents=constituents, **values))

    def deposit(self, account: str, amount: str, finality: Finality = Finality.CONFIRMED, gate: str = GATE):
        self.requests += 1
        event = ev.DepositSeen(
            chain_id=CHAIN,
            tx_hash=f"0xdead{self.requests:04}",
            log_index=0,
            request_id=self.requests,
            gate=gate,
            account=account,
            amount=amt(amount),
            finality=finality,
        )
        self.submit(event)
        return event

    def order(self, account: str, amount: str, client_order_id: str = "one", index: str = "TOP2", **limits):
        self.submit(
            ev.OrderSubmitted(
                client_order_id=client_order_id,
                account=account,
                side=Side.BUY,
                index=index,
                amount=amt(amount),
                **limits,
            )
        )

    def redeem(self, account: str, units: str, finality: Finality = Finality.CONFIRMED, gate: str = GATE):
        """Index tokens go into the gate."""
        self.requests += 1
        event = ev.RedemptionSeen(
            chain_id=CHAIN,
            tx_hash=f"0xbeef{self.requests:04}",
            log_index=0,
            request_id=self.requests,
            gate=gate,
            account=account,
            units=amt(units),
            finality=finality,
        )
        self.submit(event)
        return event

    def sell(self, account: str, units: str, client_order_id: str = "sale", index: str = "TOP2", **limits):
        self.submit(
            ev.OrderSubmitted(
                client_order_id=client_order_id,
                account=account,
                side=Side.SELL,
                index=index,
                amount=amt(units),
                **limits,
            )
        )

    def cancel(self, account: str, client_order_id: str = "one") -> None:
        self.submit(ev.OrderCancelRequested(account=account, client_order_id=client_order_id))

    def books(self) -> tuple[ev.Book, ...]:
        return tuple(
            ev.Book(
                venue=self.venue_of(symbol),
                symbol=symbol,
                bids=tuple(m.bids if m.bids is not None else [(m.bid, ATOMS)] if m.bid else []),
                asks=tuple(m.asks),
                age_ns=m.age_ns,
                flags=m.flags,
            )
            for symbol, m in self.markets.items()
        )

    def venue_of(self, symbol: str) -> str:
        rules = self.instruments.get(symbol)
        return rules.venue if rules else "binance"

    def solve(self) -> None:
        self.submit(ev.BatchSolve(books=self.books()))

    def tick(self, seconds: float = 3) -> None:
        self.now += int(seconds * SECOND)
        self.submit(ev.Tick())

    def play(self) -> None:
        """Answer commands until nothing is left to do."""
        while self.inbox:
            for event in self.answer(self.inbox.popleft()):
                self.submit(event)

    def run(self, rounds: int = 3) -> None:
        """Let time pass, solve and answer, several times."""
        for _ in range(rounds):
            self.tick()
            self.play()
            self.solve()
            self.play()

    def restart(self) -> None:
        """Kill the engine; take up from a dump, and send again what was not answered."""
        fresh = SolverEngine()
        fresh.load(self.engine.dump())
        self.engine = fresh
        self.inbox = deque(fresh.pending())

    def answer(self, command: out.SolverCommand) -> list[ev.SolverEvent]:
        if command.command_id in self.answered:
            return self.answered[command.command_id]
        for hook in self.hooks:
            events = hook(self, command)
            if events is not None:
                return events
        events = self._perform(command)
        self.answered[command.command_id] = events
        return events

    def _perform(self, command: out.SolverCommand) -> list[ev.SolverEvent]:
        match command:
            case out.QuoteRoute():
                if command.source.startswith("BINANCE:"):
                    return [self._quote_return(command)]
                fee = self.routing_fee
                fees = (FeeAmount(kind="bridge", asset="USDC", amount=fee),)
                received = command.amount - fee
                return [
                    ev.RouteQuoted(
                        transfer_id=command.transfer_id,
                        amount_in=command.amount,
                        amount_out=received,
                        fees=fees,
                    )
                ]
            case out.CommitCollateral() | out.CommitRedemptions():
                return [ev.CollateralCommitted(command_id=command.command_id, tx_hash="0xc0")]
            case out.WithdrawCollateral():
                return self._withdraw(command)
            case out.StartTransfer():
                back = command.source.startswith("BINANCE:")
                return [self._carry_back(command)] if back else self._transfer(command)
            case out.ConfirmArrival():
                return [ev.TransferUpdated(transfer_id=command.transfer_id, state=TransferState.COMPLETED)]
            case out.PlaceAssetOrder():
                return self.execute(command)
            case out.QueryAssetOrder():
                unknown = ev.AssetOrderRejected(
                    client_order_id=command.client_order_id, reject_class=RejectClass.NOT_FOUND
                )
                return self.answered.get(command.client_order_id, [unknown])
            case out.SignInvoice() | out.SignRedemption():
                return [self.sign(command.invoice)]
            case out.SettleRedemption():
                return self.pay(command)
            case out.SettleInvoice():
                return self.settle(command)

    def _transfer(self, command: out.StartTransfer) -> list[ev.SolverEvent]:
        tx = "0x" + command.transfer_id
        moved = ev.TransferUpdated(
            transfer_id=command.transfer_id,
            state=TransferState.ARRIVED,
            amount_out=command.min_out,
            hop_tx_hashes=("0x01", tx),
        )
        credited = ev.VenueDepositSeen(
            venue="binance",
            asset="USDC",
            amount=command.min_out,
            tx_hash=tx,
            deposit_id=f"d-{command.transfer_id}",
            credited=True,
        )
        return [moved, credited]

    def _quote_return(self, command: out.QuoteRoute) -> ev.SolverEvent:
        venue, bridge = self.withdrawal_fee, self.routing_fee
        return ev.RouteQuoted(
            transfer_id=command.transfer_id,
            amount_in=command.amount,
            amount_out=command.amount - venue - bridge,
            fees=(
                FeeAmount(kind="withdrawal", asset="USDC", amount=venue),
                FeeAmount(kind="bridge_capital", asset="USDC", amount=bridge),
            ),
            pickup_network="BASE",
            pickup_address="0x" + "77" * 20,
        )

    def _withdraw(self, command: out.WithdrawCollateral) -> list[ev.SolverEvent]:
        assert command.command_id not in self.withdrawn, "withdrawn twice"
        self.withdrawn[command.command_id] = command.amount
        return [
            ev.WithdrawalUpdated(
                command_id=command.command_id,
                state=state,
                tx_hash="" if state is WithdrawalState.ACCEPTED else "0xfeed",
                amount=command.amount - self.withdrawal_fee,
                fee=self.withdrawal_fee,
            )
            for state in (WithdrawalState.ACCEPTED, WithdrawalState.SENT, WithdrawalState.COMPLETED)
        ]

    def _carry_back(self, command: out.StartTransfer) -> ev.SolverEvent:
        return ev.TransferUpdated(
            transfer_id=command.transfer_id,
            state=TransferState.COMPLETED,
            amount_out=command.amount - self.routing_fee,
            hop_tx_hashes=("0xb1", "0xb2"),
            fees=(FeeAmount(kind="bridge_capital", asset="USDC", amount=self.routing_fee),),
        )

    def execute(self, command: out.PlaceAssetOrder) -> list[ev.SolverEvent]:
        m = self.markets[command.symbol]
        self.bought.setdefault(command.symbol, 0)
        left = command.quantity
        events: list[ev.SolverEvent] = [ev.AssetOrderAccepted(client_order_id=command.client_order_id)]
        levels: list[tuple[int, int]] = []
        buys = command.side is Side.BUY
        for price, offered in m.asks if buys else m.bids or [(m.bid, ATOMS)]:
            within = price <= command.price if buys else price >= command.price
            taken = min(left, offered) if within else 0
            left -= taken
            if offered > taken:
                levels.append((price, offered - taken))
            if taken:
                events.append(self.trade(command, price, taken))
        if buys:
            m.asks = levels
        elif m.bids is not None:
            m.bids = levels
        executed = command.quantity - left
        self.bought[command.symbol] += executed if buys else -executed
        status = AssetOrderStatus.EXPIRED if left else AssetOrderStatus.FILLED
        done = ev.AssetOrderDone(client_order_id=command.client_order_id, status=status, executed_quantity=executed)
        return [*events, done]

    def trade(self, command: out.PlaceAssetOrder, price: int, quantity: int) -> ev.ExecutionReported:
        self.trades += 1
        rules = self.instruments[command.symbol]
        asset = self.commission_asset or (rules.base if command.side is Side.BUY else rules.quote)
        if asset == rules.base:
            commission = quantity * rules.taker_fee // ATOMS
        elif asset == "USDC":
            commission = price * quantity // ATOMS * rules.taker_fee // ATOMS
        else:
            commission = amt("0.0001")
        execution = ev.ExecutionReported(
            venue=command.venue,
            symbol=command.symbol,
            trade_id=str(self.trades),
            client_order_id=command.client_order_id,
            price=price,
            quantity=quantity,
            commission=commission,
            commission_asset=asset,
            at=self.now,
        )
        self.venue_trades.append(execution)
        return execution

    def sign(self, invoice: out.Invoice | out.RedemptionInvoice) -> ev.SolverEvent:
        return ev.InvoiceSigned(invoice_id=invoice.invoice_id, signer="0x51", signature="0x99", lots_root="0x77")

    def settle(self, command: out.SettleInvoice) -> list[ev.SolverEvent]:
        request = command.invoice.request_id
        assert request not in self.minted, "settled twice"
        self.minted[request] = command.invoice
        return [
            ev.SettlementUpdated(command_id=command.command_id, state=state, tx_hash="0xaa", block=7)
            for state in (SettlementState.SUBMITTED, SettlementState.CONFIRMED, SettlementState.FINAL)
        ]

    def pay(self, command: out.SettleRedemption) -> list[ev.SolverEvent]:
        request = command.invoice.request_id
        assert request not in self.redeemed, "paid twice"
        self.redeemed[request] = command.invoice
        return [
            ev.SettlementUpdated(command_id=command.command_id, state=state, tx_hash="0xbb", block=9)
            for state in (SettlementState.SUBMITTED, SettlementState.CONFIRMED, SettlementState.FINAL)
        ]

    def last(self, account: str, client_order_id: str = "one") -> out.IndexOrderReport:
        found = [
            r
            for r in self.reports
            if isinstance(r, out.IndexOrderReport) and (r.account, r.client_order_id) == (account, client_order_id)
        ]
        return found[-1]

    def sent(self, kind: type) -> list:
        return [command for command in self.commands if isinstance(command, kind)]

    def told(self, kind: type) -> list:
        return [report for report in self.reports if isinstance(report, kind)]

    def alerts(self) -> list[str]:
        return [alert.kind for alert in self.told(out.Alert)]

    def user_money(self) -> int:
        return sum(
            balance for account, balance in self.engine.ledger if account.kind == "USER" and account.asset == "USDC"
        )


def make_world(config: SolverConfig | None = None, **options) -> World:
    """A world with two liquid markets, an index of both, and house capital."""
    world = World(config=config or SolverConfig(), **options)
    world.instruments = {f"{base}USDC": instrument(base) for base in ("BTC", "ETH", "SOL")}
    world.markets = {
        "BTCUSDC": market("100000"),
        "ETHUSDC": market("4000"),
        "SOLUSDC": market("200"),
    }
    world.submit(ev.Configured(config=world.config))
    world.submit(ev.InstrumentsUpdated(venue="binance", instruments=tuple(world.instruments.values())))
    world.submit(ev.HouseCapital(place="venue:binance", asset="USDC", amount=amt("1000"), reference="opening"))
    world.submit(ev.HouseCapital(place=f"keeper:{CHAIN}", asset="USDC", amount=amt("1000"), reference="keeper"))
    world.create_index()
    return world


def money(atoms: int) -> str:
    return format_atoms(atoms)
