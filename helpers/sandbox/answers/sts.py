"""The STS calls that the sandbox answers itself: roles assumed, session tokens, and who is calling.

https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Response

from helpers.evaluation.decisions import Policy
from helpers.sandbox.answers.responses import Answer, Result, result_response
from helpers.sandbox.checks.identity_policies import check_identity_policy
from helpers.sandbox.errors import AwsError, not_implemented
from helpers.sandbox.moto_adapter.accounts import (
    looking_at,
    managed_policy_document,
    role_by_arn,
    user_by_access_key,
)
from helpers.sandbox.moto_adapter.additions import new_temporary_key, random_token
from helpers.sandbox.moto_adapter.protocols import Application
from helpers.sandbox.request.call import Call, Parameters
from helpers.sandbox.request.identities import NEED_NO_SIGNATURE, NO_PROVIDERS, Session, role_session_principal

HOUR = 3600
ROOM_FOR_PACKED = 900


def answer(call: Call, _: Application) -> Response:
    """Answer a call of STS.

    Raises:
        AwsError: `NotImplemented`, or the call's own refusal.
    """
    own = _ANSWERS.get(call.operation)
    if own is None:
        reason = NO_PROVIDERS if call.operation in NEED_NO_SIGNATURE else "it has no such call"
        raise not_implemented(f"sts:{call.operation}", reason)
    return result_response(call, own(call))


def assume_role(call: Call) -> Result:
    """Give a caller who may assume the role a session of it.

    A caller with temporary credentials, a role's or a user's, chains roles: an hour is the most that it gets.

    Raises:
        AwsError: The session is to last longer than the role, or role chaining, allows.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    parameters = call.parameters
    with looking_at(call.effective):
        role = role_by_arn(str(parameters["RoleArn"]))
    assert role is not None, "authorization refuses roles that do not exist"
    session = call.caller.session
    duration = int(parameters.get("DurationSeconds") or HOUR)
    if session and duration > HOUR:
        limit = "the 1 hour session limit for roles assumed by role chaining"
        raise AwsError("ValidationError", f"The requested DurationSeconds exceeds {limit}.")
    if duration > int(role.max_session_duration or HOUR):
        limit = "the MaxSessionDuration set for this role"
        raise AwsError("ValidationError", f"The requested DurationSeconds exceeds {limit}.")
    source_identity = session.source_identity if session else None
    if source_identity and parameters.get("SourceIdentity", source_identity) != source_identity:
        raise AwsError("ValidationError", "The source identity is already set for this assume role session")
    name = str(parameters["RoleSessionName"])
    tags = _tags(parameters, session)
    packed = _packed_size(parameters, tags["tags"])
    opened = _open_session(
        call,
        duration,
        principal=role_session_principal(role, name),
        owner_arn=role.arn,
        name=name,
        policies=_session_policies(parameters, role.account_id),
        source_identity=parameters.get("SourceIdentity") or source_identity,
        **tags,
    )
    answer = _shown(opened) | packed
    answer["AssumedRoleUser"] = {"AssumedRoleId": f"{role.id}:{name}", "Arn": opened.principal.arn}
    if opened.source_identity:
        answer["SourceIdentity"] = opened.source_identity
    return answer


def get_federation_token(call: Call) -> Result:
    """Give a user temporary credentials for somebody else: they may do what the user and the session policies may.

    Without session policies they may do nothing but what a resource's own policy grants them.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    parameters, user = call.parameters, call.caller.principal
    name = str(parameters["Name"])
    tags = _tags(parameters, None)
    packed = _packed_size(parameters, tags["tags"])
    principal = replace(user, arn=f"arn:aws:sts::{user.account_id}:federated-user/{name}")
    opened = _open_session(
        call,
        int(parameters.get("DurationSeconds") or 12 * HOUR),
        principal=principal,
        owner_arn=user.arn,
        name=name,
        policies=_session_policies(parameters, user.account_id) or (),
        **tags,
    )
    federated = {"FederatedUserId": f"{user.account_id}:{name}", "Arn": principal.arn}
    return _shown(opened) | {"PackedPolicySize": 0} | packed | {"FederatedUser": federated}


def get_session_token(call: Call) -> Result:
    """Give a user temporary credentials of its own; they remember that MFA was done.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    duration = int(call.parameters.get("DurationSeconds") or 12 * HOUR)
    mfa_at = call.now if "TokenCode" in call.parameters else None
    user = call.caller.principal
    return _shown(_open_session(call, duration, principal=user, owner_arn=user.arn, mfa_at=mfa_at))


