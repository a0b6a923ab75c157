"""Who may see an invoice: whoever has its key, which is part of its link, or the operators' token."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["InvoiceAccess"]

_DIGITS = 32


class InvoiceAccess:
    """Makes and checks keys. A key opens one invoice and cannot be guessed without the secret."""

    def __init__(self, secret: str, *, token: str = "") -> None:
        self.__secret = secret.encode()
        self.__token = token.encode()

    def key_of(self, invoice_id: str) -> str:
        """The key of one invoice: 128 bits in hexadecimal."""
        return hmac.new(self.__secret, invoice_id.encode(), hashlib.sha256).hexdigest()[:_DIGITS]

    def admits(self, invoice_id: str, *, key: str, authorization: str) -> bool:
        """Whether a request with this key, or this `Authorization` header, may see the invoice."""
        if hmac.compare_digest(key.encode(), self.key_of(invoice_id).encode()):
            return True
        given = authorization.removeprefix("Bearer ").encode()
        return bool(self.__token) and hmac.compare_digest(given, self.__token)

    def __repr__(self) -> str:
        return "InvoiceAccess()"
