"""The Merkle root over an invoice's lots, by which a holder can prove a single lot.

Leaves are keccak256(keccak256(abi.encode(asset, venue, symbol, tradeId, quantity, price, value, fee))) with amounts in
atoms, sorted; pairs are hashed sorted. This is the layout of OpenZeppelin's StandardMerkleTree, so its tools and
Solidity's MerkleProof verify our proofs.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from indexmaker.solver.commands import InvoiceLot

__all__ = ["leaf_of", "lots_root"]

_TYPES = ["string", "string", "string", "string", "uint256", "uint256", "uint256", "uint256"]


def leaf_of(lot: InvoiceLot) -> bytes:
    """Hash of one lot."""
    values = [lot.asset, lot.venue, lot.symbol, lot.trade_id, lot.quantity, lot.price, lot.value, lot.fee]
    return keccak(keccak(encode(_TYPES, values)))


def lots_root(lots: Sequence[InvoiceLot]) -> str:
    """Root of the lots as 0x-hexadecimal; 32 zero bytes without lots."""
    if not lots:
        return "0x" + "00" * 32
    leaves = sorted(leaf_of(lot) for lot in lots)
    tree = [b""] * (2 * len(leaves) - 1)
    for position, leaf in enumerate(leaves):
        tree[len(tree) - 1 - position] = leaf
    for position in range(len(tree) - 1 - len(leaves), -1, -1):
        left, right = sorted((tree[2 * position + 1], tree[2 * position + 2]))
        tree[position] = keccak(left + right)
    return "0x" + tree[0].hex()
