"""The policies that bear on a caller or a resource, read from the live account with ordinary IAM calls.

What may not be read is noted and not guessed at, so this works with few permissions too.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from botocore.exceptions import ClientError

from helpers.arns import name_problem, parse_arn
from helpers.clients.calls import OpenAccount
from helpers.clients.error_codes import REFUSED, code_of
from helpers.clients.pages import list_all
from helpers.evaluation.decisions import Policies, Policy, Side
from helpers.evaluation.statements import Principal

T = TypeVar("T")
Keys = Mapping[str, str | Sequence[str]]
"""Condition keys with their values."""

Holder = Literal["user", "group", "role", "bucket"]
UnreadKind = Literal["inline", "managed", "groups", "boundary", "resource", "account"]

_OWN_KINDS: tuple[tuple[UnreadKind, str], ...] = (("inline", "inline"), ("managed", "attached"))

_BUCKET_NAME = re.compile(r"[a-zA-Z0-9._-]{1,255}")

SESSION_NAME = "session"
"""Names the session of a role that is asked about without one."""

# Services whose resources can have a policy of their own.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
_WITH_RESOURCE_POLICIES = frozenset(
    [
        "acm-pca",
        "aoss",
        "backup",
        "bedrock",
        "cloudtrail",
        "codeartifact",
        "codebuild",
        "dynamodb",
        "ecr",
        "ecr-public",
        "elasticfilesystem",
        "es",
        "events",
        "execute-api",
        "geo",
        "glacier",
        "glue",
        "iot",
        "kafka",
        "kinesis",
        "kinesisvideo",
        "kms",
        "lambda",
        "lex",
        "logs",
        "mediastore",
        "network-firewall",
        "rekognition",
        "s3",
        "s3-object-lambda",
        "s3-outposts",
        "s3express",
        "s3tables",
        "schemas",
        "secretsmanager",
        "ses",
        "signer",
        "sns",
        "sqs",
        "ssm",
        "ssm-contacts",
        "ssm-incidents",
        "sts",
        "vpc-lattice",
        "xray",
    ]
)


@dataclass(frozen=True)
class Place:
    """Where a policy is, so that it can be found and changed.

    Attributes:
        side: the side on which it counts.
        holder: what it is on.
        name: the holder's name.
        policy_name: its own name; empty for a trust policy or a bucket's.
        policy_arn: its ARN, when it is a managed policy.
    """

    side: Side
    holder: Holder
    name: str
    policy_name: str = ""
    policy_arn: str = ""

    @property
    def source(self) -> str:
        """The place in words, as a decision's reasons name it."""
        if self.side == "resource":
            return f'{"trust" if self.holder == "role" else "bucket"} policy of {self.holder} "{self.name}"'
        if self.side == "boundary":
            return f'permissions boundary "{self.policy_name}" of {self.holder} "{self.name}"'
        kind = "managed" if self.policy_arn else "inline"
        return f'{kind} policy "{self.policy_name}" of {self.holder} "{self.name}"'


@dataclass(frozen=True)
class Unread:
    """Something that may have a say and could not be read.

    Attributes:
        side: the side on which it counts.
        kind: the kind of policy that it is.
        what: what it is, in words.
        action: the permission that is missing; empty when the account is not yours.
    """

    side: Side
    kind: UnreadKind
    what: str
    action: str = ""


@dataclass(frozen=True)
class Caller:
    """Who calls, with all that was read about them.

    Attributes:
        principal: the caller as policies see it.
        policies: the identity policies and the boundary.
        places: where each policy is, by its source.
        groups: the names of a user's groups.
        keys: the condition keys that follow from who calls.
        unread: what could not be read.
    """

    principal: Principal
    policies: Policies
    places: Mapping[str, Place] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    keys: Keys = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True)
class Resource:
    """What is called on: its own policy, if it has one.

    Attributes:
        policy: the trust policy of a role, or the policy of a bucket.
        account_id: who owns it; None where that cannot be told.
        place: where the policy is.
        keys: the condition keys that follow from the resource.
        max_session_seconds: a role's longest session.
        unread: what could not be read.
    """

    policy: Policy | None = None
    account_id: str | None = None
    place: Place | None = None
    keys: Keys = field(default_factory=dict)
    max_session_seconds: int = 3600
    unread: tuple[Unread, ...] = ()


