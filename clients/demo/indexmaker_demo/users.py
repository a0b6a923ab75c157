"""The users of the demonstration: each pays in on the chain and orders over FIX, like anybody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from indexmaker.money import atoms_to_units, parse_atoms
from indexmaker_client import Signer
from indexmaker_client.fix import FixClient
from indexmaker_client.fix_messages import ExecutionReport, TradeCaptureReport
from indexmaker_demo.scenario import DemoOrder, DemoSale
from indexmaker_evm.devnet.client import DepositReceipt, DevnetClient
from indexmaker_evm.devnet.manifest import Account

__all__ = ["PlacedOrder", "User"]

_USDC_DECIMALS = 6
_SETTLED = ("MINTED", "PAID")


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order with the deposit that pays for it."""

    order: DemoOrder
    account: str
    deposit: DepositReceipt


class User:
    """A person with a wallet, one FIX session, and orders; use it as `async with user` to be logged on."""

    def __init__(self, number: int, wallet: Account, *, devnet: DevnetClient, fix_url: str) -> None:
        self._wallet = wallet
        self._devnet = devnet
        self._signer = Signer(42161, wallet.private_key())
        self._fix = FixClient(fix_url, self._signer, sender_comp_id=f"DEMO{number + 1}")
        self.settled: set[str] = set()

    async def __aenter__(self) -> User:
        await self._fix.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._fix.__aexit__(kind, error, trace)

    @property
    def account(self) -> str:
        """`42161:0x…`."""
        return str(self._signer.account)

    async def dollars(self) -> int:
        """USDC in the wallet, in units of 10**-6."""
        return await self._devnet.usdc_balance(self._wallet.address)

    async def place(self, order: DemoOrder) -> PlacedOrder:
        """Deposit on the chain, then send the order over FIX."""
        units = atoms_to_units(parse_atoms(order.amount), _USDC_DECIMALS)
        deposit = await self._devnet.deposit(self._wallet, symbol=order.index, assets=units)
        await self._fix.submit(client_order_id=order.client_order_id, index=order.index, cash=order.amount)
        return PlacedOrder(order, self.account, deposit)

    async def sell(self, sale: DemoSale, *, units: str) -> None:
        """Give index tokens into the gate, then send the order over FIX."""
        await self._devnet.redeem(self._wallet, symbol=sale.index, shares=parse_atoms(units))
        await self._fix.sell(client_order_id=sale.client_order_id, index=sale.index, units=units)

    async def follow(self, told: Callable[[ExecutionReport], None], *, until: set[str]) -> None:
        """Pass execution reports on until these orders are reported as minted or paid, with their invoices."""
        invoiced: set[str] = set()
        async for event in self._fix.events():
            if isinstance(event, ExecutionReport):
                told(event)
                if event.state in _SETTLED:
                    self.settled.add(event.client_order_id)
            elif isinstance(event, TradeCaptureReport):
                invoiced.add(event.client_order_id)
            if until <= self.settled and until <= invoiced:
                return
