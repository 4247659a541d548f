"""The calls of S3: moto answers most, but lists buckets without pages, and tells nothing of objects kept back."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from os import urandom
from uuid import uuid4

from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from werkzeug.wrappers import Response

from helpers.sandbox.answers.responses import Result, forward, result_response
from helpers.sandbox.checks.s3_rules import regions_of_s3
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.buckets import bucket_region, buckets, owner_id
from helpers.sandbox.moto_adapter.protocols import Application
from helpers.sandbox.moto_adapter.types import Request
from helpers.sandbox.request.call import Call

_NARROWED_BY = ("BucketRegion", "ContinuationToken", "MaxBuckets", "Prefix")
_LONGEST_PAGE = 10_000


def answer(call: Call, moto: Application) -> Response:
    """Answer a call of S3.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
    """
    if call.operation == "ListBuckets":
        response = result_response(call, list_buckets(call))
    elif call.operation == "DeleteObjects":
        response = _delete_objects(call, moto)
    else:
        response = forward(call, moto)
    if call.operation == "PutBucketPolicy" and response.status_code == 200:
        response.status_code = 204
    if call.operation in ("CreateBucket", "HeadBucket") and response.status_code == 200:
        response.headers.update(_of_a_bucket(call))
    response.headers.update(
        {"x-amz-request-id": uuid4().hex[:16].upper(), "x-amz-id-2": b64encode(urandom(56)).decode()}
    )
    return response


def list_buckets(call: Call) -> Result:
    """List the caller's buckets by name, page by page; a region is told where the list is narrowed in some way.

    Raises:
        AwsError: `InvalidArgument`: the region is none, the token none that an earlier answer gave, or the page too
            long or too short.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
    """
    asked = call.parameters
    region, prefix, token = asked.get("BucketRegion"), asked.get("Prefix", ""), asked.get("ContinuationToken")
    if region and region not in regions_of_s3():
        raise AwsError(
            "InvalidArgument", f"Argument value {region} is not a valid AWS Region", ArgumentName="bucket-region"
        )
    found = [
        bucket
        for bucket in buckets(call.account_id)
        if bucket.name.startswith(prefix) and region in (None, bucket.region_name)
    ]
    after = [bucket for bucket in found if token is None or bucket.name > _name_in(token)]
    most = int(asked.get("MaxBuckets", _LONGEST_PAGE))
    if not 1 <= most <= _LONGEST_PAGE:
        message = f"Argument maxBuckets must be an integer between 1 and {_LONGEST_PAGE}"
        raise AwsError("InvalidArgument", message, ArgumentName="max-buckets")
    page = after[:most]
    is_narrowed = not asked.keys().isdisjoint(_NARROWED_BY)
    shown = [
        {"Name": bucket.name, "CreationDate": bucket.creation_date, "BucketArn": f"arn:aws:s3:::{bucket.name}"}
        | ({"BucketRegion": bucket.region_name} if is_narrowed else {})
        for bucket in page
    ]
    result: Result = {"Buckets": shown, "Owner": {"ID": owner_id()}}
    if "Prefix" in asked:
        result["Prefix"] = prefix
    if len(page) < len(after):
        result["ContinuationToken"] = _token(page[-1].name)
    return result


def _token(name: str) -> str:
    return name.encode().hex()


def _name_in(token: str) -> str:
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        raise AwsError("InvalidArgument", "The continuation token provided is incorrect") from None


def _of_a_bucket(call: Call) -> Mapping[str, str]:
    """Tell a bucket's ARN, and to HEAD its region too, in headers.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    """
    bucket = call.parameters["Bucket"]
    told = {"x-amz-bucket-arn": f"arn:aws:s3:::{bucket}"}
    if call.operation == "HeadBucket":
        told |= {"x-amz-bucket-region": bucket_region(bucket) or "", "x-amz-access-point-alias": "false"}
    return told


# --- many objects to delete


def _delete_objects(call: Call, moto: Application) -> Response:
    """Let moto delete the objects that the caller may delete, and tell which ones it may not.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    if not call.parameters["Delete"]["Objects"]:
        return result_response(call, {"Errors": call.refused})
    response = forward(replace(call, request=_smaller_request(call)), moto)
    return response if response.status_code >= 400 else result_response(call, _with_refused(response, call))


def _smaller_request(call: Call) -> Request:
    """Write the call's parameters into the body of its request."""
    body = create_serializer("rest-xml").serialize_to_request(call.parameters, call.model)["body"]
    return Request(call.request.environ | {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)})


def _with_refused(response: Response, call: Call) -> Result:
    """Read the answer to the smaller call, and add what was refused."""
    answer = {"status_code": response.status_code, "headers": dict(response.headers), "body": response.get_data()}
    assert call.model.output_shape is not None
    result: Result = create_parser("rest-xml").parse(answer, call.model.output_shape)
    if call.parameters["Delete"].get("Quiet"):
        result.pop("Deleted", None)
    return {**result, "Errors": [*result.get("Errors", []), *call.refused]}