def read_caller(account: OpenAccount, caller: str) -> Caller:
    """Read the policies of a user, a role, a session of a role, the root user, or an AWS service.

    Args:
        account: the open account; the caller may be in another one that is yours too.
        caller: an ARN, or a service's name such as `ec2.amazonaws.com`.

    Raises:
        ValueError: this is no ARN of a caller.
        LookupError: the account has no such user or role.
    """
    if caller.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return Caller(Principal("", "", service=caller), Policies())
    arn = parse_arn(caller)
    if arn.resource == "root":
        return Caller(Principal(caller, arn.account_id), Policies(), keys=_principal_keys(caller, arn.account_id, {}))
    if arn.resource_type == "federated-user":
        unread = Unread(
            "identity", "account", f"the policies of {arn.name}: the user's who federated it, and the session's"
        )
        keys = _principal_keys(caller, arn.account_id, {}) | {"aws:PrincipalType": "FederatedUser"}
        return Caller(Principal(caller, arn.account_id), Policies(), keys=keys, unread=(unread,))
    if arn.resource_type not in ("user", "role", "assumed-role"):
        kinds = "a user's, a role's or a session's ARN, or a service's name such as ec2.amazonaws.com"
        raise ValueError(f"{caller} cannot call anything: give {kinds}.")
    owner = account.of(arn.account_id)
    if owner is None:
        return _stranger(caller)
    reading = _Reading(owner.client("iam"))
    if arn.resource_type == "user":
        return reading.user(caller, arn.name)
    is_session = arn.resource_type == "assumed-role"
    role_name = arn.resource.split("/")[1] if is_session else arn.name
    return reading.session(arn.account_id, role_name, arn.name if is_session else SESSION_NAME)


def policy_holder(resource: str) -> str:
    """Return what the policy is on that counts for a resource: for a table's index, the table's.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-examples.html
    """
    return re.sub(r"(:dynamodb:.*:table/[^/]+)/index/.*", r"\1", resource)


def read_resource(account: OpenAccount, resource: str) -> Resource:
    """Read the policy that a resource has itself: a role's trust policy, or a bucket's policy.

    Args:
        account: the open account; the resource may be in another one that is yours too.
        resource: its ARN, or `*`.
    """
    if not resource.startswith("arn:") or resource.count(":") < 5:
        return Resource()
    _, partition, service, _, owner, named = resource.split(":", 5)
    owner = "" if is_no_account(owner) else owner
    if ":role/" in resource:
        return _read_role(account, resource)
    if (partition, service) == ("aws", "s3") and not owner and (bucket := named.partition("/")[0]).strip("*"):
        return _read_bucket(account, bucket)
    if service == "kms":
        unread = Unread("resource", "resource", f"the key policy of {resource}", "kms:GetKeyPolicy")
        return Resource(account_id=owner or None, unread=(unread,))
    if owner and account.of(owner) is None and service in _WITH_RESOURCE_POLICIES and named != "*":
        unread = Unread(
            "resource", "account", f"the policy that {policy_holder(resource)} may have, which is in account {owner}"
        )
        return Resource(account_id=owner, unread=(unread,))
    return Resource(account_id=owner or None)


def is_no_account(named: str) -> bool:
    """Tell whether a word stands where an ARN has an account's number: `aws`, for AWS's own things, or a typing error.

    Signs and capitals in its place (`xxxx`, `REDACTED`) are taken for a number that somebody took out.
    """
    return re.fullmatch("[a-wyz]+", named) is not None


# --- callers


def _stranger(caller: str) -> Caller:
    """Return a caller of somebody else's account, where nothing can be read."""
    arn = parse_arn(caller)
    role_arn = caller if arn.resource_type == "role" else None
    if arn.resource_type == "assumed-role":
        role_arn = f"arn:{arn.partition}:iam::{arn.account_id}:role/{arn.resource.split('/')[1]}"
    called = caller
    if arn.resource_type == "role":
        called = f"arn:{arn.partition}:sts::{arn.account_id}:assumed-role/{arn.name}/{SESSION_NAME}"
    return Caller(
        principal=Principal(called, arn.account_id, role_arn=role_arn),
        policies=Policies(),
        keys=_principal_keys(role_arn or caller, arn.account_id, {}),
        unread=(Unread("identity", "account", f"the policies of {caller}, which is in account {arn.account_id}"),),
    )


