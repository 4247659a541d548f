"""The lists of IAM that moto gives whole, whatever page was asked for.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from helpers.sandbox import moto_seam
from helpers.sandbox.iam_call import IamCall, Result, page, shown_user
from helpers.sandbox.iam_lookup import entities, existing

_NOT_IN_LISTS = ("PermissionsBoundary", "Tags")


def get_group(call: IamCall) -> Result:
    """A group, and a page of its users.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html
    """
    group = _named("Group", call)
    return {"Group": group, **page("Users", _listed(group.users), call.parameters)}


def _named(kind: str, call: IamCall) -> Any:
    return existing(kind, call.parameters[f"{kind}Name"], call.account_id)


def _under_prefix(found: Iterable[Any], call: IamCall) -> list[Any]:
    prefix = call.parameters.get("PathPrefix", "/")
    return [entity for entity in found if entity.path.startswith(prefix)]


def _listed(users: Iterable[Any]) -> list[Result]:
    shown = map(shown_user, users)
    return [{name: value for name, value in user.items() if name not in _NOT_IN_LISTS} for user in shown]


def _users(call: IamCall) -> list[Any]:
    return _listed(_under_prefix(entities("User", call.account_id), call))


def _groups(call: IamCall) -> list[Any]:
    return _under_prefix(entities("Group", call.account_id), call)


def _groups_of_user(call: IamCall) -> list[Any]:
    return [group for group in entities("Group", call.account_id) if call.user in group.users]


def _instance_profiles(call: IamCall) -> list[Any]:
    return _under_prefix(moto_seam.iam(call.account_id).instance_profiles.values(), call)


def _instance_profiles_of_role(call: IamCall) -> list[Any]:
    role = _named("Role", call)
    profiles = moto_seam.iam(call.account_id).instance_profiles.values()
    return [profile for profile in profiles if role in profile.roles]


def _inline_policies(kind: str) -> Callable[[IamCall], list[Any]]:
    return lambda call: list(_named(kind, call).policies)


# By call: what the list is called in the answer, and what is in it.
_LISTS: Mapping[str, tuple[str, Callable[[IamCall], list[Any]]]] = {
    "ListAccessKeys": ("AccessKeyMetadata", lambda call: list(call.user.access_keys)),
    "ListGroupPolicies": ("PolicyNames", _inline_policies("Group")),
    "ListGroups": ("Groups", _groups),
    "ListGroupsForUser": ("Groups", _groups_of_user),
    "ListInstanceProfiles": ("InstanceProfiles", _instance_profiles),
    "ListInstanceProfilesForRole": ("InstanceProfiles", _instance_profiles_of_role),
    "ListRolePolicies": ("PolicyNames", _inline_policies("Role")),
    "ListUserPolicies": ("PolicyNames", _inline_policies("User")),
    "ListUsers": ("Users", _users),
}


def _pages(name: str, items: Callable[[IamCall], list[Any]]) -> Callable[[IamCall], Result]:
    return lambda call: page(name, items(call), call.parameters)


ANSWERS: Mapping[str, Callable[[IamCall], Result]] = {
    "GetGroup": get_group,
    **{operation: _pages(*listed) for operation, listed in _LISTS.items()},
}
