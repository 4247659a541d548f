"""What IAM checks before it changes a policy, where moto checks less or says it otherwise.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
"""

import re

from helpers.sandbox import documents, moto_seam, resource_documents
from helpers.sandbox.errors import AwsError
from helpers.sandbox.iam_lookup import (
    Check,
    Parameters,
    already_exists,
    existing,
    existing_policy,
    is_taken,
    no_such_entity,
    over_quota,
)
from helpers.sandbox.moto_seam import ManagedPolicy, Role, User

INLINE_POLICY_QUOTAS = {"User": 2048, "Role": 10240, "Group": 5120}
MANAGED_POLICY_QUOTA = 6144
TRUST_POLICY_QUOTA = 2048
ATTACHED_POLICIES_QUOTA = 10

_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy/[^:]+")
_NOT_FOUND = "Policy {arn} was not found."


def _size(document: str) -> int:
    """The characters of a policy that count: all but white space."""
    return len(re.sub(r"\s", "", document))


# --- trust policies and permissions boundaries


def check_trust(document: str) -> None:
    """Refuses what is no trust policy, or too long a one.

    Raises:
        AwsError: AWS's answer.
    """
    resource_documents.check_trust_policy(document)
    if _size(document) > TRUST_POLICY_QUOTA:
        raise over_quota("ACLSizePerRole", TRUST_POLICY_QUOTA)


def check_boundary(account_id: str, parameters: Parameters) -> None:
    """Refuses a permissions boundary, if one is given, that is no managed policy.

    Raises:
        AwsError: AWS's answer.
    """
    boundary = parameters.get("PermissionsBoundary")
    if boundary is None:
        return
    _check_policy_arn(boundary)
    existing_policy(boundary, account_id, "Scope ARN: {arn} does not exist or is not attachable.")


def _check_policy_arn(arn: str) -> None:
    if not _POLICY_ARN.fullmatch(arn):
        raise AwsError("InvalidInput", f"ARN {arn} is not valid.")


# --- inline policies


def _put_policy(kind: str) -> Check:
    def check(account_id: str, parameters: Parameters) -> None:
        documents.check_identity_policy(parameters["PolicyDocument"])
        name = parameters[f"{kind}Name"]
        policies = dict(existing(kind, name, account_id).policies)
        policies[parameters["PolicyName"]] = parameters["PolicyDocument"]
        limit = INLINE_POLICY_QUOTAS[kind]
        if sum(map(_size, policies.values())) > limit:
            message = f"Maximum policy size of {limit} bytes exceeded for {kind.lower()} {name}"
            raise AwsError("LimitExceeded", message, 409)

    return check


def _known_policy(kind: str) -> Check:
    def check(account_id: str, parameters: Parameters) -> None:
        if parameters["PolicyName"] not in existing(kind, parameters[f"{kind}Name"], account_id).policies:
            raise no_such_entity(f"The {kind.lower()} policy with name {parameters['PolicyName']} cannot be found.")

    return check


# --- managed policies


def _attach_policy(kind: str) -> Check:
    def check(account_id: str, parameters: Parameters) -> None:
        arn = parameters["PolicyArn"]
        if not arn.startswith("arn:"):
            raise AwsError("ValidationError", "Invalid ARN:  Could not be parsed!")
        _check_policy_arn(arn)
        existing_policy(arn, account_id)
        attached = existing(kind, parameters[f"{kind}Name"], account_id).managed_policies
        if arn not in attached and len(attached) >= ATTACHED_POLICIES_QUOTA:
            raise over_quota(f"PoliciesPer{kind}", ATTACHED_POLICIES_QUOTA)

    return check


def _detach_policy(kind: str) -> Check:
    def check(account_id: str, parameters: Parameters) -> None:
        arn = parameters["PolicyArn"]
        if arn not in existing(kind, parameters[f"{kind}Name"], account_id).managed_policies:
            raise no_such_entity(_NOT_FOUND.format(arn=arn))

    return check


def _create_policy(account_id: str, parameters: Parameters) -> None:
    name = parameters["PolicyName"]
    policies = moto_seam.iam(account_id).managed_policies.values()
    if is_taken(name, (policy.name for policy in policies if f":{account_id}:" in policy.arn)):
        raise already_exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    _check_managed_policy(parameters)


def _create_policy_version(account_id: str, parameters: Parameters) -> None:
    _own_policy(account_id, parameters)
    _check_managed_policy(parameters)


def _check_managed_policy(parameters: Parameters) -> None:
    documents.check_identity_policy(parameters["PolicyDocument"], managed=True)
    if _size(parameters["PolicyDocument"]) > MANAGED_POLICY_QUOTA:
        raise over_quota("PolicySize", MANAGED_POLICY_QUOTA)


def _own_policy(account_id: str, parameters: Parameters) -> ManagedPolicy:
    policy = existing_policy(parameters["PolicyArn"], account_id, _NOT_FOUND)
    if f":{account_id}:" not in policy.arn:
        raise AwsError("AccessDenied", f"Policy {policy.arn} belongs to AWS: nobody else can change it.", 403)
    return policy


def _to_be_tagged(account_id: str, parameters: Parameters) -> None:
    _own_policy(account_id, parameters)


def _known_managed_policy(account_id: str, parameters: Parameters) -> None:
    existing_policy(parameters["PolicyArn"], account_id, _NOT_FOUND)


def _known_version(account_id: str, parameters: Parameters) -> None:
    version = parameters["VersionId"]
    otherwise = f"Policy {{arn}} version {version} does not exist or is not attachable."
    policy = existing_policy(parameters["PolicyArn"], account_id, otherwise)
    if version not in (known.version_id for known in policy.versions):
        raise no_such_entity(otherwise.format(arn=policy.arn))


def _delete_policy_version(account_id: str, parameters: Parameters) -> None:
    _known_version(account_id, parameters)
    policy = _own_policy(account_id, parameters)
    if parameters["VersionId"] == policy.default_version_id:
        raise _delete_conflict("Cannot delete the default version of a policy.")


def _delete_policy(account_id: str, parameters: Parameters) -> None:
    policy = _own_policy(account_id, parameters)
    account = moto_seam.iam(account_id)
    bounded: list[User | Role] = [*account.users.values(), *account.roles.values()]
    if policy.attachment_count or policy.arn in map(moto_seam.boundary_arn, bounded):
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
    "ListEntitiesForPolicy": _known_managed_policy,
    "ListPolicyTags": _known_managed_policy,
    "ListPolicyVersions": _known_managed_policy,
    "PutRolePermissionsBoundary": check_boundary,
    "PutUserPermissionsBoundary": check_boundary,
    "SetDefaultPolicyVersion": _known_version,
    "TagPolicy": _to_be_tagged,
    "UntagPolicy": _to_be_tagged,
    "UpdateAssumeRolePolicy": lambda _, parameters: check_trust(parameters["PolicyDocument"]),
}
for _kind in INLINE_POLICY_QUOTAS:
    CHECKS |= {
        f"Attach{_kind}Policy": _attach_policy(_kind),
        f"Delete{_kind}Policy": _known_policy(_kind),
        f"Detach{_kind}Policy": _detach_policy(_kind),
        f"Get{_kind}Policy": _known_policy(_kind),
        f"Put{_kind}Policy": _put_policy(_kind),
    }
