"""Roles: what they may do and whom they trust, with boto3."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from helpers import policies
from helpers.arns import check_name
from helpers.iam.names import entity_named, made
from helpers.iam.removals import Removal, carry_out
from helpers.iam.shown import Deleted, Role
from helpers.iam.tags import is_of_the_steps, refuse_foreign, tags
from helpers.waiting import until_it_works

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


def create_role(
    iam: "IAMClient", *, name: str, trust_policy: policies.Document, description: str = "", made_for: str = ""
) -> Role:
    """Creates a role, tagged as this tutorial's. A role that the tutorial made already stays as it is.

    Args:
        iam: an IAM client.
        name: 1 to 64 characters, letters, digits and `+=,.@_-`.
        trust_policy: who may assume it.
        description: up to 1000 characters.
        made_for: what the role is for, where it is not the steps' own: `find_role` passes it by then.

    Raises:
        ValueError: the name cannot be a role's name.
        NameTakenError: the account has a role of this name that the tutorial did not make.
        ClientError: AWS refused.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """
    check_name(name, "role")
    document = policies.to_json(trust_policy)
    try:
        created: Any = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=document, Description=description, Tags=tags(made_for)
        )["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        refuse_foreign(iam, "role", name, entity_named(iam, "role", name))
        return get_role(iam, name=name)
    return Role(name, created["Arn"], created["AssumeRolePolicyDocument"])


def get_role(iam: "IAMClient", *, name: str) -> Role:
    """Reads a role with its policies.

    Raises:
        ClientError: `NoSuchEntity` where there is none, or another refusal.
    """
    role: Any = iam.get_role(RoleName=name)["Role"]
    documents: Any = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in _inline_of_role(iam, name)
    }
    return Role(
        name=role["RoleName"],
        arn=role["Arn"],
        trust_policy=role["AssumeRolePolicyDocument"],
        attached_policies=tuple(_attached_to_role(iam, name)),
        inline_policies=documents,
    )


def find_role(iam: "IAMClient") -> Role | None:
    """The role that the tutorial's steps made in this account, whatever its name; the newest of several."""
    found = next(filter(is_of_the_steps, made(iam, "role")), None)
    return get_role(iam, name=found["RoleName"]) if found else None


def list_role_arns(iam: "IAMClient") -> list[str]:
    """The ARNs of all roles in the account, whoever made them."""
    return [role["Arn"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]


def attach_role_policy(iam: "IAMClient", *, role_name: str, policy_arn: str) -> None:
    """Attaches a managed policy to a role.

    Raises:
        ClientError: `NoSuchEntity` where the role or the policy does not exist.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
    """
    iam.attach_role_policy(RoleName=role_name, PolicyArn=policy_arn)


def put_role_policy(iam: "IAMClient", *, role_name: str, policy_name: str, document: policies.Document) -> None:
    """Writes an inline policy of a role, in place of one of the same name.

    Raises:
        ClientError: `MalformedPolicyDocument`, or `NoSuchEntity` where there is no such role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    """
    text = policies.to_json(document)
    iam.put_role_policy(RoleName=role_name, PolicyName=policy_name, PolicyDocument=text)


def trust_principal(iam: "IAMClient", *, role_name: str, arn: str, sid: str = policies.TRUST_SID) -> policies.Document:
    """Adds a statement that trusts a user (or an account's `…:root`) to a role's trust policy.

    The other statements stay; one of the same Sid is replaced. A principal trusted already is not added again.

    Args:
        iam: an IAM client.
        role_name: the role.
        arn: whom to trust.
        sid: the statement's name.

    Returns:
        The whole trust policy.

    Raises:
        ClientError: `MalformedPolicyDocument` where the principal does not exist. One that was just made is waited for.
        WaitedTooLong: AWS still does not know it when the limit is over.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
    """
    role: Any = iam.get_role(RoleName=role_name)["Role"]
    trust = policies.with_statement(role["AssumeRolePolicyDocument"], policies.trust_principal(arn, sid=sid))
    document = policies.to_json(trust)
    until_it_works(
        lambda: iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=document),
        what=f"{arn} to be known everywhere",
    )
    return trust


def delete_role(iam: "IAMClient", *, name: str) -> Deleted:
    """Detaches and deletes a role's policies, then the role, if the tutorial made it.

    Raises:
        NameTakenError: the tutorial did not make this role.
    """
    role = entity_named(iam, "role", name)
    if role is None:
        return Deleted(())
    refuse_foreign(iam, "role", name, role)
    return carry_out(role_removals(iam, name))


def role_removals(iam: "IAMClient", name: str) -> Iterator[Removal]:
    """What it takes to delete a role, in the order that AWS wants."""
    for arn in _attached_to_role(iam, name):
        what = f"policy {arn.rpartition('/')[2]} detached from role {name}"
        yield Removal(what, partial(iam.detach_role_policy, RoleName=name, PolicyArn=arn))
    for policy in _inline_of_role(iam, name):
        what = f"inline policy {policy} of role {name}"
        yield Removal(what, partial(iam.delete_role_policy, RoleName=name, PolicyName=policy))
    for profile in _instance_profiles_of_role(iam, name):
        what = f"role {name} taken out of instance profile {profile}"
        call = partial(iam.remove_role_from_instance_profile, InstanceProfileName=profile, RoleName=name)
        yield Removal(what, call)
    yield Removal(f"role {name}", partial(iam.delete_role, RoleName=name))


def _attached_to_role(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _inline_of_role(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=name)
    return [policy for page in pages for policy in page["PolicyNames"]]


def _instance_profiles_of_role(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_instance_profiles_for_role").paginate(RoleName=name)
    return [profile["InstanceProfileName"] for page in pages for profile in page["InstanceProfiles"]]
