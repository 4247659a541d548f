"""A user or a role as it is in the account now, with every policy that bears on what it may do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from botocore.exceptions import ClientError

from helpers.account import Account
from helpers.decisions import Policies, Policy
from helpers.live_policies import REFUSED, Caller, Keys, UnreadKind, read_caller
from helpers.policies import Document

Read = TypeVar("Read")

INLINE, MANAGED, GROUPS, BOUNDARY = "Inline policies", "Managed policies", "Groups", "Permissions boundary"
_UNREAD: Mapping[str, UnreadKind] = {INLINE: "inline", MANAGED: "managed", GROUPS: "groups", BOUNDARY: "boundary"}


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
        account_id: the account that it belongs to.
        unique_id: `AIDA…` of a user, `AROA…` of a role.
        sources: where its policies come from, by kind: INLINE, MANAGED, GROUPS, BOUNDARY.
        access_keys: how many access keys a user has, by status: "active", "inactive".
        trust: a role's trust policy.
        context: the condition keys of its calls, as far as they follow from who calls.
    """

    name: str
    arn: str
    account_id: str
    unique_id: str
    sources: Mapping[str, tuple[Source, ...] | None]
    access_keys: Mapping[str, int] | None
    trust: Document
    context: Keys = field(default_factory=dict)

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


def read_entity(account: Account, kind: Literal["user", "role"], name: str) -> Entity:
    """Reads a user or a role, its policies, its groups and their policies, and its boundary.

    Args:
        account: the open account.
        kind: "user" or "role".
        name: its name.

    Raises:
        ClientError: `NoSuchEntity` where there is none, or a refusal to read the user or the role itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html
    """
    client, title = account.client("iam"), kind.title()
    found: Any = getattr(client, f"get_{kind}")(**{f"{title}Name": name})[title]
    caller = read_caller(account, found["Arn"])
    return Entity(
        name=found[f"{title}Name"],
        arn=found["Arn"],
        account_id=caller.principal.account_id,
        unique_id=found[f"{title}Id"],
        sources={section: _readable(caller, section, made) for section, made in _sources(caller, kind).items()},
        access_keys=_if_allowed(lambda: _access_keys(client, name)) if kind == "user" else {},
        trust=found.get("AssumeRolePolicyDocument", {}),
        context=caller.keys,
    )


def _sources(caller: Caller, kind: str) -> dict[str, tuple[Source, ...]]:
    placed = [(caller.places[policy.source], policy) for policy in caller.policies.identity]
    own = [(place, policy) for place, policy in placed if place.holder == kind]
    sources = {
        INLINE: tuple(Source(place.policy_name, (policy,)) for place, policy in own if not place.policy_arn),
        MANAGED: tuple(Source(place.policy_name, (policy,)) for place, policy in own if place.policy_arn),
    }
    if kind == "user":
        sources[GROUPS] = tuple(
            Source(group, tuple(policy for place, policy in placed if (place.holder, place.name) == ("group", group)))
            for group in caller.groups
        )
    if boundary := caller.policies.boundary:
        sources[BOUNDARY] = (Source(caller.places[boundary.source].policy_name, (boundary,)),)
    return sources


def _readable(caller: Caller, section: str, sources: tuple[Source, ...]) -> tuple[Source, ...] | None:
    """The sources, or None when not all of their kind could be read."""
    return None if any(one.kind == _UNREAD[section] for one in caller.unread) else sources


def _if_allowed(read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSED:
            raise
        return None


def _access_keys(client: Any, user_name: str) -> Mapping[str, int]:
    pages = client.get_paginator("list_access_keys").paginate(UserName=user_name)
    statuses = [key["Status"].lower() for page in pages for key in page["AccessKeyMetadata"]]
    return {status: statuses.count(status) for status in ("active", "inactive") if status in statuses}
