"""SecurityList(y): the indices with their baskets. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from indexmaker.api.solver.v1 import indices_pb2
from indexmaker_fix.message import Body

__all__ = ["security_list"]


def security_list(request: Body, indices: Sequence[indices_pb2.Index]) -> Body:
    """The answer to a SecurityListRequest(x)."""
    return {
        "SecurityReqID": request["SecurityReqID"],
        "SecurityRequestResult": "0" if indices else "2",
        "NoRelatedSym": [_index(index) for index in indices],
    }


def _index(index: indices_pb2.Index) -> Body:
    entry: Body = {
        "Symbol": index.symbol,
        "SecurityDesc": index.name,
        "SecurityStatus": "1" if index.state == indices_pb2.INDEX_STATE_ACTIVE else "2",
        "Currency": "USDC",
        "IndexChainID": str(index.chain_id),
        "IndexGate": index.gate,
        "IndexToken": index.token,
        "MinCashOrderQty": index.min_order,
        "MaxCashOrderQty": index.max_order,
        "ManagementFeeRate": index.management_fee,
        "BasketVersion": str(index.basket_version),
        "NoConstituents": [
            {"ConstituentAsset": part.asset, "ConstituentQty": part.quantity} for part in index.constituents
        ],
    }
    return {name: value for name, value in entry.items() if value != ""}
