"""A user or a role as it is in the account now, with every policy that bears on what it may do."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from botocore.exceptions import ClientError

from helpers.arns import parse_arn
from helpers.attempts import REFUSAL_CODES
from helpers.decisions import Policies, Policy
from helpers.policies import Document

Read = TypeVar("Read")

INLINE, MANAGED, GROUPS, BOUNDARY = "Inline policies", "Managed policies", "Groups", "Permissions boundary"


@dataclass(frozen=True)
class Source:
    """What policies come from: a policy that a user or a role has, or a group with several of them."""

    name: str
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Entity:
    """A user or a role, read at one moment. None stands for what could not be read.

    Attributes:
        name: its name.
        arn: its ARN.
        unique_id: `AIDA…` of a user, `AROA…` of a role.
        sources: where its policies come from, by kind: INLINE, MANAGED, GROUPS, BOUNDARY.
        keys: how many access keys a user has, by status: "active", "inactive".
        trust: a role's trust policy.
    """

    name: str
    arn: str
    unique_id: str
    sources: Mapping[str, tuple[Source, ...] | None]
    keys: Mapping[str, int] | None
    trust: Document

    @property
    def account_id(self) -> str:
        """The account that it belongs to."""
        return parse_arn(self.arn).account_id

    @property
    def all_read(self) -> bool:
        """Whether every policy could be read."""
        return None not in self.sources.values()

    def policies(self, *, resource: Policy | None = None) -> Policies:
        """Its policies as `decide` takes them, in the order of the sources, with what is asked's own policy."""
        by_kind = {kind: [p for source in found or () for p in source.policies] for kind, found in self.sources.items()}
        boundary = by_kind.pop(BOUNDARY, [])
        return Policies(
            identity=tuple(policy for found in by_kind.values() for policy in found),
            boundary=boundary[0] if boundary else None,
            resource=resource,
        )


def read_entity(client: Any, kind: Literal["user", "role"], name: str) -> Entity:
    """Reads a user or a role, its policies, its groups and their policies, and its boundary.

    Args:
        client: an IAM client.
        kind: "user" or "role".
        name: its name.

    Raises:
        ClientError: `NoSuchEntity` where there is none, or a refusal to read the user or the role itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html
    """
    title = kind.title()
    found = getattr(client, f"get_{kind}")(**{f"{title}Name": name})[title]
    sources = {
        INLINE: _if_allowed(lambda: tuple(_inline(client, kind, name))),
        MANAGED: _if_allowed(lambda: tuple(_managed(client, kind, name))),
    }
    if kind == "user":
        sources[GROUPS] = _if_allowed(lambda: tuple(_groups(client, name)))
    if boundary := found.get("PermissionsBoundary"):
        sources[BOUNDARY] = _if_allowed(lambda: (_managed_source(client, boundary["PermissionsBoundaryArn"]),))
    return Entity(
        name=found[f"{title}Name"],
        arn=found["Arn"],
        unique_id=found[f"{title}Id"],
        sources=sources,
        keys=_if_allowed(lambda: _keys(client, name)) if kind == "user" else {},
        trust=found.get("AssumeRolePolicyDocument", {}),
    )


def _if_allowed(read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSAL_CODES:
            raise
        return None


def _inline(client: Any, kind: str, name: str) -> Iterator[Source]:
    whose = {f"{kind.title()}Name": name}
    for page in client.get_paginator(f"list_{kind}_policies").paginate(**whose):
        for policy in page["PolicyNames"]:
            document = getattr(client, f"get_{kind}_policy")(**whose, PolicyName=policy)["PolicyDocument"]
            yield Source(policy, (Policy(f'inline policy "{policy}"', document),))


def _managed(client: Any, kind: str, name: str) -> Iterator[Source]:
    for page in client.get_paginator(f"list_attached_{kind}_policies").paginate(**{f"{kind.title()}Name": name}):
        for policy in page["AttachedPolicies"]:
            yield _managed_source(client, policy["PolicyArn"])


def _managed_source(client: Any, arn: str) -> Source:
    version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = client.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    name = parse_arn(arn).name
    return Source(name, (Policy(f'managed policy "{name}"', document),))


def _groups(client: Any, user_name: str) -> Iterator[Source]:
    for page in client.get_paginator("list_groups_for_user").paginate(UserName=user_name):
        for group in page["Groups"]:
            name = group["GroupName"]
            held = [*_inline(client, "group", name), *_managed(client, "group", name)]
            yield Source(name, tuple(policy for source in held for policy in source.policies))


def _keys(client: Any, user_name: str) -> Mapping[str, int]:
    pages = client.get_paginator("list_access_keys").paginate(UserName=user_name)
    statuses = [key["Status"].lower() for page in pages for key in page["AccessKeyMetadata"]]
    return {status: statuses.count(status) for status in ("active", "inactive") if status in statuses}
