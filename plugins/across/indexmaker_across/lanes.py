"""The two directions over the bridge. Each leads out of a route contract into one account on the other chain."""

from __future__ import annotations

import msgspec

from indexmaker_across.config import AcrossConfig, ReturnsConfig, address_of

__all__ = ["Lane", "Lanes", "Places"]


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where a lane's addresses stand in the configuration, for who has to mend them."""

    usdc: str
    pool: str
    recipient: str
    output_usdc: str
    destination: str


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One direction. Addresses are lower case; money leaves `route` on the departure chain."""

    returns: bool
    """Whether it leads from the venues' side back to the users'."""
    departure_chain_id: int
    landing_chain_id: int
    route: str
    token: str
    pool: str
    output_token: str
    output_pool: str
    router: str
    recipient: str
    places: Places


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """What this router serves."""

    out: Lane
    back: Lane | None
    wallet: str

    @classmethod
    def read(cls, config: AcrossConfig, *, wallet: str) -> Lanes:
        """From the configuration; raises `ConfigurationError`."""
        origin, destination = config.origin, config.destination
        out = Lane(
            returns=False,
            departure_chain_id=origin.chain_id,
            landing_chain_id=destination.chain_id,
            route=address_of(origin.route, place="origin.route"),
            token=address_of(origin.usdc, place="origin.usdc"),
            pool=address_of(origin.spoke_pool, place="origin.spoke_pool"),
            output_token=address_of(destination.usdc, place="destination.usdc"),
            output_pool=address_of(destination.spoke_pool, place="destination.spoke_pool"),
            router=wallet,
            recipient=wallet,
            places=Places(
                usdc="origin.usdc",
                pool="origin.spoke_pool",
                recipient="router_key",
                output_usdc="destination.usdc",
                destination="destination.chain_id",
            ),
        )
        back = None if config.returns is None else _back(out, config.returns)
        return cls(out=out, back=back, wallet=wallet)

    def ours(self) -> frozenset[str]:
        """Where no payment to a venue may go."""
        lanes = [lane for lane in (self.out, self.back) if lane is not None]
        contracts = {
            address
            for lane in lanes
            for address in (lane.route, lane.token, lane.pool, lane.output_token, lane.output_pool, lane.recipient)
        }
        return frozenset({self.wallet, *contracts})


def _back(out: Lane, returns: ReturnsConfig) -> Lane:
    return Lane(
        returns=True,
        departure_chain_id=out.landing_chain_id,
        landing_chain_id=out.departure_chain_id,
        route=address_of(returns.route, place="returns.route"),
        token=out.output_token,
        pool=out.output_pool,
        output_token=out.token,
        output_pool=out.pool,
        router=out.router,
        recipient=address_of(returns.recipient, place="returns.recipient"),
        places=Places(
            usdc="destination.usdc",
            pool="destination.spoke_pool",
            recipient="returns.recipient",
            output_usdc="origin.usdc",
            destination="origin.chain_id",
        ),
    )
