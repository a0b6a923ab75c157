"""What the engine's own rounding comes to for one lot is within what the guardian allows."""

from hypothesis import example, given
from hypothesis import strategies as st

from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver.assignment import HOUSE, Source, split_sources
from indexmaker.solver.guardian.lots import ROUNDING

PRICES = st.integers(min_value=1, max_value=10**6 * ATOMS)
QUANTITIES = st.integers(min_value=2, max_value=10**3 * ATOMS)


@given(price=PRICES, bought=QUANTITIES, commission=st.integers(min_value=0, max_value=ATOMS), kept=st.floats(0, 1))
@example(price=3285714285715156360, bought=56, commission=45, kept=0.1)
def test_a_part_of_a_trade_with_a_commission_in_its_asset_is_worth_what_the_guardian_allows(
    price, bought, commission, kept
):
    commission = min(commission, bought - 1)
    net, fee = bought - commission, mul_floor(price, commission)
    house = int(net * kept)
    source = Source(quantity=net, cost=mul_ceil(price, bought) - fee, fee=fee)
    for part in split_sources([source], [("order", net - house), (HOUSE, house)]):
        assert part.cost <= mul_floor(part.quantity, price) + ROUNDING
        assert part.fee <= fee * part.quantity // net + ROUNDING


@given(mid=PRICES, held=QUANTITIES, wanted=st.lists(st.integers(min_value=1, max_value=10**20), min_size=1, max_size=5))
@example(mid=14997500000000000001, held=48, wanted=[22, 16])
def test_a_part_of_a_lot_of_inventory_is_worth_what_the_guardian_allows(mid, held, wanted):
    source = Source(quantity=held, cost=mul_ceil(held, mid), fee=0)
    for part in split_sources([source], [(str(number), quantity) for number, quantity in enumerate(wanted)]):
        assert part.cost <= mul_floor(part.quantity, mid) + ROUNDING
