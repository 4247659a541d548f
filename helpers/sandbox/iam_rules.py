"""What IAM checks before it changes anything, where moto checks less or says it otherwise.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from typing import Any

from helpers.sandbox import moto_seam, policy_rules
from helpers.sandbox.errors import AwsError
from helpers.sandbox.iam_lookup import (
    Check,
    Parameters,
    already_exists,
    entities,
    existing,
    existing_instance_profile,
    is_taken,
    no_such_entity,
    over_quota,
)
from helpers.sandbox.iam_tags import check_tags

GROUPS_OF_A_USER_QUOTA = 10
ACCESS_KEYS_QUOTA = 2
_CHANGES_OF_ROLES = (
    *("AttachRole", "DeleteRole", "DetachRole", "PutRole", "UpdateAssumeRole"),
    *("AddRoleTo", "RemoveRoleFrom"),
)


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
    _refuse_change_of_aws_role(operation, account_id, parameters)
    if "InstanceProfileName" in parameters and operation != "CreateInstanceProfile":
        existing_instance_profile(parameters["InstanceProfileName"], account_id)
    check_tags(operation, [tag["Key"] for tag in parameters.get("Tags", [])])
    if check := _CHECKS.get(operation):
        check(account_id, parameters)


def _refuse_change_of_aws_role(operation: str, account_id: str, parameters: Parameters) -> None:
    """Refuses to change a service-linked role in any way but its description and tags.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
    """
    if not operation.startswith(_CHANGES_OF_ROLES):
        return
    role = existing("Role", parameters["RoleName"], account_id)
    if role.path.startswith("/aws-service-role/"):
        message = (
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS"
        )
        raise AwsError("UnmodifiableEntity", message)


def _refuse_taken_name(kind: str, name: str, account_id: str, but: Any = None) -> None:
    if is_taken(name, (entity.name for entity in entities(kind, account_id) if entity is not but)):
        raise already_exists(f"{kind} with name {name} already exists.")


def _refuse_deletion(**in_the_way: Any) -> None:
    for what, things in in_the_way.items():
        if things:
            words = what.replace("_", " ")
            raise AwsError("DeleteConflict", f"Cannot delete entity, must {words} first.", 409)


# --- users


def _rename(kind: str) -> Check:
    def check(account_id: str, parameters: Parameters) -> None:
        if new_name := parameters.get(f"New{kind}Name"):
            itself = existing(kind, parameters[f"{kind}Name"], account_id)
            _refuse_taken_name(kind, new_name, account_id, but=itself)

    return check


def _groups_of(user: Any, account_id: str) -> list[Any]:
    return [group for group in entities("Group", account_id) if user in group.users]


def _delete_user(account_id: str, parameters: Parameters) -> None:
    user = existing("User", parameters["UserName"], account_id)
    _refuse_deletion(
        delete_access_keys=user.access_keys,
        delete_policies=user.policies,
        detach_all_policies=user.managed_policies,
        remove_users_from_group=_groups_of(user, account_id),
        delete_login_profile=user.password,
        deactivate_MFA_device=user.mfa_devices,
    )


def _create_access_key(account_id: str, parameters: Parameters) -> None:
    if "UserName" in parameters:
        user = existing("User", parameters["UserName"], account_id)
        if len(user.access_keys) >= ACCESS_KEYS_QUOTA:
            raise over_quota("AccessKeysPerUser", ACCESS_KEYS_QUOTA)


def _known_access_key(account_id: str, parameters: Parameters) -> None:
    if "UserName" in parameters:
        keys = existing("User", parameters["UserName"], account_id).access_keys
        if parameters["AccessKeyId"] not in (key.access_key_id for key in keys):
            raise no_such_entity(f"The Access Key with id {parameters['AccessKeyId']} cannot be found.")


def _create_login_profile(account_id: str, parameters: Parameters) -> None:
    name = parameters.get("UserName")
    if name and existing("User", name, account_id).password:
        raise already_exists(f"Login Profile for user {name} already exists.")


def _known_login_profile(account_id: str, parameters: Parameters) -> None:
    name = parameters.get("UserName")
    if name and not existing("User", name, account_id).password:
        raise no_such_entity(f"Login Profile for User {name} cannot be found.")


# --- roles and instance profiles


def _create_role(account_id: str, parameters: Parameters) -> None:
    policy_rules.check_trust(parameters["AssumeRolePolicyDocument"])
    policy_rules.check_boundary(account_id, parameters)


def _delete_role(account_id: str, parameters: Parameters) -> None:
    role = existing("Role", parameters["RoleName"], account_id)
    profiles = [p for p in moto_seam.iam(account_id).instance_profiles.values() if role in p.roles]
    _refuse_deletion(
        remove_roles_from_instance_profile=profiles,
        delete_policies=role.policies,
        detach_all_policies=role.managed_policies,
    )


def _create_instance_profile(account_id: str, parameters: Parameters) -> None:
    name = parameters["InstanceProfileName"]
    if is_taken(name, (profile.name for profile in moto_seam.iam(account_id).instance_profiles.values())):
        raise already_exists(f"Instance Profile {name} already exists.")


def _remove_role_from_instance_profile(account_id: str, parameters: Parameters) -> None:
    role, profile = parameters["RoleName"], parameters["InstanceProfileName"]
    if role not in (known.name for known in existing_instance_profile(profile, account_id).roles):
        raise no_such_entity(f"Role {role} in Instance Profile {profile} cannot be found.")


# --- groups


def _add_user_to_group(account_id: str, parameters: Parameters) -> None:
    user = existing("User", parameters["UserName"], account_id)
    names = [group.name for group in _groups_of(user, account_id)]
    if parameters["GroupName"] not in names and len(names) >= GROUPS_OF_A_USER_QUOTA:
        raise over_quota("GroupsPerUser", GROUPS_OF_A_USER_QUOTA)


def _delete_group(account_id: str, parameters: Parameters) -> None:
    group = existing("Group", parameters["GroupName"], account_id)
    _refuse_deletion(
        remove_users_from_group=group.users,
        delete_policies=group.policies,
        detach_all_policies=group.managed_policies,
    )


_CHECKS: dict[str, Check] = policy_rules.CHECKS | {
    "AddUserToGroup": _add_user_to_group,
    "CreateAccessKey": _create_access_key,
    "CreateInstanceProfile": _create_instance_profile,
    "CreateLoginProfile": _create_login_profile,
    "CreateRole": _create_role,
    "CreateUser": policy_rules.check_boundary,
    "DeleteAccessKey": _known_access_key,
    "DeleteGroup": _delete_group,
    "DeleteLoginProfile": _known_login_profile,
    "DeleteRole": _delete_role,
    "DeleteUser": _delete_user,
    "GetLoginProfile": _known_login_profile,
    "RemoveRoleFromInstanceProfile": _remove_role_from_instance_profile,
    "UpdateAccessKey": _known_access_key,
    "UpdateGroup": _rename("Group"),
    "UpdateLoginProfile": _known_login_profile,
    "UpdateUser": _rename("User"),
}
