"""A typed asyncio client of the core: signed orders, streams that go on over reconnects."""

from indexmaker_client.client import Client
from indexmaker_client.signer import Signer

__all__ = ["Client", "Signer"]
