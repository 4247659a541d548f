"""The lists of IAM, page by page: moto gives them whole, whatever page was asked for.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from helpers.sandbox.answers.responses import Answer, Result
from helpers.sandbox.checks.existing import existing_policy, named_in
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import entities, iam
from helpers.sandbox.moto_adapter.types import User
from helpers.sandbox.request.call import Call

DEFAULT_PAGE = 100
_NOT_IN_LISTS = ("PermissionsBoundary", "Tags")


def page(name: str, items: Sequence[Any], call: Call) -> Result:
    """Take the part of a list that a call asks for with `MaxItems` and `Marker`, under its name in the answer.

    Raises:
        AwsError: The marker is none that an earlier answer gave.
    """
    marker = str(call.parameters.get("Marker", 0))
    if not marker.isdecimal() or int(marker) > len(items):
        raise AwsError("ValidationError", "Invalid Marker.")
    start = int(marker)
    end = start + int(call.parameters.get("MaxItems", DEFAULT_PAGE))
    result: Result = {name: list(items[start:end]), "IsTruncated": end < len(items)}
    return result | {"Marker": str(end)} if end < len(items) else result


def shown_user(user: User) -> Result:
    """Describe a user as IAM does."""
    shown: Result = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
    }
    optional = {"PermissionsBoundary": getattr(user, "permissions_boundary", None), "Tags": user.tags}
    return shown | {name: value for name, value in optional.items() if value}


def _in_list(users: Iterable[User]) -> list[Result]:
    shown = map(shown_user, users)
    return [{name: value for name, value in user.items() if name not in _NOT_IN_LISTS} for user in shown]


def get_group(call: Call) -> Result:
    """Describe a group, with a page of its users.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html
    """
    group = named_in(call, "Group")
    return {"Group": group, **page("Users", _in_list(group.users), call)}


def _under_prefix(found: Iterable[Any], call: Call) -> list[Any]:
    prefix = call.parameters.get("PathPrefix", "/")
    return [entity for entity in found if entity.path.startswith(prefix)]


def _groups_of_user(call: Call) -> list[Any]:
    user = named_in(call, "User")
    return [group for group in entities("Group", call.account_id) if user in group.users]


def _instance_profiles_of_role(call: Call) -> list[Any]:
    role = named_in(call, "Role")
    return [profile for profile in iam(call.account_id).instance_profiles.values() if role in profile.roles]


def _roles_by_name(call: Call) -> list[Any]:
    return sorted(_under_prefix(entities("Role", call.account_id), call), key=lambda role: str(role.name))


def _attached_policies(kind: str) -> Callable[[Call], list[Any]]:
    """List what is attached to a thing of this kind, by name without regard to case."""

    def attached(call: Call) -> list[Any]:
        policies = _under_prefix(named_in(call, kind).managed_policies.values(), call)
        shown = [{"PolicyName": policy.name, "PolicyArn": policy.arn} for policy in policies]
        return sorted(shown, key=lambda policy: str(policy["PolicyName"]).lower())

    return attached


def _policy_versions(call: Call) -> list[Any]:
    """List the versions of a managed policy, the newest first."""
    return [
        {"VersionId": version.version_id, "IsDefaultVersion": version.is_default, "CreateDate": version.create_date}
        for version in reversed(existing_policy(call).versions)
    ]


# By call: what the list is called in the answer, and what is in it.
_LISTS: Mapping[str, tuple[str, Callable[[Call], list[Any]]]] = {
    "ListAccessKeys": ("AccessKeyMetadata", lambda call: list(named_in(call, "User").access_keys)),
    "ListAttachedGroupPolicies": ("AttachedPolicies", _attached_policies("Group")),
    "ListAttachedRolePolicies": ("AttachedPolicies", _attached_policies("Role")),
    "ListAttachedUserPolicies": ("AttachedPolicies", _attached_policies("User")),
    "ListGroupPolicies": ("PolicyNames", lambda call: list(named_in(call, "Group").policies)),
    "ListGroups": ("Groups", lambda call: _under_prefix(entities("Group", call.account_id), call)),
    "ListGroupsForUser": ("Groups", _groups_of_user),
    "ListInstanceProfiles": (
        "InstanceProfiles",
        lambda call: _under_prefix(iam(call.account_id).instance_profiles.values(), call),
    ),
    "ListInstanceProfilesForRole": ("InstanceProfiles", _instance_profiles_of_role),
    "ListPolicyVersions": ("Versions", _policy_versions),
    "ListRolePolicies": ("PolicyNames", lambda call: list(named_in(call, "Role").policies)),
    "ListRoles": ("Roles", _roles_by_name),
    "ListUserPolicies": ("PolicyNames", lambda call: list(named_in(call, "User").policies)),
    "ListUsers": ("Users", lambda call: _in_list(_under_prefix(entities("User", call.account_id), call))),
}


def _pages(name: str, items: Callable[[Call], list[Any]]) -> Answer:
    return lambda call: page(name, items(call), call)


ANSWERS: Mapping[str, Answer] = {
    "GetGroup": get_group,
    **{operation: _pages(*listed) for operation, listed in _LISTS.items()},
}
