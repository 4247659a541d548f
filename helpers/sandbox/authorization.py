"""Whether a call may go through: collects what bears on it, and lets `helpers.evaluation.decisions` decide."""

from dataclasses import replace

from helpers.evaluation.decisions import Policies, Policy, Verdict, decide
from helpers.evaluation.needs import Need
from helpers.evaluation.public_access import is_public
from helpers.evaluation.statements import Request
from helpers.sandbox.demands import demands, keys_of_resource
from helpers.sandbox.errors import AwsError, access_denied, credential_error, plain_access_denied
from helpers.sandbox.moto_adapter.accounts import (
    identity_documents,
    looking_at,
    managed_policy_document,
    parse_json,
    role_by_arn,
)
from helpers.sandbox.moto_adapter.additions import boundary_arn
from helpers.sandbox.moto_adapter.buckets import bucket_policy, public_access
from helpers.sandbox.moto_adapter.types import Role, User
from helpers.sandbox.request.call import Call
from helpers.sandbox.request.context import Context, request_context
from helpers.sandbox.request.identities import Caller

NOT_THE_CALLERS = "somebody else's"
"""Stands for the account of what has none, for an anonymous caller, who owns nothing."""

_FOR_LONG_TERM_KEYS = {"GetFederationToken", "GetSessionToken"}
_FOR_FEDERATED_USERS = {"GetCallerIdentity"}
_FOR_USERS_SESSIONS = {"AssumeRole", "GetCallerIdentity"}
_EVERYTHING = Policy("nothing on the caller's side", {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def check_session(call: Call) -> None:
    """Refuse a call of STS that makes new credentials out of a long-term key, where a session signed it.

    STS looks at this before it looks at an MFA code or at policies: no policy can allow it.

    Raises:
        AwsError: `AccessDenied`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
    """
    if call.service == "sts" and call.caller.session and call.operation in _FOR_LONG_TERM_KEYS:
        raise AwsError("AccessDenied", f"Cannot call {call.operation} with session credentials", 403)


def authorize(call: Call) -> Call:
    """Let a call pass when everything that it needs is allowed.

    Returns:
        The call; where many objects are to be deleted, without those that the caller may not delete.

    Raises:
        AwsError: The refusal, in the service's own words, of the first need that is not met.
    """
    with looking_at(call.effective):
        policies, context = _policies_of(call.caller), request_context(call)
        if call.service == "s3" and call.operation == "DeleteObjects":
            return _without_refused_objects(call, policies, context)
        for need in demands(call):
            _require(need, call, policies, context)
        return call


def _without_refused_objects(call: Call, policies: Policies, context: Context) -> Call:
    """Decide the deletion of many objects as S3 does: object by object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    delete = call.parameters.get("Delete", {})
    allowed, refused = [], []
    for item, need in zip(delete.get("Objects", []), demands(call), strict=True):
        try:
            _require(need, call, policies, context)
            allowed.append(item)
        except AwsError as error:
            refused.append({**item, "Code": error.code, "Message": error.message})
    if not refused:
        return call
    return replace(
        call, parameters={**call.parameters, "Delete": {**delete, "Objects": allowed}}, refused=tuple(refused)
    )


def _require(need: Need, call: Call, policies: Policies, context: Context) -> None:
    caller, service = call.caller, call.model.service_model
    request = Request(
        principal=caller.principal,
        action=need.action,
        resource=need.resource,
        resource_account=need.resource_account or (None if caller.entity else NOT_THE_CALLERS),
        context={**context, **keys_of_resource(need)},
    )
    decision = decide(request, replace(policies, resource=_resource_policy(need)))
    ruled_out = _is_beyond_the_session(call) or _assumes_what_is_no_role(need) or _is_kept_out(need, caller)
    if decision.verdict is Verdict.ALLOWED and not ruled_out:
        return
    if caller.entity is None:
        raise credential_error("no credentials", service)
    if call.service == "s3" and need.resource_account not in (None, caller.principal.account_id):
        raise plain_access_denied()
    raise access_denied(
        service,
        caller_arn=caller.principal.arn,
        action=need.action,
        resource=need.resource if need.is_named else "*",
        phrase=decision.phrase,
    )


def _is_beyond_the_session(call: Call) -> bool:
    """Tell whether STS refuses this call to a user's temporary credentials, whatever the policies say.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    caller = call.caller
    if call.service != "sts" or caller.session is None or caller.is_role:
        return False
    return call.operation not in (_FOR_FEDERATED_USERS if caller.is_federated else _FOR_USERS_SESSIONS)


def _assumes_what_is_no_role(need: Need) -> bool:
    """Tell whether a user, a session or the like is to be assumed: it has no trust policy that could let anybody in."""
    return need.action == "sts:AssumeRole" and role_by_arn(need.resource) is None


def _is_kept_out(need: Need, caller: Caller) -> bool:
    """Tell whether S3 lets nobody of another account in: the bucket's policy is public, and the bucket restricted.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    if not need.action.startswith("s3:") or need.resource_account in (None, caller.principal.account_id):
        return False
    document = bucket_policy(_bucket(need))
    return document is not None and public_access(_bucket(need)).is_restricted and is_public(document)


def _bucket(need: Need) -> str:
    return need.resource.removeprefix("arn:aws:s3:::").partition("/")[0]


def _policies_of(caller: Caller) -> Policies:
    """Collect all policies on the caller's own side: identity policies, boundary, session policies."""
    entity, session = caller.entity, caller.session
    if entity is None:
        return Policies(identity=(_EVERYTHING,))
    return Policies(
        identity=tuple(Policy(source, document) for source, document in identity_documents(entity)),
        boundary=_boundary_of(entity),
        session=session.policies if session else None,
    )


def _boundary_of(entity: User | Role) -> Policy | None:
    arn = boundary_arn(entity)
    if not arn:
        return None
    document = managed_policy_document(entity.account_id, arn)
    return Policy(f'permissions boundary "{arn}"', document or {"Statement": []})


def _resource_policy(need: Need) -> Policy | None:
    """Find the policy on the resource's own side: a role's trust policy, or a bucket's policy."""
    service = need.action.partition(":")[0]
    if service == "sts" and need.resource != "*":
        role = role_by_arn(need.resource)
        if role is None:
            return None
        return Policy(f'trust policy of role "{role.name}"', parse_json(role.assume_role_policy_document))
    if service == "s3" and need.is_named:
        bucket = _bucket(need)
        document = bucket_policy(bucket)
        return Policy(f'bucket policy of "{bucket}"', document) if document else None
    return None
