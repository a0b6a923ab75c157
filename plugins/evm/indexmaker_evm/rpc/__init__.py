"""JSON-RPC to several nodes of one chain."""

from indexmaker_evm.rpc.hexadecimal import address_text, from_hex, is_address, number, to_hex
from indexmaker_evm.rpc.node import Call, Node, NodeFault, redact
from indexmaker_evm.rpc.pool import NodeStatus, RpcPool

__all__ = [
    "Call",
    "Node",
    "NodeFault",
    "NodeStatus",
    "RpcPool",
    "address_text",
    "from_hex",
    "is_address",
    "number",
    "redact",
    "to_hex",
]
