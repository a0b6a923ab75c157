"""Withdrawals as Binance's wallet interface has them: requests, history, rules, permissions."""

from __future__ import annotations

import pytest

from gateways.trader import Answer, Trader
from indexmaker.exchange.commands import (
    AllowWithdrawalAddress,
    RejectWithdrawal,
    ReportWithdrawal,
    SetAddressBook,
    SetWithdrawalTerms,
)
from indexmaker.exchange.vocabulary import WithdrawalStatus
from indexmaker.gateways.binance import Limits, Venue
from indexmaker.gateways.binance.rate_limits import Window
from indexmaker.runtime import ManualClock

APPLY, HISTORY = "/sapi/v1/capital/withdraw/apply", "/sapi/v1/capital/withdraw/history"
ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
TX = "0x" + "7f" * 32
DAY = 86_400_000


async def request(trader: Trader, **changes: object) -> Answer:
    """The status and the JSON."""
    wanted = {"coin": "USDC", "network": "BASE", "address": ADDRESS, "amount": "100", "withdrawOrderId": "w-1"}
    return await trader.post(APPLY, **{k: v for k, v in (wanted | changes).items() if v is not None})


async def listed(trader: Trader, **parameters: object) -> list[dict[str, object]]:
    status, found = await trader.get(HISTORY, **parameters)
    assert status == 200, found
    return found


async def report(venue: Venue, status: WithdrawalStatus, *, number: int = 1, reason: str = "") -> None:
    await venue.submit(ReportWithdrawal(withdrawal_id=number, status=status, tx_hash=TX, reason=reason))


async def test_requested_withdrawal_is_listed_processing_then_completed_with_its_transaction(
    alice: Trader, venue: Venue, clock: ManualClock
) -> None:
    status, answer = await request(alice)
    assert (status, list(answer)) == (200, ["id"])
    (shown,) = await listed(alice)
    assert shown == {
        "id": answer["id"],
        "withdrawOrderId": "w-1",
        "amount": "99.5",
        "transactionFee": "0.5",
        "coin": "USDC",
        "network": "BASE",
        "status": 4,
        "address": ADDRESS.lower(),
        "txId": "",
        "applyTime": "2025-10-09 08:53:20",
        "transferType": 0,
        "info": "",
        "confirmNo": 0,
        "walletType": 0,
        "txKey": "",
    }
    await report(venue, WithdrawalStatus.SENT)
    (shown,) = await listed(alice)
    assert (shown["status"], shown["txId"]) == (4, TX)
    clock.advance(61 * 10**9)
    await report(venue, WithdrawalStatus.COMPLETED)
    (shown,) = await listed(alice)
    assert (shown["status"], shown["completeTime"], shown["confirmNo"]) == (6, "2025-10-09 08:54:21", 3)


async def test_repeated_withdraw_order_id_sends_nothing_more(alice: Trader, venue: Venue) -> None:
    first, again = await request(alice), await request(alice)
    other = await request(alice, amount="101")
    assert first == again
    assert (other[0], other[1]["code"]) == (400, -4001)
    assert len(venue.engine.withdrawals(1001)) == 1


async def test_balances_show_what_is_being_withdrawn(alice: Trader) -> None:
    await request(alice)
    _, coins = await alice.get("/sapi/v1/capital/config/getall")
    _, account = await alice.get("/api/v3/account", omitZeroBalances="true")
    assert (coins[0]["free"], coins[0]["locked"], coins[0]["withdrawing"]) == ("999900", "0", "100")
    assert account["balances"] == [{"asset": "USDC", "free": "999900.00000000", "locked": "0.00000000"}]


async def test_network_list_tells_fee_limits_and_step(alice: Trader, venue: Venue) -> None:
    _, coins = await alice.get("/sapi/v1/capital/config/getall")
    network = coins[0]["networkList"][0]
    names = ("withdrawEnable", "withdrawFee", "withdrawMin", "withdrawMax", "withdrawIntegerMultiple")
    assert [network[name] for name in names] == [True, "0.5", "10", "100000", "0.000001"]
    assert [coin["withdrawAllEnable"] for coin in coins] == [True, False, False]
    await venue.submit(SetWithdrawalTerms(asset="USDC", network="BASE", enabled=False, reason="maintenance"))
    _, coins = await alice.get("/sapi/v1/capital/config/getall")
    network = coins[0]["networkList"][0]
    assert (network["withdrawEnable"], network["withdrawDesc"]) == (False, "maintenance")
    assert (await request(alice))[1]["code"] == -4044


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"coin": None}, -1102),
        ({"address": None}, -1102),
        ({"amount": None}, -1102),
        ({"amount": "-5"}, -1100),
        ({"amount": "10.000000001"}, -1111),
        ({"withdrawOrderId": "a b"}, -1100),
        ({"coin": "DOGE"}, -4017),
        ({"network": "ETH"}, -4018),
        ({"coin": "BTC", "network": None}, -4018),
        ({"address": "0x1234"}, -4033),
        ({"address": ADDRESS.replace("aA", "Aa")}, -4033),
        ({"address": "0x" + "0" * 40}, -4033),
        ({"addressTag": "7"}, -4008),
        ({"amount": "9.99"}, -4022),
        ({"amount": "100000.000001"}, -4023),
        ({"amount": "50.00000001"}, -4021),
    ],
)
async def test_request_outside_the_rules_is_refused_with_binances_code(
    alice: Trader, venue: Venue, changes: dict[str, object], code: int
) -> None:
    status, answer = await request(alice, **changes)
    assert (status, answer["code"]) == (400, code)
    assert not venue.engine.withdrawals(1001)


