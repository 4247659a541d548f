"""The IAM calls that the sandbox answers itself, for moto lacks them or answers otherwise than AWS.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from collections.abc import Callable, Mapping

from helpers.sandbox import iam_lists, iam_tags, mfa, moto_seam
from helpers.sandbox.errors import AwsError
from helpers.sandbox.iam_call import IamCall, Result, page, shown_user
from helpers.sandbox.iam_lookup import existing, existing_policy, no_such_entity
from helpers.sandbox.last_used import get_access_key_last_used
from helpers.sandbox.moto_seam import User
from helpers.sandbox.simulator_answers import (
    get_context_keys_for_custom_policy,
    get_context_keys_for_principal_policy,
    simulate_custom_policy,
    simulate_principal_policy,
)

__all__ = ["ANSWERS", "IamCall"]


# --- users and their permissions boundaries


def create_user(call: IamCall) -> Result:
    """Makes a user, inside a permissions boundary where one is given. Both were found to be good.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
    """
    parameters = call.parameters
    tags = parameters.get("Tags", [])
    user = moto_seam.new_user(call.account_id, parameters["UserName"], parameters.get("Path", "/"), tags)
    moto_seam.set_user_boundary(user, parameters.get("PermissionsBoundary"))
    return {"User": shown_user(user)}


def get_user(call: IamCall) -> Result:
    """A user with its boundary and tags.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
    """
    return {"User": shown_user(call.user)}


def put_user_permissions_boundary(call: IamCall) -> Result:
    """Sets the most that a user may do. The boundary was found to be a managed policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
    """
    moto_seam.set_user_boundary(call.user, call.parameters["PermissionsBoundary"])
    return {}


def delete_user_permissions_boundary(call: IamCall) -> Result:
    """Takes a user's boundary away.

    Raises:
        AwsError: `NoSuchEntity`, where there is none.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html
    """
    user = call.user
    if moto_seam.boundary_arn(user) is None:
        raise no_such_entity(f"The user with name {user.name} does not have a permissions boundary.")
    moto_seam.set_user_boundary(user, None)
    return {}


def change_password(call: IamCall) -> Result:
    """Gives the caller's own console password another value.

    Raises:
        AwsError: the caller is no user, has no password, or its old password is another one.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html
    """
    user = call.caller.entity
    if not isinstance(user, User):
        raise AwsError("InvalidUserType", "Only an IAM user can change its password.")
    if not user.password:
        raise no_such_entity(f"Login Profile for User {user.name} cannot be found.")
    if user.password != call.parameters["OldPassword"]:
        raise AwsError("AccessDenied", "The old password was incorrect.", 403)
    user.password = call.parameters["NewPassword"]
    return {}


# --- groups and managed policies


def remove_user_from_group(call: IamCall) -> Result:
    """Takes a user out of a group; nothing changes where it was not in it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html
    """
    group, user = existing("Group", call.parameters["GroupName"], call.account_id), call.user
    group.users = [member for member in group.users if member is not user]
    return {}


def list_policy_versions(call: IamCall) -> Result:
    """The versions of a managed policy, the newest first.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html
    """
    shown = [
        {"VersionId": version.version_id, "IsDefaultVersion": version.is_default, "CreateDate": version.create_date}
        for version in reversed(existing_policy(call.parameters["PolicyArn"], call.account_id).versions)
    ]
    return page("Versions", shown, call.parameters)


ANSWERS: Mapping[str, Callable[[IamCall], Result]] = {
    **iam_lists.ANSWERS,
    **iam_tags.ANSWERS,
    "ChangePassword": change_password,
    "CreateUser": create_user,
    "CreateVirtualMFADevice": mfa.create_virtual_mfa_device,
    "DeactivateMFADevice": mfa.deactivate_mfa_device,
    "DeleteUserPermissionsBoundary": delete_user_permissions_boundary,
    "DeleteVirtualMFADevice": mfa.delete_virtual_mfa_device,
    "EnableMFADevice": mfa.enable_mfa_device,
    "GetAccessKeyLastUsed": get_access_key_last_used,
    "GetContextKeysForCustomPolicy": get_context_keys_for_custom_policy,
    "GetContextKeysForPrincipalPolicy": get_context_keys_for_principal_policy,
    "GetUser": get_user,
    "ListMFADevices": mfa.list_mfa_devices,
    "ListPolicyVersions": list_policy_versions,
    "ListVirtualMFADevices": mfa.list_virtual_mfa_devices,
    "PutUserPermissionsBoundary": put_user_permissions_boundary,
    "RemoveUserFromGroup": remove_user_from_group,
    "ResyncMFADevice": mfa.resync_mfa_device,
    "SimulateCustomPolicy": simulate_custom_policy,
    "SimulatePrincipalPolicy": simulate_principal_policy,
}
