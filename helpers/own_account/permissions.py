"""What the tutorial needs to be allowed in your own account, and what of that is missing: found before it is needed.

These are the calls that you, the administrator, make in notebooks 00 to 10. What they show of S3, EC2 and Glue, the
tutorial's role does; you delete the bucket that it may leave. Asked is IAM's policy simulator, which looks at the
policies and changes nothing.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from typing_extensions import override

from helpers.arns import Arn, parse_arn
from helpers.display import BAD, GOOD, Rows, Shown
from helpers.own_account.credentials import OwnAccountError
from helpers.secrecy import mask_secrets

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


def _actions(names: str) -> tuple[str, ...]:
    """Return IAM's actions of these names."""
    return tuple(f"iam:{name}" for name in names.split())


ROLES = ("tutorial-role", "truth-table-role")
USERS = ("tutorial-user", "tutorial-user-2", "tutorial-user-typo", "truth-table-user", "truth-table-stranger")
MANAGED_POLICIES = ("AmazonS3FullAccess", "AmazonEC2ReadOnlyAccess")

_ON_ROLES = _actions(
    "AttachRolePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DetachRolePolicy "
    "GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies PutRolePermissionsBoundary "
    "PutRolePolicy TagRole UpdateAssumeRolePolicy"
)
_ON_USERS = _actions(
    "CreateAccessKey CreateUser DeleteAccessKey DeleteUser DeleteUserPolicy GetLoginProfile GetUserPolicy "
    "ListAccessKeys ListAttachedUserPolicies ListGroupsForUser ListMFADevices ListSigningCertificates "
    "ListSSHPublicKeys ListUserPolicies PutUserPolicy TagUser UpdateAccessKey"
)


class MissingPermissions(OwnAccountError):
    """You may not do what the tutorial does; the message lists the actions."""


