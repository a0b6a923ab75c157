"""Where the production chains keep what the development network plants: the same configuration serves both."""

from __future__ import annotations

from typing import Final

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

__all__ = ["ARBITRUM", "ARBITRUM_SPOKE_POOL", "ARBITRUM_USDC", "BASE", "BASE_SPOKE_POOL", "BASE_USDC"]

ARBITRUM: Final = 42161
BASE: Final = 8453

ARBITRUM_USDC: Final[ChecksumAddress] = to_checksum_address("0xaf88d065e77c8cC2239327C5EDb3A432268e5831")
ARBITRUM_SPOKE_POOL: Final[ChecksumAddress] = to_checksum_address("0xe35e9842fceaCA96570B734083f4a58e8F7C5f2A")
BASE_USDC: Final[ChecksumAddress] = to_checksum_address("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")
BASE_SPOKE_POOL: Final[ChecksumAddress] = to_checksum_address("0x09aea4b2242abC8bb4BB78D537A67a245A7bEC64")
