"""Who may call: a private socket, or a token; and whose order it is: an EIP-712 signature."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from eth_account import Account
from eth_account.messages import encode_typed_data

from indexmaker.connectors.errors import AuthenticationError, InvalidFieldError
from indexmaker.connectors.status import abort_with
from indexmaker.identifiers import AccountId

__all__ = ["TokenInterceptor", "check_signature"]

_SIGNATURE_LENGTH = 65
_PUBLIC = ("/grpc.health.v1.Health/",)


def check_signature(typed_data: dict[str, Any], signature: str, *, account: AccountId) -> None:
    """Require that the account's key signed exactly this message.

    Raises:
        InvalidFieldError: the signature is not 65 bytes of 0x-hexadecimal.
        AuthenticationError: another key signed it, or another message was signed.
    """
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != _SIGNATURE_LENGTH:
        raise InvalidFieldError("signature", "must be 65 bytes of hexadecimal with 0x")
    try:
        signer = Account.recover_message(encode_typed_data(full_message=typed_data), signature=raw)
    except Exception as error:  # any malformed curve point is the caller's fault, whatever the library raises
        raise AuthenticationError("the signature is not valid for this message") from error
    if signer.lower() != account.address:
        raise AuthenticationError(
            f"the signature is not by {account.address} over these very fields; sign the terms as they are sent"
        )


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls over TCP without the bearer token; calls over the private unix socket need none."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wrap the handler with the check; the peer is known only inside a call."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method or ""
        if handler is None or method.startswith(_PUBLIC):
            return handler
        metadata = dict(handler_call_details.invocation_metadata or ())
        given = str(metadata.get("authorization", "")).removeprefix("Bearer ")
        if self._token and hmac.compare_digest(given.encode(), self._token.encode()):
            return handler
        return _unless_local(handler)


def _unless_local(handler: Any) -> grpc.RpcMethodHandler[Any, Any]:  # noqa: ANN401 - gRPC's untyped handler
    async def refuse(context: grpc.aio.ServicerContext[Any, Any]) -> None:
        if not context.peer().startswith("unix:"):
            advice = "send the metadata `authorization: Bearer TOKEN`"
            await abort_with(context, AuthenticationError(f"this listener needs a token: {advice}"))

    if handler.response_streaming:
        inner_stream = handler.unary_stream or handler.stream_stream

        async def stream(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:  # noqa: ANN401
            await refuse(context)
            result = inner_stream(request, context)
            if hasattr(result, "__aiter__"):
                async for response in result:
                    yield response
            else:
                await result

        wrap = grpc.unary_stream_rpc_method_handler if handler.unary_stream else grpc.stream_stream_rpc_method_handler
        return wrap(stream, handler.request_deserializer, handler.response_serializer)

    async def unary(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:  # noqa: ANN401
        await refuse(context)
        return await handler.unary_unary(request, context)

    return grpc.unary_unary_rpc_method_handler(unary, handler.request_deserializer, handler.response_serializer)
