from hypothesis import given
from hypothesis import strategies as st

from indexmaker.money import ATOMS, mul_ceil
from indexmaker.solver.assignment import HOUSE, Obtained, Planned, Source, fill_units, split_sources
from indexmaker.solver.commands import InvoiceLot
from indexmaker.solver.invoice import build_invoice, canonical_lots, supported_units
from indexmaker.solver.routing_fees import split_in_units
from indexmaker.solver.state import DepositLot, Index, IndexOrder, LotState
from indexmaker.solver.vocabulary import Finality, OrderState, Side

UNIT = 10**12
amounts = st.integers(0, 10**24)


def index(fee=0):
    return Index(
        symbol="X",
        version=1,
        chain_id=1,
        gate="0x1",
        token="0x2",
        token_decimals=18,
        quantities=(("A", ATOMS), ("B", 3 * ATOMS)),
        management_fee=fee,
        min_order=0,
        max_order=0,
        mint_threshold=0,
        collateral="USDC",
        collateral_decimals=6,
        venue="v",
        route="r",
        custody="c",
        destination="d",
    )


def order(lots, routing_fee):
    return IndexOrder(
        order_id="o",
        sequence=1,
        account="1:0x",
        client_order_id="c",
        index="X",
        side=Side.BUY,
        amount=0,
        max_price=0,
        min_units=0,
        max_fee=0,
        expires_at=0,
        signature_digest="",
        state=OrderState.READY,
        state_since=0,
        routing_fee=routing_fee,
        lots=lots,
    )


def lot(asset, trade, quantity, value, fee):
    return InvoiceLot(
        asset=asset,
        venue="v",
        symbol=asset,
        trade_id=trade,
        batch_id="b",
        quantity=quantity,
        price=1,
        value=value,
        fee=fee,
    )


lots = st.lists(
    st.builds(lot, st.sampled_from("AB"), st.sampled_from("123"), amounts, amounts, st.integers(0, 10**21)),
    max_size=6,
)


@given(lots=lots, routing=st.integers(0, 10**9), spare=amounts, rate=st.integers(0, ATOMS // 20))
def test_every_invoice_balances_to_the_last_atom_in_whole_token_units(lots, routing, spare, rate):
    needed = sum(part.value + part.fee for part in lots) * (ATOMS + rate) // ATOMS + 1
    deposit = (needed // UNIT + 1 + spare // UNIT + routing) * UNIT
    deposit_lot = DepositLot(
        key="1:0x:0",
        sequence=1,
        chain_id=1,
        tx_hash="0x",
        request_id=1,
        gate="0x1",
        account="1:0x",
        asset="USDC",
        amount=deposit,
        finality=Finality.FINAL,
        state=LotState.COMMITTED,
    )
    invoice = build_invoice(order(lots, routing * UNIT), index(rate), deposit_lot, deadline=0)
    parts = invoice.assets + invoice.venue_fees + invoice.routing_fees + invoice.management_fee
    assert parts + invoice.rounding + invoice.refund == invoice.deposit == deposit
    assert invoice.spent + invoice.fee + invoice.refund == deposit
    assert invoice.spent % UNIT == invoice.fee % UNIT == invoice.refund % UNIT == 0
    assert 0 <= invoice.rounding < UNIT
    assert min(invoice.spent, invoice.fee, invoice.refund) >= 0


@given(lots=lots)
def test_canonical_lots_keep_every_atom_and_forget_the_order(lots):
    merged = canonical_lots(lots)
    assert merged == canonical_lots(lots[::-1]) == canonical_lots(merged)
    for field in ("quantity", "value", "fee"):
        assert sum(getattr(part, field) for part in merged) == sum(getattr(part, field) for part in lots)


@given(quantity=st.tuples(amounts, amounts), decimals=st.integers(0, 18))
def test_units_are_what_the_scarcest_asset_supports_in_the_tokens_precision(quantity, decimals):
    held = [lot("A", "1", quantity[0], 0, 0), lot("B", "2", quantity[1], 0, 0)]
    units = supported_units(held, (("A", ATOMS), ("B", 3 * ATOMS)), decimals=decimals)
    step = 10 ** (18 - decimals)
    assert units % step == 0
    assert units <= min(quantity[0], quantity[1] // 3) < units + step


@given(total=amounts, weights=st.lists(st.integers(1, 10**24), min_size=1, max_size=6))
def test_shared_fee_is_split_to_the_last_atom_in_units_by_largest_remainder(total, weights):
    keyed = [(str(number), weight) for number, weight in enumerate(weights)]
    parts = split_in_units(total, keyed, unit=UNIT)
    assert sum(parts.values()) == total
    for key, weight in keyed:
        exact = total // UNIT * weight / sum(weights)
        assert abs(parts[key] // UNIT - exact) <= 1 + exact * 1e-9
    assert all(parts[key] % UNIT == 0 for key, _ in keyed[1:])


sources = st.lists(
    st.builds(
        lambda quantity, cost, fee: Source(quantity=quantity, cost=cost, fee=fee),
        st.integers(1, 10**20),
        st.integers(0, 10**22),
        st.integers(0, 10**18),
    ),
    min_size=1,
    max_size=5,
)


@given(sources=sources, cuts=st.lists(st.integers(0, 1000), min_size=1, max_size=4))
def test_sources_are_shared_out_exactly_and_everybody_pays_the_same_average(sources, cuts):
    total = sum(source.quantity for source in sources)
    weight = sum(cuts) + 1
    needs = [(str(number), total * cut // weight) for number, cut in enumerate(cuts)]
    needs.append((HOUSE, total - sum(need for _, need in needs)))
    parts = split_sources(sources, needs)
    for taker, need in needs:
        assert sum(part.quantity for part in parts if part.taker == taker) == need
    for number, source in enumerate(sources):
        mine = [part for part in parts if part.source == number]
        assert sum(part.quantity for part in mine) == source.quantity
        assert sum(part.cost for part in mine) == source.cost
        assert sum(part.fee for part in mine) == source.fee
    cost = sum(source.cost for source in sources)
    for taker, need in needs:
        paid = sum(part.cost for part in parts if part.taker == taker)
        dearest = max(-(-source.cost // source.quantity) for source in sources)
        assert abs(paid - cost * need / total) <= (dearest + 2) * len(sources) * len(needs) + paid * 1e-9


@given(
    planned=st.lists(st.integers(0, 10**21), min_size=1, max_size=4),
    supplies=st.tuples(amounts, amounts),
)
def test_orders_are_filled_by_the_weakest_leg_and_never_above_their_plan(planned, supplies):
    basket = (("A", ATOMS), ("B", 3 * ATOMS))
    orders = [
        Planned(order_id=str(number), units=units, price=7 * ATOMS, quantities=basket)
        for number, units in enumerate(planned)
    ]
    held = {"A": supplies[0], "B": supplies[1]}
    filled = fill_units(orders, {asset: Obtained(bought=quantity) for asset, quantity in held.items()})
    assert all(0 <= filled[order.order_id] <= order.units for order in orders)
    for asset, quantity in basket:
        assert sum(mul_ceil(quantity, units) for units in filled.values()) <= held[asset]
    room = min(held["A"], held["B"] // 3)
    slack = 10 * len(planned)
    assert sum(filled.values()) + slack >= min(sum(planned), room)
