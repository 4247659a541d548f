"""What IAM checks before it changes anything, where moto checks less or says it otherwise.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from typing import Any

from helpers.sandbox.checks import policy_rules
from helpers.sandbox.checks.existing import (
    Check,
    already_exists,
    is_taken,
    named_in,
    no_such_entity,
    over_quota,
    too_many_tags,
)
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import entities, iam
from helpers.sandbox.request.call import Call

GROUPS_OF_A_USER_QUOTA = 10
ACCESS_KEYS_QUOTA = 2
TAGS_QUOTA = 50
TAGS_IGNORING_CASE = ("User", "Role")
"""What has no two tags whose keys differ in capitals only."""

_CHANGES_OF_ROLES = (
    *("AttachRole", "DeleteRole", "DetachRole", "PutRole", "UpdateAssumeRole"),
    *("AddRoleTo", "RemoveRoleFrom"),
)


def check_call(call: Call) -> None:
    """Refuse an IAM call that AWS would refuse: names, documents, quotas, and what must be gone first.

    Raises:
        AwsError: AWS's answer.
    """
    operation, parameters = call.operation, call.parameters
    for kind in ("User", "Role", "Group"):
        name = parameters.get(f"{kind}Name")
        if name is None:
            continue
        if operation == f"Create{kind}":
            _refuse_taken_name(call, kind, name)
        elif not operation.startswith("CreateServiceLinked"):
            named_in(call, kind)
    _refuse_change_of_aws_role(call)
    if "InstanceProfileName" in parameters and operation != "CreateInstanceProfile":
        named_in(call, "InstanceProfile")
    _refuse_tags_given_twice(call)
    if check := _CHECKS.get(operation):
        check(call)


def _refuse_tags_given_twice(call: Call) -> None:
    """Refuse two tags of one key. On users and roles, keys that differ in capitals only are one key.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    keys = [tag["Key"] for tag in call.parameters.get("Tags", [])]
    ignoring_case = call.operation.endswith(TAGS_IGNORING_CASE)
    if len({key.lower() if ignoring_case else key for key in keys}) < len(keys):
        hint = " Please note that Tag keys are case insensitive." if ignoring_case else ""
        raise AwsError("InvalidInput", f"Duplicate tag keys found.{hint}")


def _refuse_change_of_aws_role(call: Call) -> None:
    """Refuse to change a service-linked role in any way but its description and tags.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
    """
    if not call.operation.startswith(_CHANGES_OF_ROLES):
        return
    role = named_in(call, "Role")
    if role.path.startswith("/aws-service-role/"):
        message = (
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS"
        )
        raise AwsError("UnmodifiableEntity", message)


def _refuse_taken_name(call: Call, kind: str, name: str, but: Any = None) -> None:
    if is_taken(name, (entity.name for entity in entities(kind, call.account_id) if entity is not but)):
        raise already_exists(f"{kind} with name {name} already exists.")


def _refuse_deletion(**in_the_way: Any) -> None:
    for what, things in in_the_way.items():
        if things:
            words = what.replace("_", " ")
            raise AwsError("DeleteConflict", f"Cannot delete entity, must {words} first.", 409)


# --- users


def _rename(kind: str) -> Check:
    def check(call: Call) -> None:
        if new_name := call.parameters.get(f"New{kind}Name"):
            _refuse_taken_name(call, kind, new_name, but=named_in(call, kind))

    return check


def _groups_of(user: Any) -> list[Any]:
    return [group for group in entities("Group", user.account_id) if user in group.users]


def _delete_user(call: Call) -> None:
    user = named_in(call, "User")
    _refuse_deletion(
        delete_access_keys=user.access_keys,
        delete_policies=user.policies,
        detach_all_policies=user.managed_policies,
        remove_users_from_group=_groups_of(user),
        delete_login_profile=user.password,
        deactivate_MFA_device=user.mfa_devices,
    )


def _create_access_key(call: Call) -> None:
    if len(named_in(call, "User").access_keys) >= ACCESS_KEYS_QUOTA:
        raise over_quota("AccessKeysPerUser", ACCESS_KEYS_QUOTA)


