"""The lists of IAM, page by page: moto gives them whole, whatever page was asked for.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from helpers.sandbox.answers.responses import Answer, Result
from helpers.sandbox.checks.existing import existing_policy, named_in
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import entities, iam
from helpers.sandbox.moto_adapter.additions import boundary_arn, is_of_aws, uses_as_boundary
from helpers.sandbox.moto_adapter.types import User
from helpers.sandbox.request.call import Call

DEFAULT_PAGE = 100
_NOT_IN_LISTS = ("PermissionsBoundary", "Tags")


def page(name: str, items: Sequence[Any], call: Call) -> Result:
    """Take the part of a list that a call asks for with `MaxItems` and `Marker`, under its name in the answer.

    Raises:
        AwsError: The marker is none that an earlier answer gave.
    """
    start = _place(call.parameters["Marker"], len(items)) if "Marker" in call.parameters else 0
    end = start + int(call.parameters.get("MaxItems", DEFAULT_PAGE))
    result: Result = {name: list(items[start:end]), "IsTruncated": end < len(items)}
    return result | {"Marker": _marker(end)} if end < len(items) else result


def _marker(place: int) -> str:
    return b64encode(f"after {place}".encode()).decode()


def _place(marker: str, last: int) -> int:
    with suppress(ValueError):
        text = b64decode(marker, validate=True).decode()
        place = int(text.removeprefix("after "))
        if _marker(place) == marker and 0 <= place <= last:
            return place
    raise AwsError("ValidationError", "Invalid Marker.")


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


def _policies(call: Call) -> list[Any]:
    """List managed policies: the account's own first, then AWS's, the oldest first."""
    wanted, usage = call.parameters.get("Scope", "All"), call.parameters.get("PolicyUsageFilter")
    found = _under_prefix(iam(call.account_id).managed_policies.values(), call)
    return sorted(
        (
            policy
            for policy in found
            if wanted in ("All", "AWS" if is_of_aws(policy) else "Local")
            and not (call.parameters.get("OnlyAttached") and not policy.attachment_count)
            and not (usage == "PermissionsBoundary" and not uses_as_boundary(policy))
            and not (usage == "PermissionsPolicy" and not policy.attachment_count)
        ),
        key=lambda policy: (is_of_aws(policy), policy.create_date),
    )


def list_entities_for_policy(call: Call) -> Result:
    """List whom a managed policy is attached to, and whose boundary it is.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html
    """
    arn, only = existing_policy(call).arn, call.parameters.get("EntityFilter")
    usage = call.parameters.get("PolicyUsageFilter")
    found = [
        (kind, entity)
        for kind in ("Group", "User", "Role")
        if only in (None, kind)
        for entity in _under_prefix(entities(kind, call.account_id), call)
        if (usage != "PermissionsBoundary" and arn in entity.managed_policies)
        or (usage != "PermissionsPolicy" and boundary_arn(entity) == arn)
    ]
    paged = page("Entities", found, call)
    shown = paged.pop("Entities")
    lists = {
        f"Policy{kind}s": [{f"{kind}Name": one.name, f"{kind}Id": one.id} for of, one in shown if of == kind]
        for kind in ("Group", "User", "Role")
    }
    return lists | paged


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
    "ListPolicies": ("Policies", _policies),
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
    "ListEntitiesForPolicy": list_entities_for_policy,
    **{operation: _pages(*listed) for operation, listed in _LISTS.items()},
}
