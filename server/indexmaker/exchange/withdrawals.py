"""Money on its way out of an account, and the terms on which it may leave."""

from __future__ import annotations

from indexmaker.exchange.commands import DefineNetwork, SetWithdrawalTerms
from indexmaker.exchange.events import SendWithdrawal, WithdrawalChanged
from indexmaker.exchange.markets import Asset
from indexmaker.exchange.vocabulary import WithdrawalStatus
from indexmaker.identifiers import derived_id

__all__ = ["Withdrawal", "chain_unit", "number_in", "terms_failure", "to_units"]

_ENDED = frozenset(
    {
        WithdrawalStatus.COMPLETED,
        WithdrawalStatus.FAILED,
        WithdrawalStatus.REJECTED,
        WithdrawalStatus.CANCELLED,
    }
)
_PREFIX = "withdrawal-"


class Withdrawal:
    """A withdrawal. `amount` left the available balance; `amount` - `fee` arrives. Both are ledger atoms."""

    __slots__ = (
        "account",
        "address",
        "amount",
        "asset",
        "ended_at",
        "fee",
        "network",
        "reason",
        "requested_at",
        "status",
        "tx_hash",
        "withdraw_order_id",
        "withdrawal_id",
    )

    def __init__(
        self,
        withdrawal_id: int,
        *,
        account: int,
        asset: str,
        network: str,
        address: str,
        amount: int,
        fee: int,
        withdraw_order_id: str,
        requested_at: int,
        status: WithdrawalStatus,
    ) -> None:
        self.withdrawal_id = withdrawal_id
        self.account = account
        self.asset = asset
        self.network = network
        self.address = address
        self.amount = amount
        self.fee = fee
        self.withdraw_order_id = withdraw_order_id
        self.requested_at = requested_at
        self.status = status
        self.tx_hash = ""
        self.reason = ""
        self.ended_at = 0

    @property
    def command_id(self) -> str:
        """The key under which the hot wallet sends it, once for ever.

        It follows from the whole request, so that a wallet that outlives the exchange's journal mistakes no new
        withdrawal for an old one.
        """
        terms = (self.account, self.asset, self.network, self.address, self.amount, self.requested_at)
        return derived_id(f"{_PREFIX}{self.withdrawal_id}", *terms)

    @property
    def ended(self) -> bool:
        """Whether nothing can change any more."""
        return self.status in _ENDED

    @property
    def in_wallet(self) -> bool:
        """Whether the hot wallet has it in its hands."""
        return self.status in (WithdrawalStatus.PROCESSING, WithdrawalStatus.SENT)

    def event(self, *, changed: bool, at: int) -> WithdrawalChanged:
        """Where it stands."""
        return WithdrawalChanged(
            self.withdrawal_id,
            self.account,
            self.asset,
            self.network,
            self.address,
            self.amount,
            self.fee,
            self.withdraw_order_id,
            self.status,
            self.tx_hash,
            self.reason,
            changed,
            at,
        )

    def order(self, asset: Asset) -> SendWithdrawal:
        """What the hot wallet has to do."""
        network = asset.networks[self.network]
        return SendWithdrawal(
            self.command_id,
            self.withdrawal_id,
            network.chain_id,
            network.contract,
            network.decimals,
            self.address,
            to_units(self.amount - self.fee, network=network, scale=asset.scale),
        )


def number_in(command_id: str) -> int:
    """The number of the withdrawal that a command id names, 0 when it names none."""
    number = command_id.removeprefix(_PREFIX).partition("-")[0]
    return int(number) if command_id.startswith(_PREFIX) and number.isdecimal() else 0


def chain_unit(network: DefineNetwork, *, scale: int) -> int:
    """The finest amount in ledger atoms that is whole in both the ledger and the chain."""
    return int(10 ** max(scale - network.decimals, 0))


def to_units(amount: int, *, network: DefineNetwork, scale: int) -> int:
    """Ledger atoms as units of the chain; exact for multiples of `chain_unit`."""
    if network.decimals >= scale:
        return int(amount * 10 ** (network.decimals - scale))
    return int(amount // 10 ** (scale - network.decimals))


def terms_failure(terms: SetWithdrawalTerms, *, unit: int) -> str:
    """What is wrong with terms, empty when nothing is."""
    amounts = (terms.fee, terms.minimum, terms.maximum, terms.step, terms.approve_above)
    if min(amounts) < 0:
        return "fee, limits and step must not be negative"
    if terms.fee % unit or terms.step % unit:
        return f"fee and step must be multiples of {unit} atoms, the chain's unit"
    if terms.enabled and terms.minimum <= terms.fee:
        return "the minimum must exceed the fee"
    if terms.maximum and terms.maximum < terms.minimum:
        return "the maximum is below the minimum"
    return ""
