"""Sharing out one asset of a batch: who gives, who takes, at which price, and where it lies.

Sellers' assets go to the buyers of the batch first, then to those who bought them on a venue, then to the house;
all sellers get the same average for them. Buyers take what sellers give, then inventory, then purchases; all pay the
same average. What was sold beyond the sellers' part comes from the house, what was bought beyond the buyers' part is
the house's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexmaker.ledger import Movement
from indexmaker.money import mul_ceil, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.assignment import HOUSE, Planned, Source, flows, split_sources
from indexmaker.solver.commands import PoolReport
from indexmaker.solver.handlers.batch_reports import absorbed_id, cross_id
from indexmaker.solver.handlers.house import gain, give_up
from indexmaker.solver.handlers.lot_booking import Origin, give, receive
from indexmaker.solver.inventory import put_back
from indexmaker.solver.placing import first, given_by_venue, sold_for_sellers, totals
from indexmaker.solver.state import Batch, Fill, InventoryLot, Leg, Pool, Short
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import LotSource, Side

__all__ = ["Sharing"]

_Offered = list[tuple[Origin, Source]]


class Sharing:
    """One asset of one batch; `run` is to be called once."""

    def __init__(
        self, step: Step, batch: Batch, pool: Pool, planned: Sequence[Planned], units: Mapping[str, int]
    ) -> None:
        self.step, self.batch, self.pool = step, batch, pool
        self.needs: dict[str, int] = {}
        self.gives: dict[str, int] = {}
        for order in planned:
            if pool.asset in dict(order.quantities):
                needed, given = flows([order], units)
                if order.side is Side.BUY:
                    self.needs[order.order_id] = needed[pool.asset]
                else:
                    self.gives[order.order_id] = given[pool.asset]
        self.legs = [leg for leg in batch.legs if leg.asset == pool.asset]
        self.covered = 0

    def run(self) -> PoolReport:
        """Book everything, and tell it."""
        needed, offered = sum(self.needs.values()), sum(self.gives.values())
        crossed = min(needed, offered)
        executed = totals((leg.venue, leg.executed) for leg in self.legs if leg.side is Side.SELL)
        pledges = [pledged for pledged in self.batch.pledges if pledged.asset == self.pool.asset]
        given, unused = given_by_venue(pledges, self.gives, executed)
        for pledged, quantity in unused:
            source = accounts.trading(pledged.venue, pledged.asset)
            target = accounts.backing(pledged.index, pledged.venue, pledged.asset)
            self.step.post(Movement.between(source, target, amount=quantity))
        sold = sold_for_sellers(given, executed, crossed=crossed)
        rest = {venue: quantity - sold.get(venue, 0) for venue, quantity in sorted(given.items())}
        crosses = first(rest, crossed)
        absorbed = {venue: quantity - crosses[venue] for venue, quantity in rest.items()}
        self._note(crosses, absorbed)
        short = self._pay_sellers(crosses, absorbed, sold)
        self._take_absorbed(absorbed)
        used, surplus = self._serve_buyers(crosses)
        return PoolReport(
            asset=self.pool.asset,
            venue=self.pool.venue,
            symbol=self.pool.symbol,
            mid=self.pool.mid,
            cross_id=cross_id(self.batch, self.pool.asset),
            absorbed_id=absorbed_id(self.batch, self.pool.asset),
            needed=needed,
            offered=offered,
            crossed=crossed,
            from_inventory=used,
            absorbed=sum(absorbed.values()),
            surplus=surplus,
            covered=self.covered,
            short=short,
        )

    def _note(self, crosses: Mapping[str, int], absorbed: Mapping[str, int]) -> None:
        for venue, quantity in crosses.items():
            for source, part in ((LotSource.CROSS, quantity), (LotSource.INVENTORY, absorbed[venue])):
                if part:
                    origin = self._exchange(venue, source)
                    self.step.state.crosses[f"{venue}:{origin.symbol}:{origin.trade_id}"] = part

    def _pay_sellers(self, crosses: Mapping[str, int], absorbed: Mapping[str, int], sold: Mapping[str, int]) -> int:
        """Split what the assets brought; returns what the house owes now because more was sold than sellers gave."""
        mid = self.pool.mid
        inside: _Offered = [
            (self._exchange(venue, LotSource.CROSS), Source(quantity=quantity, cost=mul_ceil(quantity, mid), fee=0))
            for venue, quantity in crosses.items()
        ]
        inside += [
            (
                self._exchange(venue, LotSource.INVENTORY),
                Source(quantity=quantity, cost=mul_floor(quantity, mid), fee=0),
            )
            for venue, quantity in absorbed.items()
        ]
        left = dict(self.gives)
        for part in split_sources([source for _, source in inside], list(left.items())):
            left[part.taker] -= part.quantity
            receive(self.step, self.batch, inside[part.source][0], part)
        fills = self._fills(Side.SELL)
        houses = sum(fill.net for _, fill in fills) - sum(left.values())
        house_got = 0
        for part in split_sources([_source(fill) for _, fill in fills], [*left.items(), (HOUSE, houses)]):
            leg, fill = fills[part.source]
            if part.taker == HOUSE:
                house_got += part.cost - part.fee
            else:
                receive(self.step, self.batch, _origin(leg, fill), part)
        return self._settle_house_sales(sold, houses=houses, proceeds=house_got)

    def _settle_house_sales(self, sold: Mapping[str, int], *, houses: int, proceeds: int) -> int:
        """Take what was sold for the house from its inventory, the rest is owed; unsold lots go back."""
        step, short = self.step, 0
        for leg in self.legs:
            if leg.side is not Side.SELL:
                continue
            own = leg.executed - sold.get(leg.venue, 0)
            for lot in [lot for lot in self.pool.selling if lot.venue == leg.venue]:
                gone = min(own, lot.quantity)
                own -= gone
                back = lot.quantity - gone
                if back:
                    source, target = (
                        accounts.trading(lot.venue, lot.asset),
                        accounts.house_inventory(lot.venue, lot.asset),
                    )
                    step.post(Movement.between(source, target, amount=back))
                    lot.cost = lot.cost * back // lot.quantity
                    lot.quantity = back
                    put_back(step.state.inventory, lot)
            if own:
                short += give_up(
                    step,
                    Short(
                        sequence=step.sequence,
                        venue=leg.venue,
                        asset=leg.asset,
                        symbol=leg.symbol,
                        trade_id=leg.fills[-1].trade_id,
                        quantity=own,
                        proceeds=proceeds * own // houses,
                    ),
                )
        self.pool.selling = []
        return short

    def _take_absorbed(self, absorbed: Mapping[str, int]) -> None:
        for venue, quantity in absorbed.items():
            if quantity:
                origin = self._exchange(venue, LotSource.INVENTORY)
                self._gain(origin, quantity, cost=mul_floor(quantity, self.pool.mid))

    def _serve_buyers(self, crosses: Mapping[str, int]) -> tuple[int, int]:
        """Hand out what there is, dearest last; returns what came from inventory and what purchases left over."""
        mid = self.pool.mid
        inside: _Offered = [
            (self._exchange(venue, LotSource.CROSS), Source(quantity=quantity, cost=mul_ceil(quantity, mid), fee=0))
            for venue, quantity in crosses.items()
        ]
        count = len(inside)
        inside += [
            (_held(lot, mid), Source(quantity=lot.quantity, cost=mul_ceil(lot.quantity, mid), fee=0))
            for lot in self.pool.held
        ]
        left = dict(self.needs)
        taken = [0] * len(inside)
        for part in split_sources([source for _, source in inside], list(left.items())):
            left[part.taker] -= part.quantity
            taken[part.source] += part.quantity
            give(self.step, self.batch, inside[part.source][0], part)
        for lot, quantity in zip(self.pool.held, taken[count:], strict=True):
            if lot.quantity > quantity:
                lot.cost = lot.cost * (lot.quantity - quantity) // lot.quantity
                lot.quantity -= quantity
                put_back(self.step.state.inventory, lot)
        self.pool.held = []
        fills = self._fills(Side.BUY)
        surplus = sum(fill.net for _, fill in fills) - sum(left.values())
        for part in split_sources([_source(fill) for _, fill in fills], [*left.items(), (HOUSE, surplus)]):
            leg, fill = fills[part.source]
            if part.taker == HOUSE:
                self._gain(_origin(leg, fill), part.quantity, cost=part.cost + part.fee)
            else:
                give(self.step, self.batch, _origin(leg, fill), part)
        return sum(taken[count:]), surplus

    def _gain(self, origin: Origin, quantity: int, *, cost: int) -> None:
        lot = InventoryLot(
            sequence=self.step.sequence,
            venue=origin.venue,
            asset=origin.asset,
            symbol=origin.symbol,
            trade_id=origin.trade_id,
            quantity=quantity,
            cost=cost,
        )
        self.covered += gain(self.step, lot)

    def _fills(self, side: Side) -> list[tuple[Leg, Fill]]:
        return [(leg, fill) for leg in self.legs if leg.side is side for fill in leg.fills]

    def _exchange(self, venue: str, source: LotSource) -> Origin:
        """What changes hands inside the batch."""
        symbols = {leg.venue: leg.symbol for leg in self.legs}
        return Origin(
            asset=self.pool.asset,
            venue=venue,
            symbol=symbols.get(venue, self.pool.symbol),
            trade_id=(cross_id if source is LotSource.CROSS else absorbed_id)(self.batch, self.pool.asset),
            price=self.pool.mid,
            source=source,
        )


def _source(fill: Fill) -> Source:
    return Source(quantity=fill.net, cost=fill.cost, fee=fill.fee)


def _origin(leg: Leg, fill: Fill) -> Origin:
    return Origin(
        asset=leg.asset,
        venue=leg.venue,
        symbol=leg.symbol,
        trade_id=fill.trade_id,
        price=fill.price,
        source=LotSource.TRADE,
    )


def _held(lot: InventoryLot, mid: int) -> Origin:
    return Origin(
        asset=lot.asset,
        venue=lot.venue,
        symbol=lot.symbol,
        trade_id=lot.trade_id,
        price=mid,
        source=LotSource.INVENTORY,
    )