@dataclass(frozen=True)
class Need:
    """Actions that the tutorial takes, each on all of these resources.

    Attributes:
        actions: such as `iam:CreateRole`.
        resources: ARNs, as they will be; `*` in one stands for whatever is there.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Permissions(Shown):
    """What IAM's simulator says about the tutorial's needs.

    Attributes:
        missing: the actions that are not allowed, each with the ARNs on which they are not.
        undecided: the same for those that depend on conditions which the simulator cannot know, such as MFA.
        not_asked: why the simulator could not be asked; empty when it was.
    """

    missing: Mapping[str, tuple[str, ...]]
    undecided: Mapping[str, tuple[str, ...]]
    not_asked: str = ""

    @property
    @override
    def accent(self) -> str:
        return BAD if self.missing else GOOD

    @override
    def title(self) -> str:
        if self.not_asked:
            return "Whether you may do all that the tutorial does could not be asked"
        if self.missing:
            return f"You may not do {len(self.missing)} of the things that the tutorial does"
        return "You may do what the tutorial does"

    @override
    def rows(self) -> Rows:
        rows = [("Missing", "\n".join(self.missing)), ("Depends on conditions", "\n".join(self.undecided))]
        return [row for row in (*rows, ("Why", self.not_asked)) if row[1]]

    def check(self) -> None:
        """Refuse to go on where something is missing.

        Raises:
            MissingPermissions: the message lists the actions.
        """
        if self.missing:
            lacking = ", ".join(self.missing)
            raise MissingPermissions(
                f"You may not do all that the tutorial does in this account. Missing: {lacking}. Ask whoever "
                "administers the account for these actions, or choose a profile that has them."
            )


def needs(account: Arn, name: Callable[[str], str]) -> tuple[Need, ...]:
    """Tell what the tutorial needs, with the ARNs of what it will make.

    Args:
        account: any ARN of the account's; its partition and account number count.
        name: gives a thing's name in this account, with the learner's prefix.
    """

    def arns(kind: str, *names: str) -> tuple[str, ...]:
        return tuple(f"arn:{account.partition}:iam::{account.account_id}:{kind}/{each}" for each in names)

    bucket = f"arn:{account.partition}:s3:::{name('tutorial-*')}"
    managed = tuple(f"arn:{account.partition}:iam::aws:policy/{policy}" for policy in MANAGED_POLICIES)
    return (
        Need(_ON_ROLES, arns("role", *map(name, ROLES))),
        Need(_ON_USERS, arns("user", *map(name, USERS))),
        Need(("iam:GetPolicy", "iam:GetPolicyVersion"), managed),
        Need(("iam:ListRoles",), arns("role", "")),
        Need(("iam:ListUsers",), arns("user", "")),
        Need(("iam:GetRole",), arns("role", name("*"))),
        Need(("iam:GetUser",), arns("user", name("*"))),
        Need(("s3:ListAllMyBuckets",), ("*",)),
        Need(("s3:DeleteBucket", "s3:ListBucketVersions"), (bucket,)),
        Need(("s3:DeleteObjectVersion",), (f"{bucket}/*",)),
    )


def missing_permissions(iam: "IAMClient", *, caller_arn: str, name: Callable[[str], str]) -> Permissions:
    """Ask IAM's simulator which of the tutorial's actions are not allowed. Changes nothing.

    Args:
        iam: an IAM client of the caller's; one that does not try again and again, for not everybody may ask.
        caller_arn: who is asked about, as GetCallerIdentity tells it.
        name: gives a thing's name in this account, with the learner's prefix.

    Returns:
        What is missing; or why nobody could be asked, which is not the same as nothing.
    """
    caller = parse_arn(caller_arn)
    missing: dict[str, tuple[str, ...]] = {}
    undecided: dict[str, tuple[str, ...]] = {}
    try:
        source = _policy_source(iam, caller)
        for need in needs(caller, name):
            for result in _simulate(iam, source, need.actions, need.resources):
                refused, unknown = _not_allowed(result)
                missing |= {result["EvalActionName"]: refused} if refused else {}
                undecided |= {result["EvalActionName"]: unknown} if unknown else {}
    except ResponseParserError:
        return Permissions({}, {}, "the server that answers for AWS does not simulate policies")
    except (ClientError, BotoCoreError) as error:
        return Permissions({}, {}, mask_secrets(str(error)))
    return Permissions(missing, undecided)


def _policy_source(iam: "IAMClient", caller: Arn) -> str:
    """Tell whose policies count: the user, or the role of a session, whose ARN has a path that the session's lacks."""
    if caller.resource_type != "assumed-role":
        return str(caller)
    return iam.get_role(RoleName=caller.resource.split("/")[1])["Role"]["Arn"]


def _simulate(
    iam: "IAMClient", source: str, actions: tuple[str, ...], resources: tuple[str, ...]
) -> Iterator[Mapping[str, Any]]:
    """Return the simulator's results, one for each action.

    It refuses to look at some actions together, which is documented nowhere in full: they are asked apart then.
    """
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=source, ActionNames=actions, ResourceArns=resources
    )
    try:
        results = [result for page in pages for result in page["EvaluationResults"]]
    except iam.exceptions.InvalidInputException:
        if len(actions) == 1:
            raise
        half = len(actions) // 2
        yield from _simulate(iam, source, actions[:half], resources)
        yield from _simulate(iam, source, actions[half:], resources)
    else:
        yield from results


def _not_allowed(result: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ARNs on which an action is not allowed: whatever happens, and for want of a condition's value."""
    whole = {"EvalResourceName": result["EvalResourceName"], "EvalResourceDecision": result["EvalDecision"]}
    refused: list[str] = []
    unknown: list[str] = []
    for each in result.get("ResourceSpecificResults") or [whole]:
        if each["EvalResourceDecision"] != "allowed":
            depends = each.get("MissingContextValues") or result.get("MissingContextValues")
            (unknown if depends else refused).append(each["EvalResourceName"])
    return tuple(refused), tuple(unknown)
