"""What is sent for a transfer: the deposit, fixed before it is sent, and the payment. Pure."""

from __future__ import annotations

from indexmaker_across.config import AcrossConfig
from indexmaker_across.ends import Addresses, DestinationView, OriginView
from indexmaker_across.relay import Relay, call_bridge, deposit_id, deposit_nonce, pad_topic
from indexmaker_across.transfer import Deposit, Transfer
from indexmaker_evm.codecs import call_transfer
from indexmaker_evm.rpc import number, to_hex
from indexmaker_evm.transactions.commands import PreparedCall

__all__ = ["bridge_call", "payment_call", "plan_deposit"]


def plan_deposit(
    transfer: Transfer,
    addresses: Addresses,
    origin: OriginView,
    destination: DestinationView,
    *,
    config: AcrossConfig,
) -> Deposit:
    """A deposit by the origin chain's clock; its nonce, and with it its id, follow from the transfer's id."""
    nonce = deposit_nonce(transfer.transfer_id, round_number=transfer.round_number)
    relay = Relay(
        depositor=addresses.route,
        recipient=addresses.wallet,
        input_token=addresses.origin_usdc,
        output_token=addresses.destination_usdc,
        input_amount=transfer.terms.amount,
        output_amount=transfer.output,
        origin_chain_id=config.origin.chain_id,
        destination_chain_id=config.destination.chain_id,
        deposit_id=deposit_id(addresses.route, nonce=nonce),
        fill_deadline=origin.timestamp + config.limits.fill_s,
    )
    return Deposit(
        nonce=pad_topic(nonce),
        deposit_id=pad_topic(relay.deposit_id),
        quote_timestamp=origin.timestamp,
        fill_deadline=relay.fill_deadline,
        relay_hash=to_hex(relay.hash()),
        origin_block=origin.number,
        destination_block=destination.number,
    )


def bridge_call(transfer: Transfer, addresses: Addresses) -> PreparedCall:
    """The planned deposit as a call of the route contract."""
    deposit = transfer.deposit
    assert deposit is not None, "a deposit is planned before it is sent"
    data = call_bridge(
        amount=transfer.terms.amount,
        output=transfer.output,
        quote_timestamp=deposit.quote_timestamp,
        fill_deadline=deposit.fill_deadline,
        nonce=number(deposit.nonce),
    )
    return PreparedCall(to=addresses.route, data=data)


def payment_call(transfer: Transfer, addresses: Addresses) -> PreparedCall:
    """All that arrived, to the venue's deposit address."""
    data = call_transfer(transfer.terms.recipient, units=transfer.received)
    return PreparedCall(to=addresses.destination_usdc, data=data)
