"""The price of a call auction, by trying every price there is."""

from __future__ import annotations

Side = list[tuple[int, int]]


def auction_price(bids: Side, asks: Side, *, reference: int) -> tuple[int, int]:
    """(price, lots) for (price, lots) pairs; (0, 0) when nothing crosses."""
    if not bids or not asks or max(bids)[0] < min(asks)[0]:
        return 0, 0
    results = []
    for price in range(min(asks)[0], max(bids)[0] + 1):
        bought = sum(lots for limit, lots in bids if limit >= price)
        sold = sum(lots for limit, lots in asks if limit <= price)
        results.append((price, min(bought, sold), bought - sold))
    most = max(lots for _, lots, _ in results)
    results = [one for one in results if one[1] == most]
    least = min(abs(surplus) for _, _, surplus in results)
    results = [one for one in results if abs(one[2]) == least]
    if all(surplus > 0 for _, _, surplus in results):
        return results[-1][0], most
    if all(surplus < 0 for _, _, surplus in results):
        return results[0][0], most
    return min(results, key=lambda one: (abs(one[0] - reference), one[0]))[0], most
