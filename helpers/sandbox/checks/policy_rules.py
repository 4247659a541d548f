"""What IAM checks before it changes a policy, where moto checks less or says it otherwise.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
"""

import re

from helpers.sandbox.checks.existing import (
    Check,
    already_exists,
    existing_policy,
    is_taken,
    named_in,
    no_such_entity,
    over_quota,
)
from helpers.sandbox.checks.identity_policies import check_identity_policy
from helpers.sandbox.checks.resource_policies import check_trust_policy
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import iam
from helpers.sandbox.moto_adapter.additions import uses_as_boundary
from helpers.sandbox.moto_adapter.types import ManagedPolicy
from helpers.sandbox.request.call import Call

INLINE_POLICY_QUOTAS = {"User": 2048, "Role": 10240, "Group": 5120}
MANAGED_POLICY_QUOTA = 6144
TRUST_POLICY_QUOTA = 2048
ATTACHED_POLICIES_QUOTA = 10

_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy/[^:]+")
_DONE = {
    "DeletePolicy": "delete policies",
    "DeletePolicyVersion": "delete policy versions for policies",
}
"""What AWS calls these calls about a policy of its own; it calls all others "update policies"."""

_NOT_FOUND = "Policy {arn} was not found."


def _size(document: str) -> int:
    """Count the characters of a policy that count: all but white space."""
    return len(re.sub(r"\s", "", document))


# --- trust policies and permissions boundaries


def check_trust(document: str) -> None:
    """Refuse what is no trust policy, or too long a one.

    Raises:
        AwsError: AWS's answer.
    """
    check_trust_policy(document)
    if _size(document) > TRUST_POLICY_QUOTA:
        raise over_quota("ACLSizePerRole", TRUST_POLICY_QUOTA)


def check_boundary(call: Call) -> None:
    """Refuse a permissions boundary, if one is given, that is no managed policy.

    Raises:
        AwsError: AWS's answer.
    """
    boundary = call.parameters.get("PermissionsBoundary")
    if boundary is None:
        return
    _check_policy_arn(boundary)
    existing_policy(call, "Scope ARN: {arn} does not exist or is not attachable.", parameter="PermissionsBoundary")


def _check_policy_arn(arn: str) -> None:
    if not _POLICY_ARN.fullmatch(arn):
        raise AwsError("InvalidInput", f"ARN {arn} is not valid.")


# --- inline policies


def _put_policy(kind: str) -> Check:
    def check(call: Call) -> None:
        document = call.parameters["PolicyDocument"]
        check_identity_policy(document)
        entity = named_in(call, kind)
        policies = {**entity.policies, call.parameters["PolicyName"]: document}
        limit = INLINE_POLICY_QUOTAS[kind]
        if sum(map(_size, policies.values())) > limit:
            message = f"Maximum policy size of {limit} bytes exceeded for {kind.lower()} {entity.name}"
            raise AwsError("LimitExceeded", message, 409)

    return check


def _known_policy(kind: str) -> Check:
    def check(call: Call) -> None:
        name = call.parameters["PolicyName"]
        if name not in named_in(call, kind).policies:
            raise no_such_entity(f"The {kind.lower()} policy with name {name} cannot be found.")

    return check


# --- managed policies


def _attach_policy(kind: str) -> Check:
    def check(call: Call) -> None:
        arn = call.parameters["PolicyArn"]
        if not arn.startswith("arn:"):
            raise AwsError("ValidationError", f"ARN {arn} is not valid.")
        _check_policy_arn(arn)
        existing_policy(call)
        attached = named_in(call, kind).managed_policies
        if arn not in attached and len(attached) >= ATTACHED_POLICIES_QUOTA:
            raise over_quota(f"PoliciesPer{kind}", ATTACHED_POLICIES_QUOTA)

    return check


def _detach_policy(kind: str) -> Check:
    def check(call: Call) -> None:
        arn = call.parameters["PolicyArn"]
        if arn not in named_in(call, kind).managed_policies:
            raise no_such_entity(_NOT_FOUND.format(arn=arn))

    return check


def _create_policy(call: Call) -> None:
    name = call.parameters["PolicyName"]
    policies = iam(call.account_id).managed_policies.values()
    if is_taken(name, (policy.name for policy in policies if f":{call.account_id}:" in policy.arn)):
        raise already_exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    _check_managed_policy(call.parameters["PolicyDocument"])


def _create_policy_version(call: Call) -> None:
    _own_policy(call)
    _check_managed_policy(call.parameters["PolicyDocument"])


def _check_managed_policy(document: str) -> None:
    check_identity_policy(document, managed=True)
    if _size(document) > MANAGED_POLICY_QUOTA:
        raise over_quota("PolicySize", MANAGED_POLICY_QUOTA)


def _own_policy(call: Call) -> ManagedPolicy:
    policy = existing_policy(call, _NOT_FOUND)
    if f":{call.account_id}:" not in policy.arn:
        done = _DONE.get(call.operation, "update policies")
        raise AwsError("AccessDenied", f"Cannot {done} outside your own account.", 403)
    return policy


def _to_be_tagged(call: Call) -> None:
    _own_policy(call)


def _known_managed_policy(call: Call) -> None:
    existing_policy(call, _NOT_FOUND)


def _known_version(call: Call) -> None:
    version = call.parameters["VersionId"]
    otherwise = f"Policy {{arn}} version {version} does not exist or is not attachable."
    policy = existing_policy(call, otherwise)
    if version not in (known.version_id for known in policy.versions):
        raise no_such_entity(otherwise.format(arn=policy.arn))


def _delete_policy_version(call: Call) -> None:
    _known_version(call)
    policy = _own_policy(call)
    if call.parameters["VersionId"] == policy.default_version_id:
        raise _delete_conflict("Cannot delete the default version of a policy.")


def _delete_policy(call: Call) -> None:
    policy = _own_policy(call)
    if policy.attachment_count or uses_as_boundary(policy):
        raise _delete_conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise _delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )


def _delete_conflict(message: str) -> AwsError:
    return AwsError("DeleteConflict", message, 409)


CHECKS: dict[str, Check] = {
    "CreatePolicy": _create_policy,
    "CreatePolicyVersion": _create_policy_version,
    "DeletePolicy": _delete_policy,
    "DeletePolicyVersion": _delete_policy_version,
    "GetPolicy": _known_managed_policy,
    "GetPolicyVersion": _known_version,
    "ListPolicyTags": _known_managed_policy,
    "ListPolicyVersions": _known_managed_policy,
    "PutRolePermissionsBoundary": check_boundary,
    "PutUserPermissionsBoundary": check_boundary,
    "SetDefaultPolicyVersion": _known_version,
    "TagPolicy": _to_be_tagged,
    "UntagPolicy": _to_be_tagged,
    "UpdateAssumeRolePolicy": lambda call: check_trust(call.parameters["PolicyDocument"]),
}
for _kind in INLINE_POLICY_QUOTAS:
    CHECKS |= {
        f"Attach{_kind}Policy": _attach_policy(_kind),
        f"Delete{_kind}Policy": _known_policy(_kind),
        f"Detach{_kind}Policy": _detach_policy(_kind),
        f"Get{_kind}Policy": _known_policy(_kind),
        f"Put{_kind}Policy": _put_policy(_kind),
    }
