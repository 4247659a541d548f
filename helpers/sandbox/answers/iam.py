"""The calls of IAM: those that moto lacks, or answers otherwise than AWS, are answered here.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from werkzeug.wrappers import Response

from helpers.sandbox.answers import iam_lists, mfa_devices, service_linked_roles, simulator
from helpers.sandbox.answers.iam_lists import page, shown_user
from helpers.sandbox.answers.responses import Answer, Result, forward, result_response
from helpers.sandbox.checks.existing import existing_policy, named_in, no_such_entity, too_many_tags
from helpers.sandbox.checks.iam_rules import TAGS_IGNORING_CASE, TAGS_QUOTA
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import account_ids, iam, named, user_by_access_key
from helpers.sandbox.moto_adapter.additions import boundary_arn, new_user, set_user_boundary
from helpers.sandbox.moto_adapter.buckets import rewrite_bucket_policies
from helpers.sandbox.moto_adapter.protocols import Application
from helpers.sandbox.moto_adapter.tags import Tagged, entity_tags, set_entity_tags
from helpers.sandbox.moto_adapter.types import Role, User
from helpers.sandbox.request.call import Call


def answer(call: Call, moto: Application) -> Response:
    """Answer a call of IAM, here or with moto, and keep policies in step with the users and roles that they name."""
    if own := _ANSWERS.get(call.operation):
        return result_response(call, own(call))
    with _policies_in_step(call):
        return forward(call, moto)


# --- users and their permissions boundaries


def create_user(call: Call) -> Result:
    """Make a user, inside a permissions boundary where one is given. Both were found to be good.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
    """
    parameters = call.parameters
    tags = parameters.get("Tags", [])
    user = new_user(call.account_id, parameters["UserName"], parameters.get("Path", "/"), tags)
    set_user_boundary(user, parameters.get("PermissionsBoundary"))
    return {"User": shown_user(user)}


def get_user(call: Call) -> Result:
    """Describe a user with its boundary and tags.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
    """
    return {"User": shown_user(named_in(call, "User"))}


def put_user_permissions_boundary(call: Call) -> Result:
    """Set the most that a user may do. The boundary was found to be a managed policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
    """
    set_user_boundary(named_in(call, "User"), call.parameters["PermissionsBoundary"])
    return {}


def delete_user_permissions_boundary(call: Call) -> Result:
    """Take a user's boundary away.

    Raises:
        AwsError: `NoSuchEntity`, where there is none.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html
    """
    user = named_in(call, "User")
    if boundary_arn(user) is None:
        raise no_such_entity(f"The user with name {user.name} does not have a permissions boundary.")
    set_user_boundary(user, None)
    return {}


def change_password(call: Call) -> Result:
    """Give the caller's own console password another value.

    Raises:
        AwsError: The caller is no user, has no password, or its old password is another one.

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


def get_access_key_last_used(call: Call) -> Result:
    """Tell when, where and for which service a key of this account was last used.

    Raises:
        AwsError: `AccessDenied`: the account has no such key.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    """
    access_key_id = call.parameters["AccessKeyId"]
    found = user_by_access_key(access_key_id)
    if found is None or found[0].account_id != call.account_id:
        unknown = f"iam:GetAccessKeyLastUsed on resource: access key {access_key_id}"
        raise AwsError("AccessDenied", f"User: {call.caller.principal.arn} is not authorized to perform {unknown}", 403)
    user, key = found
    used: Result = {"ServiceName": "N/A", "Region": "N/A"}
    if key.last_used:
        last = key.last_used
        used = {"LastUsedDate": last.timestamp, "ServiceName": last.service, "Region": last.region}
    return {"UserName": user.name, "AccessKeyLastUsed": used}


def remove_user_from_group(call: Call) -> Result:
    """Take a user out of a group; nothing changes where it was not in it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html
    """
    group, user = named_in(call, "Group"), named_in(call, "User")
    group.users = [member for member in group.users if member is not user]
    return {}


# --- roles


def update_role(call: Call) -> Result:
    """Change a role's description, its longest session, or both: what is not named stays.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
    """
    role, parameters = named_in(call, "Role"), call.parameters
    if "Description" in parameters:
        role.description = parameters["Description"]
    if "MaxSessionDuration" in parameters:
        role.max_session_duration = parameters["MaxSessionDuration"]
    return {}


