"""Users and their policies, with boto3."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from helpers import policies
from helpers.arns import check_name
from helpers.display import mask
from helpers.iam.access_keys import delete_access_key, list_access_key_ids
from helpers.iam.names import entity_named, made
from helpers.iam.removals import Removal, carry_out
from helpers.iam.shown import Deleted, User
from helpers.iam.tags import is_of_the_steps, refuse_foreign, tags

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
        refuse_foreign(iam, "user", name, entity_named(iam, "user", name))
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
    found = next(filter(is_of_the_steps, made(iam, "user")), None)
    return get_user(iam, name=found["UserName"]) if found else None


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


def delete_user_policy(iam: "IAMClient", *, user_name: str, policy_name: str) -> None:
    """Deletes an inline policy of a user; quiet where it is gone.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html
    """
    call = partial(iam.delete_user_policy, UserName=user_name, PolicyName=policy_name)
    Removal(f"inline policy {policy_name} of user {user_name}", call).carry_out()


def delete_user(iam: "IAMClient", *, name: str) -> Deleted:
    """Deletes a user's access keys and policies, takes it out of its groups, then deletes it, if the tutorial made it.

    Raises:
        NameTakenError: the tutorial did not make this user.
    """
    user = entity_named(iam, "user", name)
    if user is None:
        return Deleted(())
    refuse_foreign(iam, "user", name, user)
    return carry_out(user_removals(iam, name))


def user_removals(iam: "IAMClient", name: str) -> Iterator[Removal]:
    """What it takes to delete a user, in the order that AWS wants: its keys first, deactivated, then deleted."""
    for key_id in list_access_key_ids(iam, user_name=name):
        what = f"access key {mask(key_id)} of user {name}"
        yield Removal(what, partial(delete_access_key, iam, user_name=name, access_key_id=key_id))
    for policy in _inline_of_user(iam, name):
        what = f"inline policy {policy} of user {name}"
        yield Removal(what, partial(iam.delete_user_policy, UserName=name, PolicyName=policy))
    for arn in _attached_to_user(iam, name):
        what = f"policy {arn.rpartition('/')[2]} detached from user {name}"
        yield Removal(what, partial(iam.detach_user_policy, UserName=name, PolicyArn=arn))
    for group in _groups_of_user(iam, name):
        what = f"user {name} taken out of group {group}"
        yield Removal(what, partial(iam.remove_user_from_group, GroupName=group, UserName=name))
    yield from _sign_in_removals(iam, name)
    yield Removal(f"user {name}", partial(iam.delete_user, UserName=name))


def _sign_in_removals(iam: "IAMClient", name: str) -> Iterator[Removal]:
    """What somebody may have added since, and AWS wants deleted too: password, MFA, certificates and SSH keys."""
    with suppress(iam.exceptions.NoSuchEntityException):
        iam.get_login_profile(UserName=name)
        yield Removal(f"password of user {name}", partial(iam.delete_login_profile, UserName=name))
    for device in iam.list_mfa_devices(UserName=name)["MFADevices"]:
        serial = device["SerialNumber"]
        what = f"MFA device {serial.rpartition('/')[2]} deactivated for user {name}"
        yield Removal(what, partial(iam.deactivate_mfa_device, UserName=name, SerialNumber=serial))
    for certificate in iam.list_signing_certificates(UserName=name)["Certificates"]:
        call = partial(iam.delete_signing_certificate, UserName=name, CertificateId=certificate["CertificateId"])
        yield Removal(f"a signing certificate of user {name}", call)
    for ssh_key in iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"]:
        call = partial(iam.delete_ssh_public_key, UserName=name, SSHPublicKeyId=ssh_key["SSHPublicKeyId"])
        yield Removal(f"an SSH key of user {name}", call)


def _groups_of_user(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_groups_for_user").paginate(UserName=name)
    return [group["GroupName"] for page in pages for group in page["Groups"]]


def _attached_to_user(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_attached_user_policies").paginate(UserName=name)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _inline_of_user(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_user_policies").paginate(UserName=name)
    return [policy for page in pages for policy in page["PolicyNames"]]
