"""What accounts hold: users, roles, groups and policies, as they are or as they were a while ago."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from moto.iam.models import (
    AccessKey,
    AWSManagedPolicy,
    Group,
    IAMBackend,
    ManagedPolicy,
    Role,
    User,
    iam_backends,
)

Document = Mapping[str, Any]
NamedDocuments = list[tuple[str, Document]]


@lru_cache(maxsize=4096)
def parse_json(text: str) -> Any:
    """Parse a policy's text, once: policies are read at every request and change seldom."""
    return json.loads(text)


def account_ids() -> list[str]:
    """List the accounts that exist so far."""
    return list(iam_backends.keys() if _looked_at is None else _looked_at.keys())


def iam(account_id: str) -> IAMBackend:
    """Return the IAM part of an account, as it is."""
    return iam_backends[account_id]["aws"]


@dataclass(frozen=True)
class IamCopy:
    """An account's users, roles, groups and managed policies, as they were at one moment."""

    users: dict[str, User]
    roles: dict[str, Role]
    groups: dict[str, Group]
    managed_policies: dict[str, ManagedPolicy]


Accounts = Mapping[str, IamCopy]
_looked_at: Accounts | None = None


@contextmanager
def looking_at(accounts: Accounts | None) -> Iterator[None]:
    """Let the look-ups of this module that are not said to be "as they are" see these copies; None for no copies."""
    global _looked_at
    _looked_at = accounts
    try:
        yield
    finally:
        _looked_at = None


def copy_accounts() -> Accounts:
    """Copy the accounts as they are now, safe from later changes."""
    return {account_id: _copy_account(iam(account_id)) for account_id in account_ids()}


def _copy_account(account: IAMBackend) -> IamCopy:
    policies = {
        arn: policy if isinstance(policy, AWSManagedPolicy) else _copy_with(policy, versions=map(copy, policy.versions))
        for arn, policy in account.managed_policies.items()
    }

    def copied(entity: Any, **lists: Any) -> Any:
        attached = {arn: policies[arn] for arn in entity.managed_policies}
        return _copy_with(entity, policies=dict(entity.policies), managed_policies=attached, **lists)

    users = {name: copied(user, access_keys=map(copy, user.access_keys)) for name, user in list(account.users.items())}
    return IamCopy(
        users=users,
        roles={role_id: copied(role) for role_id, role in list(account.roles.items())},
        groups={
            name: copied(group, users=[users[user.name] for user in group.users])
            for name, group in list(account.groups.items())
        },
        managed_policies=policies,
    )


def _copy_with(original: Any, **attributes: Any) -> Any:
    copied = copy(original)
    for name, value in attributes.items():
        setattr(copied, name, value if isinstance(value, dict) else list(value))
    return copied


def _visible(account_id: str) -> IAMBackend | IamCopy:
    return _looked_at[account_id] if _looked_at is not None else iam(account_id)


def entities(kind: str, account_id: str) -> Iterable[Any]:
    """Return the account's entities of a kind: "User", "Role" or "Group", as they are."""
    account = iam(account_id)
    found: dict[str, Mapping[str, Any]] = {"User": account.users, "Role": account.roles, "Group": account.groups}
    return found[kind].values()


def named(kind: str, name: str, account_id: str) -> Any:
    """Find the "User", "Group", "Role" or "InstanceProfile" of this name, as it is; None where there is none."""
    account = iam(account_id)
    match kind:
        case "User":
            return account.users.get(name)
        case "Group":
            return account.groups.get(name)
        case "Role":
            return next((role for role in account.roles.values() if role.name == name), None)
        case _:
            return next((profile for profile in account.instance_profiles.values() if profile.name == name), None)


_key_owners: dict[str, tuple[str, str]] = {}


def user_by_access_key(access_key_id: str) -> tuple[User, AccessKey] | None:
    """Find the user whose long-term key this is, wherever the user lives.

    Found keys are remembered, so that the look-up takes the same time however many users there are.
    """
    known = _key_owners.get(access_key_id)
    if known:
        user = _visible(known[0]).users.get(known[1])
        found = user and _key_of(user, access_key_id)
        if user and found:
            return user, found
    for account_id in account_ids():
        for user in list(_visible(account_id).users.values()):
            if key := _key_of(user, access_key_id):
                _key_owners[access_key_id] = (account_id, user.name)
                return user, key
    return None


def _key_of(user: User, access_key_id: str) -> AccessKey | None:
    return next((key for key in user.access_keys if key.access_key_id == access_key_id), None)


def role_by_arn(role_arn: str) -> Role | None:
    """Find the role with this ARN, in whichever account it is."""
    account_id = role_arn.split(":")[4]
    if account_id not in account_ids():
        return None
    return next((role for role in list(_visible(account_id).roles.values()) if role.arn == role_arn), None)


def role_by_id(account_id: str, role_id: str) -> Role | None:
    """Find the role with this unique id (`AROA…`)."""
    return _visible(account_id).roles.get(role_id)


def user_by_arn(user_arn: str) -> User | None:
    """Find the user with this ARN, in whichever account it is."""
    account_id = user_arn.split(":")[4]
    if account_id not in account_ids():
        return None
    user = _visible(account_id).users.get(user_arn.rpartition("/")[2])
    return user if user and user.arn == user_arn else None


def managed_policy_document(account_id: str, policy_arn: str) -> Document | None:
    """Find the default version of a managed policy; None where there is no such policy."""
    policy = _visible(account_id).managed_policies.get(policy_arn)
    return _default_version(policy) if policy else None


def _default_version(policy: ManagedPolicy) -> Document:
    default = next(version for version in policy.versions if version.is_default)
    return cast(Document, parse_json(default.document))


def identity_documents(entity: User | Role) -> NamedDocuments:
    """List every policy of a user (with the groups') or of a role: where it comes from, and its document."""
    kind = "user" if isinstance(entity, User) else "role"
    documents = _own_documents(entity, kind)
    if isinstance(entity, User):
        for group in list(_visible(entity.account_id).groups.values()):
            if entity in group.users:
                documents += _own_documents(group, "group")
    return documents


def _own_documents(entity: User | Role | Group, kind: str) -> NamedDocuments:
    inline = [
        (f'inline policy "{name}" of {kind} "{entity.name}"', parse_json(text))
        for name, text in list(entity.policies.items())
    ]
    attached = [
        (f'managed policy "{policy.name}" of {kind} "{entity.name}"', _default_version(policy))
        for policy in list(entity.managed_policies.values())
    ]
    return inline + attached


def identity_texts(entity: User | Role | Group) -> list[tuple[str, str]]:
    """List every policy of a user (with the groups'), role or group, as they are: the simulator's name, its text."""
    kind = {User: "user", Role: "role"}.get(type(entity), "group")
    texts = [(f"{kind}_{entity.name}_{name}", text) for name, text in entity.policies.items()]
    texts += [(policy.name, _default_text(policy)) for policy in entity.managed_policies.values()]
    if isinstance(entity, User):
        for group in iam(entity.account_id).groups.values():
            if entity in group.users:
                texts += identity_texts(group)
    return texts


def managed_policy_text(account_id: str, policy_arn: str) -> tuple[str, str] | None:
    """Find the name of a managed policy, and the text of its default version, as it is."""
    policy = iam(account_id).managed_policies.get(policy_arn)
    return (policy.name, _default_text(policy)) if policy else None


def _default_text(policy: ManagedPolicy) -> str:
    return str(next(version for version in policy.versions if version.is_default).document)
