"""What is sent for a transfer: the deposit, fixed before it is sent, the payment, a refund's claim. Pure."""

from __future__ import annotations

from indexmaker_across.ends import DepartureView, LandingView
from indexmaker_across.lanes import Lane
from indexmaker_across.relay import Relay, call_bridge, call_claim, deposit_id, deposit_nonce, pad_topic
from indexmaker_across.transfer import Deposit, Transfer
from indexmaker_evm.codecs import call_transfer
from indexmaker_evm.rpc import number, to_hex
from indexmaker_evm.transactions.commands import PreparedCall

__all__ = ["bridge_call", "claim_call", "payment_call", "plan_deposit"]


def plan_deposit(
    transfer: Transfer,
    lane: Lane,
    departure: DepartureView,
    landing: LandingView,
    *,
    fill_s: int,
) -> Deposit:
    """A deposit by the departure chain's clock; its nonce, and with it its id, follow from the transfer's id."""
    nonce = deposit_nonce(transfer.transfer_id, round_number=transfer.round_number)
    relay = Relay(
        depositor=lane.route,
        recipient=lane.recipient,
        input_token=lane.token,
        output_token=lane.output_token,
        input_amount=transfer.amount,
        output_amount=transfer.output,
        origin_chain_id=lane.departure_chain_id,
        destination_chain_id=lane.landing_chain_id,
        deposit_id=deposit_id(lane.route, nonce=nonce),
        fill_deadline=departure.timestamp + fill_s,
    )
    return Deposit(
        nonce=pad_topic(nonce),
        deposit_id=pad_topic(relay.deposit_id),
        quote_timestamp=departure.timestamp,
        fill_deadline=relay.fill_deadline,
        relay_hash=to_hex(relay.hash()),
        origin_block=departure.number,
        destination_block=landing.number,
    )


def bridge_call(transfer: Transfer, lane: Lane) -> PreparedCall:
    """The planned deposit as a call of the route contract."""
    deposit = transfer.deposit
    assert deposit is not None, "a deposit is planned before it is sent"
    data = call_bridge(
        amount=transfer.amount,
        output=transfer.output,
        quote_timestamp=deposit.quote_timestamp,
        fill_deadline=deposit.fill_deadline,
        nonce=number(deposit.nonce),
    )
    return PreparedCall(to=lane.route, data=data)


def claim_call(lane: Lane) -> PreparedCall:
    """Fetches every refund that waits for the route contract; it can only come there."""
    return PreparedCall(to=lane.route, data=call_claim())


def payment_call(transfer: Transfer, lane: Lane) -> PreparedCall:
    """All that arrived, to the venue's deposit address."""
    data = call_transfer(transfer.terms.recipient, units=transfer.received)
    return PreparedCall(to=lane.output_token, data=data)
