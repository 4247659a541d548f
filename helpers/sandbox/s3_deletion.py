"""Many objects deleted with one call: S3 decides, and answers, object by object.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from werkzeug.wrappers import Response

from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_seam import OperationModel, Request
from helpers.sandbox.resources import Call

Refused = list[dict[str, str]]
"""What could not be deleted and why, as S3's answer tells it."""


def split_deletion(call: Call, authorize: Callable[[Call], None]) -> tuple[dict[str, Any], Refused]:
    """Parts what a caller may delete, as the parameters of a smaller call, from what it may not."""
    parameters = call.parameters
    allowed, refused = [], []
    for item in parameters["Delete"].get("Objects", []):
        try:
            authorize(replace(call, parameters={**parameters, "Delete": {"Objects": [item]}}))
            allowed.append(item)
        except AwsError as error:
            refused.append({**item, "Code": error.code, "Message": error.message})
    return {**parameters, "Delete": {**parameters["Delete"], "Objects": allowed}}, refused


def smaller_request(request: Request, operation: OperationModel, parameters: Mapping[str, Any]) -> Request:
    """The request with these parameters in its body."""
    body = create_serializer("rest-xml").serialize_to_request(parameters, operation)["body"]
    return Request(request.environ | {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)})


def with_refused(response: Response, operation: OperationModel, refused: Refused) -> dict[str, Any]:
    """The answer to the smaller call, with what was refused."""
    answer = {"status_code": response.status_code, "headers": dict(response.headers), "body": response.get_data()}
    assert operation.output_shape is not None
    result: dict[str, Any] = create_parser("rest-xml").parse(answer, operation.output_shape)
    return {**result, "Errors": [*result.get("Errors", []), *refused]}
