"""The request context: the condition keys that AWS sends along with a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Sequence
from datetime import datetime

from helpers.evaluation.condition_keys import keys_of_parameters, keys_of_tags, requested_region, tags_given
from helpers.sandbox.moto_adapter.tags import entity_tags
from helpers.sandbox.request.call import Call
from helpers.sandbox.request.identities import Caller
from helpers.sandbox.request.mfa_codes import brings_code

Context = dict[str, str | Sequence[str]]


def request_context(call: Call) -> Context:
    """Collect every condition key that a call carries, apart from those of single resources."""
    request = call.request
    context: Context = {
        "aws:CurrentTime": _shown(call.now),
        "aws:EpochTime": str(int(call.now.timestamp())),
        "aws:SourceIp": request.remote_addr or "127.0.0.1",
        "aws:SecureTransport": "true" if request.is_secure else "false",
        "aws:UserAgent": request.headers.get("User-Agent", ""),
        "aws:RequestedRegion": requested_region(call.action_prefix, call.region),
        "aws:ViaAWSService": "false",
    }
    if referer := request.headers.get("Referer"):
        context["aws:Referer"] = referer
    context |= _principal_keys(call.caller)
    context |= _mfa_keys(call)
    context |= keys_of_tags(tags_given(call.parameters))
    if call.action_prefix == "s3":
        return context | _s3_keys(call)
    return context | keys_of_parameters(call.action_prefix, call.parameters)


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
    tags = entity_tags(entity)
    if session:
        tags |= session.tags
        keys["aws:TokenIssueTime"] = _shown(session.issued)
        if session.source_identity:
            keys["aws:SourceIdentity"] = session.source_identity
    return keys | {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}


def _s3_keys(call: Call) -> Context:
    """Say how an S3 request was signed.

    https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html
    """
    signature = call.signature
    if not signature.version:
        return {}
    keys: Context = {
        "s3:authType": "REST-QUERY-STRING" if signature.is_presigned else "REST-HEADER",
        "s3:signatureversion": signature.version,
    }
    if digest := call.request.headers.get("X-Amz-Content-SHA256"):
        keys["s3:x-amz-content-sha256"] = digest
    if signed_at := signature.signed_at:
        keys["s3:signatureAge"] = str(int((call.now - signed_at).total_seconds() * 1000))
    return keys


def _mfa_keys(call: Call) -> Context:
    """Say when MFA was done, if so: for this very call, or for the session. Long-term keys do not say.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
    """
    session = call.caller.session
    done_at = call.now if brings_code(call) else session.mfa_at if session else None
    if done_at:
        age = int((call.now - done_at).total_seconds())
        return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(age)}
    return {"aws:MultiFactorAuthPresent": "false"} if session else {}
