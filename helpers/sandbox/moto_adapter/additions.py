"""What moto lacks, or does otherwise than AWS: ids, keys, boundaries, MFA devices, last use, managed policies."""

import json
import re
from copy import copy
from datetime import datetime
from typing import Any, cast

from moto.iam import models as iam_models
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import (
    AccessKey,
    AccessKeyLastUsed,
    AWSManagedPolicy,
    Group,
    IAMBackend,
    ManagedPolicy,
    Role,
    User,
    VirtualMfaDevice,
)
from moto.iam.utils import generate_access_key_id_from_account_id
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend

from helpers.sandbox.moto_adapter.accounts import iam, role_by_arn, user_by_access_key

iam_models.load_iam_aws_managed_policies = lambda: True  # type: ignore[attr-defined]  # moto asks the environment


def seed(number: int) -> None:
    """Make the ids and keys that moto hands out from now on repeatable."""
    mock_random.seed(number)


def reset() -> None:
    """Empty all accounts."""
    moto_api_backend.reset()


def new_temporary_key(account_id: str) -> AccessKey:
    """Make a temporary key pair (`ASIA…`)."""
    return AccessKey(user_name=None, prefix="ASIA", account_id=account_id)  # type: ignore[abstract]


def random_token(length: int) -> str:
    """Make random text for a session token; repeatable after `seed`."""
    return mock_random.get_random_string(length)


def new_service_linked_role(account_id: str, name: str, service: str, description: str | None, policy_arn: str) -> Role:
    """Make a role that this service alone may assume, with a policy of AWS's where moto has it."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    account = iam(account_id)
    role = account.create_role(
        role_name=name,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        path=f"/aws-service-role/{service}/",
        permissions_boundary=None,
        description=cast(str, description),  # None is none
        tags=[],
        max_session_duration="3600",
        linked_service=service,
    )
    if policy := account.managed_policies.get(policy_arn):
        policy.attach_to(role)
    return role


# --- permissions boundaries: moto gives them to roles alone, and calls their type otherwise


def _boundary_shown(entity: Any) -> dict[str, str] | None:
    arn = entity.permissions_boundary_arn
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None


iam_models.User.permissions_boundary_arn = None  # type: ignore[attr-defined]
iam_models.Role.permissions_boundary = property(_boundary_shown)  # type: ignore[assignment, method-assign]
iam_models.User.permissions_boundary = property(_boundary_shown)  # type: ignore[attr-defined]


def new_user(account_id: str, name: str, path: str, tags: list[dict[str, str]]) -> User:
    """Make a user with these tags (each a `Key` and a `Value`)."""
    user = iam(account_id).create_user("us-east-1", name, path)
    user.tags = tags  # type: ignore[misc]
    return user


def boundary_arn(entity: User | Role | Group) -> str | None:
    """Find the ARN of the managed policy around a user or role, if there is one; a group has none."""
    return cast(str | None, getattr(entity, "permissions_boundary_arn", None))


def set_user_boundary(user: User, policy_arn: str | None) -> None:
    """Put a permissions boundary around a user, or take it away with None."""
    user.permissions_boundary_arn = policy_arn  # type: ignore[attr-defined]


# --- tags: moto keeps users' by ARN, so that a new name loses them, and refuses keys that differ in capitals


iam_models.User.tags = None  # type: ignore[assignment]
iam_models.IAMBackend._tag_verification = (  # type: ignore[method-assign]
    lambda self, tags: {tag["Key"]: tag for tag in tags}
)


# --- MFA devices: moto checks no codes


class MfaDevice(VirtualMfaDevice):
    """A virtual MFA device, and what there is to know for checking its codes.

    Attributes:
        steps_ahead: How far the clock of the device's app is from the sandbox's, in steps of 30 seconds.
        last_step: The step of the last code that was taken: a code is good for one time.
    """

    steps_ahead = 0
    last_step = 0

    def __init__(self, account_id: str, name: str) -> None:
        super().__init__(account_id, "us-east-1", name)


def mfa_devices(account_id: str) -> dict[str, MfaDevice]:
    """Return an account's virtual MFA devices, by their serial numbers."""
    return cast(dict[str, MfaDevice], iam(account_id).virtual_mfa_devices)


# --- when a key or role was last used: moto does not see the calls that it does not answer, nor the sandbox's clock


iam_models.mark_account_as_visited = lambda **_: None


def note_key_use(access_key_id: str, now: datetime, service: str, region: str) -> None:
    """Keep when, and for what, a long-term access key was last used."""
    if found := user_by_access_key(access_key_id):
        found[1].last_used = AccessKeyLastUsed(now, service, region)


def note_role_use(role_arn: str, now: datetime, region: str) -> None:
    """Keep when, and where, a session of a role last called."""
    if role := role_by_arn(role_arn):
        role.last_used = now
        role.last_used_region = region  # type: ignore[assignment]


# --- ids as AWS makes them: moto gives users and groups ids without AWS's prefixes


def _use_aws_unique_ids(kind: Any, prefix: str) -> None:
    init = kind.__init__

    def new(self: Any, account_id: str, *args: Any, **kwargs: Any) -> None:
        init(self, account_id, *args, **kwargs)
        self.id = generate_access_key_id_from_account_id(account_id, prefix=prefix, total_length=21)

    kind.__init__ = new