class _Reading:
    """Reads with one IAM client, and remembers what it was refused.

    Attributes:
        unread: what could not be read so far.
        places: where the policies were that it read, by their source.
    """

    def __init__(self, iam: Any) -> None:
        self._iam = iam
        self.unread: list[Unread] = []
        self.places: dict[str, Place] = {}

    def user(self, arn: str, name: str) -> Caller:
        account_id = parse_arn(arn).account_id
        user = self._entity("user", name, lambda: self._iam.get_user(UserName=name)["User"])
        groups = self._groups(name)
        identity = [*self._policies("user", name), *(one for group in groups for one in self._policies("group", group))]
        keys = {"aws:username": name, "aws:PrincipalType": "User"}
        keys |= {"aws:userid": user["UserId"]} if user else {}
        return Caller(
            principal=Principal(arn, account_id, user.get("UserId", "")),
            policies=Policies(identity=tuple(identity), boundary=self._boundary("user", name, user)),
            places=self.places,
            groups=groups,
            keys=keys | _principal_keys(arn, account_id, user),
            unread=tuple(self.unread),
        )

    def session(self, account_id: str, role_name: str, session_name: str) -> Caller:
        role = self._entity("role", role_name, lambda: self._iam.get_role(RoleName=role_name)["Role"])
        role_arn = role.get("Arn", f"arn:aws:iam::{account_id}:role/{role_name}")
        arn = f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{session_name}"
        keys = {"aws:PrincipalType": "AssumedRole", "aws:MultiFactorAuthPresent": "false"}
        keys |= {"aws:userid": f"{role['RoleId']}:{session_name}"} if role else {}
        return Caller(
            principal=Principal(arn, account_id, role.get("RoleId", ""), role_arn),
            policies=Policies(
                identity=tuple(self._policies("role", role_name)), boundary=self._boundary("role", role_name, role)
            ),
            places=self.places,
            keys=keys | _principal_keys(role_arn, account_id, role),
            unread=tuple(self.unread),
        )

    def _entity(self, kind: Literal["user", "role"], name: str, call: Callable[[], Any]) -> Any:
        """Return the user or role; nothing where it may not be read."""
        if name_problem(name, kind):
            raise LookupError(f"“{name}” is no name that a {kind} can have: it was perhaps taken out of the text.")
        unread = Unread("boundary", "boundary", f"whether {kind} {name} has a boundary, and its tags")
        try:
            return self._tried(unread, call, {})
        except self._iam.exceptions.NoSuchEntityException:
            raise LookupError(
                f"The account has no {kind} named {name}: deleted, mistyped, or another account's."
            ) from None

    def _groups(self, user_name: str) -> tuple[str, ...]:
        unread = Unread("identity", "groups", f"the groups of user {user_name}")
        found = self._listed(unread, "list_groups_for_user", "Groups", UserName=user_name)
        return tuple(group["GroupName"] for group in found)

    def _policies(self, holder: Holder, name: str) -> Iterator[Policy]:
        """Return the inline and the attached policies of a user, group or role."""
        named = {f"{holder.title()}Name": name}
        inline, managed = (
            Unread("identity", "groups" if holder == "group" else kind, f"the {what} policies of {holder} {name}")
            for kind, what in _OWN_KINDS
        )
        for policy_name in self._listed(inline, f"list_{holder}_policies", "PolicyNames", **named):
            if document := self._inline(inline, holder, PolicyName=policy_name, **named):
                yield self._placed(Place("identity", holder, name, policy_name), document)
        for attached in self._listed(managed, f"list_attached_{holder}_policies", "AttachedPolicies", **named):
            if document := self._managed(managed, attached["PolicyArn"]):
                place = Place("identity", holder, name, attached["PolicyName"], attached["PolicyArn"])
                yield self._placed(place, document)

    def _boundary(self, holder: Holder, name: str, entity: Mapping[str, Any]) -> Policy | None:
        arn = entity.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        if arn is None:
            return None
        unread = Unread("boundary", "boundary", f"the boundary of {holder} {name}")
        place = Place("boundary", holder, name, arn.rpartition("/")[2], arn)
        return self._placed(place, self._managed(unread, arn) or {"Statement": []})

    def _inline(self, unread: Unread, holder: Holder, **named: str) -> Any:
        """Return an inline policy's document; None where it may not be read."""
        read = getattr(self._iam, f"get_{holder}_policy")
        return self._tried(unread, lambda: read(**named)["PolicyDocument"], None)

    def _managed(self, unread: Unread, arn: str) -> Any:
        """Return the default version of a managed policy; None where it may not be read."""

        def read() -> Any:
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            return self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

        return self._tried(unread, read, None)

    def _placed(self, place: Place, document: Mapping[str, Any]) -> Policy:
        self.places[place.source] = place
        return Policy(place.source, document)

    def _listed(self, unread: Unread, operation: str, name: str, **parameters: str) -> list[Any]:
        return self._tried(unread, lambda: list_all(self._iam, operation, name, **parameters), [])

    def _tried(self, unread: Unread, call: Callable[[], T], otherwise: T) -> T:
        """Tell what a call returns; where it is refused, `otherwise`, and a note of what could not be read."""
        try:
            return call()
        except ClientError as error:
            if code_of(error) not in REFUSED:
                raise
            refused = replace(unread, action=f"iam:{error.operation_name}")
            if refused not in self.unread:
                self.unread.append(refused)
            return otherwise


