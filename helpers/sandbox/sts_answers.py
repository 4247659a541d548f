"""The STS calls that the sandbox answers itself: roles assumed, session tokens, and who is calling.

https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from helpers.decisions import Policy
from helpers.sandbox import documents, moto_seam
from helpers.sandbox.errors import AwsError
from helpers.sandbox.identities import Caller, Session, role_session_principal

HOUR = 3600
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)


@dataclass(frozen=True)
class StsCall:
    """An authenticated STS call, and the sessions to which it may add one."""

    caller: Caller
    parameters: Mapping[str, Any]
    sessions: dict[str, Session]
    now: datetime


def check_role_arn(parameters: Mapping[str, Any]) -> None:
    """Refuses what is no role's ARN, in AWS's words.

    Raises:
        AwsError: `ValidationError`.
    """
    role_arn = str(parameters.get("RoleArn", ""))
    if not ROLE_ARN.fullmatch(role_arn):
        raise AwsError("ValidationError", f"{role_arn} is invalid")


def assume_role(call: StsCall) -> dict[str, Any]:
    """Gives a caller who may assume the role a session of it.

    Raises:
        AwsError: the session is to last longer than the role, or role chaining, allows.
    """
    parameters = call.parameters
    role = moto_seam.role_by_arn(str(parameters["RoleArn"]))
    assert role is not None, "authorization refuses roles that do not exist"
    duration = int(parameters.get("DurationSeconds") or HOUR)
    is_chained = call.caller.session is not None and call.caller.principal.role_arn is not None
    if is_chained and duration > HOUR:
        limit = "the 1 hour session limit for roles assumed by role chaining"
        raise AwsError("ValidationError", f"The requested DurationSeconds exceeds {limit}.")
    if duration > int(role.max_session_duration or HOUR):
        limit = "the MaxSessionDuration set for this role"
        raise AwsError("ValidationError", f"The requested DurationSeconds exceeds {limit}.")
    name = str(parameters["RoleSessionName"])
    inherited = _transitive_tags(call.caller.session)
    session = _open_session(
        call,
        duration,
        principal=role_session_principal(role, name),
        name=name,
        policies=_session_policies(parameters, role.account_id),
        tags={tag["Key"]: tag["Value"] for tag in parameters.get("Tags") or []} | inherited,
        transitive_tag_keys=(*(parameters.get("TransitiveTagKeys") or ()), *inherited),
        source_identity=parameters.get("SourceIdentity")
        or (call.caller.session.source_identity if call.caller.session else None),
    )
    answer: dict[str, Any] = {
        "Credentials": _shown(session),
        "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{name}", "Arn": session.principal.arn},
    }
    if session.policies or session.tags:
        packed = len(json.dumps([dict(policy.document) for policy in session.policies or ()]))
        answer["PackedPolicySize"] = max(1, min(100, packed * 100 // 2048))
    if session.source_identity:
        answer["SourceIdentity"] = session.source_identity
    return answer


def get_session_token(call: StsCall) -> dict[str, Any]:
    """Gives a user temporary credentials of its own; they remember that MFA was done.

    Raises:
        AwsError: the caller uses temporary credentials already.
    """
    if call.caller.session:
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    duration = int(call.parameters.get("DurationSeconds") or 12 * HOUR)
    mfa_at = call.now if "TokenCode" in call.parameters else None
    return {"Credentials": _shown(_open_session(call, duration, principal=call.caller.principal, mfa_at=mfa_at))}


def get_caller_identity(call: StsCall) -> dict[str, Any]:
    """Says whose credentials signed the call."""
    principal = call.caller.principal
    return {"UserId": call.caller.user_id, "Account": principal.account_id, "Arn": principal.arn}


def get_access_key_info(call: StsCall) -> dict[str, Any]:
    """Says which account an access key belongs to.

    Raises:
        AwsError: no account of the sandbox has this key.
    """
    access_key_id = str(call.parameters["AccessKeyId"])
    if session := call.sessions.get(access_key_id):
        return {"Account": session.principal.account_id}
    found = moto_seam.user_by_access_key(access_key_id)
    if not found:
        raise AwsError("ValidationError", f"Access key ID {access_key_id[:4]}… does not exist.")
    return {"Account": found[0].account_id}


def _open_session(call: StsCall, duration: int, *, principal: Any, **details: Any) -> Session:
    key = moto_seam.new_temporary_key(principal.account_id)
    session = Session(
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
        session_token=moto_seam.random_token(356),
        expires=(call.now + timedelta(seconds=duration)).replace(microsecond=0),
        principal=principal,
        **details,
    )
    call.sessions[session.access_key_id] = session
    return session


def _shown(session: Session) -> dict[str, Any]:
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": session.expires,
    }


def _session_policies(parameters: Mapping[str, Any], account_id: str) -> tuple[Policy, ...] | None:
    passed = []
    if text := parameters.get("Policy"):
        documents.check_identity_policy(text)
        passed.append(Policy("session policy", json.loads(text)))
    for item in parameters.get("PolicyArns") or []:
        arn = item["arn"]
        document = moto_seam.managed_policy_document(account_id, arn)
        if document is None:
            raise AwsError("MalformedPolicyDocument", f"Policy {arn} does not exist or is not attachable.")
        passed.append(Policy(f'session policy "{arn}"', document))
    return tuple(passed) or None


def _transitive_tags(session: Session | None) -> dict[str, str]:
    if session is None:
        return {}
    return {key: value for key, value in session.tags.items() if key in session.transitive_tag_keys}


ANSWERS: dict[str, Callable[[StsCall], dict[str, Any]]] = {
    "AssumeRole": assume_role,
    "GetSessionToken": get_session_token,
    "GetCallerIdentity": get_caller_identity,
    "GetAccessKeyInfo": get_access_key_info,
}
