"""The double-entry ledger: every change of a balance is a movement whose legs sum to zero per asset.

Balances of users live in their accounts, the other buckets here. Movements go out as numbered `Posted` events; the
engine itself keeps only totals.
"""

from __future__ import annotations

from indexmaker.exchange.accounts import Account
from indexmaker.exchange.events import BalanceChanged, ExchangeEvent, Posted, Posting
from indexmaker.exchange.frequent_words import HOLD, RELEASE, TRADE
from indexmaker.exchange.markets import Asset
from indexmaker.exchange.orders import PPM, Order
from indexmaker.exchange.vocabulary import PostingKind

__all__ = ["FEE_BUCKET", "MAX_AMOUNT", "SEED_BUCKET", "WITHDRAWAL_FEE_BUCKET", "Ledger"]

MAX_AMOUNT = 2**127 - 1
"""The largest amount of any bucket, in atoms."""
FEE_BUCKET = "house.fee"
WITHDRAWAL_FEE_BUCKET = "house.withdrawal_fee"
SEED_BUCKET = "external.seed"


class Ledger:
    """Totals of the house's and outer buckets, the posting counter, and the movements of the command at work.

    `rounding` is, per asset, how many millionths of an atom the fees so far exceed their exact value.
    """

    __slots__ = ("_dirty", "assets", "buckets", "outputs", "posted", "rounding")

    def __init__(self) -> None:
        self.assets: list[Asset] = []
        self.buckets: dict[str, list[int]] = {}
        self.rounding: list[int] = []
        self.posted = 0
        self.outputs: list[ExchangeEvent] = []
        self._dirty: list[Account] = []

    def add_asset(self, asset: Asset) -> None:
        """Make room for an asset in the totals."""
        self.assets.append(asset)
        self.rounding.append(0)
        for totals in self.buckets.values():
            totals.append(0)

    def bucket(self, name: str) -> list[int]:
        """The totals of a bucket that belongs to no user, in atoms per asset."""
        totals = self.buckets.get(name)
        if totals is None:
            totals = self.buckets[name] = [0] * len(self.assets)
        return totals

    def supply(self, asset: Asset) -> int:
        """All atoms of an asset that came in and are still here."""
        index = asset.index
        return -sum(totals[index] for name, totals in self.buckets.items() if name.startswith("external."))

    def hold(self, order: Order, amount: int) -> None:
        """Reserve `amount` atoms of what the order gives; the caller has checked that they are available."""
        if amount:
            account = order.account
            asset = order.gives
            account.available[asset.index] -= amount
            account.held[asset.index] += amount
            order.held += amount
            self._post(
                HOLD,
                str(order.order_id),
                (
                    Posting(account.available_bucket, asset.symbol, -amount),
                    Posting(account.held_bucket, asset.symbol, amount),
                ),
            )
            self._touch(account, asset.index, HOLD)

    def release(self, order: Order) -> None:
        """Give back what an ended order still holds."""
        if order.held:
            self.lower_hold(order, order.held)

    def lower_hold(self, order: Order, amount: int) -> None:
        """Give back `amount` atoms of what an order holds."""
        if amount:
            account = order.account
            asset = order.gives
            account.held[asset.index] -= amount
            account.available[asset.index] += amount
            order.held -= amount
            self._post(
                RELEASE,
                str(order.order_id),
                (
                    Posting(account.held_bucket, asset.symbol, -amount),
                    Posting(account.available_bucket, asset.symbol, amount),
                ),
            )
            self._touch(account, asset.index, RELEASE)

    def credit(self, account: Account, asset: Asset, amount: int, *, bucket: str, reference: str) -> None:
        """Bring `amount` atoms in from an outer bucket; the caller has checked the range."""
        kind = PostingKind.SEED if bucket == SEED_BUCKET else PostingKind.DEPOSIT
        self.bucket(bucket)[asset.index] -= amount
        account.available[asset.index] += amount
        self._post(
            kind,
            reference,
            (Posting(bucket, asset.symbol, -amount), Posting(account.available_bucket, asset.symbol, amount)),
        )
        self._touch(account, asset.index, kind)

    def set_aside(self, account: Account, asset: Asset, amount: int, *, reference: str) -> None:
        """Take `amount` atoms out of use for a withdrawal; the caller has checked that they are available."""
        account.available[asset.index] -= amount
        account.withdrawing[asset.index] += amount
        legs = (
            Posting(account.available_bucket, asset.symbol, -amount),
            Posting(account.withdrawing_bucket, asset.symbol, amount),
        )
        self._post(PostingKind.WITHDRAWAL_HOLD, reference, legs)
        self._touch(account, asset.index, PostingKind.WITHDRAWAL_HOLD)

    def give_back(self, account: Account, asset: Asset, amount: int, *, reference: str) -> None:
        """Return what was set aside for a withdrawal that did not happen."""
        account.withdrawing[asset.index] -= amount
        account.available[asset.index] += amount
        legs = (
            Posting(account.withdrawing_bucket, asset.symbol, -amount),
            Posting(account.available_bucket, asset.symbol, amount),
        )
        self._post(PostingKind.WITHDRAWAL_RETURN, reference, legs)
        self._touch(account, asset.index, PostingKind.WITHDRAWAL_RETURN)

    def pay_out(self, account: Account, asset: Asset, amount: int, *, fee: int, bucket: str, reference: str) -> None:
        """Let what was set aside leave: the fee to the house, the rest to an outer bucket."""
        account.withdrawing[asset.index] -= amount
        self.bucket(bucket)[asset.index] += amount - fee
        legs = [
            Posting(account.withdrawing_bucket, asset.symbol, -amount),
            Posting(bucket, asset.symbol, amount - fee),
        ]
        if fee:
            self.bucket(WITHDRAWAL_FEE_BUCKET)[asset.index] += fee
            legs.append(Posting(WITHDRAWAL_FEE_BUCKET, asset.symbol, fee))
        self._post(PostingKind.WITHDRAWAL, reference, tuple(legs))
        self._touch(account, asset.index, PostingKind.WITHDRAWAL)

    def settle(
        self, maker: Order, taker: Order, *, price: int, quantity: int, reference: str, auction: bool = False
    ) -> tuple[int, int]:
        """Exchange the money of a trade and take the fees; returns (maker's fee, taker's fee) in atoms.

        What a buyer reserved above the trade price is released in the same movement. In an auction both are makers.
        """
        market = taker.market
        base, quote = market.base, market.quote
        lots = quantity * market.base_per_lot
        cost = price * quantity * market.quote_per_unit
        buy, sell = (taker, maker) if taker.buy else (maker, taker)
        reserved = buy.price * quantity * market.quote_per_unit if buy.price else cost
        taker_ppm = taker.maker_ppm if auction else taker.taker_ppm
        if taker.buy:
            base_fee = taker_fee = self._charge(taker, base, lots, ppm=taker_ppm, taker=not auction)
            quote_fee = maker_fee = self._charge(maker, quote, cost, ppm=maker.maker_ppm, taker=False)
        else:
            quote_fee = taker_fee = self._charge(taker, quote, cost, ppm=taker_ppm, taker=not auction)
            base_fee = maker_fee = self._charge(maker, base, lots, ppm=maker.maker_ppm, taker=False)
        buyer, seller = buy.account, sell.account
        b, q = base.index, quote.index
        buyer.held[q] -= reserved
        buyer.available[q] += reserved - cost
        buyer.available[b] += lots - base_fee
        seller.held[b] -= lots
        seller.available[q] += cost - quote_fee
        buy.held -= reserved
        sell.held -= lots
        buy.quote += cost
        sell.quote += cost
        legs = [
            Posting(buyer.held_bucket, quote.symbol, -reserved),
            Posting(seller.available_bucket, quote.symbol, cost - quote_fee),
            Posting(seller.held_bucket, base.symbol, -lots),
            Posting(buyer.available_bucket, base.symbol, lots - base_fee),
        ]
        if reserved != cost:
            legs.append(Posting(buyer.available_bucket, quote.symbol, reserved - cost))
        fees = self.bucket(FEE_BUCKET)
        if quote_fee:
            fees[q] += quote_fee
            legs.append(Posting(FEE_BUCKET, quote.symbol, quote_fee))
        if base_fee:
            fees[b] += base_fee
            legs.append(Posting(FEE_BUCKET, base.symbol, base_fee))
        self._post(TRADE, reference, tuple(legs))
        self._touch(buyer, q, TRADE)
        self._touch(buyer, b, TRADE)
        self._touch(seller, b, TRADE)
        self._touch(seller, q, TRADE)
        return maker_fee, taker_fee

    def transfer(self, buy: Order, sell: Order, *, price: int, quantity: int, reference: str) -> None:
        """Exchange the money of a prevented match of two accounts, without fees; the rest as in `settle`."""
        market = buy.market
        base, quote = market.base, market.quote
        lots = quantity * market.base_per_lot
        cost = price * quantity * market.quote_per_unit
        reserved = buy.price * quantity * market.quote_per_unit if buy.price else cost
        buyer, seller = buy.account, sell.account
        b, q = base.index, quote.index
        buyer.held[q] -= reserved
        buyer.available[q] += reserved - cost
        buyer.available[b] += lots
        seller.held[b] -= lots
        seller.available[q] += cost
        buy.held -= reserved
        sell.held -= lots
        legs = [
            Posting(buyer.held_bucket, quote.symbol, -reserved),
            Posting(seller.available_bucket, quote.symbol, cost),
            Posting(seller.held_bucket, base.symbol, -lots),
            Posting(buyer.available_bucket, base.symbol, lots),
        ]
        if reserved != cost:
            legs.append(Posting(buyer.available_bucket, quote.symbol, reserved - cost))
        self._post(PostingKind.TRANSFER, reference, tuple(legs))
        for account in (buyer, seller):
            self._touch(account, q, PostingKind.TRANSFER)
            self._touch(account, b, PostingKind.TRANSFER)

    def announce(self, at: int) -> None:
        """Put one `BalanceChanged` per touched account and asset into the outputs."""
        outputs = self.outputs
        assets = self.assets
        for account in self._dirty:
            for index, kind in account.dirty.items():
                outputs.append(
                    BalanceChanged(
                        account.account,
                        assets[index].symbol,
                        account.available[index],
                        account.held[index],
                        kind,
                        at,
                        account.withdrawing[index],
                    )
                )
            account.dirty.clear()
        self._dirty.clear()

    def _charge(self, order: Order, asset: Asset, received: int, *, ppm: int, taker: bool) -> int:
        if not ppm:
            return 0
        fee = order.charge_taker(received) if taker else order.charge_maker(received)
        self.rounding[asset.index] += fee * PPM - received * ppm
        return fee

    def _post(self, kind: PostingKind, reference: str, legs: tuple[Posting, ...]) -> None:
        self.outputs.append(Posted(self.posted + 1, kind, reference, legs))
        self.posted += len(legs)

    def _touch(self, account: Account, index: int, kind: PostingKind) -> None:
        if not account.dirty:
            self._dirty.append(account)
        account.dirty[index] = kind
