"""What an IAM call names and must be there, with IAM's words for what is not there, taken, or too many."""

from collections.abc import Callable, Iterable
from typing import Any

from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import iam, named
from helpers.sandbox.moto_adapter.types import ManagedPolicy
from helpers.sandbox.request.call import Call

Check = Callable[[Call], None]
"""Refuses a call that AWS would refuse."""


def existing(kind: str, name: str, account_id: str) -> Any:
    """Find the "User", "Role", "Group" or "InstanceProfile" of this name.

    Raises:
        AwsError: `NoSuchEntity`.
    """
    found = named(kind, name, account_id)
    if found is None and kind == "InstanceProfile":
        raise no_such_entity(f"Instance Profile {name} cannot be found.")
    if found is None:
        raise no_such_entity(f"The {kind.lower()} with name {name} cannot be found.")
    return found


def named_in(call: Call, kind: str) -> Any:
    """Find the "User", "Role", "Group" or "InstanceProfile" that a call names.

    Raises:
        AwsError: `NoSuchEntity`.
    """
    return existing(kind, call.parameters[f"{kind}Name"], call.account_id)


def existing_policy(
    call: Call, otherwise: str = "Policy {arn} does not exist or is not attachable.", *, parameter: str = "PolicyArn"
) -> ManagedPolicy:
    """Find the managed policy that a call names by its ARN.

    Raises:
        AwsError: `NoSuchEntity`, in the words of `otherwise`, which may name the `{arn}`.
    """
    arn = call.parameters[parameter]
    found = iam(call.account_id).managed_policies.get(arn)
    if found is None:
        raise no_such_entity(otherwise.format(arn=arn))
    return found


def no_such_entity(message: str) -> AwsError:
    """Build the refusal of a call that names what is not there."""
    return AwsError("NoSuchEntity", message, 404)


def already_exists(message: str) -> AwsError:
    """Build the refusal of a name that is taken."""
    return AwsError("EntityAlreadyExists", message, 409)


def over_quota(quota: str, limit: int) -> AwsError:
    """Build the refusal of one more than there may be."""
    return AwsError("LimitExceeded", f"Cannot exceed quota for {quota}: {limit}", 409)


def too_many_tags() -> AwsError:
    """Build the refusal of one more tag than a thing may have."""
    return AwsError("LimitExceeded", "The number of tags has reached the maximum limit.", 409)


def is_taken(name: str, names: Iterable[str]) -> bool:
    """Tell whether a name is among these: IAM keeps names as they are written, but compares without case."""
    return name.lower() in map(str.lower, names)