def _principal_keys(arn: str, account_id: str, entity: Mapping[str, Any]) -> dict[str, str]:
    keys = {"aws:PrincipalArn": arn, "aws:PrincipalAccount": account_id, "aws:PrincipalIsAWSService": "false"}
    return keys | {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in entity.get("Tags", [])}


# --- resources


def _read_role(account: OpenAccount, arn: str) -> Resource:
    parsed = parse_arn(arn)
    owner = account.of(parsed.account_id)
    place = Place("resource", "role", parsed.name)
    if owner is None:
        unread = Unread(
            "resource", "account", f"the trust policy of role {parsed.name}, which is in account {parsed.account_id}"
        )
        return Resource(account_id=parsed.account_id, unread=(unread,))
    if name_problem(parsed.name, "role"):
        nameless = f"the trust policy of “{parsed.name}”, which is no name that a role can have"
        return Resource(account_id=parsed.account_id, unread=(Unread("resource", "account", nameless),))
    iam = owner.client("iam")
    try:
        role: Any = iam.get_role(RoleName=parsed.name)["Role"]
    except ClientError as error:
        code = code_of(error)
        if code not in REFUSED and code != "NoSuchEntity":
            raise
        unreadable = Unread("resource", "resource", f"the trust policy of role {parsed.name}", "iam:GetRole")
        return Resource(account_id=parsed.account_id, unread=(unreadable,) if code in REFUSED else ())
    if role["Arn"] != arn:
        return Resource(account_id=parsed.account_id)
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
    return Resource(
        policy=Policy(place.source, role["AssumeRolePolicyDocument"]),
        account_id=parsed.account_id,
        place=place,
        keys={f"{prefix}:ResourceTag/{key}": value for prefix in ("aws", "iam") for key, value in tags.items()},
        max_session_seconds=role.get("MaxSessionDuration", 3600),
    )


def _read_bucket(account: OpenAccount, bucket: str) -> Resource:
    """Return the bucket's policy, asked of each account that is yours until one has the bucket."""
    if not _BUCKET_NAME.fullmatch(bucket):
        nameless = f"the policy of “{bucket}”, which is no name that a bucket can have"
        return Resource(unread=(Unread("resource", "account", nameless),))
    place = Place("resource", "bucket", bucket)
    owners = [account, *account.others]
    for owner in owners:
        s3 = owner.client("s3")
        try:
            text = s3.get_bucket_policy(Bucket=bucket, ExpectedBucketOwner=owner.account_id)["Policy"]
            return Resource(Policy(place.source, json.loads(text)), owner.account_id, place)
        except ClientError as error:
            code = code_of(error)
            if code == "NoSuchBucketPolicy":
                return Resource(account_id=owner.account_id, place=place)
            if code in ("NoSuchBucket", "InvalidBucketName"):
                return Resource()
            if code not in REFUSED:
                raise
    return Resource(unread=(Unread("resource", "resource", f"the policy of bucket {bucket}", "s3:GetBucketPolicy"),))