def get_caller_identity(call: Call) -> Result:
    """Say whose credentials signed the call."""
    principal = call.caller.principal
    return {"UserId": call.caller.user_id, "Account": principal.account_id, "Arn": principal.arn}


def get_access_key_info(call: Call) -> Result:
    """Say which account an access key belongs to.

    Raises:
        AwsError: No account of the sandbox has this key.
    """
    access_key_id = str(call.parameters["AccessKeyId"])
    if session := call.sessions.get(access_key_id):
        return {"Account": session.principal.account_id}
    found = user_by_access_key(access_key_id)
    if not found:
        raise AwsError("ValidationError", f"Access key ID {access_key_id[:4]}… does not exist.")
    return {"Account": found[0].account_id}


def _open_session(call: Call, duration: int, *, principal: Any, **details: Any) -> Session:
    key = new_temporary_key(principal.account_id)
    session = Session(
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
        session_token=random_token(356),
        issued=call.now,
        expires=(call.now + timedelta(seconds=duration)).replace(microsecond=0),
        principal=principal,
        **details,
    )
    call.sessions[session.access_key_id] = session
    return session


def _shown(session: Session) -> Result:
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": session.expires,
        }
    }


def _packed_size(parameters: Parameters, tags: Mapping[str, str]) -> dict[str, int]:
    """Count the share of a session's room that its policies and tags take, in percent; nothing where there are none.

    How AWS packs them is not known: this is near enough to refuse what is far too large.

    Raises:
        AwsError: `PackedPolicyTooLarge`.
    """
    policies = [parameters.get("Policy", ""), *(item["arn"] for item in parameters.get("PolicyArns") or [])]
    text = "".join([*policies, *tags, *tags.values()])
    if not text:
        return {}
    share = -(-len(zlib.compress(text.encode())) * 100 // ROOM_FOR_PACKED)
    if share > 100:
        what = "Packed policy" if any(policies) else "Packed size of session tags"
        raise AwsError("PackedPolicyTooLarge", f"{what} consumes {share}% of allotted space.")
    return {"PackedPolicySize": share}


def _session_policies(parameters: Parameters, account_id: str) -> tuple[Policy, ...] | None:
    passed = []
    if text := parameters.get("Policy"):
        check_identity_policy(text)
        passed.append(Policy("session policy", json.loads(text)))
    for item in parameters.get("PolicyArns") or []:
        arn = item["arn"]
        document = managed_policy_document(account_id, arn)
        if document is None:
            raise AwsError("MalformedPolicyDocument", f"Policy {arn} does not exist or is not attachable.")
        passed.append(Policy(f'session policy "{arn}"', document))
    return tuple(passed) or None


def _tags(parameters: Parameters, session: Session | None) -> Result:
    """Collect a new session's tags: those that are passed, and those that the calling session hands on.

    Raises:
        AwsError: A tag is passed twice, or is one that the calling session hands on already, or a key is to be handed
            on that no tag has. Capitals make no difference.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
    """
    inherited = session.transitive_tags if session else {}
    passed = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags") or []}
    transitive = tuple(parameters.get("TransitiveTagKeys") or ())
    names = {key.lower() for key in passed}
    if len(names) < len(parameters.get("Tags") or []):
        raise _bad_tags("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if names & {key.lower() for key in inherited}:
        conflict = "it conflicts with a transitive tag key from the calling session"
        raise _bad_tags(f"One of the specified transitive tag keys can't be set because {conflict}.")
    if not {key.lower() for key in transitive} <= names:
        raise _bad_tags("The specified transitive tag key must be included in the requested tags.")
    return {"tags": passed | dict(inherited), "transitive_tag_keys": (*transitive, *inherited)}


def _bad_tags(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def decode_authorization_message(call: Call) -> Result:
    """Refuse every message: the sandbox's refusals say why in plain text, and encode nothing.

    Raises:
        AwsError: Always.
    """
    raise AwsError("InvalidAuthorizationMessageException", "Message is not valid")


_ANSWERS: Mapping[str, Answer] = {
    "AssumeRole": assume_role,
    "DecodeAuthorizationMessage": decode_authorization_message,
    "GetFederationToken": get_federation_token,
    "GetSessionToken": get_session_token,
    "GetCallerIdentity": get_caller_identity,
    "GetAccessKeyInfo": get_access_key_info,
}
