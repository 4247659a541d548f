"""What IAM checks before it changes anything, where moto checks less or says it otherwise.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from helpers.sandbox import documents, moto_seam, resource_documents
from helpers.sandbox.errors import AwsError

Parameters = Mapping[str, Any]
Check = Callable[[str, Parameters], None]

INLINE_POLICY_QUOTAS = {"User": 2048, "Role": 10240, "Group": 5120}
MANAGED_POLICY_QUOTA = 6144
TRUST_POLICY_QUOTA = 2048
ATTACHED_POLICIES_QUOTA = 10
GROUPS_OF_A_USER_QUOTA = 10
ACCESS_KEYS_QUOTA = 2


def check_call(operation: str, account_id: str, parameters: Parameters) -> None:
    """Refuses an IAM call that AWS would refuse: names, documents, quotas, and what must be gone first.

    Raises:
        AwsError: AWS's answer.
    """
    for kind in ("User", "Role", "Group"):
        name = parameters.get(f"{kind}Name")
        if name is None:
            continue
        if operation == f"Create{kind}":
            _refuse_taken_name(kind, name, account_id)
        elif not operation.startswith("CreateServiceLinked"):
            existing(kind, name, account_id)
    if check := _CHECKS.get(operation):
        check(account_id, parameters)


def existing(kind: str, name: str, account_id: str) -> Any:
    """The user, role or group of this name.

    Raises:
        AwsError: `NoSuchEntity`.
    """
    account = moto_seam.iam(account_id)
    match kind:
        case "User":
            found: Any = account.users.get(name)
        case "Group":
            found = account.groups.get(name)
        case _:
            found = next((role for role in account.roles.values() if role.name == name), None)
    if found is None:
        raise AwsError("NoSuchEntity", f"The {kind.lower()} with name {name} cannot be found.", 404)
    return found


def _entities(kind: str, account_id: str) -> Iterable[Any]:
    account = moto_seam.iam(account_id)
    entities: dict[str, Mapping[str, Any]] = {"User": account.users, "Role": account.roles, "Group": account.groups}
    return entities[kind].values()


def _refuse_taken_name(kind: str, name: str, account_id: str) -> None:
    if name.lower() in (entity.name.lower() for entity in _entities(kind, account_id)):
        raise AwsError("EntityAlreadyExists", f"{kind} with name {name} already exists.", 409)


def _refuse_deletion(**in_the_way: Any) -> None:
    for what, things in in_the_way.items():
        if things:
            words = what.replace("_", " ")
            raise AwsError("DeleteConflict", f"Cannot delete entity, must {words} first.", 409)


def _over_quota(quota: str, limit: int) -> AwsError:
    return AwsError("LimitExceeded", f"Cannot exceed quota for {quota}: {limit}", 409)


def _size(document: str) -> int:
    """The characters of a policy that count: all but white space."""
    return len(re.sub(r"\s", "", document))


# --- users, roles, groups


def _create_role(account_id: str, parameters: Parameters) -> None:
    resource_documents.check_trust_policy(parameters["AssumeRolePolicyDocument"])
    _check_trust_size(parameters["AssumeRolePolicyDocument"])
    _check_boundary(account_id, parameters)


def _update_trust(_account_id: str, parameters: Parameters) -> None:
    resource_documents.check_trust_policy(parameters["PolicyDocument"])
    _check_trust_size(parameters["PolicyDocument"])


def _check_trust_size(document: str) -> None:
    if _size(document) > TRUST_POLICY_QUOTA:
        raise _over_quota("ACLSizePerRole", TRUST_POLICY_QUOTA)


def _check_boundary(account_id: str, parameters: Parameters) -> None:
    boundary = parameters.get("PermissionsBoundary")
    if boundary and boundary not in moto_seam.iam(account_id).managed_policies:
        raise AwsError("NoSuchEntity", f"Policy {boundary} does not exist or is not attachable.", 404)


def _delete_user(account_id: str, parameters: Parameters) -> None:
    user = existing("User", parameters["UserName"], account_id)
    groups = [group for group in moto_seam.iam(account_id).groups.values() if user in group.users]
    _refuse_deletion(
        delete_access_keys=user.access_keys,
        delete_policies=user.policies,
        detach_all_policies=user.managed_policies,
        remove_users_from_group=groups,
        delete_login_profile=user.password,
        deactivate_MFA_device=user.mfa_devices,
    )


def _delete_role(account_id: str, parameters: Parameters) -> None:
    role = existing("Role", parameters["RoleName"], account_id)
    profiles = [p for p in moto_seam.iam(account_id).instance_profiles.values() if role in p.roles]
    _refuse_deletion(
        remove_roles_from_instance_profile=profiles,
        delete_policies=role.policies,
        detach_all_policies=role.managed_policies,
    )


def _delete_group(account_id: str, parameters: Parameters) -> None:
    group = existing("Group", parameters["GroupName"], account_id)
    _refuse_deletion(
        remove_users_from_group=group.users,
        delete_policies=group.policies,
        detach_all_policies=group.managed_policies,
    )


def _create_access_key(account_id: str, parameters: Parameters) -> None:
    if "UserName" in parameters:
        user = existing("User", parameters["UserName"], account_id)
        if len(user.access_keys) >= ACCESS_KEYS_QUOTA:
            raise _over_quota("AccessKeysPerUser", ACCESS_KEYS_QUOTA)


def _add_user_to_group(account_id: str, parameters: Parameters) -> None:
    user = existing("User", parameters["UserName"], account_id)
    groups = [group for group in moto_seam.iam(account_id).groups.values() if user in group.users]
    if len(groups) >= GROUPS_OF_A_USER_QUOTA:
        raise _over_quota("GroupsPerUser", GROUPS_OF_A_USER_QUOTA)


# --- policies


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
            message = f"The {kind.lower()} policy with name {parameters['PolicyName']} cannot be found."
            raise AwsError("NoSuchEntity", message, 404)

    return check


def _attach_policy(kind: str) -> Check:
    def check(account_id: str, parameters: Parameters) -> None:
        arn = parameters["PolicyArn"]
        if not re.match(r"arn:[^:]+:[^:]*:[^:]*:[^:]*:.+", arn):
            raise AwsError("ValidationError", "Invalid ARN:  Could not be parsed!")
        if arn not in moto_seam.iam(account_id).managed_policies:
            raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)
        attached = existing(kind, parameters[f"{kind}Name"], account_id).managed_policies
        if arn not in attached and len(attached) >= ATTACHED_POLICIES_QUOTA:
            raise _over_quota(f"PoliciesPer{kind}", ATTACHED_POLICIES_QUOTA)

    return check


def _create_policy(account_id: str, parameters: Parameters) -> None:
    name = parameters["PolicyName"]
    taken = moto_seam.iam(account_id).managed_policies.values()
    own = (policy.name.lower() for policy in taken if f":{account_id}:" in policy.arn)
    if name.lower() in own:
        message = f"A policy called {name} already exists. Duplicate names are not allowed."
        raise AwsError("EntityAlreadyExists", message, 409)
    _managed_policy(account_id, parameters)


def _known_managed_policy(account_id: str, parameters: Parameters) -> None:
    if parameters["PolicyArn"] not in moto_seam.iam(account_id).managed_policies:
        raise AwsError("NoSuchEntity", f"Policy {parameters['PolicyArn']} was not found.", 404)


def _known_instance_profile(account_id: str, parameters: Parameters) -> None:
    name = parameters["InstanceProfileName"]
    if name not in (profile.name for profile in moto_seam.iam(account_id).instance_profiles.values()):
        raise AwsError("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404)


def _known_access_key(account_id: str, parameters: Parameters) -> None:
    if "UserName" in parameters:
        keys = existing("User", parameters["UserName"], account_id).access_keys
        if parameters["AccessKeyId"] not in (key.access_key_id for key in keys):
            message = f"The Access Key with id {parameters['AccessKeyId']} cannot be found."
            raise AwsError("NoSuchEntity", message, 404)


def _managed_policy(_account_id: str, parameters: Parameters) -> None:
    documents.check_identity_policy(parameters["PolicyDocument"], managed=True)
    if _size(parameters["PolicyDocument"]) > MANAGED_POLICY_QUOTA:
        raise _over_quota("PolicySize", MANAGED_POLICY_QUOTA)


_CHECKS: dict[str, Check] = {
    "AddUserToGroup": _add_user_to_group,
    "CreateAccessKey": _create_access_key,
    "AddRoleToInstanceProfile": _known_instance_profile,
    "CreatePolicy": _create_policy,
    "CreatePolicyVersion": _managed_policy,
    "CreateRole": _create_role,
    "CreateUser": _check_boundary,
    "DeleteAccessKey": _known_access_key,
    "DeleteGroup": _delete_group,
    "DeleteInstanceProfile": _known_instance_profile,
    "DeletePolicy": _known_managed_policy,
    "DeleteRole": _delete_role,
    "DeleteUser": _delete_user,
    "GetInstanceProfile": _known_instance_profile,
    "GetPolicy": _known_managed_policy,
    "GetPolicyVersion": _known_managed_policy,
    "ListEntitiesForPolicy": _known_managed_policy,
    "ListPolicyVersions": _known_managed_policy,
    "PutRolePermissionsBoundary": _check_boundary,
    "RemoveRoleFromInstanceProfile": _known_instance_profile,
    "UpdateAccessKey": _known_access_key,
    "UpdateAssumeRolePolicy": _update_trust,
}
for _kind in INLINE_POLICY_QUOTAS:
    _CHECKS |= {
        f"Attach{_kind}Policy": _attach_policy(_kind),
        f"Delete{_kind}Policy": _known_policy(_kind),
        f"Get{_kind}Policy": _known_policy(_kind),
        f"Put{_kind}Policy": _put_policy(_kind),
    }
