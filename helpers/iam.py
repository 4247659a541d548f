"""Roles, users, access keys and policies: the IAM steps of the tutorial, with boto3.

Each function takes an IAM client first. Creating what this tutorial made already is quiet and changes nothing;
so is deleting what is gone. What the tutorial did not make (known by its tag) is never changed or deleted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from typing_extensions import override

from helpers import policies
from helpers.arns import check_name, parse_arn
from helpers.clients.calls import call_of
from helpers.clients.error_codes import REFUSED, code_of, message_of
from helpers.clients.pages import list_all
from helpers.clients.polling import NOT_YET, until_it_works
from helpers.display import Rows, Shown
from helpers.inventory.ownership import Kind, entity_named, is_of_the_steps, made, new_tags, refuse_foreign
from helpers.inventory.removals import Deleted, Removal, access_key_removal, carry_out, entity_removals
from helpers.secrecy import mask

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

AMAZON_S3_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
AMAZON_EC2_READ_ONLY_ACCESS = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"

_INVALID_PRINCIPAL = re.compile(
    r'Invalid principal in policy: "AWS":"(?P<arn>arn:[^":]+:iam::\d+:(?P<kind>user|role)/[^"]+)"'
)


class _Entity(Shown):
    """What a user and a role have in common: a name, an ARN, and permissions policies."""

    name: str
    arn: str
    attached_policies: tuple[str, ...]
    inline_policies: Mapping[str, policies.Document]

    @override
    def title(self) -> str:
        return f"{type(self).__name__} {self.name}"

    @property
    def _permissions(self) -> str:
        attached = [arn.rpartition("/")[2] for arn in self.attached_policies]
        return "\n".join([*attached, *(f"{name} (inline)" for name in self.inline_policies)]) or "none"


@dataclass(frozen=True, repr=False)
class Role(_Entity):
    """A role: who may assume it (trust policy), and what it may do (permissions policies).

    Attributes:
        name: the role's name.
        arn: its ARN.
        trust_policy: its trust policy document.
        attached_policies: the ARNs of its managed policies.
        inline_policies: its inline policy documents, by name.
    """

    name: str
    arn: str
    trust_policy: policies.Document
    attached_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, policies.Document] = field(default_factory=dict)

    @override
    def rows(self) -> Rows:
        trusted = [_trusted(statement) for statement in policies.statements(self.trust_policy)]
        return [("ARN", self.arn), ("Trusts", "\n".join(trusted) or "nobody"), ("Permissions", self._permissions)]


@dataclass(frozen=True, repr=False)
class User(_Entity):
    """A user, and what it may do.

    Attributes:
        name: the user's name.
        arn: its ARN.
        attached_policies: the ARNs of its managed policies.
        inline_policies: its inline policy documents, by name.
    """

    name: str
    arn: str
    attached_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, policies.Document] = field(default_factory=dict)

    @override
    def rows(self) -> Rows:
        return [("ARN", self.arn), ("Permissions", self._permissions)]


@dataclass(frozen=True, repr=False)
class AccessKey(Shown):
    """A user's long-lived key pair. AWS tells the secret once, when the key is made.

    Attributes:
        user_name: whose key it is.
        access_key_id: the public half (`AKIA…`), shown masked.
        secret_access_key: the secret half, never shown.
    """

    user_name: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    @property
    def session_token(self) -> None:
        """Long-lived keys have none."""
        return None

    @override
    def title(self) -> str:
        return f"Access key of user {self.user_name}"

    @override
    def rows(self) -> Rows:
        return [("Access key ID", mask(self.access_key_id)), ("Secret access key", "*" * 20)]


# --- roles


def create_role(
    iam: "IAMClient", *, name: str, trust_policy: policies.Document, description: str = "", made_for: str = ""
) -> Role:
    """Create a role, tagged as this tutorial's. A role that the tutorial made already stays as it is.

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
            RoleName=name, AssumeRolePolicyDocument=document, Description=description, Tags=new_tags(made_for)
        )["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        refuse_foreign(iam, "role", name, entity_named(iam, "role", name))
        return get_role(iam, name=name)
    return Role(name, created["Arn"], created["AssumeRolePolicyDocument"])


def get_role(iam: "IAMClient", *, name: str) -> Role:
    """Read a role with its policies.

    Raises:
        ClientError: `NoSuchEntity` where there is none, or another refusal.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
    """
    role: Any = iam.get_role(RoleName=name)["Role"]
    return Role(role["RoleName"], role["Arn"], role["AssumeRolePolicyDocument"], **_permissions_of(iam, "role", name))


def find_role(iam: "IAMClient") -> Role | None:
    """Find the role that the tutorial's steps made in this account, whatever its name; the newest of several."""
    found = next(filter(is_of_the_steps, made(iam, "role")), None)
    return get_role(iam, name=found["RoleName"]) if found else None


def list_role_arns(iam: "IAMClient") -> list[str]:
    """List the ARNs of all roles in the account, whoever made them."""
    return [role["Arn"] for role in list_all(iam, "list_roles", "Roles")]


def attach_role_policy(iam: "IAMClient", *, role_name: str, policy_arn: str) -> None:
    """Attach a managed policy to a role.

    Raises:
        ClientError: `NoSuchEntity` where the role or the policy does not exist.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
    """
    iam.attach_role_policy(RoleName=role_name, PolicyArn=policy_arn)


def detach_role_policy(iam: "IAMClient", *, role_name: str, policy_arn: str) -> None:
    """Take a managed policy off a role.

    Raises:
        ClientError: `NoSuchEntity` where the role does not exist, or the policy is not attached to it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html
    """
    iam.detach_role_policy(RoleName=role_name, PolicyArn=policy_arn)


def put_role_policy(iam: "IAMClient", *, role_name: str, policy_name: str, document: policies.Document) -> None:
    """Write an inline policy of a role, in place of one of the same name.

    Raises:
        ClientError: `MalformedPolicyDocument`, or `NoSuchEntity` where there is no such role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    """
    iam.put_role_policy(RoleName=role_name, PolicyName=policy_name, PolicyDocument=policies.to_json(document))


def trust_principal(iam: "IAMClient", *, role_name: str, arn: str, sid: str = policies.TRUST_SID) -> policies.Document:
    """Add a statement that trusts a user (or an account's `…:root`) to a role's trust policy.

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
        patience=patience_with_principal,
    )
    return trust


def patience_with_principal(error: ClientError) -> float:
    """Tell how many seconds a refusal of a policy is worth waiting for, because of a principal that was just made.

    Args:
        error: AWS's refusal, of a call of an open account's client.

    Returns:
        `NOT_YET` where one of the learner's accounts shows the user or role that AWS does not know yet, or where that
        may not be read; else 0.
    """
    call, found = call_of(error), _INVALID_PRINCIPAL.search(message_of(error))
    if call is None or found is None:
        return 0
    arn = parse_arn(found["arn"])
    owner = call.account.of(arn.account_id)
    try:
        entity = (
            entity_named(owner.client("iam"), "user" if found["kind"] == "user" else "role", arn.name)
            if owner
            else None
        )
    except ClientError as refusal:
        if code_of(refusal) not in REFUSED:
            raise
        return NOT_YET
    return NOT_YET if entity and entity["Arn"] == found["arn"] else 0


def delete_role(iam: "IAMClient", *, name: str) -> Deleted:
    """Detach and delete a role's policies, then the role, if the tutorial made it.

    Raises:
        NameTakenError: the tutorial did not make this role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
    """
    return _delete(iam, "role", name)


# --- users


def create_user(iam: "IAMClient", *, name: str, made_for: str = "") -> User:
    """Create a user without any permission, tagged as this tutorial's. One made already stays as it is.

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
        created = iam.create_user(UserName=name, Tags=new_tags(made_for))["User"]
    except iam.exceptions.EntityAlreadyExistsException:
        refuse_foreign(iam, "user", name, entity_named(iam, "user", name))
        return get_user(iam, name=name)
    return User(name, created["Arn"])


def get_user(iam: "IAMClient", *, name: str) -> User:
    """Read a user with its policies.

    Raises:
        ClientError: `NoSuchEntity` where there is none, or another refusal.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
    """
    user = iam.get_user(UserName=name)["User"]
    return User(user["UserName"], user["Arn"], **_permissions_of(iam, "user", name))


def find_user(iam: "IAMClient") -> User | None:
    """Find the user that the tutorial's steps made in this account, whatever its name; the newest of several."""
    found = next(filter(is_of_the_steps, made(iam, "user")), None)
    return get_user(iam, name=found["UserName"]) if found else None


def list_user_arns(iam: "IAMClient") -> list[str]:
    """List the ARNs of all users in the account, whoever made them."""
    return [user["Arn"] for user in list_all(iam, "list_users", "Users")]


def put_user_policy(iam: "IAMClient", *, user_name: str, policy_name: str, document: policies.Document) -> None:
    """Write an inline policy of a user, in place of one of the same name.

    Raises:
        ClientError: `MalformedPolicyDocument`, or `NoSuchEntity` where there is no such user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
    """
    iam.put_user_policy(UserName=user_name, PolicyName=policy_name, PolicyDocument=policies.to_json(document))


def delete_user_policy(iam: "IAMClient", *, user_name: str, policy_name: str) -> None:
    """Delete an inline policy of a user; quiet where it is gone.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html
    """
    call = partial(iam.delete_user_policy, UserName=user_name, PolicyName=policy_name)
    Removal(f"inline policy {policy_name} of user {user_name}", call).carry_out()


def delete_user(iam: "IAMClient", *, name: str) -> Deleted:
    """Delete a user's access keys and policies, take it out of its groups, then delete it, if the tutorial made it.

    Raises:
        NameTakenError: the tutorial did not make this user.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users_remove.html
    """
    return _delete(iam, "user", name)


def _permissions_of(iam: "IAMClient", kind: Kind, name: str) -> dict[str, Any]:
    """Read the permissions policies of a user or role, as `User` and `Role` take them."""
    of_whom = {f"{kind.capitalize()}Name": name}
    read_inline: Any = getattr(iam, f"get_{kind}_policy")
    attached = list_all(iam, f"list_attached_{kind}_policies", "AttachedPolicies", **of_whom)
    inline = list_all(iam, f"list_{kind}_policies", "PolicyNames", **of_whom)
    return {
        "attached_policies": tuple(policy["PolicyArn"] for policy in attached),
        "inline_policies": {policy: read_inline(PolicyName=policy, **of_whom)["PolicyDocument"] for policy in inline},
    }


def _delete(iam: "IAMClient", kind: Kind, name: str) -> Deleted:
    entity = entity_named(iam, kind, name)
    if entity is None:
        return Deleted(())
    refuse_foreign(iam, kind, name, entity)
    return carry_out(entity_removals(iam, kind, name))


# --- access keys


def create_access_key(iam: "IAMClient", *, user_name: str) -> AccessKey:
    """Make a new access key. This is the only moment at which AWS tells its secret.

    Raises:
        ClientError: `LimitExceeded` where the user has two keys already.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
    """
    key = iam.create_access_key(UserName=user_name)["AccessKey"]
    return AccessKey(user_name, key["AccessKeyId"], key["SecretAccessKey"])


def list_access_key_ids(iam: "IAMClient", *, user_name: str, status: str = "") -> list[str]:
    """List the ids of a user's access keys, two at most. Their secrets cannot be read again.

    Args:
        iam: an IAM client.
        user_name: whose keys.
        status: "Active" or "Inactive"; all keys when left out.
    """
    keys = list_all(iam, "list_access_keys", "AccessKeyMetadata", UserName=user_name)
    return [key["AccessKeyId"] for key in keys if status in ("", key["Status"])]


def activate_access_key(iam: "IAMClient", *, user_name: str, last_four: str) -> None:
    """Switch an access key on again, known by the end of its id, as it is shown everywhere.

    Raises:
        LookupError: the user has no such key.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
    """
    for access_key_id in list_access_key_ids(iam, user_name=user_name):
        if access_key_id.endswith(last_four):
            iam.update_access_key(UserName=user_name, AccessKeyId=access_key_id, Status="Active")
            return
    raise LookupError(f"User {user_name} has no access key whose id ends in {last_four}.")


def delete_access_key(iam: "IAMClient", *, user_name: str, access_key_id: str) -> None:
    """Deactivate and delete an access key; quiet where it is gone already."""
    access_key_removal(iam, user_name, access_key_id).carry_out()


# --- managed policies


def add_to_managed_policy(iam: "IAMClient", *, policy_arn: str, statement: policies.Statement) -> policies.Document:
    """Add a statement to a managed policy of the account's, as its new default version.

    Returns:
        The whole document.

    Raises:
        ClientError: `NoSuchEntity`, or `LimitExceeded` where the policy has five versions.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
    """
    version = iam.get_policy(PolicyArn=policy_arn)["Policy"]["DefaultVersionId"]
    stored: Any = iam.get_policy_version(PolicyArn=policy_arn, VersionId=version)["PolicyVersion"]["Document"]
    document = policies.with_statement(stored, statement)
    iam.create_policy_version(PolicyArn=policy_arn, PolicyDocument=policies.to_json(document), SetAsDefault=True)
    return document


def _trusted(statement: policies.Statement) -> str:
    """Say whom a trust statement lets in (or keeps out), in a few words."""
    named = ", ".join(policies.principals(statement))
    return named if statement.get("Effect") == "Allow" else f"never {named}"