async def test_more_than_is_free_cannot_be_withdrawn(alice: Trader) -> None:
    await alice.order(price="99999", quantity="10")
    assert (await request(alice, amount="11"))[1] == {"code": -4026, "msg": "You have insufficient balance."}


async def test_default_network_and_an_id_of_the_venues_own_serve_when_none_is_sent(alice: Trader) -> None:
    await request(alice, network=None, withdrawOrderId=None)
    (shown,) = await listed(alice)
    assert shown["network"] == "BASE"
    assert "withdrawOrderId" not in shown


async def test_only_a_key_with_the_permission_withdraws(alice: Trader, bob: Trader) -> None:
    status, answer = await request(bob)
    assert (status, answer["code"]) == (401, -1002)
    rights = [(await one.get("/sapi/v1/account/apiRestrictions"))[1]["enableWithdrawals"] for one in (alice, bob)]
    shown = [(await one.get("/api/v3/account"))[1]["canWithdraw"] for one in (alice, bob)]
    assert rights == shown == [True, False]


async def test_address_book_is_enforced(alice: Trader, venue: Venue) -> None:
    await venue.submit(SetAddressBook(account=1001, required=True))
    assert (await request(alice))[1]["code"] == -4035
    await venue.submit(AllowWithdrawalAddress(account=1001, network="BASE", address=ADDRESS))
    assert (await request(alice))[0] == 200


async def test_endings_have_their_statuses_and_reasons(alice: Trader, venue: Venue) -> None:
    for number, amount in enumerate(("100", "20000", "200"), 1):
        await request(alice, withdrawOrderId=f"w-{number}", amount=amount)
    assert [one["status"] for one in await listed(alice)] == [4, 2, 4]
    await report(venue, WithdrawalStatus.FAILED, number=1, reason="the transfer reverted")
    await venue.submit(RejectWithdrawal(withdrawal_id=2, operator="ann", reason="not today"))
    shown = [(one["withdrawOrderId"], one["status"], one["info"]) for one in await listed(alice)]
    assert shown == [("w-3", 4, ""), ("w-2", 3, "not today"), ("w-1", 5, "the transfer reverted")]


async def test_history_is_filtered_and_paged(alice: Trader, bob: Trader, clock: ManualClock) -> None:
    ids = []
    for number in range(3):
        ids.append((await request(alice, withdrawOrderId=f"w-{number}"))[1]["id"])
        clock.advance(8 * DAY * 10**6)
    newest_first = ids[::-1]
    assert [one["id"] for one in await listed(alice)] == newest_first
    assert [one["id"] for one in await listed(alice, limit=1, offset=1)] == [ids[1]]
    assert [one["id"] for one in await listed(alice, idList=f"{ids[0]},{ids[2]}")] == [ids[2], ids[0]]
    assert [one["id"] for one in await listed(alice, coin="USDC", status=4)] == newest_first
    assert await listed(alice, status=6) == await listed(alice, coin="BTC") == await listed(bob) == []


async def test_an_id_is_looked_for_in_seven_days_at_a_time(alice: Trader, clock: ManualClock) -> None:
    await request(alice)
    start = alice.now()
    clock.advance(8 * DAY * 10**6)
    assert await listed(alice, withdrawOrderId="w-1") == []
    assert len(await listed(alice, withdrawOrderId="w-1", startTime=start)) == 1
    assert len(await listed(alice, withdrawOrderId="w-1", startTime=start, endTime=start + 7 * DAY)) == 1
    status, answer = await alice.get(HISTORY, withdrawOrderId="w-1", startTime=start, endTime=start + 8 * DAY)
    assert (status, answer["code"]) == (400, -1130)


@pytest.mark.parametrize("limits", [Limits(wallet_address=Window(interval="SECOND", number=1, limit=36_000))])
async def test_history_has_a_weight_window_of_its_own(alice: Trader, clock: ManualClock) -> None:
    for used in (18_000, 36_000):
        await listed(alice)
        assert alice.headers["X-SAPI-USED-IP-WEIGHT-1S"] == str(used)
    status, answer = await alice.get(HISTORY)
    assert (status, answer["code"], alice.headers["Retry-After"]) == (429, -1003, "1")
    assert (await request(alice))[0] == 200
    assert alice.headers["X-SAPI-USED-UID-WEIGHT-1M"] == "600"
    clock.advance(10**9)
    assert len(await listed(alice)) == 1