# --- tags on users, roles, managed policies and instance profiles
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html


def _tag(kind: str) -> Answer:
    def answer(call: Call) -> Result:
        entity = _tagged(kind, call)
        given = {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}
        tags = _other_tags(given, entity, kind) | given
        if len(tags) > TAGS_QUOTA:
            raise too_many_tags()
        set_entity_tags(entity, tags)
        return {}

    return answer


def _untag(kind: str) -> Answer:
    def answer(call: Call) -> Result:
        entity = _tagged(kind, call)
        set_entity_tags(entity, _other_tags(call.parameters["TagKeys"], entity, kind))
        return {}

    return answer


def _list_tags(kind: str) -> Answer:
    def answer(call: Call) -> Result:
        tags = sorted(entity_tags(_tagged(kind, call)).items(), key=_short_first if kind == "Policy" else None)
        return page("Tags", [{"Key": key, "Value": value} for key, value in tags], call)

    return answer


def _short_first(tag: tuple[str, str]) -> tuple[int, str]:
    """Order tags as IAM orders a managed policy's."""
    return len(tag[0]), tag[0]


def _tagged(kind: str, call: Call) -> Tagged:
    return existing_policy(call) if kind == "Policy" else cast(Tagged, named_in(call, kind))


def _other_tags(keys: Iterable[str], entity: Tagged, kind: str) -> dict[str, str]:
    """Read the tags of an entity whose keys are not among these."""

    def folded(key: str) -> str:
        return key.lower() if kind in TAGS_IGNORING_CASE else key

    gone = set(map(folded, keys))
    return {key: value for key, value in entity_tags(entity).items() if folded(key) not in gone}


# --- policies that name users and roles


@contextmanager
def _policies_in_step(call: Call) -> Iterator[None]:
    """Rewrite the policies that name a user or role which a call deletes or renames.

    A trust policy keeps a principal's unique id behind the ARN that it shows: once the principal is gone, the id is all
    that is left to show, and whoever gets the same name afterwards is a stranger to it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    kind = {"DeleteUser": "User", "UpdateUser": "User", "DeleteRole": "Role"}.get(call.operation)
    entity: User | Role | None = named(kind, call.parameters[f"{kind}Name"], call.account_id) if kind else None
    old_arn = entity.arn if entity else ""
    yield
    if entity is None:
        return
    account = iam(entity.account_id)
    if entity not in (account.users if isinstance(entity, User) else account.roles).values():
        _rewrite_policies(old_arn, entity.id)
    elif entity.arn != old_arn:
        _rewrite_policies(old_arn, entity.arn)
        for key in entity.access_keys if isinstance(entity, User) else ():
            key.user_name = entity.name


def _rewrite_policies(arn: str, replacement: str) -> None:
    quoted, new = json.dumps(arn), json.dumps(replacement)
    for account_id in account_ids():
        for role in iam(account_id).roles.values():
            role.assume_role_policy_document = role.assume_role_policy_document.replace(quoted, new)
    rewrite_bucket_policies(quoted, new)


_ANSWERS: Mapping[str, Answer] = {
    **iam_lists.ANSWERS,
    **mfa_devices.ANSWERS,
    **service_linked_roles.ANSWERS,
    **simulator.ANSWERS,
    **{f"Tag{kind}": _tag(kind) for kind in ("User", "Role", "Policy", "InstanceProfile")},
    **{f"Untag{kind}": _untag(kind) for kind in ("User", "Role", "Policy", "InstanceProfile")},
    **{f"List{kind}Tags": _list_tags(kind) for kind in ("User", "Role", "Policy", "InstanceProfile")},
    "ChangePassword": change_password,
    "CreateUser": create_user,
    "DeleteUserPermissionsBoundary": delete_user_permissions_boundary,
    "GetAccessKeyLastUsed": get_access_key_last_used,
    "GetUser": get_user,
    "PutUserPermissionsBoundary": put_user_permissions_boundary,
    "RemoveUserFromGroup": remove_user_from_group,
    "UpdateRole": update_role,
}
