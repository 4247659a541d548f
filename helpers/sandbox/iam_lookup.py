"""Finds what an IAM call names, with IAM's words for what is not there or too many."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from helpers.sandbox import moto_seam
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_seam import ManagedPolicy

Parameters = Mapping[str, Any]

Check = Callable[[str, Parameters], None]
"""Refuses a call, given the account's id and the call's parameters."""


def entities(kind: str, account_id: str) -> Iterable[Any]:
    """The account's users, roles or groups."""
    account = moto_seam.iam(account_id)
    found: dict[str, Mapping[str, Any]] = {"User": account.users, "Role": account.roles, "Group": account.groups}
    return found[kind].values()


def named(kind: str, name: str, account_id: str) -> Any:
    """The "User", "Group", "Role" or "InstanceProfile" of this name; None where there is none."""
    account = moto_seam.iam(account_id)
    match kind:
        case "User":
            return account.users.get(name)
        case "Group":
            return account.groups.get(name)
        case "Role":
            return next((role for role in account.roles.values() if role.name == name), None)
        case _:
            return next((profile for profile in account.instance_profiles.values() if profile.name == name), None)


def existing(kind: str, name: str, account_id: str) -> Any:
    """The user, role or group of this name.

    Raises:
        AwsError: `NoSuchEntity`.
    """
    found = named(kind, name, account_id)
    if found is None:
        raise no_such_entity(f"The {kind.lower()} with name {name} cannot be found.")
    return found


def existing_instance_profile(name: str, account_id: str) -> Any:
    """The instance profile of this name.

    Raises:
        AwsError: `NoSuchEntity`.
    """
    found = named("InstanceProfile", name, account_id)
    if found is None:
        raise no_such_entity(f"Instance Profile {name} cannot be found.")
    return found


def existing_policy(
    policy_arn: str, account_id: str, otherwise: str = "Policy {arn} does not exist or is not attachable."
) -> ManagedPolicy:
    """The managed policy of this ARN.

    Raises:
        AwsError: `NoSuchEntity`, in the words of `otherwise`, which may name the `{arn}`.
    """
    found = moto_seam.iam(account_id).managed_policies.get(policy_arn)
    if found is None:
        raise no_such_entity(otherwise.format(arn=policy_arn))
    return found


def no_such_entity(message: str) -> AwsError:
    """The refusal of a call that names what is not there."""
    return AwsError("NoSuchEntity", message, 404)


def already_exists(message: str) -> AwsError:
    """The refusal of a name that is taken."""
    return AwsError("EntityAlreadyExists", message, 409)


def over_quota(quota: str, limit: int) -> AwsError:
    """The refusal of one more than there may be."""
    return AwsError("LimitExceeded", f"Cannot exceed quota for {quota}: {limit}", 409)


def is_taken(name: str, names: Iterable[str]) -> bool:
    """Whether a name is among those that there are: IAM keeps names as they are written, but compares without case."""
    return name.lower() in map(str.lower, names)
