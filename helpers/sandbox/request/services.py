"""Which service a request is for, and which operation it asks for with which parameters."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import ParseError

from botocore.exceptions import UnknownServiceError
from werkzeug.exceptions import BadHost, HTTPException, NotFound, RequestEntityTooLarge

from helpers.sandbox.errors import AwsError, family
from helpers.sandbox.moto_adapter.protocols import match_operation, parse_parameters, service_model
from helpers.sandbox.moto_adapter.types import OperationModel, Request, RequestParserError, ServiceModel

# Where botocore's name for a service is not the name in its signatures, or several services sign alike.
_SIGNED_AS: dict[str, tuple[str, ...]] = {
    "aidevops": ("devops-agent",),
    "aoss": ("opensearchserverless",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "aps": ("amp",),
    "aws-marketplace": ("meteringmarketplace",),
    "bedrock": ("bedrock", "bedrock-agent", "bedrock-runtime"),
    "bedrock-agentcore": ("bedrock-agentcore", "bedrock-agentcore-control"),
    "cloudhsm": ("cloudhsmv2",),
    "connect-campaigns": ("connectcampaigns",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "es": ("opensearch", "es"),
    "execute-api": ("apigatewaymanagementapi",),
    "iotdata": ("iot-data",),
    "kinesisanalytics": ("kinesisanalyticsv2",),
    "kinesisvideo": ("kinesisvideo", "kinesis-video-archived-media"),
    "lex": ("lexv2-models",),
    "mediastore": ("mediastore", "mediastore-data"),
    "mobiletargeting": ("pinpoint",),
    "monitoring": ("cloudwatch",),
    "s3": ("s3", "s3control"),
    "sagemaker": ("sagemaker", "sagemaker-runtime", "sagemaker-metrics"),
    "servicecatalog": ("servicecatalog", "servicecatalog-appregistry"),
    "servicequotas": ("service-quotas",),
    "ses": ("ses", "sesv2"),
    "sso": ("sso-admin",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "timestream": ("timestream-write", "timestream-query"),
}

MALFORMED_XML = "The XML you provided was not well-formed or did not validate against our published schema"
MOST_BYTES = 21 * 2**20
# What reading a body that is damaged, cut off, or in another language than it says, may raise.
_UNREADABLE = (HTTPException, OSError, ValueError, ParseError, RequestParserError)


def services_signed_as(signing_name: str) -> list[ServiceModel]:
    """Find the services whose requests are signed for this name; all but a few names stand for one service alone.

    Raises:
        AwsError: There is no such service.
    """
    try:
        return [service_model(name) for name in _SIGNED_AS.get(signing_name, (signing_name,))]
    except UnknownServiceError:
        message = f"The sandbox does not know the service {signing_name}."
        raise AwsError("UnknownService", message, 404) from None


def read_body(request: Request) -> None:
    """Take a request's body in, so that it can be read more than once.

    Raises:
        AwsError: It is too long, ends too early, or is not in the form that it says.
    """
    request.max_content_length = MOST_BYTES
    try:
        request.get_data(cache=True)
    except RequestEntityTooLarge:
        told = f"Your proposed upload exceeds the maximum allowed size, which is {MOST_BYTES} bytes here."
        raise AwsError("EntityTooLarge", told, 413) from None
    except _UNREADABLE:
        raise AwsError("IncompleteBody", "The body of the request cannot be read to its end.") from None


def with_parameters(request: Request, parameters: Mapping[str, str]) -> Request:
    """Add parameters to a request of the query protocol."""
    added = urlencode(parameters)
    body, query = request.get_data(), request.query_string.decode()
    if request.method == "POST":
        body += b"&" + added.encode()
    else:
        query += f"&{added}"
    changed = {"QUERY_STRING": query, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
    return Request(request.environ | changed)


def guess_service(request: Request) -> ServiceModel:
    """Guess the service whose protocol fits best, for a request that does not say which one it wants."""
    content_type = request.headers.get("Content-Type", "")
    if "X-Amz-Target" in request.headers or "json" in content_type:
        return service_model("glue")
    is_query = content_type.startswith("application/x-www-form-urlencoded") or "Action" in request.args
    return service_model("sts" if is_query else "s3")


def operation_of(request: Request, services: list[ServiceModel]) -> tuple[OperationModel, dict[str, Any]]:
    """Find the operation that a request asks one of these services for, and its parameters.

    Raises:
        AwsError: There is no such operation, or its body cannot be read.
    """
    for service in services:
        try:
            operation, path_parameters = match_operation(service.service_name, request)
            return operation, _parameters_of(request, operation, path_parameters)
        except (NotFound, NotImplementedError):
            continue
        except BadHost:
            raise AwsError("InvalidURI", "Couldn't parse the specified URI.", 400) from None
    service = services[0]
    if family(service) == "s3":
        raise AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
    asked = request.values.get("Action") or request.headers.get("X-Amz-Target") or request.path
    message = f"Could not find operation {asked} for version {service.api_version}"
    code = "InvalidAction" if family(service) in ("query", "ec2") else "UnknownOperationException"
    raise AwsError(code, message, 400)


def _parameters_of(request: Request, operation: OperationModel, path_parameters: dict[str, Any]) -> dict[str, Any]:
    try:
        parameters = parse_parameters(operation, request, path_parameters)
        if not isinstance(parameters, dict):
            raise ValueError("the body is no object")
    except (*_UNREADABLE, AttributeError, KeyError, OverflowError, RecursionError, TypeError):
        code_of = {"s3": "MalformedXML", "query": "MalformedInput", "ec2": "MalformedInput"}
        code = code_of.get(family(operation.service_model), "SerializationException")
        told = MALFORMED_XML if code == "MalformedXML" else "The body cannot be read."
        raise AwsError(code, told, 400) from None
    return parameters
