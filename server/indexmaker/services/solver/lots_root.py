"""The Merkle tree over an invoice's lots, by which a holder can prove a single lot.

Leaves are keccak256(keccak256(abi.encode(asset, venue, symbol, tradeId, quantity, price, value, fee))) with amounts in
atoms, sorted; pairs are hashed sorted. This is the layout of OpenZeppelin's StandardMerkleTree, so its tools and
Solidity's MerkleProof verify our proofs.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from indexmaker.solver.commands import InvoiceLot

__all__ = ["leaf_of", "lots_proofs", "lots_root", "proves"]

_TYPES = ["string", "string", "string", "string", "uint256", "uint256", "uint256", "uint256"]
_NOTHING = "0x" + "00" * 32


def leaf_of(lot: InvoiceLot) -> bytes:
    """Hash of one lot."""
    values = [lot.asset, lot.venue, lot.symbol, lot.trade_id, lot.quantity, lot.price, lot.value, lot.fee]
    return keccak(keccak(encode(_TYPES, values)))


def lots_root(lots: Sequence[InvoiceLot]) -> str:
    """Root of the lots as 0x-hexadecimal; 32 zero bytes without lots."""
    return "0x" + _tree(sorted(map(leaf_of, lots)))[0].hex() if lots else _NOTHING


def lots_proofs(lots: Sequence[InvoiceLot]) -> list[tuple[str, ...]]:
    """For each lot, the hashes that lead from its leaf to the root, as 0x-hexadecimal."""
    leaves = [leaf_of(lot) for lot in lots]
    order = sorted(leaves)
    tree = _tree(order)
    return [_proof(tree, len(tree) - 1 - order.index(leaf)) for leaf in leaves]


def proves(lot: InvoiceLot, proof: Sequence[str], *, root: str) -> bool:
    """Whether a proof leads from the lot to the root."""
    node = leaf_of(lot)
    for sibling in proof:
        node = _join(node, bytes.fromhex(sibling.removeprefix("0x")))
    return "0x" + node.hex() == root


def _tree(leaves: Sequence[bytes]) -> list[bytes]:
    """The nodes with the root first: node n has the children 2n + 1 and 2n + 2."""
    if not leaves:
        return []
    tree = [b""] * (2 * len(leaves) - 1)
    for position, leaf in enumerate(leaves):
        tree[len(tree) - 1 - position] = leaf
    for position in range(len(tree) - 1 - len(leaves), -1, -1):
        tree[position] = _join(tree[2 * position + 1], tree[2 * position + 2])
    return tree


def _proof(tree: Sequence[bytes], position: int) -> tuple[str, ...]:
    siblings = []
    while position:
        siblings.append("0x" + tree[position + 1 if position % 2 else position - 1].hex())
        position = (position - 1) // 2
    return tuple(siblings)


def _join(first: bytes, second: bytes) -> bytes:
    left, right = sorted((first, second))
    return keccak(left + right)
