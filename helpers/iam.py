"""Roles, users, access keys and policies: the IAM steps of the tutorial, with boto3.

Each function takes an IAM client first. Creating what this tutorial made already is quiet and changes nothing;
so is deleting what is gone. What the tutorial did not make (known by its tag) is never changed or deleted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helpers import policies
from helpers.arns import check_name
from helpers.display import Rows, Shown, ToldInOneSentence, mask

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

TAG_KEY, TAG_VALUE = "made-by", "iam-role-tutorial"

AMAZON_S3_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
AMAZON_EC2_READ_ONLY_ACCESS = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"


class NameTakenError(ToldInOneSentence, ValueError):
    """The name belongs to something that the tutorial did not make; it was left alone."""


@dataclass(frozen=True, repr=False)
class Role(Shown):
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

    def title(self) -> str:
        """The role's name."""
        return f"Role {self.name}"

    def rows(self) -> Rows:
        """The ARN, who may assume the role, and what it may do."""
        trusted = [_trusted(statement) for statement in policies.statements(self.trust_policy)]
        permissions = [arn.rpartition("/")[2] for arn in self.attached_policies]
        permissions += [f"{name} (inline)" for name in self.inline_policies]
        return [
            ("ARN", self.arn),
            ("Trusts", "\n".join(trusted) or "nobody"),
            ("Permissions", "\n".join(permissions) or "none"),
        ]


@dataclass(frozen=True, repr=False)
class User(Shown):
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

    def title(self) -> str:
        """The user's name."""
        return f"User {self.name}"

    def rows(self) -> Rows:
        """The ARN, and what the user may do."""
        permissions = [arn.rpartition("/")[2] for arn in self.attached_policies]
        permissions += [f"{name} (inline)" for name in self.inline_policies]
        return [("ARN", self.arn), ("Permissions", "\n".join(permissions) or "none")]


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

    def title(self) -> str:
        """Whose key it is."""
        return f"Access key of user {self.user_name}"

    def rows(self) -> Rows:
        """Both halves, masked."""
        return [("Access key ID", mask(self.access_key_id)), ("Secret access key", "*" * 20)]


@dataclass(frozen=True, repr=False)
class Made(Shown):
    """What the tutorial made in an account and is there now.

    Attributes:
        names: one line for each thing.
    """

    names: tuple[str, ...]

    def title(self) -> str:
        """How many things there are."""
        if not self.names:
            return "This account has nothing that the tutorial made"
        return f"The tutorial made {len(self.names)} of the things in this account"

    def rows(self) -> Rows:
        """The things."""
        return [("", name) for name in self.names]


@dataclass(frozen=True, repr=False)
class Deleted(Shown):
    """What a clean-up deleted, in order.

    Attributes:
        names: one line for each thing.
    """

    names: tuple[str, ...]

    def title(self) -> str:
        """How many things were deleted."""
        if not self.names:
            return "Nothing to delete"
        return f"Deleted {len(self.names)} thing{'s' if len(self.names) > 1 else ''}, in this order"

    def rows(self) -> Rows:
        """The things, in the order in which they were deleted."""
        return [(str(number), name) for number, name in enumerate(self.names, start=1)]


# --- roles


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
            RoleName=name, AssumeRolePolicyDocument=document, Description=description, Tags=_tags(made_for)
        )["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        _refuse_foreign("role", name, _role_named(iam, name))
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
    names = _made_roles(iam, _is_of_the_steps)
    return get_role(iam, name=names[0]) if names else None


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


def add_to_managed_policy(iam: "IAMClient", *, policy_arn: str, statement: policies.Statement) -> policies.Document:
    """Adds a statement to a managed policy of the account's, as its new default version.

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
        ClientError: `MalformedPolicyDocument` where the principal does not exist.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
    """
    role: Any = iam.get_role(RoleName=role_name)["Role"]
    trust = policies.with_statement(role["AssumeRolePolicyDocument"], policies.trust_principal(arn, sid=sid))
    iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=policies.to_json(trust))
    return trust


def delete_role(iam: "IAMClient", *, name: str) -> Deleted:
    """Detaches and deletes a role's policies, then the role, if the tutorial made it.

    Raises:
        NameTakenError: the tutorial did not make this role.
    """
    role = _role_named(iam, name)
    if role is None:
        return Deleted(())
    _refuse_foreign("role", name, role)
    gone = []
    for arn in _attached_to_role(iam, name):
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        gone.append(f"policy {arn.rpartition('/')[2]} detached from role {name}")
    for policy in _inline_of_role(iam, name):
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
        gone.append(f"inline policy {policy} of role {name}")
    iam.delete_role(RoleName=name)
    return Deleted((*gone, f"role {name}"))


def _role_named(iam: "IAMClient", name: str) -> Any:
    """What GetRole answers; None where there is no role of exactly this name."""
    try:
        return iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None


def _attached_to_role(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _inline_of_role(iam: "IAMClient", name: str) -> list[str]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=name)
    return [policy for page in pages for policy in page["PolicyNames"]]


