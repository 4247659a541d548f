"""Answers on their way out: written in the protocol that was asked in, or left to moto."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

from werkzeug.wrappers import Response

from helpers.sandbox.errors import AwsError, not_implemented
from helpers.sandbox.moto_adapter.protocols import Application, protocol_of, serialize
from helpers.sandbox.moto_adapter.types import OperationModel, Request, ServiceModel
from helpers.sandbox.request.call import Call
from helpers.sandbox.request.signature import Signature

Result = dict[str, Any]
"""An answer, as botocore's model of the operation names its parts."""

Answer = Callable[[Call], Result]


def result_response(call: Call, result: Result) -> Response:
    """Write what a call answers, in the protocol that it was made in."""
    return _response(call.request, call.model.service_model, call.model, result, 200)


def error_response(request: Request, service: ServiceModel, call: Call | None, error: AwsError) -> Response:
    """Write a refusal as the operation tells of it; where the call was not read yet, as the service does."""
    if call:
        return _response(call.request, call.model.service_model, call.model, error, error.status)
    return _response(request, service, None, error, error.status)


def forward(call: Call, moto: Application) -> Response:
    """Let moto answer a call.

    Raises:
        AwsError: `NotImplemented`: moto cannot.
    """
    return forward_request(
        call.request, call.account_id, call.signature, moto, f"{call.signature.service}:{call.operation}"
    )


def forward_request(request: Request, account_id: str, signature: Signature, moto: Application, asked: str) -> Response:
    """Let moto answer a request in an account, for the service and region of a signature.

    Raises:
        AwsError: `NotImplemented`, in words that call the request `asked`.
    """
    environ = request.environ.copy()
    body = request.get_data()
    environ |= {
        "wsgi.input": BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_MOTO_ACCOUNT_ID": account_id,
        "HTTP_AUTHORIZATION": signature.as_header(),
    }
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("werkzeug.request", None)
    try:
        return moto.answer(environ, signature.service)
    except NotImplementedError as error:
        raise not_implemented(asked, str(error)) from error


def _response(
    request: Request, service: ServiceModel, operation: OperationModel | None, result: object, status: int
) -> Response:
    request_id = str(uuid4())
    protocol = protocol_of(service, request.content_type)
    body, headers = serialize(service, operation, result, protocol, request_id)
    return Response(body, status=status, headers={**headers, "x-amzn-RequestId": request_id})
