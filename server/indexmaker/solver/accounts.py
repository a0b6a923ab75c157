"""The accounts of the solver's ledger, by name. One function per pot, so that no name is spelled twice."""

from __future__ import annotations

from indexmaker.ledger import Account, OwnerKind

__all__ = [
    "at_gate",
    "at_venue",
    "backing",
    "bridge",
    "burned",
    "chain",
    "gate_place",
    "house_cash",
    "house_claims",
    "house_fees",
    "house_inventory",
    "house_rounding",
    "house_short",
    "in_transit",
    "index_cash",
    "index_token",
    "keeper",
    "owned_assets",
    "owner_capital",
    "paid_out",
    "payable",
    "payout_charges",
    "payout_transit",
    "proceeds",
    "trading",
    "venue_place",
    "venue_world",
]

_HOUSE = "house"


def gate_place(chain_id: int, gate: str) -> str:
    """The place of collateral that waits in a gate."""
    return f"gate:{chain_id}:{gate}"


def venue_place(venue: str) -> str:
    """The place of everything in our account on a venue."""
    return f"venue:{venue}"


def chain(chain_id: int, asset: str) -> Account:
    """The users' wallets, where deposits come from."""
    return Account(OwnerKind.EXTERNAL, "wallets", "deposits", f"chain:{chain_id}", asset)


def paid_out(chain_id: int, asset: str) -> Account:
    """The users' wallets, where refunds, payments and returned index tokens go."""
    return Account(OwnerKind.EXTERNAL, "wallets", "refunds", f"chain:{chain_id}", asset)


def at_gate(account: str, bucket: str, place: str, asset: str) -> Account:
    """A user's collateral in a gate: `unconfirmed` or `confirmed`."""
    return Account(OwnerKind.USER, account, bucket, place, asset)


def in_transit(account: str, asset: str) -> Account:
    """A user's committed collateral on its way (`routed`)."""
    return Account(OwnerKind.USER, account, "routed", "transit", asset)


def at_venue(account: str, bucket: str, venue: str, asset: str) -> Account:
    """A user's collateral on a venue: `routed` (arrived, free), `reserved`, `spent`, `refunded`."""
    return Account(OwnerKind.USER, account, bucket, venue_place(venue), asset)


def owned_assets(account: str, venue: str, asset: str) -> Account:
    """Assets bought for a user and not yet turned into index units."""
    return Account(OwnerKind.USER, account, "assets", venue_place(venue), asset)


def bridge(asset: str) -> Account:
    """Whoever charges for transfers."""
    return Account(OwnerKind.EXTERNAL, "routes", "fees", "transit", asset)


def venue_world(venue: str, asset: str) -> Account:
    """The venue's other traders."""
    return Account(OwnerKind.EXTERNAL, "market", "trades", venue_place(venue), asset)


def house_cash(place: str, asset: str) -> Account:
    """The house's free money at a place; below zero it owes to the users' pool there until invoices are
    settled.
    """
    return Account(OwnerKind.HOUSE, _HOUSE, "cash", place, asset)


def house_claims(asset: str) -> Account:
    """What routes owe the house for transfers that it has written off."""
    return Account(OwnerKind.HOUSE, _HOUSE, "claims", "transit", asset)


def owner_capital(asset: str) -> Account:
    """The house's owners, where its capital comes from."""
    return Account(OwnerKind.EXTERNAL, "owners", "capital", "house", asset)


def keeper(chain_id: int, asset: str) -> Account:
    """The keeper's wallet on a chain, which pays refunds."""
    return house_cash(f"keeper:{chain_id}", asset)


def trading(venue: str, asset: str) -> Account:
    """Assets bought by open batches and not yet given to orders or inventory."""
    return Account(OwnerKind.HOUSE, _HOUSE, "trading", venue_place(venue), asset)


def house_inventory(venue: str, asset: str) -> Account:
    """Surplus assets of the house."""
    return Account(OwnerKind.HOUSE, _HOUSE, "inventory", venue_place(venue), asset)


def house_fees(venue: str, asset: str) -> Account:
    """Management fees earned."""
    return Account(OwnerKind.HOUSE, _HOUSE, "fees", venue_place(venue), asset)


def house_rounding(venue: str, asset: str) -> Account:
    """What rounding to whole token units left over."""
    return Account(OwnerKind.HOUSE, _HOUSE, "rounding", venue_place(venue), asset)


def backing(index: str, venue: str, asset: str) -> Account:
    """Assets that stand behind the minted units of an index."""
    return Account(OwnerKind.HOUSE, f"index:{index}", "backing", venue_place(venue), asset)


def index_token(name: str) -> str:
    """How the ledger names the tokens of an index, so that no traded asset can be taken for them."""
    return f"token:{name}"


def burned(chain_id: int, token: str) -> Account:
    """Index tokens that are no more."""
    return Account(OwnerKind.EXTERNAL, "tokens", "burned", f"chain:{chain_id}", token)


def proceeds(account: str, venue: str, asset: str) -> Account:
    """What a user's sold units brought after the venue's fees, at the venue and not yet on its way."""
    return Account(OwnerKind.USER, account, "proceeds", venue_place(venue), asset)


def payout_charges(account: str, venue: str, asset: str) -> Account:
    """The part of a user's proceeds that stays at the venue: redemption fee and rounding, the house's once paid."""
    return Account(OwnerKind.USER, account, "charges", venue_place(venue), asset)


def payout_transit(account: str, asset: str) -> Account:
    """A user's proceeds on their way from the venue to the keeper."""
    return Account(OwnerKind.USER, account, "payout", "transit", asset)


def payable(account: str, chain_id: int, asset: str) -> Account:
    """A user's proceeds in the keeper's wallet."""
    return Account(OwnerKind.USER, account, "payable", f"keeper:{chain_id}", asset)


def house_short(venue: str, asset: str) -> Account:
    """Below zero by what was sold beyond the sellers' share and is still to be bought back."""
    return Account(OwnerKind.HOUSE, _HOUSE, "short", venue_place(venue), asset)


def index_cash(index: str, venue: str, asset: str) -> Account:
    """Collateral held for an index between the sales and the purchases of a rebalance."""
    return Account(OwnerKind.HOUSE, f"index:{index}", "cash", venue_place(venue), asset)