# --- users


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
        created = iam.create_user(UserName=name, Tags=_tags(made_for))["User"]
    except iam.exceptions.EntityAlreadyExistsException:
        _refuse_foreign("user", name, _user_named(iam, name))
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
    names = _made_users(iam, _is_of_the_steps)
    return get_user(iam, name=names[0]) if names else None


def list_user_arns(iam: "IAMClient") -> list[str]:
    """The ARNs of all users in the account, whoever made them."""
    return [user["Arn"] for page in iam.get_paginator("list_users").paginate() for user in page["Users"]]


def create_access_key(iam: "IAMClient", *, user_name: str) -> AccessKey:
    """Makes a new access key. This is the only moment at which AWS tells its secret.

    Raises:
        ClientError: `LimitExceeded` where the user has two keys already.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
    """
    key = iam.create_access_key(UserName=user_name)["AccessKey"]
    return AccessKey(user_name, key["AccessKeyId"], key["SecretAccessKey"])


def list_access_key_ids(iam: "IAMClient", *, user_name: str) -> list[str]:
    """The ids of a user's access keys, two at most. Their secrets cannot be read again."""
    pages = iam.get_paginator("list_access_keys").paginate(UserName=user_name)
    return [key["AccessKeyId"] for page in pages for key in page["AccessKeyMetadata"]]


def activate_access_key(iam: "IAMClient", *, user_name: str, last_four: str) -> None:
    """Switches an access key on again, known by the end of its id, as it is shown everywhere.

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
    """Deactivates and deletes an access key; quiet where it is gone already."""
    try:
        iam.update_access_key(UserName=user_name, AccessKeyId=access_key_id, Status="Inactive")
        iam.delete_access_key(UserName=user_name, AccessKeyId=access_key_id)
    except iam.exceptions.NoSuchEntityException:
        return


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
    _refuse_foreign("user", name, user)
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


# --- everything that the tutorial made


def list_made(iam: "IAMClient") -> Made:
    """Everything in the account with this tutorial's tag: its roles and users."""
    roles, users = _made_roles(iam), _made_users(iam)
    return Made((*(f"role {name}" for name in roles), *(f"user {name}" for name in users)))


def delete_made(iam: "IAMClient") -> Deleted:
    """Deletes every role and user with this tutorial's tag, in the order that AWS wants."""
    deleted = [delete_user(iam, name=name) for name in _made_users(iam)]
    deleted += [delete_role(iam, name=name) for name in _made_roles(iam)]
    return Deleted(tuple(name for part in deleted for name in part.names))


def _tags(made_for: str) -> Any:
    return [{"Key": TAG_KEY, "Value": f"{TAG_VALUE}-{made_for}" if made_for else TAG_VALUE}]


def _made_by(tagged: Mapping[str, Any]) -> str:
    return next((tag["Value"] for tag in tagged.get("Tags", []) if tag["Key"] == TAG_KEY), "")


def _is_ours(tagged: Mapping[str, Any]) -> bool:
    return _made_by(tagged) == TAG_VALUE or _made_by(tagged).startswith(f"{TAG_VALUE}-")


def _is_of_the_steps(tagged: Mapping[str, Any]) -> bool:
    return _made_by(tagged) == TAG_VALUE


def _made_roles(iam: "IAMClient", is_wanted: Callable[[Mapping[str, Any]], bool] = _is_ours) -> list[str]:
    """The names of this tutorial's roles, the newest first."""
    roles: list[Any] = [role for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    roles.sort(key=lambda role: role["CreateDate"], reverse=True)
    return [role["RoleName"] for role in roles if is_wanted(iam.list_role_tags(RoleName=role["RoleName"]))]


def _made_users(iam: "IAMClient", is_wanted: Callable[[Mapping[str, Any]], bool] = _is_ours) -> list[str]:
    """The names of this tutorial's users, the newest first."""
    users: list[Any] = [user for page in iam.get_paginator("list_users").paginate() for user in page["Users"]]
    users.sort(key=lambda user: user["CreateDate"], reverse=True)
    return [user["UserName"] for user in users if is_wanted(iam.list_user_tags(UserName=user["UserName"]))]


def _refuse_foreign(kind: str, name: str, entity: Any) -> None:
    if entity is None:
        message = f"The account has a {kind} whose name differs from {name} in its capitals alone, and AWS allows"
        raise NameTakenError(f"{message} one of the two. Choose another name.")
    if not _is_ours(entity):
        message = f"The account has a {kind} named {name} that this tutorial did not make; it was left alone."
        raise NameTakenError(f"{message} Choose another name.")


def _trusted(statement: policies.Statement) -> str:
    """Whom a trust statement lets in (or keeps out), in a few words."""
    principal = statement.get("Principal", "")
    named = principal if isinstance(principal, str) else ", ".join(map(_listed, principal.values()))
    return named if statement.get("Effect") == "Allow" else f"never {named}"


def _listed(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
