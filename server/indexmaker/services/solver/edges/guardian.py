"""The guardian: recomputes an invoice from raw facts before its mint is signed."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from eth_account import Account
from eth_account.messages import encode_typed_data

from indexmaker.connectors.streams import BatchingQueue
from indexmaker.money import atoms_to_units
from indexmaker.services.solver.edges.calls import Post
from indexmaker.services.solver.lots_root import lots_root
from indexmaker.solver.commands import Invoice, SignInvoice
from indexmaker.solver.events import InvoiceSigned, InvoiceVetoed
from indexmaker.typed_data import invoice_typed_data

__all__ = ["GuardianEdge"]

_log = structlog.get_logger(__name__)

_COLLATERAL_DECIMALS = 6
_TOKEN_DECIMALS = 18


class GuardianEdge:
    """Signs what `review` finds nothing wrong with; the key never leaves this object."""

    def __init__(self, private_key: str, *, post: Post, review: Callable[[Invoice], tuple[str, ...]]) -> None:
        self.__key = Account.from_key(private_key)
        self._post = post
        self._review = review
        self._waiting: BatchingQueue[SignInvoice] = BatchingQueue(maxsize=100_000)

    @staticmethod
    def accepts(private_key: str) -> bool:
        """Whether this is a key that can sign."""
        try:
            Account.from_key(private_key)
        except ValueError:
            return False
        return True

    def dispatch(self, command: SignInvoice) -> None:
        """Take an invoice to review."""
        self._waiting.put_nowait(command)

    async def run(self) -> None:
        """Review and sign until cancelled."""
        while True:
            for command in await self._waiting.take():
                await self._decide(command.invoice)

    async def _decide(self, invoice: Invoice) -> None:
        faults = self._review(invoice)
        if faults:
            _log.error("invoice_vetoed", invoice_id=invoice.invoice_id, faults=faults)
            await self._post(InvoiceVetoed(invoice_id=invoice.invoice_id, reason="; ".join(faults)))
            return
        root = lots_root(invoice.lots)
        typed = invoice_typed_data(
            chain_id=invoice.chain_id,
            gate=invoice.gate,
            request_id=invoice.request_id,
            spent=atoms_to_units(invoice.spent, _COLLATERAL_DECIMALS),
            fee=atoms_to_units(invoice.fee, _COLLATERAL_DECIMALS),
            back=atoms_to_units(invoice.refund, _COLLATERAL_DECIMALS),
            out=atoms_to_units(invoice.units, _TOKEN_DECIMALS),
            lots_root=root,
            deadline=invoice.deadline // 1_000_000_000,
        )
        signed = self.__key.sign_message(encode_typed_data(full_message=typed))
        await self._post(
            InvoiceSigned(
                invoice_id=invoice.invoice_id,
                signer=self.__key.address.lower(),
                signature="0x" + signed.signature.hex().removeprefix("0x"),
                lots_root=root,
                digest="0x" + signed.message_hash.hex().removeprefix("0x"),
            )
        )

    def __repr__(self) -> str:
        return f"GuardianEdge({self.__key.address})"
