"""The pages of invoices beside the core: their address, their keys, and their life."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from indexmaker.api.solver.v1 import invoices_pb2 as pb
from indexmaker.config import ConfigurationFault, InvoiceSettings
from indexmaker.gateways.invoices import InvoiceAccess, InvoiceGateway, invoice_app

__all__ = ["InvoicePages"]

_SHORTEST = 16


class InvoicePages:
    """What `[invoices]` asks for. The links hold a key, so that only who was given one can open it."""

    def __init__(self, settings: InvoiceSettings, *, secret: str, token: str) -> None:
        """Take the configuration.

        Raises:
            ConfigurationFault: the secret is too short to keep the pages from being guessed.
        """
        if len(secret) < _SHORTEST:
            raise ConfigurationFault(f"invoices.secret: give it at least {_SHORTEST} characters")
        self._settings = settings
        self._access = InvoiceAccess(secret, token=token)
        self._base = (settings.public_url or f"http://{settings.listen}").rstrip("/")

    def link(self, invoice_id: str) -> str:
        """Where the invoice is read."""
        return f"{self._base}/invoices/{invoice_id}?key={self._access.key_of(invoice_id)}"

    @asynccontextmanager
    async def serving(self, find: Callable[[str], Awaitable[pb.Invoice | None]]) -> AsyncIterator[None]:
        """Serve the pages in the block.

        Raises:
            ConfigurationFault: the address cannot be listened on.
        """
        host, _, port = self._settings.listen.rpartition(":")
        gateway = InvoiceGateway(invoice_app(find, access=self._access), host=host.strip("[]"), port=int(port))
        try:
            await gateway.start()
        except OSError as error:
            await gateway.stop()
            raise ConfigurationFault(
                f"invoices.listen: {self._settings.listen} cannot be listened on ({error.strerror or error})"
            ) from None
        try:
            yield
        finally:
            await gateway.stop()
