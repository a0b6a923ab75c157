"""Whatever the fields of a command say, it is answered, and a refusal changes nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.floor import MARKET, Floor
from indexmaker.exchange.commands import (
    AmendOrder,
    CancelList,
    CancelOrder,
    CancelReplace,
    PlaceList,
    PlaceOrder,
    SetMarketStatus,
    SetTradeGroup,
)
from indexmaker.exchange.vocabulary import (
    MarketStatus,
    OrderType,
    PegPrice,
    ReplaceMode,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

numbers = st.sampled_from([-(2**70), -1, 0, 1, 2, 5, 99, 100, 101, 9_999, 10_000, 2**63 - 1, 2**63, 2**130])
often = st.one_of(st.just(0), numbers)
names = st.sampled_from(["", "a", "b", "c", "x" * 37])
accounts = st.sampled_from([1, 2, 9])
markets = st.sampled_from([MARKET, MARKET, MARKET, "NONE"])

orders = st.builds(
    PlaceOrder,
    account=accounts,
    market=markets,
    client_order_id=names,
    side=st.sampled_from(Side),
    type=st.sampled_from(OrderType),
    time_in_force=st.sampled_from(TimeInForce),
    price=often,
    quantity=often,
    quote_amount=often,
    self_trade=st.sampled_from(SelfTradePrevention),
    stop_price=often,
    trailing_delta=often,
    iceberg=often,
    expires_at=often,
    peg=st.sampled_from(PegPrice),
    peg_offset=often,
)
cancels = st.builds(CancelOrder, account=accounts, market=markets, order_id=often, client_order_id=names)
commands = st.one_of(
    orders,
    cancels,
    st.builds(CancelReplace, cancel=cancels, place=orders, mode=st.sampled_from(ReplaceMode)),
    st.builds(AmendOrder, account=accounts, market=markets, quantity=numbers, order_id=often, client_order_id=names),
    st.builds(
        PlaceList,
        account=accounts,
        market=markets,
        client_list_id=names,
        orders=st.lists(orders, max_size=3).map(tuple),
        working=st.one_of(st.none(), orders),
    ),
    st.builds(CancelList, account=accounts, market=markets, list_id=often, client_list_id=names),
    st.builds(SetMarketStatus, market=markets, status=st.sampled_from(MarketStatus), auction_ends_at=often),
    st.builds(SetTradeGroup, account=accounts, group=often),
)


@given(st.lists(commands, max_size=12))
@settings(max_examples=250, deadline=None)
def test_any_command_is_answered_and_a_refusal_changes_nothing(session):
    floor = Floor()
    floor.trade_at(100)
    floor.buy(1, 5, price=99)
    floor.sell(2, 5, price=101)
    for command in session:
        before = floor.engine.dump()
        if floor.rejection(floor.do(command)) is not None:
            assert floor.engine.dump() == before
