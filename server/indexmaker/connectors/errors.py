"""What can go wrong in and around a plugin.

ConnectorError                 crosses the wire as a gRPC status with ErrorInfo(reason)
├── ConfigurationError         CONFIG         the configuration is wrong; a human must mend it
│   └── ConfigurationRefusedError               with every remark on it
├── AuthenticationError        AUTH           a caller, key or signature was refused
├── RateLimitedError           RATE_LIMITED   too many requests; try again after `retry_after_ms`
├── RejectedError              REJECTED       a business rule refused it; trying again does not help
├── TransientError             TRANSIENT      a passing fault; the same request may be sent again
├── AmbiguousError             AMBIGUOUS      nobody knows whether it took effect; ask before sending again
├── InternalError              INTERNAL       a fault in our own code
├── InvalidFieldError          INVALID_FIELD  a field breaks its rule
└── NotFoundError              NOT_FOUND      what is named does not exist
PluginError                    stays in the process
├── StreamClosedError          the queue was closed and is empty
├── AddressError               a socket address that cannot or must not be used
├── HandshakeError             a plugin's first line is missing or does not fit
├── RegistryError              a plugin cannot be found or loaded
├── DataDirBusyError           another process works in the plugin's directory
└── SupervisionError
    ├── SpecificationError     the list of processes makes no sense
    ├── UnknownProcessError    no process of this name
    └── ProcessFailedError     a process was given up
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Never

import msgspec

if TYPE_CHECKING:
    import grpc.aio

__all__ = [
    "AddressError",
    "AmbiguousError",
    "AuthenticationError",
    "ConfigurationError",
    "ConfigurationRefusedError",
    "ConnectorError",
    "DataDirBusyError",
    "Diagnostic",
    "HandshakeError",
    "InternalError",
    "InvalidFieldError",
    "NotFoundError",
    "PluginError",
    "ProcessFailedError",
    "RateLimitedError",
    "RegistryError",
    "RejectedError",
    "SpecificationError",
    "StreamClosedError",
    "SupervisionError",
    "TransientError",
    "UnknownProcessError",
    "abort",
]


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """A remark on a configuration: one line, where (`accounts.0.api_key`), and how to mend it."""

    summary: str
    attribute: str = ""
    detail: str = ""
    error: bool = True


class ConnectorError(Exception):
    """A failure that a caller in another process is told about; raise one of its kinds from any RPC handler.

    `reason` is a name of `indexmaker.api.common.v1.ErrorReason` without its prefix, `code` a canonical gRPC
    code, `retryable` whether the very same request may be sent again without asking first.
    """

    reason: ClassVar[str] = "INTERNAL"
    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, metadata: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = dict(metadata or {})


class ConfigurationError(ConnectorError):
    """A configuration was refused: `path` is the attribute (`accounts.0.key`), `detail` how to mend it."""

    reason = "CONFIG"
    code = "INVALID_ARGUMENT"

    def __init__(self, path: str, summary: str, detail: str = "") -> None:
        where = f"{path}: " if path else ""
        super().__init__(f"{where}{summary}{f' ({detail})' if detail else ''}", metadata={"attribute": path})
        self.path = path
        self.summary = summary
        self.detail = detail


class ConfigurationRefusedError(ConfigurationError):
    """A configuration that does not fit its schema, with every remark that could be made at once."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        first = diagnostics[0]
        super().__init__(first.attribute, first.summary, first.detail)
        self.diagnostics = diagnostics


class AuthenticationError(ConnectorError):
    """A caller, a key or a signature was refused."""

    reason = "AUTH"
    code = "UNAUTHENTICATED"


class RateLimitedError(ConnectorError):
    """Too many requests; nothing took effect."""

    reason = "RATE_LIMITED"
    code = "RESOURCE_EXHAUSTED"
    retryable = True

    def __init__(self, message: str, *, retry_after_ms: int) -> None:
        super().__init__(message, metadata={"retry_after_ms": str(retry_after_ms)})
        self.retry_after_ms = retry_after_ms


class RejectedError(ConnectorError):
    """A business rule refused it; trying again does not help."""

    reason = "REJECTED"
    code = "FAILED_PRECONDITION"


class TransientError(ConnectorError):
    """A passing fault, nothing took effect; the same request may be sent again."""

    reason = "TRANSIENT"
    code = "UNAVAILABLE"
    retryable = True


class AmbiguousError(ConnectorError):
    """It is not known whether the request took effect: ask by its id before sending again."""

    reason = "AMBIGUOUS"
    code = "UNKNOWN"


class InternalError(ConnectorError):
    """A fault in our own code."""


class InvalidFieldError(ConnectorError):
    """A field of a request breaks its rule."""

    reason = "INVALID_FIELD"
    code = "INVALID_ARGUMENT"

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}", metadata={"field": field})
        self.field = field
        self.rule = rule


class NotFoundError(ConnectorError):
    """What is named does not exist."""

    reason = "NOT_FOUND"
    code = "NOT_FOUND"


class PluginError(Exception):
    """A failure that does not leave the process as a status."""


class StreamClosedError(PluginError):
    """The queue was closed and everything in it was taken."""


class AddressError(PluginError):
    """A socket address that cannot or must not be used; the message says what to use instead."""


class HandshakeError(PluginError):
    """The first line of a plugin is missing, malformed, or does not fit this host."""


class RegistryError(PluginError):
    """A plugin cannot be found or loaded; the message names it."""


class DataDirBusyError(PluginError):
    """Another live process works in the same data directory."""


class SupervisionError(PluginError):
    """Anything that the supervisor refuses."""


class SpecificationError(SupervisionError):
    """The list of processes makes no sense: doubled names, unknown or circular requirements."""


class UnknownProcessError(SupervisionError):
    """No process of this name is supervised."""


class ProcessFailedError(SupervisionError):
    """A process was given up: it crashed too often, or refused its configuration."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} was given up: {reason}")
        self.name = name
        self.reason = reason


async def abort(context: grpc.aio.ServicerContext[object, object], error: ConnectorError) -> Never:
    """End an RPC with the error's canonical code and `google.rpc.ErrorInfo`. Does not return.

    Handlers may as well raise the error: the host's interceptor does the same with it.
    """
    from indexmaker.connectors.status import abort_with  # loads gRPC, which this module must not

    await abort_with(context, error)
