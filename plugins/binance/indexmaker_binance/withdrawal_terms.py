"""On which terms an asset leaves the venue: the network table, and a request checked against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.identifiers import IdentifierError, check_client_order_id
from indexmaker.money import MoneyError, format_atoms, parse_atoms
from indexmaker_binance.errors import FilterRefusedError, UnknownNetworkError
from indexmaker_binance.withdrawal_journal import Requested

__all__ = ["NetworkTerms", "read_request", "terms_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTerms:
    """Terms of one coin over one network, in atoms; 0 for `maximum` and `step` means not limited."""

    network: str
    enabled: bool
    fee: int
    minimum: int
    maximum: int
    step: int
    reason: str

    def check(self, amount: int) -> None:
        """Raise `FilterRefusedError` when the venue would refuse this amount."""
        if amount < self.minimum:
            raise FilterRefusedError("withdrawMin", f"{format_atoms(amount)} is below {format_atoms(self.minimum)}")
        if amount <= self.fee:
            raise FilterRefusedError("withdrawFee", f"the fee of {format_atoms(self.fee)} leaves nothing")
        if self.maximum and amount > self.maximum:
            raise FilterRefusedError("withdrawMax", f"{format_atoms(amount)} is above {format_atoms(self.maximum)}")
        if self.step and amount % self.step:
            raise FilterRefusedError(
                "withdrawIntegerMultiple", f"{format_atoms(amount)} is no multiple of {format_atoms(self.step)}"
            )

    def quote(self) -> pb.QuoteWithdrawalResponse:
        """As the interface has it."""
        return pb.QuoteWithdrawalResponse(
            network=self.network,
            fee=format_atoms(self.fee),
            min_amount=format_atoms(self.minimum),
            max_amount=format_atoms(self.maximum),
            amount_step=format_atoms(self.step),
            enabled=self.enabled,
            reason=self.reason,
        )


def terms_of(coins: Sequence[Mapping[str, Any]], *, coin: str, network: str) -> NetworkTerms:
    """Terms in the venue's coin table; raises `UnknownNetworkError` when it does not list the network."""
    for entry in coins:
        for item in entry.get("networkList", ()) if entry.get("coin") == coin else ():
            if item.get("network") == network:
                enabled = bool(item.get("withdrawEnable"))
                return NetworkTerms(
                    network=network,
                    enabled=enabled,
                    fee=_atoms(item, "withdrawFee"),
                    minimum=_atoms(item, "withdrawMin"),
                    maximum=_atoms(item, "withdrawMax"),
                    step=_atoms(item, "withdrawIntegerMultiple"),
                    reason="" if enabled else str(item.get("withdrawDesc") or "suspended by the venue"),
                )
    raise UnknownNetworkError(f"the venue does not list {coin} over {network}")


def read_request(request: pb.WithdrawRequest, *, coin: str, network: str, now: int) -> Requested:
    """Read a request; raises `FilterRefusedError` naming the field that cannot be read."""
    try:
        check_client_order_id(request.withdrawal_id)
        amount = parse_atoms(request.amount, field="amount")
    except (IdentifierError, MoneyError) as error:
        raise FilterRefusedError("field", str(error)) from error
    if amount <= 0 or not request.asset or not request.address.strip():
        raise FilterRefusedError("field", "asset, address and an amount above zero must be given")
    return Requested(
        withdrawal_id=request.withdrawal_id,
        coin=coin,
        network=network,
        address=request.address,
        amount=format_atoms(amount),
        fee="0",
        requested_at=now,
        doubt_until=0,
    )


def _atoms(item: Mapping[str, Any], name: str) -> int:
    return parse_atoms(str(item.get(name) or "0"), field=name)
