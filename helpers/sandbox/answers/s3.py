"""The calls of S3: moto answers them, but tells nothing of objects that the caller may not delete."""

from dataclasses import replace
from io import BytesIO

from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from werkzeug.wrappers import Response

from helpers.sandbox.answers.responses import Result, forward, result_response
from helpers.sandbox.moto_adapter.protocols import Application
from helpers.sandbox.moto_adapter.types import Request
from helpers.sandbox.request.call import Call


def answer(call: Call, moto: Application) -> Response:
    """Answer a call of S3; of many objects to delete, moto sees those that the caller may delete.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    if not call.refused:
        return forward(call, moto)
    if not call.parameters["Delete"]["Objects"]:
        return result_response(call, {"Errors": call.refused})
    response = forward(replace(call, request=_smaller_request(call)), moto)
    if response.status_code >= 400:
        return response
    return result_response(call, _with_refused(response, call))


def _smaller_request(call: Call) -> Request:
    """Write the call's parameters into the body of its request."""
    body = create_serializer("rest-xml").serialize_to_request(call.parameters, call.model)["body"]
    return Request(call.request.environ | {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)})


def _with_refused(response: Response, call: Call) -> Result:
    """Read the answer to the smaller call, and add what was refused."""
    answer = {"status_code": response.status_code, "headers": dict(response.headers), "body": response.get_data()}
    assert call.model.output_shape is not None
    result: Result = create_parser("rest-xml").parse(answer, call.model.output_shape)
    return {**result, "Errors": [*result.get("Errors", []), *call.refused]}
