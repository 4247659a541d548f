"""The IAM calls that the sandbox answers itself, for moto lacks them or answers otherwise than AWS.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from collections.abc import Callable, Mapping

from helpers.sandbox import mfa, moto_seam
from helpers.sandbox.errors import AwsError
from helpers.sandbox.iam_call import IamCall, Result, shown_user
from helpers.sandbox.last_used import get_access_key_last_used
from helpers.sandbox.moto_seam import User
from helpers.sandbox.simulator_answers import simulate_custom_policy, simulate_principal_policy

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
        message = f"The user with name {user.name} does not have a permissions boundary."
        raise AwsError("NoSuchEntity", message, 404)
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
        raise AwsError("NoSuchEntity", f"Login Profile for User {user.name} cannot be found.", 404)
    if user.password != call.parameters["OldPassword"]:
        raise AwsError("AccessDenied", "The old password was incorrect.", 403)
    user.password = call.parameters["NewPassword"]
    return {}


ANSWERS: Mapping[str, Callable[[IamCall], Result]] = {
    "ChangePassword": change_password,
    "CreateUser": create_user,
    "CreateVirtualMFADevice": mfa.create_virtual_mfa_device,
    "DeactivateMFADevice": mfa.deactivate_mfa_device,
    "DeleteUserPermissionsBoundary": delete_user_permissions_boundary,
    "DeleteVirtualMFADevice": mfa.delete_virtual_mfa_device,
    "EnableMFADevice": mfa.enable_mfa_device,
    "GetAccessKeyLastUsed": get_access_key_last_used,
    "GetUser": get_user,
    "ListMFADevices": mfa.list_mfa_devices,
    "ListVirtualMFADevices": mfa.list_virtual_mfa_devices,
    "PutUserPermissionsBoundary": put_user_permissions_boundary,
    "ResyncMFADevice": mfa.resync_mfa_device,
    "SimulateCustomPolicy": simulate_custom_policy,
    "SimulatePrincipalPolicy": simulate_principal_policy,
}
