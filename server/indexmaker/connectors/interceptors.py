"""What happens to every call that a plugin serves: correlation, the gate before configuration, typed errors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Never

import grpc
import grpc.aio
import structlog

from indexmaker.connectors.correlation import CORRELATION_HEADER, bind_correlation
from indexmaker.connectors.errors import ConnectorError, InternalError, TransientError
from indexmaker.connectors.status import abort_with

__all__ = ["CallGuard"]

_log = structlog.get_logger("indexmaker.connectors.calls")
_Context = grpc.aio.ServicerContext[Any, Any]
_ALWAYS_OPEN = ("/indexmaker.api.connector.", "/grpc.")


class CallGuard(grpc.aio.ServerInterceptor):
    """Binds the caller's correlation id, holds off role calls until `is_open`, and turns errors into statuses.

    A `ConnectorError` becomes its status. Anything else is a defect: it is logged here in full, and the caller is
    told INTERNAL without its text, which may hold secrets.
    """

    def __init__(self, is_open: Callable[[], bool]) -> None:
        self._is_open = is_open

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wrap the handler of a call; handlers that are not coroutines are left alone."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return handler  # an unknown method: gRPC answers UNIMPLEMENTED
        kind, maker = _kind(handler)
        behaviour = getattr(handler, kind)
        method = handler_call_details.method
        if inspect.isasyncgenfunction(behaviour):
            wrapped: Callable[..., Any] = self._guard_generator(behaviour, method)
        elif inspect.iscoroutinefunction(behaviour):
            wrapped = self._guard_coroutine(behaviour, method)
        else:
            return handler
        return maker(
            wrapped,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _guard_coroutine(self, behaviour: Callable[..., Awaitable[Any]], method: str) -> Callable[..., Any]:
        @functools.wraps(behaviour)
        async def guarded(request: object, context: _Context) -> object:
            try:
                self._enter(method, context)
                return await behaviour(request, context)
            except grpc.aio.AbortError:
                raise
            except Exception as error:
                return await _answer(context, error, method)

        return guarded

    def _guard_generator(
        self, behaviour: Callable[..., AsyncIterator[Any]], method: str
    ) -> Callable[..., AsyncIterator[Any]]:
        @functools.wraps(behaviour)
        async def guarded(request: object, context: _Context) -> AsyncIterator[Any]:
            try:
                self._enter(method, context)
                async for response in behaviour(request, context):
                    yield response
            except grpc.aio.AbortError:
                raise
            except Exception as error:
                await _answer(context, error, method)

        return guarded

    def _enter(self, method: str, context: _Context) -> None:
        for key, value in context.invocation_metadata() or ():
            if key == CORRELATION_HEADER:
                bind_correlation(str(value))
        if not self._is_open() and not method.startswith(_ALWAYS_OPEN):
            raise TransientError("the plugin has no configuration in force yet; wait until it is READY")


async def _answer(context: _Context, error: Exception, method: str) -> Never:
    if not isinstance(error, ConnectorError):
        _log.error("call failed", method=method, exc_info=error)
        error = InternalError(f"{method} met a defect in the plugin ({type(error).__name__}); its log has the details")
    await abort_with(context, error)


def _kind(handler: grpc.RpcMethodHandler[Any, Any]) -> tuple[str, Callable[..., grpc.RpcMethodHandler[Any, Any]]]:
    match bool(handler.request_streaming), bool(handler.response_streaming):
        case False, False:
            return "unary_unary", grpc.unary_unary_rpc_method_handler
        case False, True:
            return "unary_stream", grpc.unary_stream_rpc_method_handler
        case True, False:
            return "stream_unary", grpc.stream_unary_rpc_method_handler
        case _:
            return "stream_stream", grpc.stream_stream_rpc_method_handler
