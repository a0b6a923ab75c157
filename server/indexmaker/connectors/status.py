"""Errors as gRPC statuses with `google.rpc` details, and back."""

from __future__ import annotations

from typing import Any, Never

import grpc
import grpc.aio
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from indexmaker.connectors.errors import (
    AmbiguousError,
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    InternalError,
    InvalidFieldError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    TransientError,
)

__all__ = ["DOMAIN", "abort_with", "error_of", "status_of"]

DOMAIN = "indexmaker"
"""`google.rpc.ErrorInfo.domain` of every status made here."""

_PREFIX = "ERROR_REASON_"
_PLAIN: dict[str, type[ConnectorError]] = {
    kind.reason: kind
    for kind in (
        AuthenticationError,
        RejectedError,
        TransientError,
        AmbiguousError,
        InternalError,
        NotFoundError,
    )
}
_BY_CODE: dict[grpc.StatusCode, type[ConnectorError]] = {
    grpc.StatusCode.UNAVAILABLE: TransientError,
    grpc.StatusCode.UNAUTHENTICATED: AuthenticationError,
    grpc.StatusCode.PERMISSION_DENIED: AuthenticationError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.FAILED_PRECONDITION: RejectedError,
    # Without details nobody can say what a cut call did.
    grpc.StatusCode.DEADLINE_EXCEEDED: AmbiguousError,
    grpc.StatusCode.CANCELLED: AmbiguousError,
    grpc.StatusCode.UNKNOWN: AmbiguousError,
}


def status_of(error: ConnectorError) -> status_pb2.Status:
    """The `google.rpc.Status` of an error: its code, message, `ErrorInfo`, and `BadRequest` for a field."""
    details: list[Any] = [
        error_details_pb2.ErrorInfo(reason=_PREFIX + error.reason, domain=DOMAIN, metadata=error.metadata)
    ]
    if isinstance(error, InvalidFieldError):
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=error.rule)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    status = status_pb2.Status(code=grpc.StatusCode[error.code].value[0], message=error.message)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


async def abort_with(context: grpc.aio.ServicerContext[Any, Any], error: ConnectorError) -> Never:
    """End an RPC with the status of an error; raises gRPC's `AbortError`."""
    status = rpc_status.to_status(status_of(error))
    await context.abort(status.code, status.details, status.trailing_metadata)
    raise AssertionError("context.abort does not return")


def error_of(failure: grpc.aio.AioRpcError) -> ConnectorError:
    """The error that a peer meant by a failed call; a status without our details is judged by its code."""
    status = rpc_status.from_call(failure)
    message = failure.details() or failure.code().name
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Is(info.DESCRIPTOR) and detail.Unpack(info) and info.domain == DOMAIN:
            return _from_info(info, message)
    return _BY_CODE.get(failure.code(), InternalError)(message)


def _from_info(info: error_details_pb2.ErrorInfo, message: str) -> ConnectorError:
    reason = info.reason.removeprefix(_PREFIX)
    metadata = dict(info.metadata)
    if reason == ConfigurationError.reason:
        path = metadata.get("attribute", "")
        return ConfigurationError(path, message.removeprefix(f"{path}: "))
    if reason == RateLimitedError.reason:
        retry = metadata.get("retry_after_ms", "0")
        return RateLimitedError(message, retry_after_ms=int(retry) if retry.isdecimal() else 0)
    if reason == InvalidFieldError.reason:
        field = metadata.get("field", "")
        return InvalidFieldError(field, message.removeprefix(f"{field}: "))
    return _PLAIN.get(reason, InternalError)(message, metadata=metadata)
