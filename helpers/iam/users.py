"""Users and their policies, with boto3."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from helpers import policies
from helpers.arns import check_name
from helpers.display import mask
from helpers.iam.access_keys import delete_access_key, list_access_key_ids
from helpers.iam.shown import Deleted, User
from helpers.iam.tags import is_of_the_steps, is_ours, refuse_foreign, tags

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


def create_user(iam: "IAMClient", *, name: str, made_for: str = "") -> User:
    """Creates a user without any permission, tagged as this tutorial's. One made already stays as it is.

    Args:
        iam: an IAM client.
        name: 1 to 64 characters, letters, digits and `+=,.@_-`.
        made_for: what the user is for, where it is not the steps' own: `find_user` passes it by then.

    Raises:
        ValueError: the name cannot be a user's name.
        NameTakenError: the account has a user of this name that the tutorial did not make.
        ClientError: AWS refused.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
    """
    check_name(name, "user")
    try:
        created = iam.create_user(UserName=name, Tags=tags(made_for))["User"]
    except iam.exceptions.EntityAlreadyExistsException:
        refuse_foreign("user", name, _user_named(iam, name))
        return get_user(iam, name=name)
    return User(name, created["Arn"])


def get_user(iam: "IAMClient", *, name: str) -> User:
    """Reads a user with its policies.

    Raises:
        ClientError: `NoSuchEntity` where there is none, or another refusal.
    """
    user = iam.get_user(UserName=name)["User"]
    documents: Any = {
        policy: iam.get_user_policy(UserName=name, PolicyName=policy)["PolicyDocument"]
        for policy in _inline_of_user(iam, name)
    }
    return User(
        name=user["UserName"],
        arn=user["Arn"],
        attached_policies=tuple(_attached_to_user(iam, name)),
        inline_policies=documents,
    )


def find_user(iam: "IAMClient") -> User | None:
    """The user that the tutorial's steps made in this account, whatever its name; the newest of several."""
    names = made_user_names(iam, is_of_the_steps)
    return get_user(iam, name=names[0]) if names else None


def list_user_arns(iam: "IAMClient") -> list[str]:
    """The ARNs of all users in the account, whoever made them."""
    return [user["Arn"] for page in iam.get_paginator("list_users").paginate() for user in page["Users"]]


def put_user_policy(iam: "IAMClient", *, user_name: str, policy_name: str, document: policies.Document) -> None:
    """Writes an inline policy of a user, in place of one of the same name.

    Raises:
        ClientError: `MalformedPolicyDocument`, or `NoSuchEntity` where there is no such user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
    """
    text = policies.to_json(document)
    iam.put_user_policy(UserName=user_name, PolicyName=policy_name, PolicyDocument=text)


def delete_user(iam: "IAMClient", *, name: str) -> Deleted:
    """Deletes a user's access keys and policies, takes it out of its groups, then deletes it, if the tutorial made it.

    Raises:
        NameTakenError: the tutorial did not make this user.
    """
    user = _user_named(iam, name)
    if user is None:
        return Deleted(())
    refuse_foreign("user", name, user)
    gone = []
    for access_key_id in list_access_key_ids(iam, user_name=name):
        delete_access_key(iam, user_name=name, access_key_id=access_key_id)
        gone.append(f"access key {mask(access_key_id)} of user {name}")
    for policy in _inline_of_user(iam, name):
        iam.delete_user_policy(UserName=name, PolicyName=policy)
        gone.append(f"inline policy {policy} of user {name}")
    for arn in _attached_to_user(iam, name):
        iam.detach_user_policy(UserName=name, PolicyArn=arn)
        gone.append(f"policy {arn.rpartition('/')[2]} detached from user {name}")
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        iam.remove_user_from_group(GroupName=group["GroupName"], UserName=name)
        gone.append(f"user {name} taken out of group {group['GroupName']}")
    iam.delete_user(UserName=name)
    return Deleted((*gone, f"user {name}"))


def _user_named(iam: "IAMClient", name: str) -> Any:
    """What GetUser answers; None where there is no user of exactly this name."""
    try:
        return iam.get_user(UserName=name)["User"]
    except iam.exceptions.NoSuchEntityException:
        return None


def _attached_to_user(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_attached_user_policies").paginate(UserName=name)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _inline_of_user(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_user_policies").paginate(UserName=name)
    return [policy for page in pages for policy in page["PolicyNames"]]


def made_user_names(iam: "IAMClient", is_wanted: Callable[[Mapping[str, Any]], bool] = is_ours) -> list[str]:
    """The names of this tutorial's users, the newest first."""
    users: list[Any] = [user for page in iam.get_paginator("list_users").paginate() for user in page["Users"]]
    users.sort(key=lambda user: user["CreateDate"], reverse=True)
    return [user["UserName"] for user in users if is_wanted(iam.list_user_tags(UserName=user["UserName"]))]
