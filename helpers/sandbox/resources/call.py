"""A call, and the permissions that it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpers.sandbox.iam_lookup import named
from helpers.sandbox.identities import Caller

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Demand:
    """One permission that a call needs. A call goes through when all its demands are allowed.

    `is_named` says whether a refusal names the resource: S3 matches ListAllMyBuckets with all buckets, and names none.
    """

    action: str
    resource: str = "*"
    resource_account: str | None = None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    is_named: bool = True


@dataclass(frozen=True)
class Call:
    """A call as it arrived: which operation, with which parameters, by whom, and for which region."""

    service: str
    operation: str
    parameters: Parameters
    account_id: str
    region: str
    caller: Caller


def iam_arn(account_id: str, kind: str, name: str, path: str | None = None) -> str:
    """The ARN of an entity, with the path that it has when it exists, else the one asked for."""
    existing = named("InstanceProfile" if kind == "instance-profile" else kind.title(), name, account_id)
    return existing.arn if existing else f"arn:aws:iam::{account_id}:{kind}{path or '/'}{name}"


def pass_role(role_arn: str, account_id: str, service: str) -> Demand:
    """The permission to hand a role to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    return Demand("iam:PassRole", role_arn, account_id, {"iam:PassedToService": service})
