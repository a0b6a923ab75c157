"""Two accounts, of a buy and of a sell order."""

from indexmaker.solver.commands import Invoice, InvoiceLot, RedemptionInvoice

UNIT = 10**12

LOTS = (
    InvoiceLot(
        asset="BTC",
        venue="v",
        symbol="BTCUSDC",
        trade_id="1",
        batch_id="b-1",
        quantity=3,
        price=50_000 * 10**18,
        value=80 * UNIT,
        fee=UNIT,
    ),
)
INVOICE = Invoice(
    invoice_id="i-1",
    order_id="o-1",
    client_order_id="a",
    account="42161:0x" + "ab" * 20,
    index="TOP2",
    basket_version=1,
    chain_id=42161,
    gate="0x" + "11" * 20,
    request_id=7,
    deposit_tx="0x01",
    transfer_id="t-1",
    deposit=100 * UNIT,
    assets=80 * UNIT,
    venue_fees=UNIT,
    routing_fees=2 * UNIT,
    management_fee=3 * UNIT,
    rounding=0,
    refund=14 * UNIT,
    units=5,
    spent=81 * UNIT,
    fee=5 * UNIT,
    deadline=9_000_000_000,
    lots=LOTS,
)
REDEMPTION = RedemptionInvoice(
    invoice_id="i-3",
    order_id="o-3",
    client_order_id="c",
    account="42161:0x" + "ab" * 20,
    index="TOP2",
    basket_version=1,
    chain_id=42161,
    gate="0x" + "11" * 20,
    request_id=17,
    request_tx="0x02",
    transfer_id="t-2",
    escrowed=9,
    burned=5,
    returned=4,
    proceeds=80 * UNIT,
    venue_fees=UNIT,
    routing_fees=2 * UNIT,
    redemption_fee=3 * UNIT,
    rounding=0,
    paid=74 * UNIT,
    fee=5 * UNIT,
    deadline=9_000_000_000,
    lots=LOTS,
)