def _known_access_key(call: Call) -> None:
    access_key_id = call.parameters["AccessKeyId"]
    if access_key_id not in (key.access_key_id for key in named_in(call, "User").access_keys):
        raise no_such_entity(f"The Access Key with id {access_key_id} cannot be found.")


def _create_login_profile(call: Call) -> None:
    user = named_in(call, "User")
    if user.password:
        raise already_exists(f"Login Profile for user {user.name} already exists.")


def _known_login_profile(call: Call) -> None:
    user = named_in(call, "User")
    if not user.password:
        raise no_such_entity(f"Login Profile for User {user.name} cannot be found.")


# --- roles and instance profiles


def _create_role(call: Call) -> None:
    policy_rules.check_trust(call.parameters["AssumeRolePolicyDocument"])
    policy_rules.check_boundary(call)


def _delete_role(call: Call) -> None:
    role = named_in(call, "Role")
    profiles = [profile for profile in iam(call.account_id).instance_profiles.values() if role in profile.roles]
    _refuse_deletion(
        remove_roles_from_instance_profile=profiles,
        delete_policies=role.policies,
        detach_all_policies=role.managed_policies,
    )


def _create_instance_profile(call: Call) -> None:
    name = call.parameters["InstanceProfileName"]
    if is_taken(name, (profile.name for profile in iam(call.account_id).instance_profiles.values())):
        raise already_exists(f"Instance Profile {name} already exists.")


def _remove_role_from_instance_profile(call: Call) -> None:
    role, profile = named_in(call, "Role"), named_in(call, "InstanceProfile")
    if role not in profile.roles:
        raise no_such_entity(f"Role {role.name} in Instance Profile {profile.name} cannot be found.")


# --- identity providers
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html


def _create_provider(call: Call) -> None:
    url = call.parameters["Url"]
    arn = f"arn:aws:iam::{call.account_id}:oidc-provider/{url.removeprefix('https://')}"
    if arn in iam(call.account_id).open_id_providers:
        raise already_exists(f"Provider with url {url} already exists.")


def _delete_provider(call: Call) -> None:
    arn = call.parameters["OpenIDConnectProviderArn"]
    if arn not in iam(call.account_id).open_id_providers:
        raise no_such_entity(f"OpenId connect Provider {arn} cannot be found.")


def _tag_provider(call: Call) -> None:
    provider = iam(call.account_id).open_id_providers.get(call.parameters["OpenIDConnectProviderArn"])
    given = {tag["Key"] for tag in call.parameters["Tags"]}
    if provider and len(given | set(provider.tags)) > TAGS_QUOTA:
        raise too_many_tags()


# --- groups


def _add_user_to_group(call: Call) -> None:
    user = named_in(call, "User")
    names = [group.name for group in _groups_of(user)]
    if call.parameters["GroupName"] not in names and len(names) >= GROUPS_OF_A_USER_QUOTA:
        raise over_quota("GroupsPerUser", GROUPS_OF_A_USER_QUOTA)


def _delete_group(call: Call) -> None:
    group = named_in(call, "Group")
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
    "CreateOpenIDConnectProvider": _create_provider,
    "CreateRole": _create_role,
    "CreateUser": policy_rules.check_boundary,
    "DeleteAccessKey": _known_access_key,
    "DeleteGroup": _delete_group,
    "DeleteLoginProfile": _known_login_profile,
    "DeleteOpenIDConnectProvider": _delete_provider,
    "DeleteRole": _delete_role,
    "DeleteUser": _delete_user,
    "GetLoginProfile": _known_login_profile,
    "RemoveRoleFromInstanceProfile": _remove_role_from_instance_profile,
    "TagOpenIDConnectProvider": _tag_provider,
    "UpdateAccessKey": _known_access_key,
    "UpdateGroup": _rename("Group"),
    "UpdateLoginProfile": _known_login_profile,
    "UpdateUser": _rename("User"),
}