_use_aws_unique_ids(iam_models.User, "AIDA")
_use_aws_unique_ids(iam_models.Group, "AGPA")
_use_aws_unique_ids(iam_models.InstanceProfile, "AIPA")
_random_policy_id = iam_models.random_policy_id  # type: ignore[attr-defined]
_BASE_32 = str.maketrans("0189", "ABCD")
iam_models.random_policy_id = lambda: f"ANPA{_random_policy_id()[4:].translate(_BASE_32)}"  # type: ignore[attr-defined]


# --- managed policies: moto leaves their names and ids out of the account's details, and counts no boundaries


def uses_as_boundary(policy: ManagedPolicy) -> int:
    """Count the users and roles of an account that a managed policy is the permissions boundary of."""
    account = iam(policy.account_id)
    return [*map(boundary_arn, account.users.values()), *map(boundary_arn, account.roles.values())].count(policy.arn)


def is_of_aws(policy: ManagedPolicy) -> bool:
    """Tell whether a managed policy is AWS's own."""
    return isinstance(policy, AWSManagedPolicy)


iam_models.ManagedPolicy.permissions_boundary_usage_count = property(uses_as_boundary)  # type: ignore[attr-defined]
iam_models.ManagedPolicy.policy_name = property(lambda self: self.name)  # type: ignore[attr-defined]
iam_models.ManagedPolicy.policy_id = property(lambda self: self.id)  # type: ignore[attr-defined]


# --- the account's summary: moto does not tell that the root user has a password

_summary_map = iam_models.AccountSummary.summary_map.fget  # type: ignore[attr-defined]
iam_models.AccountSummary.summary_map = property(  # type: ignore[assignment, method-assign]
    lambda self: _summary_map(self) | {"AccountPasswordPresent": 1}
)


# --- AWS's managed policies: moto reads its 1,500 anew for each account, and has no descriptions

_DESCRIPTIONS = {
    "AdministratorAccess": "Provides full access to AWS services and resources.",
    "AmazonEC2FullAccess": "Provides full access to Amazon EC2 via the AWS Management Console.",
    "AmazonEC2ReadOnlyAccess": "Provides read only access to Amazon EC2 via the AWS Management Console.",
    "AmazonS3FullAccess": "Provides full access to all buckets via the AWS Management Console.",
    "AmazonS3ReadOnlyAccess": "Provides read only access to all buckets via the AWS Management Console.",
    "IAMFullAccess": "Provides full access to IAM via the AWS Management Console.",
    "IAMReadOnlyAccess": "Provides read only access to IAM via the AWS Management Console.",
    "IAMUserChangePassword": "Provides the ability for an IAM user to change their own password.",
    "ReadOnlyAccess": "Provides read-only access to AWS services and resources.",
    "SystemAdministrator": "Grants full access permissions necessary for resources required for application and "
    "development operations.",
}
"""Of the policies that learners meet most."""


def _share_aws_managed_policies() -> None:
    read = iam_models.IAMBackend._init_aws_policies
    first: list[ManagedPolicy] = []

    def copied(self: IAMBackend) -> list[ManagedPolicy]:
        if not first:
            first.extend(read(self))
        shared = [copy(policy) for policy in first]
        for policy in shared:
            policy.account_id = self.account_id
            policy.description = _DESCRIPTIONS.get(policy.name, "")
        return shared

    iam_models.IAMBackend._init_aws_policies = copied  # type: ignore[method-assign]


_share_aws_managed_policies()


_SERVICE_AT_END = re.compile(r"[a-z0-9][a-z0-9.-]*\Z")
_LONGEST_SERVICE = 64


def services_in_managed_policies() -> set[str]:
    """Find the services that AWS's managed policies name as principals, such as `ecs-tasks`."""
    *texts, _ = aws_managed_policies_data.split(".amazonaws.com")
    return {found[0] for text in texts if (found := _SERVICE_AT_END.search(text[-_LONGEST_SERVICE:]))}


def ensure_administrator(account_id: str, user_name: str, key: AccessKey | None) -> AccessKey:
    """Make sure of the account's administrator, a user who may do everything, and return the key pair it signs with.

    A key that it had before a reset is its key again.
    """
    account = iam(account_id)
    if user_name in account.users:
        return account.users[user_name].access_keys[0]
    user = account.create_user("us-east-1", user_name)
    account.attach_user_policy("arn:aws:iam::aws:policy/AdministratorAccess", user_name)
    if key is None:
        return account.create_access_key(user_name)
    user.access_keys.append(key)
    account.access_keys[key.access_key_id] = key
    return key


# --- policy documents are checked before a request gets to moto, whose own checks differ from AWS's


class _Checked:
    """In the place of moto's validators of policy documents: it has nothing against any."""

    def __init__(self, policy_document: str) -> None:
        pass

    def validate(self) -> None:
        pass


iam_models.IAMPolicyDocumentValidator = _Checked  # type: ignore[assignment, attr-defined]
iam_models.IAMTrustPolicyDocumentValidator = _Checked  # type: ignore[assignment, attr-defined]
