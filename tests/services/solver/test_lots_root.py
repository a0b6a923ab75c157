"""The Merkle root over an invoice's lots."""

from __future__ import annotations

from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.services.solver.lots_root import leaf_of, lots_proofs, lots_root, proves
from indexmaker.solver.commands import InvoiceLot


def lot(number: int) -> InvoiceLot:
    return InvoiceLot(
        asset="BTC",
        venue="binance",
        symbol="BTCUSDC",
        trade_id=str(number),
        batch_id="b",
        quantity=number,
        price=2,
        value=3,
        fee=4,
    )


def folded(leaves: list[bytes]) -> bytes:
    """The tree once more, slowly: the last leaves pair up first, as in a heap stored backwards."""
    size = len(leaves)
    nodes = {2 * size - 2 - position: leaf for position, leaf in enumerate(sorted(leaves))}
    for position in range(size - 2, -1, -1):
        nodes[position] = keccak(b"".join(sorted((nodes[2 * position + 1], nodes[2 * position + 2]))))
    return nodes[0]


def test_no_lots_have_the_zero_root_and_one_lot_is_its_own_root() -> None:
    assert lots_root([]) == "0x" + "00" * 32
    assert lots_root([lot(1)]) == "0x" + leaf_of(lot(1)).hex()


@given(st.sets(st.integers(min_value=0, max_value=1000), min_size=1, max_size=40))
def test_the_root_is_that_of_the_tree_whatever_the_order_of_the_lots(numbers: set[int]) -> None:
    lots = [lot(number) for number in numbers]
    assert lots_root(lots) == lots_root(lots[::-1]) == "0x" + folded([leaf_of(one) for one in lots]).hex()


def test_any_field_of_a_lot_changes_the_root() -> None:
    import msgspec

    base = lots_root([lot(1), lot(2)])
    for field, value in {"asset": "ETH", "trade_id": "9", "quantity": 9, "price": 9, "value": 9, "fee": 9}.items():
        assert lots_root([msgspec.structs.replace(lot(1), **{field: value}), lot(2)]) != base


@given(st.sets(st.integers(min_value=0, max_value=1000), min_size=1, max_size=40))
def test_every_lot_is_proved_by_its_own_proof(numbers: set[int]) -> None:
    lots = [lot(number) for number in numbers]
    root = lots_root(lots)
    for one, proof in zip(lots, lots_proofs(lots), strict=True):
        assert proves(one, proof, root=root)
        assert len(proof) <= len(lots).bit_length()


@given(
    numbers=st.sets(st.integers(min_value=0, max_value=1000), min_size=2, max_size=40),
    other=st.integers(min_value=1001, max_value=2000),
    data=st.data(),
)
def test_no_other_lot_and_no_altered_proof_is_believed(numbers: set[int], other: int, data: st.DataObject) -> None:
    lots = [lot(number) for number in numbers]
    root, proofs = lots_root(lots), lots_proofs(lots)
    place = data.draw(st.integers(min_value=0, max_value=len(lots) - 1))
    step = data.draw(st.integers(min_value=0, max_value=len(proofs[place]) - 1))
    altered = [*proofs[place]]
    altered[step] = "0x" + keccak(bytes.fromhex(altered[step][2:])).hex()
    assert not proves(lot(other), proofs[place], root=root)
    assert not proves(lots[place], altered, root=root)
    assert not proves(lots[place], proofs[place][:-1], root=root)
