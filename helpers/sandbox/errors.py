"""Refusals, in the words and the protocol of the service that was called."""

import re
from typing import Literal

from helpers.sandbox.moto_adapter.types import ServiceModel

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Family = Literal["query", "s3", "ec2", "json", "rest-json"]


class AwsError(Exception):
    """An error as AWS sends it: `code`, `message` and the HTTP `status`; with S3's, `details` by name."""

    def __init__(self, code: str, message: str, status: int = 400, **details: str) -> None:
        self.code = code
        self.message = _NOT_IN_XML.sub("?", message)
        self.status = status
        self.details = {name: _NOT_IN_XML.sub("?", value) for name, value in details.items()}
        super().__init__(self.message)


def family(service: ServiceModel) -> Family:
    """Tell which habit of error codes a service has: S3's, EC2's, one of the JSON services', or that of IAM and STS."""
    if service.service_name == "s3":
        return "s3"
    if service.service_name == "ec2":
        return "ec2"
    protocols = service.metadata.get("protocols", [str(service.protocol)])
    return next((name for name in ("json", "rest-json") if name in protocols), "query")


_INVALID_TOKEN = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your {key} and "
    "signing method."
)
_CONSULT = " Consult the service documentation for details."
_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"

# REST services that speak JSON answer as the other JSON services do, but with status 403.
_CREDENTIAL_ERRORS: dict[str, dict[str, tuple[str, str, int]]] = {
    "unknown key": {
        "query": ("InvalidClientTokenId", _INVALID_TOKEN, 403),
        "s3": (
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            403,
        ),
        "ec2": ("AuthFailure", _NOT_VALIDATED, 401),
        "json": ("UnrecognizedClientException", _INVALID_TOKEN, 400),
    },
    "wrong token": {
        "query": ("InvalidClientTokenId", _INVALID_TOKEN, 403),
        "s3": ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
        "ec2": ("AuthFailure", _NOT_VALIDATED, 401),
        "json": ("UnrecognizedClientException", _INVALID_TOKEN, 400),
    },
    "wrong signature": {
        "query": (
            "SignatureDoesNotMatch",
            _WRONG_SIGNATURE.format(key="AWS Secret Access Key") + _CONSULT,
            403,
        ),
        "s3": ("SignatureDoesNotMatch", _WRONG_SIGNATURE.format(key="key"), 403),
        "ec2": ("AuthFailure", _NOT_VALIDATED, 401),
        "json": (
            "InvalidSignatureException",
            _WRONG_SIGNATURE.format(key="AWS Secret Access Key") + _CONSULT,
            400,
        ),
    },
    "expired": {
        "query": ("ExpiredToken", _EXPIRED, 403),
        "s3": ("ExpiredToken", _EXPIRED, 400),
        "ec2": ("RequestExpired", "Request has expired.", 400),
        "json": ("ExpiredTokenException", _EXPIRED, 400),
    },
    # Of a user or federated user: IAM alone asks for MFA, and writes no full stop here.
    "session without MFA": {"query": ("InvalidClientTokenId", _INVALID_TOKEN.removesuffix("."), 403)},
    "no credentials": {
        "query": ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
        "s3": ("AccessDenied", "Access Denied", 403),
        "ec2": ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
        "json": ("MissingAuthenticationTokenException", "Missing Authentication Token", 400),
    },
}

CredentialProblem = Literal[
    "unknown key", "wrong token", "wrong signature", "expired", "session without MFA", "no credentials"
]


def not_implemented(asked: str, reason: str) -> AwsError:
    """Build what the sandbox answers to a call that it cannot answer, such as `sts:AssumeRoleWithSAML`."""
    return AwsError("NotImplemented", f"The sandbox does not answer {asked}: {reason}.", 501)


def credential_error(problem: CredentialProblem, service: ServiceModel) -> AwsError:
    """Build what a service answers to credentials that it does not take."""
    errors, own = _CREDENTIAL_ERRORS[problem], family(service)
    if own == "rest-json":
        code, message, _ = errors["json"]
        return AwsError(code, message, 403)
    return AwsError(*errors[own])


def plain_access_denied() -> AwsError:
    """Build what S3 answers to whom it owes no reason: somebody from outside the bucket's account.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
    """
    return AwsError("AccessDenied", "Access Denied", 403)


def access_denied(service: ServiceModel, *, caller_arn: str, action: str, resource: str, phrase: str) -> AwsError:
    """Build what a service answers to a caller who may not. S3 alone puts the resource in quotes.

    Args:
        service: The service that was called.
        caller_arn: Who called.
        action: What the caller may not do, such as `s3:GetObject`.
        resource: The ARN that it is refused for; `*` where the refusal names none.
        phrase: Why ("because no identity-based policy allows …"); role assumption is refused without it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    named = f'"{resource}"' if family(service) == "s3" else resource
    on_resource = "" if resource == "*" else f" on resource: {named}"
    message = f"User: {caller_arn} is not authorized to perform: {action}{on_resource}"
    if not action.startswith("sts:"):
        message += f" {phrase}"
    match family(service):
        case "ec2":
            prefix = "You are not authorized to perform this operation. "
            return AwsError("UnauthorizedOperation", prefix + message, 403)
        case "json":
            return AwsError("AccessDeniedException", message, 400)
        case "rest-json":
            return AwsError("AccessDeniedException", message, 403)
        case _:
            return AwsError("AccessDenied", message, 403)
