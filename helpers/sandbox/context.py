"""The request context: the condition keys that AWS sends along with a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Sequence
from datetime import datetime

from helpers.condition_keys import keys_of_parameters, keys_of_tags, tags_given
from helpers.sandbox import moto_seam
from helpers.sandbox.identities import Caller
from helpers.sandbox.mfa import check_code
from helpers.sandbox.moto_seam import Request
from helpers.sandbox.resources import Call, Demand
from helpers.sandbox.signature import Signature

Context = dict[str, str | Sequence[str]]


def request_context(request: Request, signature: Signature, call: Call, now: datetime) -> Context:
    """Every condition key that this request carries, apart from those of single resources.

    Raises:
        AwsError: it carries an MFA code too, and that is wrong.
    """
    context: Context = {
        "aws:CurrentTime": _shown(now),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:SourceIp": request.remote_addr or "127.0.0.1",
        "aws:SecureTransport": "true" if request.is_secure else "false",
        "aws:UserAgent": request.headers.get("User-Agent", ""),
        "aws:RequestedRegion": call.region,
        "aws:ViaAWSService": "false",
    }
    if referer := request.headers.get("Referer"):
        context["aws:Referer"] = referer
    context |= _principal_keys(call.caller)
    context |= _mfa_keys(call, now)
    context |= keys_of_tags(tags_given(call.parameters))
    if call.service == "s3":
        return context | _s3_keys(request, signature, now)
    return context | keys_of_parameters(call.service, call.parameters)


def _shown(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _principal_keys(caller: Caller) -> Context:
    principal, entity, session = caller.principal, caller.entity, caller.session
    if entity is None:
        return {"aws:PrincipalType": "Anonymous", "aws:PrincipalIsAWSService": "false", "aws:userid": "anonymous"}
    kind = "AssumedRole" if caller.is_role else "FederatedUser" if caller.is_federated else "User"
    keys: Context = {
        "aws:PrincipalArn": principal.role_arn or principal.arn,
        "aws:PrincipalAccount": principal.account_id,
        "aws:PrincipalType": kind,
        "aws:PrincipalIsAWSService": "false",
        "aws:userid": caller.user_id,
    }
    if kind == "User":
        keys["aws:username"] = entity.name
    tags = moto_seam.entity_tags(entity)
    if session:
        tags |= session.tags
        keys["aws:TokenIssueTime"] = _shown(session.issued)
        if session.source_identity:
            keys["aws:SourceIdentity"] = session.source_identity
    return keys | {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}


def _s3_keys(request: Request, signature: Signature, now: datetime) -> Context:
    """How an S3 request was signed.

    https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html
    """
    if not signature.version:
        return {}
    keys: Context = {
        "s3:authType": "REST-QUERY-STRING" if signature.is_presigned else "REST-HEADER",
        "s3:signatureversion": signature.version,
    }
    if digest := request.headers.get("X-Amz-Content-SHA256"):
        keys["s3:x-amz-content-sha256"] = digest
    if signed_at := signature.signed_at:
        keys["s3:signatureAge"] = str(int((now - signed_at).total_seconds() * 1000))
    return keys


_TAG_KEYS = {
    "iam": ("aws:ResourceTag", "iam:ResourceTag"),
    "sts": ("aws:ResourceTag", "iam:ResourceTag"),
    "ec2": ("aws:ResourceTag", "ec2:ResourceTag"),
    "glue": ("aws:ResourceTag",),
    "s3": ("s3:ExistingObjectTag",),
}
_BEFORE_THE_OBJECT = {"s3:PutObject", "s3:DeleteObject"}


def resource_context(demand: Demand) -> Context:
    """The condition keys of the resource that a permission is about: whose it is, and its tags.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
    """
    keys: Context = dict(demand.context)
    if demand.resource == "*" or not demand.is_named:
        return keys
    if demand.resource_account:
        keys["aws:ResourceAccount"] = demand.resource_account
    prefixes = _TAG_KEYS.get(demand.action.partition(":")[0], ())
    if prefixes and "*" not in demand.resource and demand.action not in _BEFORE_THE_OBJECT:
        for name, value in moto_seam.resource_tags(demand.resource).items():
            keys |= {f"{prefix}/{name}": value for prefix in prefixes}
    return keys


def _mfa_keys(call: Call, now: datetime) -> Context:
    """When MFA was done, if so: for this very call, or for the session. Calls signed with long-term keys do not say.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
    """
    session = call.caller.session
    done_at = session.mfa_at if session else None
    if call.service == "sts" and call.parameters.keys() & {"SerialNumber", "TokenCode"}:
        check_code(call.caller, call.parameters, now)
        done_at = now
    if done_at:
        age = int((now - done_at).total_seconds())
        return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(age)}
    return {"aws:MultiFactorAuthPresent": "false"} if session else {}
