"""The request context: the condition keys that AWS sends along with a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from helpers.sandbox.identities import Caller
from helpers.sandbox.mfa import check_code
from helpers.sandbox.moto_seam import Request, User, iam

Context = dict[str, str | Sequence[str]]

_STS_PARAMETERS = {
    "ExternalId": "sts:ExternalId",
    "RoleSessionName": "sts:RoleSessionName",
    "DurationSeconds": "sts:DurationSeconds",
    "SourceIdentity": "sts:SourceIdentity",
    "TransitiveTagKeys": "sts:TransitiveTagKeys",
}
_IAM_PARAMETERS = {"PolicyArn": "iam:PolicyARN", "PermissionsBoundary": "iam:PermissionsBoundary"}


def request_context(
    request: Request, caller: Caller, parameters: Mapping[str, Any], *, service: str, region: str, now: datetime
) -> Context:
    """Every condition key that this request carries, apart from those of single resources.

    Raises:
        AwsError: it carries an MFA code too, and that is wrong.
    """
    context: Context = {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:SourceIp": request.remote_addr or "127.0.0.1",
        "aws:SecureTransport": "true" if request.is_secure else "false",
        "aws:UserAgent": request.headers.get("User-Agent", ""),
        "aws:RequestedRegion": region,
        "aws:ViaAWSService": "false",
    }
    if referer := request.headers.get("Referer"):
        context["aws:Referer"] = referer
    context |= _principal_keys(caller)
    context |= _mfa_keys(caller, parameters, service, now)
    context |= _request_tags(parameters)
    names = {"sts": _STS_PARAMETERS, "iam": _IAM_PARAMETERS}.get(service, {})
    for parameter, key in names.items():
        if parameter in parameters:
            value = parameters[parameter]
            context[key] = [str(item) for item in value] if isinstance(value, list) else str(value)
    return context


def _principal_keys(caller: Caller) -> Context:
    principal, entity = caller.principal, caller.entity
    keys: Context = {
        "aws:PrincipalArn": principal.role_arn or principal.arn,
        "aws:PrincipalAccount": principal.account_id,
        "aws:PrincipalType": "AssumedRole" if principal.role_arn else "User",
        "aws:PrincipalIsAWSService": "false",
        "aws:userid": caller.user_id,
    }
    if isinstance(entity, User):
        keys["aws:username"] = entity.name
        listed = iam(entity.account_id).tagger.list_tags_for_resource(entity.arn)["Tags"]
        tags = {tag["Key"]: tag["Value"] for tag in listed}
    else:
        stored: Any = entity.tags or []
        tags = {tag["Key"]: tag["Value"] for tag in (stored.values() if isinstance(stored, dict) else stored)}
    if caller.session:
        tags |= caller.session.tags
        if caller.session.source_identity:
            keys["aws:SourceIdentity"] = caller.session.source_identity
    return keys | {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}


def _mfa_keys(caller: Caller, parameters: Mapping[str, Any], service: str, now: datetime) -> Context:
    """When MFA was done, if so: for this very call, or for the session. Calls signed with long-term keys do not say.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
    """
    done_at = caller.session.mfa_at if caller.session else None
    if service == "sts" and parameters.keys() & {"SerialNumber", "TokenCode"}:
        check_code(caller, parameters, now)
        done_at = now
    if done_at:
        age = int((now - done_at).total_seconds())
        return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(age)}
    return {"aws:MultiFactorAuthPresent": "false"} if caller.session else {}


def _request_tags(parameters: Mapping[str, Any]) -> Context:
    tags = parameters.get("Tags")
    if isinstance(tags, Mapping):
        pairs = {str(key): str(value) for key, value in tags.items()}
    elif isinstance(tags, list) and all(isinstance(tag, Mapping) for tag in tags):
        pairs = {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in tags}
    else:
        return {}
    return {"aws:TagKeys": list(pairs)} | {f"aws:RequestTag/{key}": value for key, value in pairs.items()}
